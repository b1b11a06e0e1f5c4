# SPDX-License-Identifier: BSD-2-Clause
"""Pools of sessions on a loop: who gets one, when, and which are replaced."""

from __future__ import annotations

import asyncio
import math

import pytest

import pytee_client as tee
from pytee_client import aio
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall

from ...support.conformance import Command
from ...support.loops import on_loop, run, until
from ...support.targets import Target
from ...support.waiting import LIMIT


def own_context(target: Target) -> aio.Context:
    return aio.Context(target.device, backend=target.backend)


async def in_pool(sessions: aio.SessionPool, number: int) -> tee.Value:
    (value,) = await sessions.invoke_command(Command.VALUES, (number, 0), tee.ValueOutput())
    return value


@on_loop
async def test_tasks_share_a_few_sessions(target: Target) -> None:
    async with (
        own_context(target) as context,
        context.session_pool(Target.CONFORMANCE, size=2) as sessions,
    ):
        values = await asyncio.gather(*(in_pool(sessions, number) for number in range(50)))
        assert values == [(number + 1, 1) for number in range(50)]
        stats = sessions.stats
        assert (stats.size, stats.open, stats.idle, stats.opened) == (2, 2, 2, 2)
        assert (stats.in_use, stats.waiting, stats.dead, stats.abandoned) == (0, 0, 0, 0)
    assert sessions.closed
    assert "closed" in repr(sessions)


@on_loop
async def test_sessions_are_opened_as_the_pool_was_told(target: Target) -> None:
    async with (
        own_context(target) as context,
        context.session_pool(
            Target.CONFORMANCE, tee.ValueOutput(), size=1, timeout=50, grace=0.5
        ) as sessions,
        sessions.session() as session,
    ):
        assert session.outputs == ((0x4F50454E, 0),)
        assert (session.timeout, session.grace) == (50, 0.5)
        assert session.context is sessions.context is context


@on_loop
async def test_the_times_of_a_call_come_first_then_the_pools_then_the_contexts(
    target: Target,
) -> None:
    async with (
        own_context(target) as context,
        context.session_pool(Target.CONFORMANCE, size=1) as sessions,
    ):
        context.timeout = 0
        with pytest.raises(tee.DeadlineError):
            await sessions.invoke_command(Command.NOTHING)
        # Without a limit the session is opened, too.
        await sessions.invoke_command(Command.NOTHING, timeout=math.inf)
        sessions.timeout = math.inf
        await sessions.invoke_command(Command.NOTHING)
        with pytest.raises(tee.DeadlineError):
            await sessions.invoke_command(Command.NOTHING, timeout=0)
        sessions.timeout = None
        async with sessions.session(timeout=LIMIT) as session:
            # The wait for a session has the context's time, too.
            with pytest.raises(tee.DeadlineError, match="in use"):
                await sessions.invoke_command(Command.NOTHING)
            session.timeout, session.grace = 3, 3
        context.timeout, context.grace = None, math.inf
        async with sessions.session() as again:
            # Nobody gets what another caller gave a session.
            assert again is session
            assert (again.timeout, again.grace) == (None, math.inf)


async def waiting(
    sessions: aio.SessionPool, calls: int, order: list[int]
) -> list[asyncio.Task[None]]:
    """Have tasks wait for a session, one after the other."""

    async def use(number: int) -> None:
        async with sessions.session(timeout=LIMIT):
            order.append(number)

    before = sessions.stats.waiting
    begun = []
    for number in range(calls):
        begun.append(asyncio.create_task(use(number)))
        await until(lambda: sessions.stats.waiting == before + len(begun))
    return begun


@on_loop
async def test_tasks_get_sessions_in_the_order_in_which_they_asked(target: Target) -> None:
    order: list[int] = []
    async with (
        own_context(target) as context,
        context.session_pool(Target.CONFORMANCE, size=1) as sessions,
    ):
        async with sessions.session():
            tasks = await waiting(sessions, 20, order)
        await asyncio.gather(*tasks)
    assert order == list(range(20))


@on_loop
async def test_a_task_that_is_cancelled_keeps_nobody_from_going_on(target: Target) -> None:
    """Whether it still waits, or has just been woken, or just has its session."""
    order: list[int] = []
    async with (
        own_context(target) as context,
        context.session_pool(Target.CONFORMANCE, size=1) as sessions,
    ):
        for turns in range(8):
            order.clear()
            async with sessions.session():
                first, *others = await waiting(sessions, 3, order)
            for _ in range(turns):
                await asyncio.sleep(0)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await asyncio.gather(*others)
            assert order[-2:] == [1, 2]
            await until(lambda: sessions.stats.in_use == 0)
            assert sessions.stats.waiting == 0


@on_loop
async def test_who_waits_too_long_is_told(target: Target) -> None:
    async with (
        own_context(target) as context,
        context.session_pool(Target.CONFORMANCE, size=1) as sessions,
    ):
        async with sessions.session():
            for seconds in (0, 0.05):
                with pytest.raises(tee.DeadlineError, match="1 of the pool's 1") as caught:
                    await sessions.invoke_command(Command.PANIC, timeout=seconds)
                assert not caught.value.may_have_run
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(sessions.invoke_command(Command.PANIC), 0.05)
        assert await in_pool(sessions, 1) == (2, 1)


