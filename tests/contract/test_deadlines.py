# SPDX-License-Identifier: BSD-2-Clause
"""Time-outs of commands: what comes back in time, late, or not at all."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee

from ..support.conformance import Command, filled, xored
from ..support.targets import Target
from ..support.waiting import LIMIT, wait_until
from ..support.window import Window, with_window

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds. Any machine has sent a command by then.
SOON = 0.5
MASKED, UNMASKED = 0, 1


def settle(session: tee.Session) -> None:
    """Wait for the end of the calls that were given up."""
    wait_until(lambda: not session.is_busy)
    assert session.invoke_command(Command.VALUES, tee.ValueInOut(0, 1)) == ((2**32 - 1, 2**32 - 2),)


@pytest.mark.parametrize("command", [Command.WAIT, Command.COMPUTE])
@with_window
def test_control_is_given_back_though_the_application_goes_on(
    session: tee.Session, window: Window, command: Command
) -> None:
    call = partial(session.invoke_command, command, (window.milliseconds, MASKED))
    error = window.leave(partial(call, timeout=window.soon, grace=window.soon / 2))
    window.sees(lambda: session.is_busy)
    assert error.may_have_run
    assert error.outputs == ()
    assert error.__cause__ is None
    assert (error.code, error.origin) == (tee.Result.TIMEOUT, tee.Origin.API)
    assert isinstance(error, TimeoutError)
    assert not isinstance(error, tee.errors.TimeoutError)
    assert "runs on" in str(error)
    settle(session)


@pytest.mark.optee_only
@pytest.mark.parametrize("command", [Command.WAIT, Command.COMPUTE])
def test_an_application_that_heeds_comes_back_in_its_grace(
    session: tee.Session, command: Command
) -> None:
    with pytest.raises(tee.DeadlineError) as caught:
        session.invoke_command(
            command, (LIMIT * 1000, UNMASKED), tee.ValueOutput(), timeout=SOON, grace=LIMIT
        )
    error = caught.value
    assert not error.still_running
    assert error.may_have_run
    assert isinstance(error.__cause__, tee.CancelError)
    assert error.__cause__.origin == tee.Origin.TRUSTED_APP
    assert error.outputs == error.__cause__.outputs
    if command is Command.WAIT:
        assert error.outputs == ((1, 0),)
    assert "CANCEL" in str(error)
    assert not session.is_busy
    # The request was for that command alone.
    session.invoke_command(Command.WAIT, (1, UNMASKED))


@with_window
def test_a_success_after_the_time_out_is_late_and_tells_what_came_back(
    session: tee.Session, window: Window
) -> None:
    call = partial(session.invoke_command, Command.WAIT, (window.milliseconds, MASKED))
    error = window.exceed(partial(call, tee.ValueOutput(), timeout=window.soon, grace=LIMIT))
    assert not error.still_running
    assert error.may_have_run
    assert error.__cause__ is None
    assert [type(output) for output in error.outputs] == [tee.Value]
    assert "succeeded later" in str(error)
    assert not session.is_busy


@with_window
def test_memory_that_comes_back_late_is_in_the_error(session: tee.Session, window: Window) -> None:
    buffer = bytearray(b"abc")
    call = partial(session.invoke_command, Command.WAIT_AND_XOR, (window.milliseconds, 0))
    late = partial(call, tee.MemrefTempInOut(buffer), timeout=window.soon, grace=LIMIT)
    error = window.exceed(late)
    assert error.outputs == (bytes(buffer),)
    assert buffer == xored(1, b"abc")
    # The error does not keep it in use.
    buffer.append(0)


def test_what_comes_back_in_time_is_returned(session: tee.Session) -> None:
    for timeout in (LIMIT, math.inf, 1e300):
        for grace in (None, 0, math.inf):
            call: Any = partial(session.invoke_command, timeout=timeout, grace=grace)
            assert call(Command.NOTHING) == ()
            assert call(Command.VALUES, tee.ValueInOut(0, 0)) == ((2**32 - 1,) * 2,)
            assert call(Command.MEMREF_FILL, tee.MemrefTempOutput(5000)) == (filled(0, 5000),)
    assert not session.is_busy


def test_the_applications_errors_are_its_own(session: tee.Session) -> None:
    codes = {tee.Result.TIMEOUT: tee.errors.TimeoutError, tee.Result.CANCEL: tee.CancelError}
    for code, kind in codes.items():
        with pytest.raises(kind) as caught:
            session.invoke_command(Command.SET_SIZE, (code, 0), timeout=LIMIT)
        assert not isinstance(caught.value, tee.DeadlineError)
        assert not isinstance(caught.value, TimeoutError)
        assert caught.value.origin == tee.Origin.TRUSTED_APP


CALLS: dict[str, Callable[[tee.Session, float], object]] = {
    "nothing": lambda s, t: s.invoke_command(Command.PANIC, timeout=t),
    "value": lambda s, t: s.invoke_command(Command.PANIC, tee.ValueInOut(1, 2), timeout=t),
    "bytes": lambda s, t: s.invoke_command(
        Command.PANIC, tee.MemrefTempInOut(bytearray(9)), timeout=t
    ),
    "several": lambda s, t: s.invoke_command(Command.PANIC, (1, 2), b"abc", timeout=t),
    "growing": lambda s, t: s.invoke_command(
        Command.PANIC, tee.MemrefTempOutput(1, grow=True), timeout=t
    ),
    "operation": lambda s, t: s.invoke_command(Command.PANIC, timeout=t, operation=tee.Operation()),
    "prepared": lambda s, t: s.prepare(Command.PANIC, timeout=t)(),
    "prepared value": lambda s, t: s.prepare(Command.PANIC, tee.ValueInOut, timeout=t)((1, 2)),
    "prepared bytes": lambda s, t: s.prepare(Command.PANIC, b"abc", timeout=t)(),
    "submitted": lambda s, t: s.submit(Command.PANIC, timeout=t).result(LIMIT),
}


@pytest.mark.parametrize("call", CALLS)
def test_without_any_time_nothing_is_sent(session: tee.Session, call: str) -> None:
    for _ in range(2):
        with pytest.raises(tee.DeadlineError) as caught:
            CALLS[call](session, 0)
        error = caught.value
        assert not error.may_have_run
        assert not error.still_running
        assert error.outputs == ()
    # It has not panicked.
    session.invoke_command(Command.NOTHING)


@pytest.mark.parametrize("call", CALLS)
def test_a_closed_session_says_so_whatever_time_there_is(context: tee.Context, call: str) -> None:
    for timeout in (0, LIMIT):
        session = context.open_session(Target.CONFORMANCE)
        session.close()
        with pytest.raises(tee.ClosedSessionError):
            CALLS[call](session, timeout)


@pytest.mark.parametrize("call", CALLS)
def test_a_panic_is_one_in_a_call_with_a_time_out_too(context: tee.Context, call: str) -> None:
    with context.open_session(Target.CONFORMANCE) as session:
        with pytest.raises(tee.TargetDeadError) as caught:
            CALLS[call](session, LIMIT)
        assert not isinstance(caught.value, tee.DeadlineError)
        assert session.is_dead
        with pytest.raises(tee.DeadSessionError):
            CALLS[call](session, LIMIT)


WRONG: list[tuple[Any, type[Exception]]] = [
    (-1, tee.ParameterRangeError),
    (-0.001, tee.ParameterRangeError),
    (math.nan, tee.ParameterRangeError),
    ("1", tee.ParameterTypeError),
    (True, tee.ParameterTypeError),
    (1j, tee.ParameterTypeError),
]


@pytest.mark.parametrize("name", ["timeout", "grace"])
@pytest.mark.parametrize(("value", "kind"), WRONG)
def test_a_time_that_is_none_is_refused_before_anything_is_sent(
    target: Target, context: tee.Context, session: tee.Session, name: str, value: Any, kind: Any
) -> None:
    wrong: dict[str, Any] = {"timeout": LIMIT, name: value}
    calls: list[Callable[[], object]] = [
        partial(session.invoke_command, Command.PANIC, **wrong),
        partial(session.prepare, Command.PANIC, **wrong),
        partial(session.submit, Command.PANIC, **wrong),
        partial(context.open_session, Target.CONFORMANCE, (0, 1), **wrong),
        partial(tee.Context, target.device, backend=target.backend, **wrong),
        partial(setattr, session, name, value),
        partial(setattr, context, name, value),
    ]
    for call in calls:
        with pytest.raises(kind, match=name):
            call()
    session.invoke_command(Command.NOTHING)


@with_window
def test_sessions_take_the_times_of_their_context(target: Target, window: Window) -> None:
    with tee.Context(
        target.device, backend=target.backend, timeout=LIMIT, grace=LIMIT / 2
    ) as context:
        assert (context.timeout, context.grace) == (LIMIT, LIMIT / 2)
        session = context.open_session(Target.CONFORMANCE)
        assert (session.timeout, session.grace) == (LIMIT, LIMIT / 2)
        session.timeout, session.grace = window.soon, window.soon / 2
        call = partial(session.invoke_command, Command.WAIT, (window.milliseconds, MASKED))
        assert window.leave(call).still_running
        assert window.leave(partial(call, timeout=None, grace=None)).still_running
        settle_without(session)
        # Those of the call come first.
        assert call(timeout=LIMIT) == ()
        assert call(timeout=math.inf) == ()
        session.timeout = None
        assert call() == ()
        context.timeout = 0
        with pytest.raises(tee.DeadlineError):
            context.open_session(Target.CONFORMANCE)
        context.timeout = None
        session.close()


def settle_without(session: tee.Session) -> None:
    """Wait for the end of the calls that were given up, whatever time-out the session has."""
    wait_until(lambda: not session.is_busy)


@with_window
def test_a_prepared_command_runs_on_after_a_call_that_was_given_up(
    session: tee.Session, window: Window
) -> None:
    waits = session.prepare(
        Command.WAIT, (window.milliseconds, MASKED), timeout=window.soon, grace=window.soon / 2
    )
    flexible = session.prepare(
        Command.WAIT, tee.ValueInput, timeout=window.soon, grace=window.soon / 2
    )
    buffer = bytearray(b"abc")
    xors = session.prepare(
        Command.WAIT_AND_XOR,
        (window.milliseconds, 0),
        tee.MemrefTempInOut(buffer),
        timeout=window.soon,
        grace=window.soon / 2,
    )
    for call in (waits, partial(flexible, (window.milliseconds, MASKED)), xors):
        # The second finds the session busy, and is given up as well.
        for _ in range(2):
            assert window.leave(call).still_running
        window.check()
        settle(session)
    assert buffer == b"abc"
    assert session.prepare(Command.WAIT, (1, MASKED), timeout=LIMIT)() == ()


@with_window
def test_an_operation_can_have_a_time_out(session: tee.Session, window: Window) -> None:
    operation = tee.Operation()
    call = partial(session.invoke_command, Command.WAIT, (window.milliseconds, MASKED))
    window.leave(partial(call, operation=operation, timeout=window.soon, grace=window.soon / 2))
    window.sees(lambda: operation.state is tee.OperationState.SENT)
    with pytest.raises(tee.BadStateError):
        call(operation=operation)
    settle(session)
    assert operation.state is tee.OperationState.DONE


def test_an_operation_that_was_not_sent_can_be_used_without_a_time_out(
    session: tee.Session,
) -> None:
    operation = tee.Operation()
    with pytest.raises(tee.DeadlineError):
        session.invoke_command(Command.PANIC, operation=operation, timeout=0)
    assert session.invoke_command(Command.NOTHING, operation=operation) == ()
    operation = tee.Operation()
    operation.request_cancellation()
    with pytest.raises(tee.CancelError) as caught:
        session.invoke_command(Command.PANIC, operation=operation, timeout=LIMIT)
    assert caught.value.origin == tee.Origin.API


def test_an_operation_that_was_not_sent_can_be_used_for_another_kind_of_call(
    session: tee.Session,
) -> None:
    operation = tee.Operation()
    with pytest.raises(tee.DeadlineError):
        session.context.open_session(Target.CONFORMANCE, operation=operation, timeout=0)
    assert session.invoke_command(
        Command.VALUES, tee.ValueInOut(0, 1), operation=operation, timeout=LIMIT
    ) == ((2**32 - 1, 2**32 - 2),)
    operation = tee.Operation()
    with pytest.raises(tee.DeadlineError):
        session.invoke_command(Command.PANIC, operation=operation, timeout=0)
    with session.context.open_session(
        Target.CONFORMANCE, operation=operation, timeout=LIMIT
    ) as another:
        assert another.invoke_command(Command.NOTHING) == ()
    assert session.invoke_command(Command.NOTHING) == ()


def test_the_runs_of_an_output_that_grows_share_one_time_out(session: tee.Session) -> None:
    growing = tee.MemrefTempOutput(1, grow=True)
    whole = session.invoke_command(
        Command.FILL_AND_SET_SIZE, (tee.Result.SUCCESS, 5000), growing, timeout=LIMIT
    )
    assert whole == (filled(1, 5000),)


def test_a_call_after_the_runs_of_an_output_that_grows_has_all_of_its_time(
    session: tee.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = tee.MemrefTempOutput(1, grow=True)
    # When it begins, and after its first run.
    clock = iter((0.0, 2.0 * LIMIT))
    with monkeypatch.context() as patch:
        patch.setattr("pytee_client._calls.deadline.monotonic", lambda: next(clock))
        with pytest.raises(tee.DeadlineError):
            session.invoke_command(
                Command.FILL_AND_SET_SIZE, (tee.Result.SUCCESS, 5000), growing, timeout=LIMIT
            )
    assert session.invoke_command(Command.VALUES, tee.ValueInOut(0, 1), timeout=LIMIT) == (
        (2**32 - 1, 2**32 - 2),
    )


def test_calls_beside_each_other_have_each_its_own_time(
    session: tee.Session, pool: ThreadPoolExecutor
) -> None:
    def call(timeout: float) -> object:
        return session.invoke_command(Command.VALUES, tee.ValueInOut(0, 1), timeout=timeout)

    times = [0 if number % 3 else LIMIT + number for number in range(60)]
    calls = [pool.submit(call, timeout) for timeout in times]
    for timeout, future in zip(times, calls, strict=True):
        if timeout:
            assert future.result(LIMIT) == ((2**32 - 1, 2**32 - 2),)
        else:
            assert isinstance(future.exception(LIMIT), tee.DeadlineError)
