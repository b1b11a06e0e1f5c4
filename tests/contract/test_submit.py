# SPDX-License-Identifier: BSD-2-Clause
"""Commands for which nobody waits: Session.submit()."""

from __future__ import annotations

import math
import signal
import threading
import weakref
from concurrent.futures import ALL_COMPLETED, CancelledError, Future, as_completed, wait
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee

from ..support.conformance import Command, filled, xored
from ..support.targets import Target
from ..support.waiting import LIMIT, interrupted_soon, wait_until
from ..support.window import Window, with_window

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds.
SHORT = 0.01
# Any machine has sent a command by then.
SOON = 0.5
MASKED, UNMASKED = 0, 1


def test_a_future_has_what_the_call_would_return(session: tee.Session) -> None:
    buffer = bytearray(b"abc")
    futures: list[Future[Any]] = [
        session.submit(Command.NOTHING),
        session.submit(Command.VALUES, tee.ValueInOut(0, 1)),
        session.submit(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer)),
        session.submit(Command.MEMREF_FILL, tee.MemrefTempOutput(5000), timeout=LIMIT),
        session.submit(
            Command.FILL_AND_SET_SIZE, (0, 5000), tee.MemrefTempOutput(1, grow=True), timeout=LIMIT
        ),
    ]
    assert all(isinstance(future, Future) for future in futures)
    nothing, value, xor, fill, growing = (future.result(LIMIT) for future in futures)
    assert nothing == ()
    assert value == ((2**32 - 1, 2**32 - 2),)
    assert xor == (xored(0, b"abc"),)
    assert buffer == xored(0, b"abc")
    assert fill == (filled(0, 5000),)
    assert growing == (filled(1, 5000),)
    assert all(future.done() and not future.running() for future in futures)


def test_a_future_has_the_error_that_the_call_would_raise(session: tee.Session) -> None:
    future = session.submit(Command.SET_SIZE, (tee.Result.ACCESS_DENIED, 0), tee.ValueOutput())
    error = future.exception(LIMIT)
    assert isinstance(error, tee.AccessDeniedError)
    assert error.outputs == ((0x11111111, 0x22222222),)
    with pytest.raises(tee.AccessDeniedError):
        future.result()


WRONG: list[tuple[tuple[Any, ...], type[Exception]]] = [
    ((-1,), tee.ParameterRangeError),
    (("1",), tee.ParameterTypeError),
    ((Command.PANIC, 1.5), tee.ParameterTypeError),
    ((Command.PANIC, tee.MemrefTempInOut(b"abc")), tee.ReadOnlyBufferError),
    ((Command.PANIC, *[None] * 5), tee.BadParametersError),
]


