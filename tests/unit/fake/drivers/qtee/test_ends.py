# SPDX-License-Identifier: BSD-2-Clause
"""What becomes of a QTEE's requests where something ends too early."""

from __future__ import annotations

import contextlib
import errno
import threading
from typing import TYPE_CHECKING

import pytest

from pytee_client import fake
from pytee_client.fake import ParamType
from pytee_client.fake.applications.qtee_services import QTEE_SERVICES, QteeCaller, QteeEcho
from pytee_client.fake.drivers.qtee.requests import Request, RequestQueue
from pytee_client.fake.qtee import CallbackObject, Qtee, QteeArguments, QteeError

from .....support.applications.qtee_probe import QteeProbe
from .....support.interruption import Interrupted, interruption
from .....support.qtee_call import CALL, MINE, OP, Call
from .....support.qtee_device import (
    DEFUNCT,
    ERROR,
    NONE,
    OBJREF_OUTPUT,
    OK,
    RELEASE,
    TEE,
    UNAVAIL,
    USER,
    Memory,
    QteeDevice,
    Received,
    object_input,
)
from .....support.raw_device import refused
from .....support.waiting import LIMIT, wait_until

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from .....support.raw_device import RawParam

OTHER = 7


def test_closing_the_device_ends_the_requests_and_whoever_waits_for_one(
    kernel: fake.Kernel, pool: ThreadPoolExecutor
) -> None:
    device = QteeDevice(kernel)
    delivered = Call(pool, device)
    device.receive()
    queued = Call(pool, device, Memory(1).input())
    assert refused(device.receive, 0) == errno.EINVAL
    other = QteeDevice(kernel)
    waiting = pool.submit(refused, other.receive)
    kernel.close(device.fd)
    for call in (delivered, queued):
        assert call.result() == DEFUNCT
    kernel.close(other.fd)
    assert waiting.result(LIMIT) == errno.EBADF


def test_an_object_outlives_its_client_as_defunct(kernel: fake.Kernel) -> None:
    kept: list[CallbackObject] = []

    def keep(arguments: QteeArguments) -> None:
        (given,) = arguments.input_objects
        assert isinstance(given, CallbackObject)
        given.retain()
        kept.append(given)

    QteeProbe.run = keep
    with QteeDevice(kernel) as device:
        device.object_invoke(device.open_service(QteeProbe.NUMBER), 0, object_input(MINE))
    for arguments in (QteeArguments(), QteeArguments(input_objects=[QteeProbe()])):
        with pytest.raises(QteeError) as caught:
            kept[0].invoke(0, arguments)
        assert caught.value.code in (DEFUNCT, UNAVAIL)
    kept[0].release()


def interrupted(
    pool: ThreadPoolExecutor, device: QteeDevice, places: int, *params: RawParam
) -> Received | None:
    """Interrupt an invocation, with room for its request or not; return what was received."""
    caller, op = device.service(QteeCaller.NUMBER), Memory(bytes([OP]))
    with interruption() as made:

        def interrupt() -> Received | None:
            try:
                return device.receive(places)
            except OSError:
                return None
            finally:
                made.interrupt()

        interrupting = pool.submit(interrupt)
        with pytest.raises(Interrupted):
            device.object_invoke(caller, CALL, object_input(MINE), op.input(), op.input(), *params)
        return interrupting.result(LIMIT)


def test_the_request_of_an_interrupted_invocation_is_revoked(
    device: QteeDevice, pool: ThreadPoolExecutor
) -> None:
    revoked = interrupted(pool, device, 8)
    assert revoked is not None
    call = Call(pool, device)
    request = device.receive()
    assert (revoked.number, request.number) == (0, 1)
    for _ in range(2):
        assert refused(device.send, revoked.number) == errno.EINVAL
    device.send(request.number)
    assert call.result() == OK


def test_the_request_of_an_interrupted_invocation_is_withdrawn_if_nobody_received_it(
    device: QteeDevice, pool: ThreadPoolExecutor
) -> None:
    probe = device.service(QteeProbe.NUMBER)
    assert interrupted(pool, device, 0, object_input(probe, TEE)) is None
    device.release_object(probe)
    assert QteeProbe.releases == 1
    call = Call(pool, device)
    request = device.receive()
    assert (request.number, request.params) == (0, [])
    device.send(request.number)
    assert call.result() == OK


