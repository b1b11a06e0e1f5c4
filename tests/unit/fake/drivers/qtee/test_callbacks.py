# SPDX-License-Identifier: BSD-2-Clause
"""The fake QTEE invokes objects of its clients, as far as that is known of the real one."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from pytee_client import fake
from pytee_client.fake import ParamType
from pytee_client.fake.applications.qtee_services import QteeCaller, QteeEcho
from pytee_client.fake.qtee import CallbackObject, QteeArguments

from .....support.applications.qtee_probe import QteeProbe
from .....support.qtee_call import MINE, OP, Call
from .....support.qtee_device import (
    INVALID,
    MEM,
    NULL,
    OBJREF_OUTPUT,
    OK,
    RELEASE,
    TEE,
    UNAVAIL,
    USER,
    Memory,
    QteeDevice,
    object_input,
)
from .....support.raw_device import refused
from .....support.waiting import LIMIT

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


CALL_KEPT, KEEP, LET_GO = 1, 2, 3
OTHER = 7


def test_a_request_tells_object_operation_and_inputs(
    device: QteeDevice, pool: ThreadPoolExecutor
) -> None:
    first, second, room = Memory(b"12345"), Memory(b"some more"), Memory(16)
    call = Call(
        pool,
        device,
        OBJREF_OUTPUT,
        room.output(),
        object_input(OTHER),
        first.input(),
        object_input(NULL, 0),
        second.input(),
    )
    request = device.receive()
    assert (request.op, request.object_id) == (OP, MINE)
    assert request.contents == [b"12345", b"some more"]
    at = request.params[0][1]
    assert request.params == [
        (ParamType.UBUF_INPUT, at, 5, 0),
        (ParamType.UBUF_INPUT, at + 8, 9, 0),
        (ParamType.UBUF_OUTPUT, 0, 16, 0),
        (ParamType.OBJREF_INPUT, OTHER, USER, 0),
        (ParamType.OBJREF_INPUT, NULL, 0, 0),
        (ParamType.OBJREF_OUTPUT, 0, 0, 0),
    ]
    device.send(request.number, ret=INVALID)
    assert call.result() == INVALID


def test_an_answer_gives_bytes_and_objects(device: QteeDevice, pool: ThreadPoolExecutor) -> None:
    room = Memory(b"................")
    call = Call(pool, device, room.output(), OBJREF_OUTPUT, OBJREF_OUTPUT, OBJREF_OUTPUT)
    request = device.receive()
    answer = Memory(b"an answer")
    _, number, _ = device.allocate(1)
    device.send(
        request.number,
        answer.output(),
        (ParamType.OBJREF_OUTPUT, OTHER, USER, 0),
        (ParamType.OBJREF_OUTPUT, call.caller, TEE, 0),
        (ParamType.OBJREF_OUTPUT, number, MEM, 0),
    )
    sizes, *objects = call.outputs()
    assert (sizes[2], room.content) == (9, b"an answer.......")
    assert [given[1:3] for given in objects] == [(OTHER, USER), (2, TEE), (number, MEM)]
    assert device.object_invoke(2, LET_GO)[0] == INVALID


def test_an_object_is_released_after_the_invocation_that_it_was_passed_to(
    device: QteeDevice,
) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    device.object_invoke(echo, 0, object_input(MINE), object_input(OTHER), object_input(MINE))
    released = [device.receive(places=0, room=0) for _ in range(3)]
    assert [(request.op, request.params) for request in released] == [(RELEASE, [])] * 3
    assert [request.object_id for request in released] == [MINE, OTHER, MINE]
    assert refused(device.send, released[0].number) == errno.EINVAL


def test_an_object_is_released_after_a_failure_of_the_service_too(device: QteeDevice) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    assert device.object_invoke(echo, 99, object_input(MINE))[0] == INVALID
    assert device.receive().op == RELEASE


def test_an_object_that_never_got_there_is_not_released(device: QteeDevice) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    for bad in (object_input(77, TEE), (ParamType.UBUF_INPUT, 8, 8, 0)):
        assert refused(device.object_invoke, echo, 0, object_input(MINE), bad)
    assert device.object_invoke(echo, 0, object_input(OTHER))[0] == OK
    assert device.receive().object_id == OTHER


def test_a_kept_object_can_be_invoked_until_it_is_let_go(
    device: QteeDevice, pool: ThreadPoolExecutor
) -> None:
    caller = device.open_service(QteeCaller.NUMBER)
    op = Memory(bytes([OP]))
    assert device.object_invoke(caller, KEEP, object_input(MINE))[0] == OK
    for _ in range(2):
        call = pool.submit(device.object_invoke, caller, CALL_KEPT, op.input())
        request = device.receive()
        assert (request.op, request.object_id) == (OP, MINE)
        device.send(request.number)
        assert call.result(LIMIT)[0] == OK
    device.release_object(caller)
    released = device.receive()
    assert (released.op, released.object_id) == (RELEASE, MINE)


def test_what_is_kept_without_being_held_is_an_error_of_the_service(device: QteeDevice) -> None:
    kept: list[CallbackObject] = []

    def keep(arguments: QteeArguments) -> None:
        (given,) = arguments.input_objects
        assert isinstance(given, CallbackObject)
        kept.append(given)

    QteeProbe.run = keep
    device.object_invoke(device.open_service(QteeProbe.NUMBER), 0, object_input(MINE))
    with pytest.raises(ValueError, match="released"):
        kept[0].invoke(0, QteeArguments())
    with pytest.raises(ValueError, match="released"):
        kept[0].release()


def test_each_client_gets_the_requests_to_its_objects(
    kernel: fake.Kernel, device: QteeDevice, pool: ThreadPoolExecutor
) -> None:
    kept: list[CallbackObject] = []

    def keep(arguments: QteeArguments) -> None:
        (given,) = arguments.input_objects
        assert isinstance(given, CallbackObject)
        given.retain()
        kept.append(given)

    QteeProbe.run = keep
    with QteeDevice(kernel) as other:
        for client in (device, other):
            probe = client.open_service(QteeProbe.NUMBER)
            assert client.object_invoke(probe, 0, object_input(MINE))[0] == OK
        calls = [pool.submit(held.invoke, op, QteeArguments()) for op, held in enumerate(kept)]
        for op, client in enumerate((device, other)):
            request = client.receive()
            assert (request.op, request.number) == (op, 0)
            assert refused((device, other)[1 - op].send, 99) == errno.EINVAL
            client.send(request.number)
            calls[op].result(LIMIT)


def test_an_object_of_another_client_cannot_be_given(
    kernel: fake.Kernel, device: QteeDevice
) -> None:
    kept: list[CallbackObject] = []

    def keep_and_give(arguments: QteeArguments) -> None:
        (given,) = arguments.input_objects
        assert isinstance(given, CallbackObject)
        given.retain()
        kept.append(given)
        arguments.output_objects[0] = QteeProbe()
        arguments.output_objects[1] = kept[0]

    QteeProbe.run = keep_and_give
    probe = device.open_service(QteeProbe.NUMBER)
    params = (object_input(MINE), OBJREF_OUTPUT, OBJREF_OUTPUT)
    result, left = device.object_invoke(probe, 0, *params)
    assert (result, [p[1:3] for p in left[1:]]) == (OK, [(2, TEE), (MINE, USER)])
    with QteeDevice(kernel) as other:
        probe = other.open_service(QteeProbe.NUMBER)
        released = QteeProbe.releases
        result, left = other.object_invoke(probe, 0, *params)
        assert (result, [p[1:3] for p in left[1:]]) == (UNAVAIL, [(0, 0), (0, 0)])
        assert QteeProbe.releases == released + 1
