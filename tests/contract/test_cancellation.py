# SPDX-License-Identifier: BSD-2-Clause
"""Cancelling an operation before, during and after it; and calls of several threads."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client.fake import Kernel

from ..support.conformance import Command, xored
from ..support.targets import Target
from ..support.waiting import LIMIT, wait_until
from ..support.window import Window, with_window

if TYPE_CHECKING:
    from pytee_client.parameters import Parameter
    from pytee_client.typing import Backend


def start_waiting(
    pool: ThreadPoolExecutor,
    session: tee.Session,
    window: Window,
    *parameters: Parameter,
    heeds: int = 0,
) -> tuple[tee.Operation, Future[tuple[object, ...]]]:
    """Have another thread wait in the Trusted Application."""
    operation = tee.Operation()
    wait = (window.milliseconds, heeds)
    invoke = partial(session.invoke_command, Command.WAIT, wait, *parameters, operation=operation)
    return operation, window.start(pool, invoke)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_a_child_can_open_its_own_context_whatever_its_parents_threads_do(
    target: Target, session: tee.Session, pool: ThreadPoolExecutor
) -> None:
    operations = [tee.Operation() for _ in range(3)]
    calls = [
        pool.submit(session.invoke_command, Command.WAIT, (200, 0), operation=operation)
        for operation in operations
    ]
    wait_until(lambda: all(o.state is not tee.OperationState.IDLE for o in operations))
    pid = os.fork()
    if not pid:
        status = 1
        try:
            # New stacks where those of the parent's threads were.
            threading.stack_size(16 << 20)
            threads = [threading.Thread(target=bytes, args=(1,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(LIMIT)
            child = tee.Context(target.device, backend=child_backend(target))
            with child, child.open_session(Target.CONFORMANCE) as own:
                own.invoke_command(Command.NOTHING)
            status = 0
        finally:
            os._exit(status)
    for call in calls:
        assert call.result(LIMIT) == ()
    assert os.waitpid(pid, 0)[1] == 0


def child_backend(target: Target) -> Backend:
    """Return the kernel for a forked child; the fake one is copied with its locks taken."""
    return target.backend if target.is_real else Kernel(target.name.removeprefix("fake:"))


def has_ended(operation: tee.Operation) -> bool:
    return operation.state is tee.OperationState.DONE


@pytest.mark.assertion("RC-04")
def test_a_request_before_the_start_cancels_the_command_here(session: tee.Session) -> None:
    operation = tee.Operation()
    operation.request_cancellation()
    assert operation.state is tee.OperationState.REQUESTED
    with pytest.raises(tee.CancelError) as caught:
        session.invoke_command(Command.PANIC, operation=operation)
    assert caught.value.origin == tee.Origin.API
    assert has_ended(operation)
    session.invoke_command(Command.NOTHING)


@pytest.mark.assertion("RC-07", "OS-16")
def test_a_request_before_the_start_cancels_an_opening_here(context: tee.Context) -> None:
    operation = tee.Operation()
    operation.request_cancellation()
    with pytest.raises(tee.CancelError) as caught:
        context.open_session(Target.CONFORMANCE, (1, 1), operation=operation)
    assert caught.value.origin == tee.Origin.API


@pytest.mark.assertion("RC-02", "RC-05", "RC-10")
@pytest.mark.optee_only
@with_window
def test_a_request_during_a_command_reaches_the_application(
    session: tee.Session, pool: ThreadPoolExecutor, window: Window
) -> None:
    operation, call = start_waiting(pool, session, window, tee.ValueOutput(), heeds=1)
    operation.request_cancellation()
    window.check()
    with pytest.raises(tee.CancelError) as caught:
        call.result(LIMIT)
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    assert caught.value.outputs == ((1, 0),)
    assert operation.state is tee.OperationState.DONE


@pytest.mark.assertion("RC-14")
@pytest.mark.optee_only
def test_a_request_ends_a_wait_before_its_time(
    session: tee.Session, pool: ThreadPoolExecutor
) -> None:
    window = Window(LIMIT * 500)
    operation, call = start_waiting(pool, session, window, heeds=1)
    operation.request_cancellation()
    with pytest.raises(tee.CancelError):
        call.result(LIMIT)
    window.check()


@pytest.mark.assertion("RC-13")
@with_window
def test_an_application_that_masks_cancellation_runs_to_its_end(
    session: tee.Session, pool: ThreadPoolExecutor, window: Window
) -> None:
    operation, call = start_waiting(pool, session, window)
    operation.request_cancellation()
    window.check()
    assert call.result(LIMIT) == ()


@pytest.mark.assertion("RC-06")
def test_a_late_cancellation_does_not_touch_the_next_command(session: tee.Session) -> None:
    operation = tee.Operation()
    session.invoke_command(Command.WAIT, (1, 1), operation=operation)
    assert operation.state is tee.OperationState.DONE
    operation.request_cancellation()
    session.invoke_command(Command.WAIT, (1, 1))


@pytest.mark.assertion("RC-09")
def test_an_operation_serves_one_call(session: tee.Session) -> None:
    operation = tee.Operation()
    assert operation.state is tee.OperationState.IDLE
    session.invoke_command(Command.NOTHING, operation=operation)
    with pytest.raises(tee.BadStateError, match="one for each call"):
        session.invoke_command(Command.NOTHING, operation=operation)


def test_parameters_that_are_refused_do_not_use_an_operation(session: tee.Session) -> None:
    operation = tee.Operation()
    with pytest.raises(tee.ParameterTypeError):
        session.invoke_command(Command.NOTHING, "text", operation=operation)  # type: ignore[call-overload]
    session.invoke_command(Command.NOTHING, operation=operation)


@with_window
def test_a_context_that_is_being_closed_takes_no_more(
    target: Target, pool: ThreadPoolExecutor, window: Window
) -> None:
    context = target.open_context()
    session = context.open_session(Target.CONFORMANCE)
    _operation, call = start_waiting(pool, session, window)
    closing = pool.submit(context.close)
    wait_until(lambda: session.closed)
    for use in (
        lambda: context.open_session(Target.CONFORMANCE),
        lambda: context.allocate_shared_memory(10),
        lambda: context.register_shared_memory(bytearray(10)),
    ):
        with pytest.raises(tee.ClosedContextError):
            use()
    window.check()
    assert call.result(LIMIT) == ()
    closing.result(LIMIT)
    assert context.closed


def test_an_operation_is_one_calls_until_that_is_over(session: tee.Session) -> None:
    operation = tee.Operation()
    refused = []

    class Meddler:
        """A number that uses the operation while it is read for the operation's own call."""

        def __index__(self) -> int:
            for _ in range(2):
                with pytest.raises(tee.BadStateError, match="one for each call") as caught:
                    session.invoke_command(Command.NOTHING, b"other", operation=operation)
                refused.append(caught.value)
            return 5

    value = tee.ValueInput(Meddler())  # type: ignore[arg-type]
    outputs = session.invoke_command(Command.VALUES, value, tee.ValueOutput(), operation=operation)
    assert outputs == ((6, 1),)
    assert len(refused) == 2


