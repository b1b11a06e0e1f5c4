# SPDX-License-Identifier: BSD-2-Clause
"""aio.Context(observer=...), and auditing events of calls that are awaited."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import aio

from ...support.audits import Event, audited, watching
from ...support.conformance import Command, Conformance
from ...support.events import Events, parameter
from ...support.loops import on_loop, until
from ...support.targets import Target

# Of a second, which no wait below is over in.
SHORT = 0.01
LONG, MASKED = 1000, 0


def context_of(target: Target, observer: Any, **options: Any) -> aio.Context:
    return aio.Context(target.device, backend=target.backend, observer=observer, **options)


@on_loop
async def test_each_call_has_one_event(target: Target) -> None:
    events = Events()
    async with context_of(target, events.append) as context:
        async with await context.open_session(target.CONFORMANCE) as session:
            assert events.take().operation == "open_session"
            value, grows = tee.ValueInOut(1, 2), tee.MemrefTempOutput(1, grow=True)
            await session.invoke_command(Command.VALUES, value)
            event = events.take()
            assert (event.command_name, event.result_name) == ("VALUES", "SUCCESS")
            assert event.nanoseconds > 0
            await session.prepare(Command.VALUES, tee.ValueInOut)((1, 2))
            assert events.take().command_name == "VALUES"
            await session.invoke_command(Command.FILL_AND_SET_SIZE, (0, 99), grows, timeout=60)
            assert events.take().retries == 1
            await session.invoke_command(Command.NOTHING, operation=aio.Operation())
            assert events.take().command_name == "NOTHING"
            with pytest.raises(tee.AccessDeniedError):
                await session.invoke_command(Command.SET_SIZE, (tee.Result.ACCESS_DENIED, 0))
            assert events.take().result is tee.Result.ACCESS_DENIED
        async with context.session_pool(target.CONFORMANCE, size=1) as pool:
            await pool.invoke_command(Command.NOTHING)
        async with context.client(Conformance) as client:
            await client.invert(tee.Value(1, 2))
    names = [event.command_name or event.operation for event in events]
    assert names == ["open_session", "NOTHING", "open_session", "VALUES"]


@on_loop
async def test_a_call_whose_task_is_cancelled_has_one_event(target: Target) -> None:
    events = Events()
    async with (
        context_of(target, events.append, max_calls=1) as context,
        await context.open_session(target.CONFORMANCE) as session,
    ):
        events.clear()
        wait = session.invoke_command(Command.WAIT, (LONG, MASKED), bytearray(9))
        running = asyncio.create_task(wait)
        await until(lambda: session.is_busy)
        await asyncio.sleep(SHORT)
        queued = asyncio.create_task(session.invoke_command(Command.PANIC, (0, 0)))
        await asyncio.sleep(SHORT)
        for task, outcome in ((queued, "unsent"), (running, "given up")):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            event = events.take()
            assert (event.outcome, event.result) == (outcome, tee.Result.CANCEL)
        assert event.parameters[1] == parameter("MEMREF_TEMP_INPUT", 9)
        assert event.nanoseconds >= SHORT * 1e9
        await until(lambda: not session.is_busy)
        await session.invoke_command(Command.NOTHING)
        assert events.take().command_name == "NOTHING"


@on_loop
async def test_what_is_no_observer_is_refused(target: Target) -> None:
    for wrong in (5, asyncio.sleep):
        with pytest.raises(tee.ParameterTypeError, match="the observer must be a"):
            await context_of(target, wrong)


@on_loop
async def test_calls_that_are_awaited_have_auditing_events(target: Target) -> None:
    def refuse(event: Event) -> None:
        raise ZeroDivisionError

    with audited() as audits:
        async with context_of(target, None) as context:
            assert audits.take()[0] == "pytee_client.Context"
            async with await context.open_session(target.CONFORMANCE) as session:
                assert audits.take() == ("pytee_client.open_session", (target.CONFORMANCE, 0))
                invoked = ("pytee_client.invoke_command", (target.CONFORMANCE, Command.VALUES))
                await session.invoke_command(Command.VALUES, tee.ValueInOut(1, 2))
                assert audits.take() == invoked
                prepared = session.prepare(Command.VALUES, tee.ValueInOut)
                await prepared((1, 2))
                assert audits.take() == invoked
                for call in (session.invoke_command(Command.NOTHING), prepared((1, 2))):
                    with watching(refuse), pytest.raises(ZeroDivisionError):
                        await call
                    audits.clear()
                with watching(refuse), pytest.raises(ZeroDivisionError):
                    await context.open_session(target.CONFORMANCE)
                with watching(refuse), pytest.raises(ZeroDivisionError):
                    await context_of(target, None)
                await session.invoke_command(Command.NOTHING)
