# SPDX-License-Identifier: BSD-2-Clause
"""TEEC_RequestCancellation."""

from __future__ import annotations

import errno
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.c_library import Kind
from ...support.conformance import Command
from ...support.waiting import LIMIT
from ...support.window import Window, with_window

if TYPE_CHECKING:
    from .conftest import Observed

# No memory is shared here.
pytestmark = pytest.mark.once

API, COMMS, TEE, TRUSTED_APP = tee.Origin
DONE = (0, TRUSTED_APP)
CANCEL = tee.Result.CANCEL
HEEDS = 1


def wait(milliseconds: int, heeds: int = 0) -> Any:
    return c.operation((Kind.VALUE_INPUT, (milliseconds, heeds)), (Kind.VALUE_OUTPUT, (7, 7)))


def start(
    observed: Observed,
    pool: ThreadPoolExecutor,
    window: Window,
    operation: Any,
    session: Any = None,
) -> Future[c.Outcome]:
    """Have another thread wait in the application; what was seen before is forgotten."""
    observed.kernel.forget()
    return window.start(pool, c.invoke, session or observed.session, Command.WAIT, operation)


def cancellations(observed: Observed) -> list[tuple[int, ...]]:
    """Return cancel_id and session of the requests to cancel."""
    requests = observed.kernel.requests(uapi.TEE_IOC_CANCEL)
    return [uapi.CANCEL_ARG.unpack(request.argument) for request in requests]


def invocations(observed: Observed) -> list[tuple[int, int]]:
    """Return cancel_id and session of the commands."""
    headers = [
        uapi.INVOKE_ARG.unpack_from(request.buffer)
        for request in observed.kernel.requests(uapi.TEE_IOC_INVOKE)
    ]
    return [(cancel_id, session) for _, session, cancel_id, *_ in headers]


@pytest.mark.assertion("RC-01", "RC-02", "RC-03", "RC-05", "RC-10", "RC-17")
@pytest.mark.optee_only
@with_window
def test_a_request_during_a_command_reaches_the_application(
    observed: Observed, pool: ThreadPoolExecutor, window: Window
) -> None:
    operation = wait(window.milliseconds, HEEDS)
    call = start(observed, pool, window, operation)
    c.ffi.errno = 4321
    c.lib.TEEC_RequestCancellation(operation)
    assert c.ffi.errno == 4321
    window.check()
    assert call.result(LIMIT) == (CANCEL, TRUSTED_APP)
    assert operation.params[1].value.a == 1
    assert cancellations(observed) == invocations(observed)
    assert cancellations(observed)[0][0] != 0


@pytest.mark.assertion("RC-02", "RC-14")
@pytest.mark.optee_only
def test_a_request_ends_a_wait_before_its_time(
    observed: Observed, pool: ThreadPoolExecutor
) -> None:
    window = Window(LIMIT * 500)
    call = start(observed, pool, window, operation := wait(window.milliseconds, HEEDS))
    c.lib.TEEC_RequestCancellation(operation)
    assert call.result(LIMIT) == (CANCEL, TRUSTED_APP)
    window.check()


@pytest.mark.assertion("RC-03", "RC-04", "RC-10")
def test_a_request_before_the_start_ends_the_command_unsent(observed: Observed) -> None:
    operation = wait(1)
    c.lib.TEEC_RequestCancellation(operation)
    c.lib.TEEC_RequestCancellation(operation)
    assert c.invoke(observed.session, Command.WAIT, operation) == (CANCEL, API)
    assert observed.kernel.ioctls == []
    # Once: the request was for one use.
    operation.started = 0
    assert c.invoke(observed.session, Command.WAIT, operation) == DONE


@pytest.mark.assertion("RC-03", "RC-06")
def test_a_request_after_the_command_does_not_touch_the_next(observed: Observed) -> None:
    operation = wait(1, HEEDS)
    assert c.invoke(observed.session, Command.WAIT, operation) == DONE
    c.lib.TEEC_RequestCancellation(operation)
    assert c.invoke(observed.session, Command.WAIT, wait(1, HEEDS)) == DONE
    assert c.invoke(observed.session, Command.WAIT, operation) == DONE
    assert cancellations(observed) == []


@pytest.mark.assertion("RC-05", "RC-06", "RC-17")
@with_window
def test_a_request_is_for_its_own_operation_only(
    observed: Observed, pool: ThreadPoolExecutor, window: Window
) -> None:
    over, under_way = wait(1, HEEDS), wait(window.milliseconds, HEEDS)
    observed.kernel.forget()
    assert c.invoke(observed.session, Command.WAIT, over) == DONE
    ((first, _),) = invocations(observed)
    call = start(observed, pool, window, under_way)
    c.lib.TEEC_RequestCancellation(over)
    window.check()
    assert call.result(LIMIT) == DONE
    assert cancellations(observed) == []
    ((second, _),) = invocations(observed)
    assert first != second