def test_a_cancelled_operation_stays_cancelled_when_its_parameters_are_refused(
    session: tee.Session,
) -> None:
    operation = tee.Operation()
    operation.request_cancellation()
    with pytest.raises(tee.ParameterTypeError):
        session.invoke_command(Command.NOTHING, "text", operation=operation)  # type: ignore[call-overload]
    with pytest.raises(tee.CancelError):
        session.invoke_command(Command.NOTHING, operation=operation)


@pytest.mark.assertion("GEN-03", "IV-21")
def test_threads_can_use_one_session_at_once(
    session: tee.Session, pool: ThreadPoolExecutor
) -> None:
    def work(seed: int) -> None:
        for size in range(1, 5000, 499):
            buffer = bytearray((seed + i) % 256 for i in range(size))
            before = bytes(buffer)
            session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer))
            assert xored(0, before) == buffer

    for call in [pool.submit(work, seed) for seed in range(6)]:
        call.result(LIMIT)


@pytest.mark.assertion("GEN-02")
def test_threads_can_use_one_context_at_once(
    context: tee.Context, pool: ThreadPoolExecutor
) -> None:
    def work(seed: int) -> None:
        for _ in range(3):
            with context.open_session(Target.CONFORMANCE) as session:
                outputs = session.invoke_command(Command.VALUES, (seed, 0), tee.ValueOutput())
                assert outputs == ((seed + 1, 1),)

    for call in [pool.submit(work, seed) for seed in range(4)]:
        call.result(LIMIT)


@with_window
def test_python_runs_on_while_a_command_waits(
    session: tee.Session, pool: ThreadPoolExecutor, window: Window
) -> None:
    _operation, call = start_waiting(pool, session, window)
    is_done = call.done()
    window.check()
    assert not is_done
    assert call.result(LIMIT) == ()


@pytest.mark.assertion("CS-03")
def test_closing_a_session_waits_for_its_command(
    context: tee.Context, pool: ThreadPoolExecutor, window: Window
) -> None:
    session = context.open_session(Target.CONFORMANCE)
    operation, call = start_waiting(pool, session, window)
    session.close()
    assert operation.state is tee.OperationState.DONE
    assert call.result(LIMIT) == ()