@pytest.mark.parametrize(("arguments", "kind"), WRONG)
def test_what_is_wrong_is_raised_at_once(
    session: tee.Session, arguments: tuple[Any, ...], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        session.submit(*arguments)
    session.invoke_command(Command.NOTHING)


def test_a_closed_or_dead_session_takes_none(context: tee.Context) -> None:
    session = context.open_session(Target.CONFORMANCE)
    assert isinstance(session.submit(Command.PANIC).exception(LIMIT), tee.TargetDeadError)
    assert session.is_dead
    with pytest.raises(tee.DeadSessionError):
        session.submit(Command.NOTHING)
    session.close()
    with pytest.raises(tee.ClosedSessionError):
        session.submit(Command.NOTHING)


@pytest.mark.optee_only
def test_cancelling_one_that_runs_asks_the_application(session: tee.Session) -> None:
    future = session.submit(Command.WAIT, (LIMIT * 1000, UNMASKED), tee.ValueOutput())
    wait_until(future.running)
    for _ in range(3):
        assert not future.cancel()
    error = future.exception(LIMIT)
    assert isinstance(error, tee.CancelError)
    assert not future.cancelled()
    assert not future.cancel()
    # The requests were for that command alone.
    session.invoke_command(Command.WAIT, (1, UNMASKED))


@with_window
def test_one_that_has_not_begun_is_cancelled_and_never_sent(target: Target, window: Window) -> None:
    with (
        tee.Context(target.device, backend=target.backend, max_calls=1) as context,
        context.open_session(Target.CONFORMANCE) as session,
    ):
        first = session.submit(Command.WAIT, (window.milliseconds, MASKED))
        buffer = bytearray(b"abc")
        second = session.submit(Command.PANIC, buffer)
        third = session.submit(Command.NOTHING)
        told: list[Future[Any]] = []
        second.add_done_callback(told.append)
        cancelled = second.cancel()
        if not cancelled or first.done():
            # The first was over too soon, and the panic may have been sent.
            wait((first, second, third), LIMIT)
            window.missed()
        assert second.cancelled()
        assert second.cancel()
        assert told == [second]
        with pytest.raises(CancelledError):
            second.result()
        # Nothing has it any more.
        buffer.append(0)
        assert wait((first, second, third), LIMIT).not_done == set()
        assert third.result() == ()


@with_window
def test_a_time_out_counts_from_the_start_and_ends_the_future(
    session: tee.Session, window: Window
) -> None:
    begun = session.submit(
        Command.WAIT, (window.milliseconds, MASKED), timeout=window.soon, grace=window.soon / 2
    )
    error = window.leave(lambda: begun.result(LIMIT))
    assert error.may_have_run
    window.sees(lambda: session.is_busy)
    assert not begun.cancel()
    assert not begun.running()
    wait_until(lambda: not session.is_busy)
    wait_time = (window.milliseconds, MASKED)
    late = session.submit(
        Command.WAIT, wait_time, tee.ValueOutput(), timeout=window.soon, grace=LIMIT
    )
    late_error = window.exceed(partial(late.result, LIMIT))
    assert not late_error.still_running
    assert len(late_error.outputs) == 1


@pytest.mark.optee_only
def test_an_application_that_heeds_comes_back_in_its_grace(session: tee.Session) -> None:
    future = session.submit(Command.WAIT, (LIMIT * 1000, UNMASKED), timeout=SOON, grace=LIMIT)
    error = future.exception(LIMIT)
    assert isinstance(error, tee.DeadlineError)
    assert isinstance(error.__cause__, tee.CancelError)
    assert not error.still_running


@with_window
def test_one_that_waits_for_others_ends_with_its_time(target: Target, window: Window) -> None:
    with (
        tee.Context(target.device, backend=target.backend, max_calls=1) as context,
        context.open_session(Target.CONFORMANCE) as session,
    ):
        first = session.submit(Command.WAIT, (window.milliseconds, MASKED))
        second = session.submit(Command.NOTHING, timeout=SHORT)
        error = second.exception(LIMIT)
        if first.done():
            window.missed()
        assert isinstance(error, tee.DeadlineError)
        assert not error.may_have_run
        assert "max_calls" in str(error)
        assert first.result(LIMIT) == ()


def test_callbacks_run_once_and_may_use_the_session(session: tee.Session) -> None:
    results: list[Any] = []
    done = threading.Event()

    def go_on(future: Future[Any]) -> None:
        results.append(future.result())
        results.append(session.invoke_command(Command.NOTHING))
        results.append(session.invoke_command(Command.NOTHING, timeout=LIMIT))
        done.set()

    session.submit(Command.VALUES, tee.ValueInOut(0, 0)).add_done_callback(go_on)
    assert done.wait(LIMIT)
    assert results == [((2**32 - 1,) * 2,), (), ()]
    late = session.submit(Command.NOTHING)
    late.result(LIMIT)
    late.add_done_callback(results.append)
    assert results[-1] is late


def test_they_work_with_the_functions_for_futures(session: tee.Session) -> None:
    futures = [session.submit(Command.VALUES, tee.ValueInOut(n, n)) for n in range(30)]
    assert {*as_completed(futures, LIMIT)} == {*futures}
    done, not_done = wait(futures, LIMIT, ALL_COMPLETED)
    assert (len(done), not_done) == (30, set())
    assert [future.result() for future in futures] == [((~n & 0xFFFFFFFF,) * 2,) for n in range(30)]


def test_many_begin_in_the_order_in_which_they_were_submitted(target: Target) -> None:
    ended: list[int] = []

    def note(number: int) -> Callable[[object], None]:
        return lambda _: ended.append(number)

    with (
        tee.Context(target.device, backend=target.backend, max_calls=1) as context,
        context.open_session(Target.CONFORMANCE) as session,
    ):
        futures = []
        for number in range(500):
            future = session.submit(Command.VALUES, tee.ValueInOut(number, 0), timeout=math.inf)
            future.add_done_callback(note(number))
            futures.append(future)
        for number, future in enumerate(futures):
            assert future.result(LIMIT) == ((~number & 0xFFFFFFFF, 2**32 - 1),)
        wait_until(lambda: len(ended) == 500)
        assert ended == sorted(ended)


@with_window
def test_a_block_can_be_closed_after_it_was_submitted(target: Target, window: Window) -> None:
    with target.open_context() as context, context.open_session(Target.CONFORMANCE) as session:
        block = context.allocate_shared_memory(3)
        block[:3] = b"abc"
        view = memoryview(block)
        future = session.submit(Command.WAIT_AND_XOR, (window.milliseconds, 0), block)
        block.close()
        outputs = future.result(LIMIT)
        assert outputs[0] == xored(1, b"abc")
        assert view == xored(1, b"abc")
        with pytest.raises(tee.ClosedSharedMemoryError):
            session.submit(Command.NOTHING, block)


@with_window
def test_a_session_that_is_closed_refuses_what_has_not_begun(
    target: Target, window: Window
) -> None:
    with tee.Context(target.device, backend=target.backend, max_calls=1) as context:
        session = context.open_session(Target.CONFORMANCE)
        first = session.submit(Command.WAIT, (window.milliseconds, MASKED))
        second = session.submit(Command.PANIC)
        wait_until(lambda: session.is_busy or first.done())
        # Waits for what is with the TEE.
        session.close()
        assert first.done() or not session.is_busy
        assert isinstance(first.exception(LIMIT), tee.ClosedSessionError | None)
        error = second.exception(LIMIT)
        if isinstance(error, tee.TargetDeadError):
            window.missed()
        assert isinstance(error, tee.ClosedSessionError)


def test_waiting_for_a_result_can_be_interrupted(session: tee.Session) -> None:
    future = session.submit(Command.WAIT, (300, MASKED))
    with interrupted_soon():
        # Until the signal: the call may be over before.
        future.result(LIMIT)
        signal.pause()
    assert future.result(LIMIT) == ()


def test_nothing_keeps_what_was_submitted(session: tee.Session) -> None:
    class Bytes(bytearray):
        pass

    buffer = Bytes(b"abc")
    gone = weakref.ref(buffer)
    future = session.submit(Command.NOTHING, tee.MemrefTempInput(buffer))
    assert future.result(LIMIT) == ()
    del buffer
    # A worker's last step may not be over. The future lives on.
    wait_until(lambda: gone() is None)
    assert future.done()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_call_keeps_a_session_that_nobody_else_has(context: tee.Context) -> None:
    session = context.open_session(Target.CONFORMANCE)
    gone = weakref.ref(session)
    future = session.submit(Command.WAIT, (50, MASKED))
    del session
    assert future.result(LIMIT) == ()
    wait_until(lambda: gone() is None)
