# SPDX-License-Identifier: BSD-2-Clause
"""Sessions and commands that are awaited: what comes back, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import aio

from ...support.conformance import Command, filled, xored
from ...support.loops import on_loop, opened
from ...support.targets import Target


@on_loop
async def test_a_command_is_awaited(target: Target) -> None:
    async with opened(target) as session:
        (value,) = await session.invoke_command(Command.VALUES, tee.ValueInOut(1, 2))
        assert value == (~1 & 0xFFFFFFFF, ~2 & 0xFFFFFFFF)
        assert await session.invoke_command(Command.NOTHING) == ()
        assert session.destination == Target.CONFORMANCE
        assert not session.closed
        assert not session.is_dead
        assert not session.is_busy


@on_loop
async def test_memory_comes_back_as_the_callers_own(target: Target) -> None:
    buffer = bytearray(b"abc")
    async with opened(target) as session:
        (view,) = await session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer))
        assert isinstance(view, memoryview)
        assert view.obj is buffer
        assert buffer == xored(0, b"abc")
        made = tee.MemrefTempOutput(1, grow=True)
        outputs: tuple[object, ...] = await session.invoke_command(
            Command.FILL_AND_SET_SIZE, tee.ValueInput(0, 300), made, timeout=60
        )
        assert outputs == (filled(1, 300),)


@on_loop
async def test_what_opening_returned_is_kept_until_the_end(target: Target) -> None:
    async with aio.Context(target.device, backend=target.backend) as context:
        session = await context.open_session(Target.CONFORMANCE, tee.ValueOutput())
        outputs = session.outputs
        assert outputs == ((0x4F50454E, 0),)
        assert session.context is context
        await session.close()
        assert session.outputs == ()


@on_loop
async def test_a_prepared_command_is_awaited(target: Target) -> None:
    async with opened(target) as session:
        invert = session.prepare(Command.VALUES, tee.ValueInOut)
        assert await invert((0, 1)) == ((0xFFFFFFFF, 0xFFFFFFFE),)
        buffer = bytearray(b"abc")
        xor = session.prepare(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer), timeout=60)
        (view,) = await xor()
        assert isinstance(view, memoryview)
        assert view == xored(0, b"abc")
        assert xor.command_id is Command.MEMREF_XOR
        assert len(xor.slots) == 1
        values = await asyncio.gather(*(invert((number, 0)) for number in range(20)))
        assert [value.a for (value,) in values] == [~number & 0xFFFFFFFF for number in range(20)]
        with pytest.raises(TypeError):
            await invert()


@on_loop
async def test_many_tasks_share_a_session(target: Target) -> None:
    async def xor(seed: int) -> None:
        before = bytes((seed + index) % 256 for index in range(100 * seed))
        buffer = bytearray(before)
        await session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer))
        assert buffer == xored(0, before)

    async with opened(target) as session:
        await asyncio.gather(*(xor(seed) for seed in range(30)))


@on_loop
async def test_what_is_wrong_is_refused_as_by_the_api_that_waits(target: Target) -> None:
    text: Any = "text"
    async with opened(target) as session:
        with pytest.raises(tee.ParameterTypeError, match="parameter 0"):
            await session.invoke_command(Command.NOTHING, text)
        with pytest.raises(tee.ParameterRangeError, match="command id"):
            await session.invoke_command(-1)
        with pytest.raises(tee.ReadOnlyBufferError):
            await session.invoke_command(Command.NOTHING, tee.MemrefTempInOut(b"abc"))
        with pytest.raises(tee.ParameterTypeError):
            session.prepare(Command.NOTHING, text)
        with pytest.raises(tee.ParameterTypeError, match="timeout"):
            await session.invoke_command(Command.NOTHING, timeout=text)
        with pytest.raises(tee.ParameterTypeError, match="operation"):
            await session.invoke_command(Command.NOTHING, operation=text)
        with pytest.raises(tee.ParameterTypeError):
            await session.context.open_session(text)
        is_amd = target.implementation == tee.ImplementationId.AMDTEE
        missing = tee.OutOfMemoryError if is_amd else tee.TrustedApplicationNotFoundError
        with pytest.raises(missing):
            await session.context.open_session(UUID(int=1))
        await session.invoke_command(Command.NOTHING)


@on_loop
async def test_the_applications_errors_are_raised(target: Target) -> None:
    async with opened(target) as session:
        with pytest.raises(tee.NotSupportedError) as caught:
            await session.invoke_command(4711)
        assert caught.value.origin == tee.Origin.TRUSTED_APP
        with pytest.raises(tee.BadStateError):
            await session.context.open_session(
                Target.CONFORMANCE, tee.ValueInput(tee.Result.BAD_STATE, 0)
            )


@on_loop
async def test_a_dead_session_says_so(target: Target) -> None:
    async with opened(target) as session:
        with pytest.raises(tee.TargetDeadError):
            await session.invoke_command(Command.PANIC)
        assert session.is_dead
        with pytest.raises(tee.DeadSessionError):
            await session.invoke_command(Command.NOTHING)
        assert "dead" in repr(session)


@on_loop
async def test_what_is_closed_refuses_and_closes_twice(target: Target) -> None:
    async with aio.Context(target.device, backend=target.backend) as context:
        session = await context.open_session(Target.CONFORMANCE)
        prepared = session.prepare(Command.NOTHING)
        await session.close()
        await session.close(timeout=60)
        assert session.closed
        for call in (session.invoke_command(Command.NOTHING), prepared()):
            with pytest.raises(tee.ClosedSessionError):
                await call
        with pytest.raises(tee.ClosedSessionError):
            async with session:
                raise AssertionError("it is closed")
        kept = await context.open_session(Target.CONFORMANCE)
    assert kept.closed
    assert context.closed


@on_loop
async def test_closing_waits_for_commands_that_are_awaited(target: Target) -> None:
    async with opened(target) as session:
        call = asyncio.create_task(session.invoke_command(Command.WAIT, (200, 0)))
        while not session.is_busy and not call.done():
            await asyncio.sleep(0.001)
        await session.close()
        assert await call == ()


@on_loop
async def test_time_outs_are_inherited(target: Target) -> None:
    async with aio.Context(target.device, backend=target.backend, timeout=50, grace=0.5) as context:
        assert (context.timeout, context.grace) == (50, 0.5)
        context.timeout, context.grace = 40, 0.25
        async with await context.open_session(Target.CONFORMANCE) as session:
            assert (session.timeout, session.grace) == (40, 0.25)
            session.timeout, session.grace = None, 0.125
            assert (session.timeout, session.grace) == (None, 0.125)
        assert (context.timeout, context.grace) == (40, 0.25)