@on_loop
async def test_a_dead_session_is_replaced_and_so_are_those_that_may_be_dead(
    target: Target,
) -> None:
    async with (
        own_context(target) as context,
        context.session_pool(Target.CONFORMANCE, size=2) as sessions,
    ):
        async with sessions.session(), sessions.session():
            pass
        with pytest.raises(tee.TargetDeadError):
            await sessions.invoke_command(Command.PANIC)
        async with sessions.session() as first, sessions.session() as second:
            for session in (first, second):
                assert await session.invoke_command(Command.NOTHING) == ()
        stats = sessions.stats
        assert (stats.open, stats.opened, stats.dead) == (2, 4, 2)


@on_loop
async def test_the_session_of_a_cancelled_call_is_replaced_and_closed_at_its_end(
    target: Target,
) -> None:
    kernel = FaultyKernel(target.kernel or "linux")
    gate = Gate(LIMIT)
    async with (
        aio.Context(target.device, backend=kernel) as context,
        context.session_pool(Target.CONFORMANCE, size=1) as sessions,
    ):
        await in_pool(sessions, 1)
        kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(gate), 1)]))
        task = asyncio.create_task(sessions.invoke_command(Command.NOTHING))
        await until(lambda: gate.reached == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await in_pool(sessions, 2) == (3, 1)
        assert sessions.stats.abandoned == 1
        assert SystemCall.CLOSE_SESSION not in [call.call for call in kernel.calls]
        gate.release()
        await until(lambda: SystemCall.CLOSE_SESSION in [call.call for call in kernel.calls])
        assert await in_pool(sessions, 3) == (4, 1)
        assert sessions.stats.opened == 2


@pytest.mark.optee_only
@on_loop
async def test_the_pool_makes_do_with_the_one_session_of_an_exclusive_application(
    target: Target,
) -> None:
    async with (
        own_context(target) as context,
        context.session_pool(Target.EXCLUSIVE, size=3) as sessions,
    ):
        async with sessions.session() as session:
            await session.invoke_command(0, tee.ValueOutput())
            calls = [
                asyncio.create_task(sessions.invoke_command(0, tee.ValueOutput()))
                for _ in range(10)
            ]
            with pytest.warns(tee.PoolSizeWarning, match="of 3 makes do with 1"):
                await until(lambda: sessions.stats.is_limited)
        outputs = await asyncio.gather(*calls)
        assert sorted(value.a for (value,) in outputs) == list(range(2, 12))
        assert sessions.stats.opened == 1
        await sessions.close()
        async with await context.open_session(Target.EXCLUSIVE):
            other = context.session_pool(Target.EXCLUSIVE, size=2)
            with pytest.raises(tee.BusyError):
                await other.invoke_command(0, tee.ValueOutput())


@on_loop
async def test_draining_serves_those_who_wait_and_nobody_else(target: Target) -> None:
    order: list[int] = []
    async with own_context(target) as context:
        sessions = context.session_pool(Target.CONFORMANCE, size=1)
        async with sessions.session() as session:
            tasks = await waiting(sessions, 2, order)
            with pytest.raises(tee.DeadlineError) as caught:
                await sessions.drain(timeout=0.05)
            assert caught.value.still_running
            draining = asyncio.create_task(sessions.drain(timeout=LIMIT))
            with pytest.raises(tee.ClosedPoolError, match="being drained"):
                await in_pool(sessions, 1)
            assert await session.invoke_command(Command.NOTHING) == ()
            assert not draining.done()
        await asyncio.gather(draining, *tasks)
        assert order == [0, 1]
        assert sessions.closed
        assert sessions.stats.open == 0
        await sessions.drain()
        await sessions.close()


@on_loop
async def test_closing_turns_away_who_waits_and_ends_what_is_used(target: Target) -> None:
    async with own_context(target) as context:
        sessions = context.session_pool(Target.CONFORMANCE, size=1)
        async with sessions.session() as session:
            tasks = await waiting(sessions, 2, [])
            await sessions.close(timeout=LIMIT)
            for task in tasks:
                with pytest.raises(tee.ClosedPoolError, match="closed"):
                    await task
            with pytest.raises(tee.ClosedSessionError):
                await session.invoke_command(Command.NOTHING)
        with pytest.raises(tee.ClosedPoolError):
            async with sessions:
                raise AssertionError("it is closed")


@on_loop
async def test_a_use_that_is_forgotten_ends(target: Target) -> None:
    async with (
        own_context(target) as context,
        context.session_pool(Target.CONFORMANCE, size=1) as sessions,
    ):
        await sessions.session().__aenter__()
        assert await in_pool(sessions, 1) == (2, 1)
        use = sessions.session()
        async with use:
            pass
        with pytest.raises(tee.BadStateError, match="ask the pool for another"):
            async with use:
                raise AssertionError("it was used")


def test_who_waits_on_a_loop_that_ended_is_passed_over(target: Target) -> None:
    async def begin() -> tuple[aio.Context, aio.SessionPool]:
        context = await own_context(target)
        return context, context.session_pool(Target.CONFORMANCE, size=1)

    async def stay(held: list[aio.PooledSession]) -> None:
        held.append(sessions.session())
        await held[0].__aenter__()
        await waiting(sessions, 2, [])

    async def go_on() -> None:
        (task,) = await waiting(sessions, 1, [])
        held.clear()
        await task
        await sessions.close()
        await context.close()

    held: list[aio.PooledSession] = []
    context, sessions = run(begin())
    loop = asyncio.new_event_loop()
    loop.run_until_complete(stay(held))
    tasks = asyncio.all_tasks(loop)
    loop.close()
    run(go_on())
    for task in tasks:
        # Nobody runs them any more.
        task._log_destroy_pending = False  # type: ignore[attr-defined]
