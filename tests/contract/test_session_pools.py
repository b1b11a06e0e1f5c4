# SPDX-License-Identifier: BSD-2-Clause
"""Pools of sessions: who gets one, when, and which are replaced."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall

from ..support.conformance import Command
from ..support.targets import Target
from ..support.waiting import LIMIT, wait_until


@pytest.fixture
def kernel(target: Target) -> FaultyKernel:
    return FaultyKernel(target.kernel or "linux")


@pytest.fixture
def own(target: Target, kernel: FaultyKernel) -> Iterator[tee.Context]:
    """A context of the test's own."""
    with tee.Context(target.device, backend=kernel) as made:
        yield made


def count(kernel: FaultyKernel, kind: SystemCall) -> int:
    return sum(call.call is kind for call in kernel.calls)


def in_pool(pool: tee.SessionPool, number: int) -> tee.Value:
    (value,) = pool.invoke_command(Command.VALUES, (number, 0), tee.ValueOutput())
    assert isinstance(value, tee.Value)
    return value


def test_sessions_are_opened_when_they_are_needed_and_used_again(
    own: tee.Context, kernel: FaultyKernel
) -> None:
    with own.session_pool(Target.CONFORMANCE, size=3) as sessions:
        assert count(kernel, SystemCall.OPEN_SESSION) == 0
        for number in range(5):
            assert in_pool(sessions, number) == (number + 1, 1)
        assert count(kernel, SystemCall.OPEN_SESSION) == 1
        with sessions.session() as first, sessions.session() as second:
            assert first is not second
            assert (sessions.stats.open, sessions.stats.in_use) == (2, 2)
        assert count(kernel, SystemCall.OPEN_SESSION) == 2
        stats = sessions.stats
        assert (stats.size, stats.open, stats.idle, stats.opened) == (3, 2, 2, 2)
        assert (stats.in_use, stats.waiting, stats.dead, stats.abandoned) == (0, 0, 0, 0)
        assert not stats.is_limited
    assert count(kernel, SystemCall.CLOSE_SESSION) == 2
    assert sessions.closed


def test_sessions_are_opened_as_the_pool_was_told(context: tee.Context) -> None:
    with context.session_pool(
        Target.CONFORMANCE, tee.ValueOutput(), size=1, timeout=50, grace=0.5
    ) as sessions:
        with sessions.session() as session:
            assert session.outputs == ((0x4F50454E, 0),)
            assert (session.timeout, session.grace) == (50, 0.5)
            assert session.destination == sessions.destination == Target.CONFORMANCE
            assert session.context is sessions.context is context
        assert (sessions.size, sessions.timeout, sessions.grace) == (1, 50, 0.5)


def waiting(
    sessions: tee.SessionPool, pool: ThreadPoolExecutor, calls: int, order: list[int]
) -> list[Future[None]]:
    """Have threads wait for a session, one after the other."""

    def use(number: int) -> None:
        with sessions.session(timeout=LIMIT):
            order.append(number)

    begun = []
    for number in range(calls):
        begun.append(pool.submit(use, number))
        wait_until(lambda: sessions.stats.waiting == len(begun))
    return begun


def test_callers_get_sessions_in_the_order_in_which_they_asked(
    context: tee.Context, pool: ThreadPoolExecutor
) -> None:
    order: list[int] = []
    with context.session_pool(Target.CONFORMANCE, size=1) as sessions:
        with sessions.session():
            calls = waiting(sessions, pool, 5, order)
        for call in calls:
            call.result(LIMIT)
    assert order == [0, 1, 2, 3, 4]


