# SPDX-License-Identifier: BSD-2-Clause
"""Contexts on loops: opening, closing, several loops, and never a call in the loop's thread."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import pytee_client as tee
from pytee_client import aio
from pytee_client.faults import FaultyKernel
from pytee_client.kernels import ProxyKernel

from ...support.conformance import Command
from ...support.loops import on_loop, opened, run, until
from ...support.targets import Target
from ...support.waiting import LIMIT


class ThreadsKernel(ProxyKernel):
    """Notes which threads make system calls."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.kernel or "linux")
        self.threads: list[int] = []

    def open(self, path: str) -> int:
        self.threads.append(threading.get_ident())
        return super().open(path)

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        self.threads.append(threading.get_ident())
        return super().ioctl(fd, request, argument)

    def mmap(self, fd: int, length: int) -> int:
        self.threads.append(threading.get_ident())
        return super().mmap(fd, length)

    def munmap(self, address: int, length: int) -> None:
        self.threads.append(threading.get_ident())
        super().munmap(address, length)

    def close(self, fd: int) -> None:
        self.threads.append(threading.get_ident())
        super().close(fd)


@on_loop
async def test_nothing_is_asked_of_the_kernel_in_the_loops_thread(target: Target) -> None:
    kernel = ThreadsKernel(target)
    async with opened(target, backend=kernel) as session:
        context = session.context
        await session.invoke_command(Command.VALUES, tee.ValueInOut(1))
        await session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(bytearray(5000)))
        await session.prepare(Command.NOTHING, timeout=LIMIT)()
        async with (
            await context.allocate_shared_memory(100) as allocated,
            await context.register_shared_memory(bytearray(5000)) as registered,
        ):
            await session.invoke_command(Command.NOTHING, allocated, registered)
        operation = aio.Operation()
        waiting = asyncio.create_task(
            session.invoke_command(Command.WAIT, (100, 1), operation=operation)
        )
        await until(lambda: operation.state is tee.OperationState.SENT)
        operation.request_cancellation()
        await asyncio.wait([waiting])
        waiting.exception()
        cancelled = asyncio.create_task(session.invoke_command(Command.WAIT, (100, 1)))
        await asyncio.sleep(0.01)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        await until(lambda: not session.is_busy)
        async with context.session_pool(Target.CONFORMANCE, size=2) as pool:
            await asyncio.gather(*(pool.invoke_command(Command.NOTHING) for _ in range(4)))
            with pytest.raises(tee.TargetDeadError):
                await pool.invoke_command(Command.PANIC)
            await pool.drain()
        await context.trim()
    assert len(kernel.threads) > 20
    assert threading.get_ident() not in kernel.threads


@on_loop
async def test_a_context_is_opened_by_awaiting_it(target: Target) -> None:
    context = aio.Context(target.device, backend=target.backend)
    assert "not open" in repr(context)
    with pytest.raises(tee.BadStateError, match="await it"):
        await context.open_session(Target.CONFORMANCE)
    assert await context is context
    assert await context is context
    assert context.version.implementation_id == target.implementation
    assert not context.closed
    await context.close()
    await context.close()
    assert context.closed
    with pytest.raises(tee.ClosedContextError):
        await context
    with pytest.raises(tee.ClosedContextError):
        await context.open_session(Target.CONFORMANCE)
    with pytest.raises(tee.ClosedContextError):
        context.session_pool(Target.CONFORMANCE)


@on_loop
async def test_a_context_that_was_closed_before_it_is_open_stays_closed(target: Target) -> None:
    context = aio.Context(target.device, backend=target.backend)
    await context.close()
    with pytest.raises(tee.ClosedContextError):
        await context
    assert "closed" in repr(context)


@on_loop
async def test_two_tasks_do_not_open_a_context_twice(target: Target) -> None:
    kernel = FaultyKernel(target.kernel or "linux")
    context = aio.Context(target.device, backend=kernel)
    results = await asyncio.gather(
        *(asyncio.wait_for(context, LIMIT) for _ in range(2)), return_exceptions=True
    )
    opens = [call for call in kernel.calls if call.path]
    await context.close()
    assert len(opens) == 1
    assert context in results


