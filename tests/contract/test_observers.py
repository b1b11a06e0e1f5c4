# SPDX-License-Identifier: BSD-2-Clause
"""Context(observer=...): one event for each call, on every way that a call can go."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic_ns
from typing import Any

import pytest

import pytee_client as tee

from ..support.conformance import Command
from ..support.events import observed, parameter
from ..support.targets import Target
from ..support.waiting import LIMIT

VALUE = tee.ValueInOut(1, 2)
WAYS: dict[str, Callable[[tee.Session, tuple[Any, ...]], object]] = {
    "plain": lambda session, slots: session.invoke_command(Command.NOTHING, *slots),
    "with a time-out": lambda session, slots: session.invoke_command(
        Command.NOTHING, *slots, timeout=LIMIT
    ),
    "with an operation": lambda session, slots: session.invoke_command(
        Command.NOTHING, *slots, operation=tee.Operation()
    ),
    "prepared": lambda session, slots: session.prepare(Command.NOTHING, *slots)(),
    "prepared with a time-out": lambda session, slots: session.prepare(
        Command.NOTHING, *slots, timeout=LIMIT
    )(),
    "submitted": lambda session, slots: session.submit(Command.NOTHING, *slots).result(LIMIT),
    "submitted with a time-out": lambda session, slots: session.submit(
        Command.NOTHING, *slots, timeout=LIMIT
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
}


@pytest.mark.parametrize("slots", SLOTS)
@pytest.mark.parametrize("way", WAYS)
def test_each_call_has_one_event(target: Target, way: str, slots: str) -> None:
    given, expected = SLOTS[slots]
    with observed(target) as (session, events):
        begun = monotonic_ns()
        WAYS[way](session, given)
        passed = monotonic_ns() - begun
        event = events.take()
    assert 0 < event.nanoseconds <= passed
    assert event == tee.CallEvent(
        operation="invoke_command",
        application=target.CONFORMANCE,
        command_id=Command.NOTHING,
        parameters=expected,
        result=tee.Result.SUCCESS,
        origin=tee.Origin.TRUSTED_APP,
        errno=None,
        outcome="came back",
        nanoseconds=event.nanoseconds,
        retries=0,
    )