def test_who_waits_too_long_is_told_and_keeps_nobody_from_going_on(
    context: tee.Context, pool: ThreadPoolExecutor
) -> None:
    order: list[int] = []
    with context.session_pool(Target.CONFORMANCE, size=1) as sessions:
        with sessions.session():
            for seconds in (0, 0.05):
                with pytest.raises(tee.DeadlineError, match="1 of the pool's 1") as caught:
                    sessions.invoke_command(Command.PANIC, timeout=seconds)
                assert not caught.value.may_have_run
                assert not caught.value.still_running
                assert isinstance(caught.value, TimeoutError)
            impatient = pool.submit(sessions.invoke_command, Command.PANIC, timeout=0.2)
            wait_until(lambda: sessions.stats.waiting == 1 or impatient.done())
            calls = waiting(sessions, pool, 2, order) if not impatient.done() else []
            with pytest.raises(tee.DeadlineError):
                impatient.result(LIMIT)
        for call in calls:
            call.result(LIMIT)
        assert sessions.stats.waiting == 0
        in_pool(sessions, 1)


def test_a_dead_session_is_replaced_and_so_are_those_that_may_be_dead(own: tee.Context) -> None:
    with own.session_pool(Target.CONFORMANCE, size=2) as sessions:
        with sessions.session(), sessions.session():
            pass
        with pytest.raises(tee.TargetDeadError):
            sessions.invoke_command(Command.PANIC)
        assert sessions.stats.dead == 1
        with sessions.session() as first, sessions.session() as second:
            for session in (first, second):
                assert session.invoke_command(Command.NOTHING) == ()
        stats = sessions.stats
        assert (stats.open, stats.opened, stats.dead) == (2, 4, 2)


def test_a_session_that_the_caller_closed_is_replaced(context: tee.Context) -> None:
    with context.session_pool(Target.CONFORMANCE, size=1) as sessions:
        with sessions.session() as session:
            session.close()
        assert sessions.stats.open == 0
        assert in_pool(sessions, 4) == (5, 1)


def test_a_session_whose_call_runs_on_is_replaced_and_closed_at_its_end(
    own: tee.Context, kernel: FaultyKernel
) -> None:
    gate = Gate(LIMIT)
    with own.session_pool(Target.CONFORMANCE, size=1, grace=0) as sessions:
        in_pool(sessions, 1)
        kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(gate), 1)]))
        with pytest.raises(tee.DeadlineError) as caught:
            sessions.invoke_command(Command.NOTHING, timeout=0.05)
        assert caught.value.still_running
        assert sessions.stats.abandoned == 1
        assert in_pool(sessions, 2) == (3, 1)
        assert count(kernel, SystemCall.CLOSE_SESSION) == 0
        gate.release()
        wait_until(lambda: count(kernel, SystemCall.CLOSE_SESSION) == 1)
        assert in_pool(sessions, 3) == (4, 1)
        assert sessions.stats.opened == 2


@pytest.mark.optee_only
def test_the_pool_makes_do_with_the_one_session_of_an_exclusive_application(
    context: tee.Context, pool: ThreadPoolExecutor
) -> None:
    def use(_: int) -> int:
        (value,) = sessions.invoke_command(0, tee.ValueOutput(), timeout=LIMIT)
        return value.a

    with context.session_pool(Target.EXCLUSIVE, size=3) as sessions:
        with (
            sessions.session() as session,
            pytest.warns(tee.PoolSizeWarning, match="of 3 makes do with 1"),
        ):
            session.invoke_command(0, tee.ValueOutput())
            with pytest.raises(tee.DeadlineError):
                sessions.invoke_command(0, tee.ValueOutput(), timeout=0.5)
            with pytest.raises(tee.DeadlineError):
                sessions.invoke_command(0, tee.ValueOutput(), timeout=0.5)
        assert sessions.stats.is_limited
        assert sessions.stats.opened == 1
        assert sorted(pool.map(use, range(10))) == list(range(2, 12))


@pytest.mark.optee_only
def test_a_pool_without_any_session_says_that_the_application_is_busy(
    context: tee.Context,
) -> None:
    with context.session_pool(Target.EXCLUSIVE, size=2) as sessions:
        with context.open_session(Target.EXCLUSIVE):
            for _ in range(3):
                with pytest.raises(tee.BusyError):
                    sessions.invoke_command(0, tee.ValueOutput(), timeout=LIMIT)
        assert sessions.invoke_command(0, tee.ValueOutput()) == ((1, 0),)