def test_objects_of_a_request_that_was_never_received_stay_unknown(
    qtee: Qtee, kernel: fake.Kernel, pool: ThreadPoolExecutor
) -> None:
    with QteeDevice(kernel) as device:
        echo = device.service(QteeEcho.NUMBER)
        probe = device.service(QteeProbe.NUMBER)
        call = Call(pool, device, object_input(probe, TEE))
        assert refused(device.receive, 0) == errno.EINVAL
        device.release_object(probe)
        assert QteeProbe.releases == 0
    assert call.result() == DEFUNCT
    assert QteeProbe.releases == 1
    assert echo


def test_many_threads_invoke_and_serve_at_once(pool: ThreadPoolExecutor) -> None:
    threads, rounds = 4, 50
    qtee = Qtee(QTEE_SERVICES, callback_ids=threads)
    kernel = fake.Kernel(qtee, release="7.2")
    with QteeDevice(kernel) as device:
        caller, op = device.service(QteeCaller.NUMBER), Memory(bytes([OP]))
        released = threading.Semaphore(0)

        def invoke(name: int) -> None:
            for _ in range(rounds):
                room = Memory(8)
                given = (object_input(name), op.input(), room.output())
                result, left = device.object_invoke(caller, CALL, *given)
                assert (result, left[2][2]) == (OK, 8)
                assert room.content == name.to_bytes(8, "little")

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    request = device.receive()
                    if request.op == RELEASE:
                        released.release()
                    else:
                        answer = Memory(request.object_id.to_bytes(8, "little"))
                        device.send(request.number, answer.output())

        with device.closed_on_failure():
            serving = [pool.submit(serve) for _ in range(2)]
            for call in [pool.submit(invoke, MINE + index) for index in range(threads)]:
                call.result(LIMIT)
            for _ in range(threads * rounds):
                assert released.acquire(timeout=LIMIT)
    for server in serving:
        server.result(LIMIT)


def test_an_answer_to_an_interrupted_invocation_is_let_go(pool: ThreadPoolExecutor) -> None:
    requests, late = RequestQueue(), QteeProbe()
    QteeProbe.reset()
    with interruption() as made:

        def answer() -> None:
            requests.receive(lambda _: [])
            request = requests.take(0)
            made.interrupt()
            wait_until(lambda: request.result is not None)
            late.retain()
            request.objects = [late]
            requests.finish(request, OK)

        answering = pool.submit(answer)
        with pytest.raises(Interrupted):
            requests.call(Request(MINE, OP))
        answering.result(LIMIT)
    assert QteeProbe.releases == 1


@pytest.mark.parametrize("error", [errno.ENOMEM, errno.EIO])
def test_a_secure_call_that_fails_is_an_error_and_releases_nothing(
    qtee: Qtee, device: QteeDevice, error: int
) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    qtee.fail_transport(error)
    assert refused(device.object_invoke, echo, 0, object_input(MINE)) == error
    qtee.fail_transport(None)
    assert device.object_invoke(echo, 0, object_input(OTHER))[0] == OK
    assert device.receive().object_id == OTHER


def test_a_transport_that_dies_under_an_invocation_is_no_device(
    qtee: Qtee, device: QteeDevice, pool: ThreadPoolExecutor
) -> None:
    for ret in (0, ERROR):
        call = pool.submit(refused, Call(pool, device).future.result, LIMIT)
        request = device.receive()
        qtee.fail_transport(errno.EIO)
        device.send(request.number, ret=ret)
        assert call.result(LIMIT) == errno.ENODEV
        qtee.fail_transport(None)


@pytest.mark.parametrize("error", [None, errno.EIO])
@pytest.mark.parametrize("answer", [NONE, (ParamType.OBJREF_OUTPUT, OTHER, USER, 0)])
def test_what_an_invocation_held_is_let_go_whatever_became_of_it(
    pool: ThreadPoolExecutor, answer: RawParam, error: int | None
) -> None:
    qtee = Qtee(QTEE_SERVICES, callback_ids=2)
    kernel = fake.Kernel(qtee, release="7.2")
    with QteeDevice(kernel) as device:
        echo = device.service(QteeEcho.NUMBER)
        call = Call(pool, device, OBJREF_OUTPUT)
        request = device.receive()
        qtee.fail_transport(error)
        for do in (lambda: device.send(request.number, answer), call.result):
            with contextlib.suppress(OSError):
                do()
        qtee.fail_transport(None)
        mine = object_input(MINE)
        assert device.object_invoke(echo, 0, mine, mine)[0] == OK
