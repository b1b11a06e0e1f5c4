# SPDX-License-Identifier: BSD-2-Clause
"""Loops of asyncio's and of uvloop's, loops that end early, and Ctrl-C."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import uvloop

import pytee_client as tee
from pytee_client import aio
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall

from ...support.conformance import Command, xored
from ...support.loops import opened, run, until
from ...support.programs import program
from ...support.targets import Target
from ...support.waiting import LIMIT, wait_until

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("new_loop", LOOPS, ids=["asyncio", "uvloop"])
def test_all_of_it_works_on_a_loop(
    target: Target, new_loop: Callable[[], AbstractEventLoop], debug: bool
) -> None:
    async def use(session: aio.Session, gate: Gate) -> None:
        context = session.context
        (value,) = await session.invoke_command(Command.VALUES, tee.ValueInOut(1), timeout=LIMIT)
        assert value == (0xFFFFFFFE, 0xFFFFFFFF)
        task = asyncio.ensure_future(session.invoke_command(Command.NOTHING))
        await until(lambda: gate.reached == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(session.invoke_command(Command.NOTHING), 0.05)
        with pytest.raises(tee.DeadlineError):
            await session.invoke_command(Command.NOTHING, timeout=0.05, grace=0)
        gate.release()
        await until(lambda: not session.is_busy)
        async with await context.allocate_shared_memory(3) as block:
            block[:] = b"abc"
            (view,) = await session.invoke_command(
                Command.MEMREF_XOR, tee.MemrefPartialInOut(block, 0, 3)
            )
            assert isinstance(view, memoryview)
            assert view == xored(0, b"abc")
            view.release()
        async with context.session_pool(Target.CONFORMANCE, size=2) as pool:
            await asyncio.gather(*(pool.invoke_command(Command.NOTHING) for _ in range(10)))
            await pool.drain()

    async def main() -> None:
        gate = Gate(LIMIT)
        faults = [Fault(SystemCall.INVOKE, Hold(gate), nth=2, times=3)]
        kernel = FaultyKernel(target.kernel or "linux", Plan(faults))
        async with opened(target, backend=kernel) as session:
            await use(session, gate)

    loop = new_loop()
    try:
        loop.set_debug(debug)
        loop.run_until_complete(asyncio.wait_for(main(), LIMIT))
    finally:
        loop.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("new_loop", LOOPS, ids=["asyncio", "uvloop"])
def test_a_loop_that_is_closed_leaves_its_calls_to_themselves(
    target: Target, new_loop: Callable[[], AbstractEventLoop]
) -> None:
    gate = Gate(LIMIT)
    kernel = FaultyKernel(target.kernel or "linux")
    buffers = [bytearray(b"abc") for _ in range(5)]

    async def begin() -> tuple[aio.Context, aio.Session]:
        context = await aio.Context(target.device, backend=kernel)
        return context, await context.open_session(Target.CONFORMANCE)

    async def leave() -> None:
        for buffer in buffers:
            call = session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer))
            tasks.append(asyncio.ensure_future(call))
        await until(lambda: gate.reached > 0)

    async def end() -> None:
        await session.invoke_command(Command.NOTHING)
        await context.close()

    tasks: list[asyncio.Future[object]] = []
    context, session = run(begin())
    kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(gate), times=None)]))
    loop = new_loop()
    loop.set_exception_handler(lambda loop, told: None)
    loop.run_until_complete(leave())
    loop.close()
    if target.is_variant:
        # Some go before their calls are over, and some after.
        tasks.clear()
        gc.collect()
    gate.release()
    tasks.clear()
    gc.collect()
    wait_until(lambda: not session.is_busy)
    run(end())


SCRIPT = """
import asyncio
import signal
from uuid import UUID
from pytee_client import aio

# A shell has programs in the background ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

async def main():
    async with (
        aio.Context(sys.argv[1]) as context,
        await context.open_session(UUID(sys.argv[2])) as session,
    ):
        call = asyncio.ensure_future(session.invoke_command(6, (2000, 0)))
        while not session.is_busy:
            await asyncio.sleep(0.001)
        # When this coroutine waits.
        asyncio.get_running_loop().call_soon(lambda: print("waiting", flush=True))
        try:
            await call
        finally:
            print("left", session.is_busy, flush=True)

asyncio.run(main())
"""


def test_ctrl_c_ends_a_program_that_waits(target: Target) -> None:
    device = target.device if target.is_real else target.name
    process = subprocess.Popen(
        program(SCRIPT, device, str(Target.CONFORMANCE)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=LIMIT)
    # The call had not ended when the program was out of it.
    assert output == "left True\n"
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    assert "Exception ignored" not in errors
    assert process.returncode == -signal.SIGINT