def test_draining_serves_those_who_wait_and_nobody_else(
    context: tee.Context, pool: ThreadPoolExecutor
) -> None:
    order: list[int] = []
    sessions = context.session_pool(Target.CONFORMANCE, size=1)
    with sessions.session() as session:
        calls = waiting(sessions, pool, 2, order)
        with pytest.raises(tee.DeadlineError) as caught:
            sessions.drain(timeout=0.05)
        assert caught.value.still_running
        draining = pool.submit(sessions.drain, timeout=LIMIT)
        with pytest.raises(tee.ClosedPoolError, match="being drained"):
            in_pool(sessions, 1)
        assert session.invoke_command(Command.NOTHING) == ()
        assert not draining.done()
    draining.result(LIMIT)
    for call in calls:
        call.result(LIMIT)
    assert order == [0, 1]
    assert sessions.closed
    assert sessions.stats.open == 0
    sessions.drain()
    sessions.close()


def test_closing_turns_away_who_waits_and_ends_what_is_used(
    context: tee.Context, pool: ThreadPoolExecutor
) -> None:
    sessions = context.session_pool(Target.CONFORMANCE, size=1)
    with sessions.session() as session:
        calls = waiting(sessions, pool, 2, [])
        sessions.close()
        for call in calls:
            with pytest.raises(tee.ClosedPoolError, match="closed"):
                call.result(LIMIT)
        with pytest.raises(tee.ClosedSessionError):
            session.invoke_command(Command.NOTHING)
    with pytest.raises(tee.ClosedPoolError):
        in_pool(sessions, 1)
    with pytest.raises(tee.ClosedPoolError), sessions:
        raise AssertionError("it is closed")
    assert "closed" in repr(sessions)


def test_closing_waits_for_commands_that_run(
    context: tee.Context, pool: ThreadPoolExecutor
) -> None:
    sessions = context.session_pool(Target.CONFORMANCE, size=2)
    in_pool(sessions, 1)
    call = pool.submit(sessions.invoke_command, Command.WAIT, (200, 0))
    wait_until(lambda: sessions.stats.in_use == 1 or call.done())
    sessions.close(timeout=LIMIT)
    # The command may not have begun yet.
    with contextlib.suppress(tee.ClosedError):
        assert call.result(LIMIT) == ()


def test_the_end_of_the_context_ends_its_pools(target: Target) -> None:
    with tee.Context(target.device, backend=target.backend) as own:
        sessions = own.session_pool(Target.CONFORMANCE)
        in_pool(sessions, 1)
    with pytest.raises(tee.ClosedContextError):
        in_pool(sessions, 1)
    with pytest.raises(tee.ClosedContextError):
        own.session_pool(Target.CONFORMANCE)
    # It warns of nothing.
    del sessions


def test_the_times_of_a_call_come_first_then_the_pools_then_the_contexts(
    own: tee.Context,
) -> None:
    with own.session_pool(Target.CONFORMANCE, size=1) as sessions:
        own.timeout = 0
        with pytest.raises(tee.DeadlineError):
            sessions.invoke_command(Command.NOTHING)
        # Without a limit the session is opened, too.
        sessions.invoke_command(Command.NOTHING, timeout=math.inf)
        sessions.timeout = math.inf
        sessions.invoke_command(Command.NOTHING)
        with sessions.session() as session:
            session.invoke_command(Command.NOTHING)
        with pytest.raises(tee.DeadlineError):
            sessions.invoke_command(Command.NOTHING, timeout=0)
        # The wait for a session has the context's time, too.
        sessions.timeout = None
        with sessions.session(timeout=LIMIT), pytest.raises(tee.DeadlineError, match="in use"):
            sessions.invoke_command(Command.NOTHING)
        own.timeout = None


def test_nobody_gets_the_times_that_another_caller_gave_a_session(own: tee.Context) -> None:
    own.grace = math.inf
    with own.session_pool(Target.CONFORMANCE, size=1) as sessions:
        with sessions.session() as session:
            session.timeout, session.grace = 0, 3
        with sessions.session() as again:
            assert again is session
            assert (again.timeout, again.grace) == (None, math.inf)


