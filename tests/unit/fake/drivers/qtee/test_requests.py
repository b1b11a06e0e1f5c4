# SPDX-License-Identifier: BSD-2-Clause
"""How a client receives requests to its objects, and how it answers them."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from pytee_client.fake import ParamType
from pytee_client.fake.qtee import CallbackObject, QteeArguments

from .....support.applications.qtee_probe import QteeProbe
from .....support.qtee_call import MINE, Call, inputs_of
from .....support.qtee_device import (
    BADOBJ,
    DEFUNCT,
    ERROR,
    INVALID,
    KMEM,
    MAXARGS,
    MAXDATA,
    MEM,
    META,
    NONE,
    NOSLOTS,
    NULL,
    OBJREF_OUTPUT,
    OK,
    RELEASE,
    TEE,
    UNAVAIL,
    Memory,
    QteeDevice,
    object_input,
)
from .....support.raw_device import refused

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from .....support.raw_device import RawParam


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ([], errno.EINVAL),
        ([NONE], errno.EINVAL),
        ([(META, 0, 0, 0)], errno.EINVAL),
        ([(ParamType.VALUE_INOUT, 0, 64, 0)], errno.EINVAL),
        ([(META | ParamType.VALUE_OUTPUT, 0, 64, 0)], errno.EINVAL),
        ([(META | ParamType.VALUE_INOUT, 1, 64, 0)], errno.EINVAL),
        ([(META | ParamType.VALUE_INOUT, 4, 64, 0)], errno.EINVAL),
        ([(META | ParamType.VALUE_INOUT, 0, 64, 0), (META, 0, 0, 0)], errno.EINVAL),
        ([(META | ParamType.VALUE_INOUT, 0, 64, 0), (1, 0, 0, 0)], errno.EINVAL),
        ([(META | ParamType.VALUE_INOUT, 0, 64, 0), (4, 0, 0, 0)], errno.EINVAL),
    ],
)
def test_receiving_needs_a_buffer_first_and_room_after_it(
    device: QteeDevice, params: list[RawParam], error: int
) -> None:
    assert refused(device.raw_receive, *params) == error


@pytest.mark.parametrize(
    "places_and_room", [(3, 1024), (4, 16), (4, 0)], ids=["parameters", "bytes", "no bytes"]
)
def test_a_request_that_has_no_room_stays_the_first(
    device: QteeDevice, pool: ThreadPoolExecutor, places_and_room: tuple[int, int]
) -> None:
    first, second, room = Memory(b"12345"), Memory(b"123456789"), Memory(16)
    call = Call(pool, device, first.input(), second.input(), room.output(), OBJREF_OUTPUT)
    assert refused(device.receive, *places_and_room) == errno.EINVAL
    request = device.receive(4, 17)
    assert request.contents == [b"12345", b"123456789"]
    device.send(request.number, ret=ERROR)
    assert call.result() == ERROR


def test_requests_wait_in_their_order_and_are_answered_in_any(
    device: QteeDevice, pool: ThreadPoolExecutor
) -> None:
    calls = []
    requests = []
    for _ in range(3):
        calls.append(Call(pool, device))
        requests.append(device.receive())
    assert [request.number for request in requests] == [0, 1, 2]
    for index in (1, 0, 2):
        device.send(requests[index].number, ret=10 + index)
        assert calls[index].result() == 10 + index
        assert refused(device.send, requests[index].number) == errno.EINVAL
        assert device.receive().op == RELEASE


@pytest.mark.parametrize(
    "head", [NONE, (META, 0, 0, 0), (2, 0, 0, 0), (META | 3, 0, 0, 0), (META | 1, 0, 0, 0)]
)
def test_an_answer_names_its_request_first(
    device: QteeDevice, pool: ThreadPoolExecutor, head: RawParam
) -> None:
    call = Call(pool, device)
    request = device.receive()
    assert request.number == 0
    for params in ([], [head]):
        assert refused(device.raw_send, *params) == errno.EINVAL
    device.send(request.number)
    assert call.result() == OK


def test_a_request_that_was_not_received_cannot_be_answered(
    device: QteeDevice, pool: ThreadPoolExecutor
) -> None:
    call = Call(pool, device, Memory(1).input())
    # Too little room for it, which is to say that it is there.
    assert refused(device.receive, 0) == errno.EINVAL
    assert refused(device.send, 0) == errno.EINVAL
    device.send(device.receive().number, (ParamType.UBUF_INPUT, 0, 0, 0))
    assert call.result() == OK


ANSWER: list[RawParam] = [
    (ParamType.UBUF_INPUT, 0, 0, 0),
    (ParamType.UBUF_OUTPUT, 0, 0, 0),
    (ParamType.OBJREF_OUTPUT, NULL, 0, 0),
]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ANSWER[:2], errno.EINVAL),
        ([*ANSWER, NONE], errno.EINVAL),
        ([ANSWER[1], ANSWER[0], ANSWER[2]], errno.EINVAL),
        ([NONE, *ANSWER[1:]], errno.EINVAL),
        ([ANSWER[0], (ParamType.UBUF_INOUT, 0, 0, 0), ANSWER[2]], errno.EINVAL),
        ([ANSWER[0], (META | ParamType.UBUF_OUTPUT, 0, 0, 0), ANSWER[2]], errno.EINVAL),
        ([ANSWER[0], (ParamType.UBUF_OUTPUT, 0, 9, 0), ANSWER[2]], errno.EINVAL),
        ([ANSWER[0], (ParamType.UBUF_OUTPUT, 8, 8, 0), ANSWER[2]], errno.EFAULT),
        ([*ANSWER[:2], (ParamType.OBJREF_OUTPUT, 77, TEE, 0)], errno.EINVAL),
        ([*ANSWER[:2], (ParamType.OBJREF_OUTPUT, 77, MEM, 0)], errno.EINVAL),
        ([*ANSWER[:2], (ParamType.OBJREF_OUTPUT, 77, 0, 0)], errno.EINVAL),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_ends_the_request(
    device: QteeDevice, pool: ThreadPoolExecutor, answer: list[RawParam], error: int
) -> None:
    call = Call(pool, device, Memory(1).input(), Memory(8).output(), OBJREF_OUTPUT)
    request = device.receive()
    assert refused(device.send, request.number, *answer) == error
    assert call.result() == UNAVAIL
    assert refused(device.send, request.number, *ANSWER) == errno.EINVAL


@pytest.mark.parametrize(
    ("ret", "result"),
    [
        (1, ERROR),
        (12, 12),
        (BADOBJ, BADOBJ),
        (-errno.ENODEV, DEFUNCT),
        (-errno.EINVAL, INVALID),
        (-errno.ENOMEM, KMEM),
        (-errno.ENOSPC, NOSLOTS),
        (-errno.EIO, ERROR),
    ],
)
def test_an_answer_can_be_a_failure(
    device: QteeDevice, pool: ThreadPoolExecutor, ret: int, result: int
) -> None:
    call = Call(pool, device, Memory(8).output())
    device.send(device.receive().number, ret=ret)
    assert call.result() == result


def test_a_request_has_room_for_16_arguments_of_a_kind_and_4096_bytes(
    device: QteeDevice, pool: ThreadPoolExecutor
) -> None:
    most, byte = Memory(4088), Memory(8)
    probe = device.service(QteeProbe.NUMBER)
    call = Call(pool, device, most.input(), byte.output())
    request = device.receive(2, 4096)
    device.send(request.number, *inputs_of(request))
    assert call.outputs()[0][2] == 4088
    assert Call(pool, device, most.input(), byte.output(), byte.output()).result() == MAXDATA

    def flood(arguments: QteeArguments) -> None:
        (given,) = arguments.input_objects
        assert isinstance(given, CallbackObject)
        with pytest.raises(ValueError, match="0xfffe"):
            given.invoke(0xFFFE, QteeArguments())
        given.invoke(0, QteeArguments(output_objects=[None] * 17))

    QteeProbe.run = flood
    assert device.object_invoke(probe, 0, object_input(MINE))[0] == MAXARGS


def test_a_buffer_that_is_not_there_leaves_the_request_the_first(
    device: QteeDevice, pool: ThreadPoolExecutor
) -> None:
    call = Call(pool, device, Memory(b"12345").input())
    head = (META | ParamType.VALUE_INOUT, 8, 64, 0)
    assert refused(device.raw_receive, head, NONE) == errno.EFAULT
    request = device.receive()
    assert request.contents == [b"12345"]
    device.send(request.number, *inputs_of(request))
    assert call.result() == OK
