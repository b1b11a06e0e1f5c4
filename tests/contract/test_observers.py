# SPDX-License-Identifier: BSD-2-Clause
"""Context(observer=...): one event for each call, on every way that a call can go."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from time import monotonic_ns
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.faults import Delay, Fault, FaultyKernel, Plan, SystemCall

from ..support.conformance import Command, Conformance
from ..support.events import Events, context_of, observed, parameter
from ..support.targets import Target
from ..support.waiting import LIMIT

VALUE = tee.ValueInOut(1, 2)
WAYS: dict[str, Callable[[tee.Session, int, tuple[Any, ...]], object]] = {
    "plain": lambda session, command, slots: session.invoke_command(command, *slots),
    "with a time-out": lambda session, command, slots: session.invoke_command(
        command, *slots, timeout=LIMIT
    ),
    "with an operation": lambda session, command, slots: session.invoke_command(
        command, *slots, operation=tee.Operation()
    ),
    "prepared": lambda session, command, slots: session.prepare(command, *slots)(),
    "prepared with a time-out": lambda session, command, slots: session.prepare(
        command, *slots, timeout=LIMIT
    )(),
    "submitted": lambda session, command, slots: session.submit(command, *slots).result(LIMIT),
    "submitted with a time-out": lambda session, command, slots: session.submit(
        command, *slots, timeout=LIMIT
    ).result(LIMIT),
}
SLOTS: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {
    "nothing": ((), ()),
    "a value": ((VALUE,), (parameter("VALUE_INOUT"),)),
    "a buffer": (
        (tee.MemrefTempInOut(bytearray(100)),),
        (parameter("MEMREF_TEMP_INOUT", 100, 100),),
    ),
    "four": (
        (b"abc", (1, 2), tee.MemrefTempOutput(7), tee.ValueOutput()),
        (
            parameter("MEMREF_TEMP_INPUT", 3),
            parameter("VALUE_INPUT"),
            parameter("MEMREF_TEMP_OUTPUT", 7, 7),
            parameter("VALUE_OUTPUT"),
        ),
    ),
    "one after an empty slot": ((None, VALUE), (parameter("NONE"), parameter("VALUE_INOUT"))),
}
every_way = pytest.mark.parametrize("way", WAYS)


def succeeded(target: Target, event: tee.CallEvent, *parameters: Any) -> tee.CallEvent:
    """Return the event of a command that does nothing, which took as long as another."""
    return tee.CallEvent(
        operation="invoke_command",
        application=target.CONFORMANCE,
        command_id=Command.NOTHING,
        parameters=parameters,
        result=tee.Result.SUCCESS,
        origin=tee.Origin.TRUSTED_APP,
        errno=None,
        outcome="came back",
        nanoseconds=event.nanoseconds,
        retries=0,
    )


@pytest.mark.parametrize("slots", SLOTS)
@every_way
def test_each_call_has_one_event(target: Target, way: str, slots: str) -> None:
    given, expected = SLOTS[slots]
    with observed(target) as (session, events):
        for _ in range(2):
            begun = monotonic_ns()
            WAYS[way](session, Command.NOTHING, given)
            passed = monotonic_ns() - begun
            event = events.take()
            assert 0 < event.nanoseconds <= passed
            assert event == succeeded(target, event, *expected)


@every_way
def test_a_call_that_fails_has_the_result_of_its_error(target: Target, way: str) -> None:
    class Codes(IntEnum):
        MINE = 0x12345678

    slots = ((Codes.MINE, 3), tee.MemrefTempOutput(8))
    with observed(target, results=Codes) as (session, events):
        with pytest.raises(tee.TeecError) as failed:
            WAYS[way](session, Command.FILL_AND_SET_SIZE, slots)
        event = events.take()
    assert (event.result, event.origin) == (failed.value.code, failed.value.origin)
    assert event.result is failed.value.result is Codes.MINE
    assert event.result_name == "MINE"
    assert (event.errno, event.outcome) == (None, "came back")
    assert event.parameters[1] == parameter("MEMREF_TEMP_OUTPUT", 8, 3)


@every_way
def test_an_output_that_was_too_small_has_both_sizes(target: Target, way: str) -> None:
    slots = ((tee.Result.SHORT_BUFFER, 5000), tee.MemrefTempOutput(100))
    with observed(target) as (session, events):
        with pytest.raises(tee.ShortBufferError):
            WAYS[way](session, Command.FILL_AND_SET_SIZE, slots)
        event = events.take()
    assert event.result is tee.Result.SHORT_BUFFER
    assert event.parameters[1] == parameter("MEMREF_TEMP_OUTPUT", 100, 5000)


@every_way
def test_an_output_that_grows_has_one_event_with_its_retries(target: Target, way: str) -> None:
    slots = ((tee.Result.SUCCESS, 5000), tee.MemrefTempOutput(100, grow=True))
    with observed(target) as (session, events):
        begun = monotonic_ns()
        WAYS[way](session, Command.FILL_AND_SET_SIZE, slots)
        passed = monotonic_ns() - begun
        event = events.take()
    assert (event.retries, event.result, event.outcome) == (1, tee.Result.SUCCESS, "came back")
    assert event.parameters[1] == parameter("MEMREF_TEMP_OUTPUT", 5000, 5000)
    assert 0 < event.nanoseconds <= passed


def test_the_time_is_that_of_all_runs(target: Target) -> None:
    # The kernel takes its time over each request, which no other part of a call does.
    pause = 0.02
    plan = Plan([Fault(SystemCall.INVOKE, Delay(pause), times=None)])
    kernel = FaultyKernel(target.kernel or "linux", plan)
    events = Events()
    with (
        tee.Context(target.device, backend=kernel, observer=events.append) as context,
        context.open_session(target.CONFORMANCE) as session,
    ):
        events.clear()
        session.invoke_command(Command.NOTHING)
        assert events.take().nanoseconds >= pause * 1e9
        slots = ((tee.Result.SUCCESS, 5000), tee.MemrefTempOutput(100, grow=True))
        for way in WAYS.values():
            way(session, Command.FILL_AND_SET_SIZE, slots)
            assert events.take().nanoseconds >= 2 * pause * 1e9


@every_way
def test_a_command_keeps_its_name(target: Target, way: str) -> None:
    with observed(target) as (session, events):
        WAYS[way](session, Command.VALUES, (VALUE,))
        named = events.take()
        WAYS[way](session, int(Command.VALUES), (VALUE,))
        unnamed = events.take()
    assert isinstance(named.command_id, Command)
    assert named.command_name == "VALUES"
    assert type(unnamed.command_id) is int
    assert unnamed.command_name is None
    assert named.command_id == unnamed.command_id == 1


def test_blocks_and_their_parts_have_their_sizes(target: Target) -> None:
    with observed(target) as (session, events):
        inout, only = tee.MemoryFlags.INOUT, tee.MemoryFlags.INPUT
        share = session.context.allocate_shared_memory
        with share(100, inout) as block, share(50, only) as given:
            for way in WAYS.values():
                way(session, Command.NOTHING, (block,))
                assert events.take().parameters == (parameter("MEMREF_WHOLE", 100, 100),)
                slots = (given, tee.MemrefPartialInOut(block, 10, 20), bytearray(8), block)
                way(session, Command.NOTHING, slots)
                assert events.take().parameters == (
                    parameter("MEMREF_WHOLE", 50),
                    parameter("MEMREF_PARTIAL_INOUT", 20, 20),
                    parameter("MEMREF_TEMP_INPUT", 8),
                    parameter("MEMREF_WHOLE", 100, 100),
                )


@pytest.mark.optee_only
def test_a_null_reference_has_no_size(target: Target) -> None:
    with observed(target) as (session, events):
        session.invoke_command(Command.MEMREF_LOOK, tee.MemrefTempInput(None), tee.ValueOutput())
        assert events.take().parameters[0] == parameter("MEMREF_TEMP_INPUT", 0)


def test_memory_that_was_found_in_a_block_that_is_closed_has_one_event(target: Target) -> None:
    with observed(target) as (session, events):
        for way in ("plain", "submitted"):
            block = session.context.allocate_shared_memory(100)
            view = memoryview(block)[:7]
            WAYS[way](session, Command.NOTHING, (tee.MemrefTempInOut(view),))
            assert events.take().parameters == (parameter("MEMREF_PARTIAL_INOUT", 7, 7),)
            block.close()
            WAYS[way](session, Command.NOTHING, (tee.MemrefTempInOut(view),))
            assert events.take().parameters == (parameter("MEMREF_TEMP_INOUT", 7, 7),)


OPENINGS: dict[str, Callable[..., tee.Session]] = {
    "plain": lambda context, *slots: context.open_session(*slots),
    "with a time-out": lambda context, *slots: context.open_session(*slots, timeout=LIMIT),
    "with an operation": lambda context, *slots: context.open_session(
        *slots, operation=tee.Operation()
    ),
    "submitted": lambda context, *slots: context._submit_session(*slots).result(LIMIT),
}
every_opening = pytest.mark.parametrize("opening", OPENINGS)


@every_opening
def test_each_opening_has_one_event(target: Target, opening: str) -> None:
    events = Events()
    with context_of(target, events.append) as context:
        assert not events
        OPENINGS[opening](context, target.CONFORMANCE, tee.ValueOutput(), b"abc").close()
        event = events.take()
        assert event.nanoseconds > 0
        assert (event.operation, event.application) == ("open_session", target.CONFORMANCE)
        assert event.parameters == (parameter("VALUE_OUTPUT"), parameter("MEMREF_TEMP_INPUT", 3))
        assert (event.result, event.outcome, event.retries) == (0, "came back", 0)
        assert (event.command_id, event.command_name) == (None, None)


@every_opening
def test_an_opening_that_fails_has_one_event(target: Target, opening: str) -> None:
    events = Events()
    nobody = type(target.CONFORMANCE)(int=0)
    with context_of(target, events.append) as context:
        with pytest.raises(tee.TeecError) as failed:
            OPENINGS[opening](context, nobody)
        event = events.take()
    assert event.application == nobody
    assert (event.result, event.origin) == (failed.value.code, failed.value.origin)
    assert event.errno == failed.value.errno
    assert event.outcome == "came back"


REFUSED: dict[str, Callable[[Any], object]] = {
    "no number": lambda session: session.invoke_command(2**32),
    "no parameter": lambda session: session.invoke_command(0, "text"),
    "prepared": lambda session: session.prepare(0, 1.5),
    "no UUID": lambda session: session.context.open_session("text"),
    "no parameter of an opening": lambda session: session.context.open_session(
        session.destination, 1.5
    ),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_a_call_that_is_refused_has_none(
    target: Target, call: Callable[[tee.Session], object]
) -> None:
    with observed(target) as (session, events):
        with pytest.raises(tee.BadParametersError):
            call(session)
        assert not events


@every_way
def test_a_call_with_a_block_that_is_closed_has_none(target: Target, way: str) -> None:
    with observed(target) as (session, events):
        block = session.context.allocate_shared_memory(8)
        block.close()
        for slots in ((block,), (block, b"abc")):
            with pytest.raises(tee.ClosedSharedMemoryError):
                WAYS[way](session, Command.NOTHING, slots)
        assert not events


@every_way
def test_a_session_that_is_dead_or_closed_has_none(target: Target, way: str) -> None:
    with observed(target) as (session, events):
        with pytest.raises(tee.TargetDeadError):
            WAYS[way](session, Command.PANIC, ((0, 0),))
        assert events.take().result is tee.Result.TARGET_DEAD
        for _ in range(2):
            with pytest.raises(tee.DeadSessionError):
                WAYS[way](session, Command.NOTHING, ())
        session.close()
        with pytest.raises(tee.ClosedSessionError):
            WAYS[way](session, Command.NOTHING, ())
        assert not events


def test_pools_and_typed_clients_are_observed(target: Target) -> None:
    events = Events()
    with context_of(target, events.append) as context:
        with context.session_pool(target.CONFORMANCE, size=1) as pool:
            for _ in range(2):
                pool.invoke_command(Command.NOTHING)
            assert Conformance.on(pool).invert(tee.Value(1, 2))
        with Conformance(context) as client:
            client.invert(tee.Value(1, 2))
            client.invert.submit(tee.Value(1, 2)).result(LIMIT)
    names = [event.command_name or event.operation for event in events]
    of_pool = ["open_session", "NOTHING", "NOTHING", "VALUES"]
    assert names == [*of_pool, "open_session", "VALUES", "VALUES"]