@on_loop
async def test_a_device_that_is_not_there_is_told(target: Target) -> None:
    with pytest.raises(tee.DeviceNotFoundError):
        await aio.Context("/dev/tee77", backend=target.backend)


@on_loop
async def test_a_context_that_nobody_closes_is_warned_of(target: Target) -> None:
    context = await aio.Context(target.device, backend=target.backend)
    with pytest.warns(ResourceWarning, match="unclosed <Context"):
        del context
        await collected()


async def of_session(context: aio.Context) -> object:
    return await context.open_session(Target.CONFORMANCE)


async def of_memory(context: aio.Context) -> object:
    return await context.allocate_shared_memory(10)


async def of_pool(context: aio.Context) -> object:
    pool = context.session_pool(Target.CONFORMANCE)
    await pool.invoke_command(Command.NOTHING)
    return pool


@pytest.mark.parametrize(
    ("make", "name"),
    [(of_session, "Session"), (of_memory, "AllocatedSharedMemory"), (of_pool, "Session")],
)
@on_loop
async def test_what_nobody_closes_is_warned_of(
    target: Target, make: Callable[[aio.Context], Awaitable[object]], name: str
) -> None:
    async with aio.Context(target.device, backend=target.backend) as context:
        made = await make(context)
        with pytest.warns(ResourceWarning, match=f"unclosed <{name}"):
            del made
            await collected()


async def collected() -> None:
    """Have threads forget what they did last, and collect what nobody has any more."""
    for _ in range(10):
        await asyncio.sleep(0.001)
        gc.collect()


def test_a_context_outlives_its_loop(target: Target) -> None:
    async def use(number: int) -> None:
        assert await session.invoke_command(Command.VALUES, (number, 0), tee.ValueOutput()) == (
            (number + 1, 1),
        )

    async def begin() -> tuple[aio.Context, aio.Session]:
        context = await aio.Context(target.device, backend=target.backend)
        return context, await context.open_session(Target.CONFORMANCE)

    context, session = run(begin())
    for number in range(3):
        run(use(number))
    run(context.close())
    assert session.closed


def test_loops_of_several_threads_share_a_context(target: Target, pool: ThreadPoolExecutor) -> None:
    async def begin() -> tuple[aio.Context, aio.Session]:
        context = await aio.Context(target.device, backend=target.backend)
        return context, await context.open_session(Target.CONFORMANCE)

    async def work(seed: int) -> None:
        async with await context.open_session(Target.CONFORMANCE) as own:
            for each in (session, own):
                calls = (
                    each.invoke_command(Command.VALUES, (number, seed), tee.ValueOutput(), None)
                    for number in range(20)
                )
                outputs = await asyncio.gather(*calls)
                assert outputs == [((number + 1, seed + 1),) for number in range(20)]

    context, session = run(begin())
    for future in [pool.submit(run, work(seed)) for seed in range(4)]:
        future.result(LIMIT)
    run(context.close())


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_a_child_of_a_fork_cannot_use_its_parents_context(target: Target) -> None:
    async def begin() -> tuple[aio.Context, aio.Session, aio.SessionPool]:
        context = await aio.Context(target.device, backend=target.backend)
        session = await context.open_session(Target.CONFORMANCE)
        sessions = context.session_pool(Target.CONFORMANCE)
        await sessions.invoke_command(Command.NOTHING)
        return context, session, sessions

    async def in_child() -> None:
        for call in (
            session.invoke_command(Command.NOTHING),
            context.open_session(Target.CONFORMANCE),
            context.allocate_shared_memory(10),
            sessions.invoke_command(Command.NOTHING),
        ):
            with pytest.raises(tee.ForkedContextError):
                await call
        await sessions.close()
        await session.close()
        await context.close()

    context, session, sessions = run(begin())
    pid = os.fork()
    if not pid:
        status = 1
        try:
            run(in_child())
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0

    async def end() -> None:
        await session.invoke_command(Command.NOTHING)
        await sessions.invoke_command(Command.NOTHING)
        await context.close()

    run(end())
