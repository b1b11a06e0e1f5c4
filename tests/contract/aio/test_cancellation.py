# SPDX-License-Identifier: BSD-2-Clause
"""Tasks that are cancelled, deadlines, and operations that are cancelled on their own."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import aio
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall

from ...support.conformance import Command, xored
from ...support.loops import on_loop, opened, until
from ...support.targets import Target
from ...support.waiting import LIMIT

if TYPE_CHECKING:
    from pytee_client.typing import Outputs

# In milliseconds: time enough for a request.
LONG = 1000


def held(target: Target, gate: Gate, kind: SystemCall = SystemCall.INVOKE) -> FaultyKernel:
    """Return a kernel that holds the first call of a kind."""
    return FaultyKernel(target.kernel or "linux", Plan([Fault(kind, Hold(gate), 1)]))


# In seconds: enough for a call to come to a gate.
ENOUGH = 1.0


async def by_cancelling(call: Awaitable[Outputs], gate: Gate) -> None:
    task = asyncio.ensure_future(call)
    await asyncio.to_thread(gate.wait_until_reached)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_waiting_for_it(call: Awaitable[Outputs], gate: Gate) -> None:
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(call, ENOUGH)


async def by_a_time_limit_around_it(call: Awaitable[Outputs], gate: Gate) -> None:
    if sys.version_info < (3, 11):
        await by_waiting_for_it(call, gate)
        return
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(ENOUGH):
            await call


async def by_the_failure_of_its_group(call: Awaitable[Outputs], gate: Gate) -> None:
    if sys.version_info < (3, 11):
        await by_cancelling(call, gate)
        return

    async def fail() -> None:
        await asyncio.to_thread(gate.wait_until_reached)
        raise ValueError

    async def wait() -> None:
        await call

    with pytest.raises(Exception, match="unhandled errors in a TaskGroup"):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(wait()), group.create_task(fail())]
    assert tasks[0].cancelled()


WAYS = [by_cancelling, by_waiting_for_it, by_a_time_limit_around_it, by_the_failure_of_its_group]


@pytest.mark.parametrize("leave", WAYS)
@on_loop
async def test_a_task_leaves_at_once_and_its_call_keeps_its_memory_until_it_ends(
    target: Target, leave: Callable[[Awaitable[Outputs], Gate], Awaitable[None]]
) -> None:
    gate = Gate(LIMIT)
    buffer = bytearray(b"abc")
    async with opened(target, backend=held(target, gate)) as session:
        call = session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer))
        await leave(call, gate)
        # Nothing has let the call go: who left it has not waited for its end.
        assert gate.reached == 1
        assert session.is_busy
        gate.release()
        await until(lambda: not session.is_busy)
        # What came late reached nobody.
        assert buffer == b"abc"
        buffer += b"def"
        await session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer))
        assert buffer == xored(0, b"abcdef")


@pytest.mark.parametrize("way", ["at once", "prepared"])
@on_loop
async def test_the_application_of_a_cancelled_task_is_asked_to_stop(
    target: Target, way: str
) -> None:
    gate = Gate(LIMIT)
    kernel = held(target, gate)
    async with opened(target, backend=kernel) as session:
        if way == "prepared":
            call = session.prepare(Command.WAIT, tee.ValueInput)((1, 1))
        else:
            call = session.invoke_command(Command.WAIT, (1, 1))
        task = asyncio.ensure_future(call)
        await until(lambda: gate.reached == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: SystemCall.CANCEL in [call.call for call in kernel.calls])
        gate.release()
        await until(lambda: not session.is_busy)
        # It does not touch the next one.
        assert await session.invoke_command(Command.WAIT, (1, 1)) == ()


@on_loop
async def test_a_call_that_waits_for_its_turn_is_never_sent_if_its_task_is_cancelled(
    target: Target,
) -> None:
    gate = Gate(LIMIT)
    kernel = FaultyKernel(
        target.kernel or "linux", Plan([Fault(SystemCall.INVOKE, Hold(gate), times=None)])
    )
    async with opened(target, backend=kernel) as session:
        tasks = [asyncio.ensure_future(session.invoke_command(Command.NOTHING)) for _ in range(200)]
        await until(lambda: gate.reached > 0)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        gate.release()
        await until(lambda: not session.is_busy)
        assert sum(call.call is SystemCall.INVOKE for call in kernel.calls) == gate.reached < 200
        kernel.disarm()
        assert await session.invoke_command(Command.NOTHING) == ()


@on_loop
async def test_a_session_whose_opening_was_left_is_closed(target: Target) -> None:
    gate = Gate(LIMIT)
    kernel = held(target, gate, SystemCall.OPEN_SESSION)
    async with aio.Context(target.device, backend=kernel) as context:
        task = asyncio.ensure_future(context.open_session(Target.CONFORMANCE))
        await until(lambda: gate.reached == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.release()
        await until(lambda: SystemCall.CLOSE_SESSION in [call.call for call in kernel.calls])
        async with await context.open_session(Target.CONFORMANCE) as session:
            assert await session.invoke_command(Command.NOTHING) == ()


async def a_session(context: aio.Context) -> aio.Session:
    return await context.open_session(Target.CONFORMANCE)


async def a_block(context: aio.Context) -> aio.AllocatedSharedMemory:
    return await context.allocate_shared_memory(5000)


async def a_registered_block(context: aio.Context) -> aio.RegisteredSharedMemory:
    return await context.register_shared_memory(bytearray(5000))


@pytest.mark.parametrize("make", [a_session, a_block, a_registered_block])
@on_loop
async def test_what_came_just_before_the_task_was_cancelled_is_closed(
    target: Target,
    make: Callable[[aio.Context], Awaitable[aio.Session | aio.AllocatedSharedMemory]],
) -> None:
    """The task never gets it, though the call was over: nothing may be left, nor warned of."""
    cancelled = 0
    kernel = FaultyKernel(target.kernel or "linux")
    async with aio.Context(target.device, backend=kernel) as context:
        for milliseconds in (0, 0, 0, 1, 2, 4, 8, 16, 32):
            task = asyncio.ensure_future(make(context))
            await asyncio.sleep(0)
            # The loop stands still meanwhile, and learns of both at once.
            threading.Event().wait(milliseconds / 1000)
            task.cancel()
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
            if isinstance(outcome, asyncio.CancelledError):
                cancelled += 1
            else:
                assert not isinstance(outcome, BaseException)
                await outcome.close()
    assert cancelled
    # An opening that was left may end last, and closes the device then.
    await until(lambda: SystemCall.CLOSE in [call.call for call in kernel.calls])


@pytest.mark.optee_only
@on_loop
async def test_an_operation_is_cancelled_and_the_task_gets_what_comes_back(
    target: Target,
) -> None:
    async with opened(target) as session:
        operation = aio.Operation()
        states = [operation.state]
        call = session.invoke_command(
            Command.WAIT, (LONG, 1), tee.ValueOutput(), operation=operation
        )
        task = asyncio.ensure_future(call)
        await until(lambda: operation.state is tee.OperationState.SENT)
        await asyncio.sleep(0.05)
        operation.request_cancellation()
        with pytest.raises(tee.CancelError) as caught:
            await task
        assert caught.value.origin == tee.Origin.TRUSTED_APP
        assert caught.value.outputs == ((1, 0),)
        states.append(operation.state)
        assert states == [tee.OperationState.IDLE, tee.OperationState.DONE]
        operation.request_cancellation()
        assert await session.invoke_command(Command.NOTHING) == ()


@on_loop
async def test_an_operation_that_was_cancelled_before_sends_nothing(target: Target) -> None:
    async with opened(target) as session:
        operation = aio.Operation()
        operation.request_cancellation()
        assert operation.state is tee.OperationState.REQUESTED
        with pytest.raises(tee.CancelError) as caught:
            await session.invoke_command(Command.PANIC, operation=operation)
        assert caught.value.origin == tee.Origin.API
        with pytest.raises(tee.BadStateError, match="used before"):
            await session.invoke_command(Command.NOTHING, operation=operation)
        operation = aio.Operation()
        operation.request_cancellation()
        with pytest.raises(tee.CancelError):
            await session.context.open_session(Target.CONFORMANCE, operation=operation)
        operation = aio.Operation()
        assert await session.invoke_command(Command.NOTHING, operation=operation) == ()
        with pytest.raises(tee.BadStateError, match="used before"):
            await session.invoke_command(Command.NOTHING, operation=operation)


@on_loop
async def test_a_call_is_cancelled_by_its_operation_while_it_waits_for_its_turn(
    target: Target,
) -> None:
    gate = Gate(LIMIT)
    kernel = FaultyKernel(
        target.kernel or "linux", Plan([Fault(SystemCall.INVOKE, Hold(gate), times=None)])
    )
    async with opened(target, backend=kernel) as session:
        others = [asyncio.ensure_future(session.invoke_command(0)) for _ in range(200)]
        operation = aio.Operation()
        last = asyncio.ensure_future(session.invoke_command(Command.PANIC, operation=operation))
        await until(lambda: gate.reached > 0)
        operation.request_cancellation()
        with pytest.raises(tee.CancelError) as caught:
            await last
        assert caught.value.origin == tee.Origin.API
        gate.release()
        await asyncio.gather(*others)


@on_loop
async def test_requesting_a_cancellation_does_not_wait_for_the_tee(target: Target) -> None:
    """The TEE takes it when it has a free thread."""
    invoking, cancelling = Gate(LIMIT), Gate(LIMIT)
    plan = Plan(
        [
            Fault(SystemCall.INVOKE, Hold(invoking), 1),
            Fault(SystemCall.CANCEL, Hold(cancelling), 1),
        ]
    )
    kernel = FaultyKernel(target.kernel or "linux", plan)
    async with opened(target, backend=kernel) as session:
        operation = aio.Operation()
        call = session.invoke_command(Command.NOTHING, operation=operation)
        task = asyncio.ensure_future(call)
        await until(lambda: invoking.reached == 1)
        operation.request_cancellation()
        await until(lambda: cancelling.reached == 1)
        assert not task.done()
        cancelling.release()
        invoking.release()
        await asyncio.wait([task])
        task.exception()


@pytest.mark.optee_only
@on_loop
async def test_a_deadline_tells_what_came_back(target: Target) -> None:
    async with opened(target) as session:
        with pytest.raises(tee.DeadlineError) as caught:
            await session.invoke_command(
                Command.WAIT, (LONG, 1), tee.ValueOutput(), timeout=0.1, grace=LIMIT
            )
        assert caught.value.may_have_run
        assert not caught.value.still_running
        assert caught.value.outputs == ((1, 0),)
        assert isinstance(caught.value.__cause__, tee.CancelError)
        assert await session.invoke_command(Command.NOTHING) == ()


@on_loop
async def test_a_deadline_gives_the_task_back_though_the_call_runs_on(target: Target) -> None:
    gate = Gate(LIMIT)
    async with opened(target, backend=held(target, gate)) as session:
        with pytest.raises(tee.DeadlineError) as caught:
            await session.invoke_command(Command.NOTHING, timeout=0.05, grace=0)
        assert caught.value.still_running
        assert session.is_busy
        gate.release()
        await until(lambda: not session.is_busy)
        assert await session.invoke_command(Command.NOTHING, timeout=LIMIT) == ()


@on_loop
async def test_a_deadline_for_an_opening_gives_the_task_back(target: Target) -> None:
    gate = Gate(LIMIT)
    kernel = held(target, gate, SystemCall.OPEN_SESSION)
    async with aio.Context(target.device, backend=kernel) as context:
        with pytest.raises(tee.DeadlineError):
            await context.open_session(Target.CONFORMANCE, timeout=0.05, grace=0)
        gate.release()
        await until(lambda: SystemCall.CLOSE_SESSION in [call.call for call in kernel.calls])


@on_loop
async def test_closing_is_left_to_the_call_after_a_time(target: Target) -> None:
    gate = Gate(LIMIT)
    kernel = held(target, gate)
    async with opened(target, backend=kernel) as session:
        task = asyncio.ensure_future(session.invoke_command(Command.NOTHING))
        await until(lambda: gate.reached == 1)
        with pytest.raises(tee.DeadlineError) as caught:
            await session.close(timeout=0.05)
        assert caught.value.still_running
        with pytest.raises(tee.ClosedSessionError):
            await session.invoke_command(Command.NOTHING)
        gate.release()
        await asyncio.wait([task])
        task.exception()
        await until(lambda: SystemCall.CLOSE_SESSION in [call.call for call in kernel.calls])