def test_a_pool_that_is_forgotten_waits_for_no_call(
    own: tee.Context, kernel: FaultyKernel, pool: ThreadPoolExecutor
) -> None:
    gate = Gate(LIMIT)
    sessions = own.session_pool(Target.CONFORMANCE, size=1)
    # A thread has the command, and neither the session nor the pool.
    with sessions.session() as session:
        command = session.prepare(Command.NOTHING)
    kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(gate), 1)]))
    call = pool.submit(command)
    gate.wait_until_reached()
    with pytest.warns(ResourceWarning, match="unclosed <SessionPool"):
        del session, sessions
    assert not call.done()
    gate.release()
    assert call.result(LIMIT) == ()
    with pytest.raises(tee.ClosedSessionError):
        command()


def test_a_pool_that_nobody_closes_is_warned_of(context: tee.Context) -> None:
    sessions = context.session_pool(Target.CONFORMANCE)
    in_pool(sessions, 1)
    with pytest.warns(ResourceWarning, match="unclosed <SessionPool of 4"):
        del sessions


def test_a_pool_that_is_forgotten_waits_for_no_command(
    own: tee.Context, kernel: FaultyKernel, pool: ThreadPoolExecutor
) -> None:
    gate = Gate(LIMIT)
    sessions = own.session_pool(Target.CONFORMANCE, size=1)
    session = sessions.session().__enter__()
    kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(gate), 1)]))
    call = pool.submit(session.invoke_command, Command.NOTHING)
    gate.wait_until_reached()
    with pytest.warns(ResourceWarning, match="unclosed <SessionPool of 1"):
        del sessions
    assert not call.done()
    gate.release()
    assert call.result(LIMIT) == ()
    assert session.closed


def test_a_use_that_is_forgotten_ends(context: tee.Context) -> None:
    with context.session_pool(Target.CONFORMANCE, size=1) as sessions:
        sessions.session().__enter__()
        assert in_pool(sessions, 1) == (2, 1)
        use = sessions.session()
        with use:
            pass
        with pytest.raises(tee.BadStateError, match="ask the pool for another"), use:
            raise AssertionError("it was used")


def test_what_is_wrong_is_refused_when_the_pool_is_made(context: tee.Context) -> None:
    text: Any = "text"
    for wrong in ({"size": 0}, {"size": text}, {"timeout": text}, {"results": text}):
        arguments: dict[str, Any] = wrong
        with pytest.raises((tee.ParameterTypeError, tee.ParameterRangeError)):
            context.session_pool(Target.CONFORMANCE, **arguments)
    with pytest.raises(tee.ParameterTypeError):
        context.session_pool(text)
    with context.session_pool(Target.CONFORMANCE, size=1) as sessions:
        with pytest.raises(tee.ParameterTypeError, match="parameter 0"):
            sessions.invoke_command(Command.NOTHING, text)
        assert sessions.stats.in_use == 0


def test_many_threads_share_a_few_sessions(context: tee.Context, pool: ThreadPoolExecutor) -> None:
    most = 0
    changed = threading.Lock()
    inside = 0

    def work(seed: int) -> None:
        nonlocal most, inside
        for number in range(20):
            with sessions.session() as session:
                with changed:
                    inside += 1
                    most = max(most, inside)
                (value,) = session.invoke_command(
                    Command.VALUES, (number, seed), tee.ValueOutput(), timeout=LIMIT
                )
                assert value == (number + 1, seed + 1)
                with changed:
                    inside -= 1

    with context.session_pool(Target.CONFORMANCE, size=2) as sessions:
        for call in [pool.submit(work, seed) for seed in range(6)]:
            call.result(LIMIT)
        stats = sessions.stats
    assert most <= 2
    assert (stats.in_use, stats.waiting, stats.dead, stats.abandoned) == (0, 0, 0, 0)
    assert stats.opened <= 2
