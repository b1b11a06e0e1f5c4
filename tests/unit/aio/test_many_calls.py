# SPDX-License-Identifier: BSD-2-Clause
"""10 000 calls that wait for their turn: their order, their threads, and what each needs."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
from pathlib import Path

from pytee_client import ValueInOut, aio, fake
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall

from ...support.conformance import Command
from ...support.loops import until
from ...support.programs import program
from ...support.targets import Target
from ...support.waiting import LIMIT

CALLS = 10_000
# In bytes; a task alone has 860. Measured: 6900 with Python 3.11.
ENOUGH = 12_000


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def threads() -> int:
    return len(os.listdir("/proc/self/task"))


async def pend() -> None:
    """Have calls wait, print what each takes, and let them go."""
    gate = Gate(LIMIT)
    plan = Plan([Fault(SystemCall.INVOKE, Hold(gate), times=1)])
    kernel = FaultyKernel(fake.Kernel(), plan)
    ended: list[int] = []
    async with (
        aio.Context(backend=kernel, max_calls=1) as context,
        await context.open_session(Target.CONFORMANCE) as session,
    ):
        tasks: list[asyncio.Future[None]] = []

        async def call(number: int) -> None:
            await session.invoke_command(Command.VALUES, ValueInOut(number))
            ended.append(number)

        async def begin(calls: int) -> int:
            for _ in range(calls):
                tasks.append(asyncio.ensure_future(call(len(tasks))))
            # Each runs until it waits.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            gc.collect()
            return resident()

        # The memory that the first ones need is not that of each.
        before = await begin(CALLS // 5)
        await until(lambda: gate.reached == 1)
        had = threads()
        after = await begin(CALLS)
        assert threads() == had <= 12
        print((after - before) // CALLS)
        gate.release()
        await asyncio.gather(*tasks)
    assert ended == list(range(len(tasks)))


def test_calls_that_wait_are_few_threads_stay_in_order_and_need_little_memory() -> None:
    script = "from tests.unit.aio.test_many_calls import asyncio, pend; asyncio.run(pend())"
    done = subprocess.run(
        program(script), capture_output=True, text=True, timeout=2 * LIMIT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < ENOUGH


__all__ = ["asyncio", "pend"]