@pytest.mark.assertion("RC-08")
def test_a_program_that_never_zeroes_started_is_served_all_the_same(observed: Observed) -> None:
    for started in (1, 0xA5A5A5A5, 0xFFFFFFFF):
        operation = wait(1)
        operation.started = started
        assert c.invoke(observed.session, Command.WAIT, operation) == DONE
        assert c.invoke(observed.session, Command.WAIT, operation) == DONE


@pytest.mark.assertion("RC-11")
@pytest.mark.parametrize("content", [b"\0", b"\xff", b"\x01", b"\xa5"])
def test_null_and_uninitialised_operations_are_harmless(observed: Observed, content: bytes) -> None:
    c.lib.TEEC_RequestCancellation(c.ffi.NULL)
    operation = c.ffi.new("TEEC_Operation *")
    c.ffi.buffer(operation)[:] = content * c.ffi.sizeof("TEEC_Operation")
    c.lib.TEEC_RequestCancellation(operation)
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("RC-11")
def test_an_operation_that_only_says_it_is_under_way_is_harmless(observed: Observed) -> None:
    operation = c.ffi.new("TEEC_Operation *", {"started": c.lib.TEE_OPERATION_SENT})
    c.lib.TEEC_RequestCancellation(operation)
    assert observed.kernel.ioctls == []
    assert c.invoke(observed.session, Command.NOTHING, operation) == DONE


@pytest.mark.assertion("RC-12")
def test_an_operation_whose_session_is_gone_is_harmless(observed: Observed) -> None:
    session, operation = c.new_session(), wait(1)
    assert c.open_session(observed.context, session) == DONE
    assert c.invoke(session, Command.WAIT, operation) == DONE
    c.lib.TEEC_CloseSession(session)
    c.ffi.release(session)
    c.lib.TEEC_RequestCancellation(operation)
    assert cancellations(observed) == []


@pytest.mark.assertion("RC-12")
@pytest.mark.optee_only
@with_window
def test_a_session_structure_is_not_looked_at_during_its_command(
    observed: Observed, pool: ThreadPoolExecutor, window: Window
) -> None:
    session, operation = c.new_session(), wait(window.milliseconds, HEEDS)
    assert c.open_session(observed.context, session) == DONE
    copy = c.new_session()
    copy[0] = session[0]
    call = start(observed, pool, window, operation, session)
    c.ffi.buffer(session)[:] = b"\xa5" * c.ffi.sizeof("TEEC_Session")
    c.lib.TEEC_RequestCancellation(operation)
    try:
        window.check()
        assert call.result(LIMIT) == (CANCEL, TRUSTED_APP)
    finally:
        c.lib.TEEC_CloseSession(copy)


@pytest.mark.assertion("RC-13")
@with_window
def test_an_application_that_masks_cancellation_runs_to_its_end(
    observed: Observed, pool: ThreadPoolExecutor, window: Window
) -> None:
    operation = wait(window.milliseconds)
    call = start(observed, pool, window, operation)
    c.lib.TEEC_RequestCancellation(operation)
    window.check()
    assert call.result(LIMIT) == DONE
    assert operation.params[1].value.a == 0
    # Nor does the flag outlive the command.
    assert c.invoke(observed.session, Command.WAIT, wait(1, HEEDS)) == DONE


@pytest.mark.assertion("RC-15")
def test_a_signal_does_not_shorten_a_wait(c_session: Any) -> None:
    caught: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: caught.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        begin = time.monotonic()
        assert c.invoke(c_session, Command.WAIT, wait(300)) == DONE
        assert time.monotonic() - begin >= 0.3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert caught == [signal.SIGALRM]


@pytest.mark.assertion("RC-16")
@pytest.mark.parametrize("error", [errno.EINVAL, errno.EIO])
@with_window
def test_a_driver_that_can_not_cancel_is_no_error(
    observed: Observed, pool: ThreadPoolExecutor, window: Window, error: int
) -> None:
    operation = wait(window.milliseconds, HEEDS)
    call = start(observed, pool, window, operation)
    observed.kernel.fail(uapi.TEE_IOC_CANCEL, error)
    c.lib.TEEC_RequestCancellation(operation)
    window.check()
    assert call.result(LIMIT) == DONE
    assert len(cancellations(observed)) == 1


@pytest.mark.assertion("RC-03", "RC-08")
def test_an_operation_is_ready_again_once_started_is_zeroed(observed: Observed) -> None:
    operation = wait(1)
    for _ in range(2):
        operation.started = 0
        assert c.invoke(observed.session, Command.WAIT, operation) == DONE
        assert operation.started == c.lib.TEE_OPERATION_DONE
        operation.started = 0
        c.lib.TEEC_RequestCancellation(operation)
        assert c.invoke(observed.session, Command.WAIT, operation) == (CANCEL, API)
