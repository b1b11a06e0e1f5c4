# SPDX-License-Identifier: BSD-2-Clause
"""What type checkers know of outputs is what comes back, on a loop and from pools too.

mypy and pyright check the assertions of types; the test runs the same calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytee_client as tee
from pytee_client import aio, fake
from pytee_client.typing import Outputs

from ...support.conformance import Command, filled
from ...support.loops import on_loop
from ...support.targets import Target

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(value, kind):
        return value


@on_loop
async def test_the_types_of_outputs_that_are_awaited() -> None:
    async with (
        aio.Context(backend=fake.Kernel()) as context,
        await context.open_session(Target.CONFORMANCE) as session,
        context.session_pool(Target.CONFORMANCE) as pool,
    ):
        assert assert_type(await session.invoke_command(Command.NOTHING), tuple[()]) == ()
        assert assert_type(await session.invoke_command(Command.NOTHING, b"abc"), tuple[()]) == ()
        (value,) = await session.invoke_command(Command.VALUES, tee.ValueInOut(42), timeout=60)
        assert type(assert_type(value, tee.Value)) is tee.Value
        (data,) = await session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(8))
        assert assert_type(data, bytes | tee.RequiredSize) == filled(0, 8)
        two = await session.invoke_command(
            Command.VALUES, tee.ValueOutput(), tee.ValueOutput(), operation=aio.Operation()
        )
        assert assert_type(two, tuple[tee.Value, tee.Value]) == ((0, 0), (1, 1))
        three = await session.invoke_command(Command.VALUES, (1, 2), (3, 4), tee.ValueOutput())
        assert assert_type(three, Outputs) == ((6, 8),)

        (same,) = await pool.invoke_command(Command.VALUES, tee.ValueInOut(42))
        assert assert_type(same, tee.Value) == value
        async with pool.session() as one:
            assert type(assert_type(one, aio.Session)) is aio.Session

        invert = assert_type(
            session.prepare(Command.VALUES, tee.ValueInOut), aio.PreparedCommand[tuple[tee.Value]]
        )
        assert assert_type(await invert((42, 0)), tuple[tee.Value]) == (value,)

        async with await context.allocate_shared_memory(8) as block:
            assert type(block.context) is aio.Context
            assert_type(block, aio.AllocatedSharedMemory)
            whole = await session.invoke_command(Command.MEMREF_FILL, block)
            assert_type(whole, tuple[memoryview | tee.RequiredSize, ...])
            (view,) = whole
            assert isinstance(view, memoryview)
            assert view == filled(0, 8)
            view.release()


def test_the_types_of_outputs_of_pools() -> None:
    with (
        tee.Context(backend=fake.Kernel()) as context,
        context.session_pool(Target.CONFORMANCE) as pool,
    ):
        assert assert_type(pool.invoke_command(Command.NOTHING), tuple[()]) == ()
        (value,) = pool.invoke_command(Command.VALUES, tee.ValueInOut(42), timeout=60)
        assert type(assert_type(value, tee.Value)) is tee.Value
        (data,) = pool.invoke_command(
            Command.MEMREF_FILL, tee.MemrefTempOutput(8), operation=tee.Operation()
        )
        assert assert_type(data, bytes | tee.RequiredSize) == filled(0, 8)
        with pool.session() as session:
            assert type(assert_type(session, tee.Session)) is tee.Session
