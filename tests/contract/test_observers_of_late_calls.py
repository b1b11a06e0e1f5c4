# SPDX-License-Identifier: BSD-2-Clause
"""Context(observer=...): one event of a call that is late, given up, cancelled or not sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall

from ..support.children import in_child
from ..support.conformance import Command
from ..support.events import Events, context_of, observed, parameter
from ..support.targets import Target
from ..support.waiting import LIMIT, begin, interrupted_soon, wait_until
from ..support.window import Window, with_window

MASKED, HEEDS = 0, 1
# Seconds.
# Any machine has sent a command by then.
SOON = 0.5
# What the calls below have beside what they wait for, and what is told of it if nothing came back.
BUFFER = tee.MemrefTempInOut(bytearray(9))
SENT = (parameter("VALUE_INPUT"), parameter("MEMREF_TEMP_INOUT", 9))
WAYS: dict[str, Callable[..., object]] = {
    "waited for": lambda session, *given, **limits: session.invoke_command(*given, **limits),
    "prepared": lambda session, *given, **limits: session.prepare(*given, **limits)(),
    "submitted": lambda session, *given, **limits: session.submit(*given, **limits).result(LIMIT),
}
every_way = pytest.mark.parametrize("way", WAYS)


@every_way
@with_window
def test_a_call_is_given_up_once(target: Target, window: Window, way: str) -> None:
    with observed(target) as (session, events):
        call = partial(WAYS[way], session, Command.WAIT, (window.milliseconds, MASKED), BUFFER)
        window.leave(partial(call, timeout=window.soon, grace=window.soon / 2))
        event = events.take()
        assert (event.outcome, event.parameters) == ("given up", SENT)
        assert (event.result, event.origin) == (tee.Result.TIMEOUT, tee.Origin.API)
        # As long as it has been there so far.
        assert event.nanoseconds > 0
        window.sees(lambda: event.nanoseconds < window.milliseconds * 1e6)
        wait_until(lambda: not session.is_busy)
        session.invoke_command(Command.NOTHING)
        assert events.take().command_id == Command.NOTHING


@every_way
@with_window
def test_a_call_that_comes_back_late_has_what_came_back(
    target: Target, window: Window, way: str
) -> None:
    with observed(target) as (session, events):
        call = partial(WAYS[way], session, Command.WAIT, (window.milliseconds, MASKED), BUFFER)
        window.exceed(partial(call, timeout=window.soon, grace=LIMIT))
        event = events.take()
    assert (event.outcome, event.result) == ("late", tee.Result.SUCCESS)
    assert event.parameters == (SENT[0], parameter("MEMREF_TEMP_INOUT", 9, 9))
    assert event.nanoseconds >= window.soon * 1e9


@every_way
def test_a_call_without_time_is_not_sent(target: Target, way: str) -> None:
    with observed(target) as (session, events):
        session.invoke_command(Command.NOTHING)
        events.clear()
        with pytest.raises(tee.DeadlineError) as failed:
            WAYS[way](session, Command.WAIT, (1, MASKED), BUFFER, timeout=0)
        event = events.take()
    # The error says so, too.
    assert failed.value.sent == "value, inout of 9 bytes"
    assert (event.outcome, event.parameters) == ("unsent", SENT)
    assert (event.result, event.origin) == (tee.Result.TIMEOUT, tee.Origin.API)
    assert (event.command_id, event.nanoseconds, event.retries) == (Command.WAIT, 0, 0)


@pytest.mark.parametrize("way", ["waited for", "submitted"])
@with_window
def test_a_call_whose_turn_does_not_come_is_not_sent(
    target: Target, window: Window, way: str
) -> None:
    events = Events()
    with (
        context_of(target, events.append, max_calls=1) as context,
        context.open_session(target.CONFORMANCE) as session,
    ):
        first = session.submit(Command.WAIT, (window.milliseconds, MASKED))
        events.clear()
        try:
            with pytest.raises(tee.DeadlineError) as failed:
                WAYS[way](session, Command.PANIC, (0, 0), timeout=window.soon)
            if first.done() or failed.value.may_have_run:
                window.missed()
            event = events.take()
        finally:
            wait((first,), LIMIT)
        assert (event.outcome, event.command_id) == ("unsent", Command.PANIC)
        assert events.take().command_id == Command.WAIT


def test_a_call_that_was_cancelled_before_it_is_not_sent(target: Target) -> None:
    operation = tee.Operation()
    operation.request_cancellation()
    with observed(target) as (session, events):
        with pytest.raises(tee.CancelError):
            session.invoke_command(Command.NOTHING, BUFFER, operation=operation)
        event = events.take()
        assert (event.outcome, event.result) == ("unsent", tee.Result.CANCEL)
        assert (event.nanoseconds, event.parameters) == (0, (SENT[1],))
        opening = tee.Operation()
        opening.request_cancellation()
        with pytest.raises(tee.CancelError):
            session.context.open_session(target.CONFORMANCE, operation=opening)
        event = events.take()
        assert (event.operation, event.outcome) == ("open_session", "unsent")
        with pytest.raises(tee.DeadlineError):
            session.context.open_session(target.CONFORMANCE, BUFFER, timeout=0)
        event = events.take()
        assert (event.outcome, event.parameters) == ("unsent", (SENT[1],))


@pytest.mark.optee_only
def test_a_call_that_is_cancelled_comes_back_with_what_the_application_answers(
    target: Target,
) -> None:
    with observed(target) as (session, events):
        outcome = "unsent"
        while outcome == "unsent":
            # A worker had begun with it, but may not have sent it.
            future = session.submit(Command.WAIT, (LIMIT * 1000, HEEDS), tee.ValueOutput())
            wait_until(future.running)
            assert not future.cancel()
            with pytest.raises(tee.CancelError):
                future.result(LIMIT)
            event = events.take()
            assert event.result is tee.Result.CANCEL
            outcome = event.outcome
    assert (event.outcome, event.origin) == ("came back", tee.Origin.TRUSTED_APP)


@with_window
def test_one_that_has_not_begun_is_taken_back(target: Target, window: Window) -> None:
    events = Events()
    with (
        context_of(target, events.append, max_calls=1) as context,
        context.open_session(target.CONFORMANCE) as session,
    ):
        first = session.submit(Command.WAIT, (window.milliseconds, MASKED))
        events.clear()
        second: Future[Any] = session.submit(Command.PANIC, BUFFER)
        told: list[int] = []
        second.add_done_callback(lambda _: told.append(len(events)))
        cancelled = second.cancel()
        if not cancelled or first.done():
            wait((second,), LIMIT)
            wait((first,), LIMIT)
            window.missed()
        event = events.take()
        # Before the future was done.
        assert told == [1]
        assert (event.outcome, event.result) == ("unsent", tee.Result.CANCEL)
        assert (event.command_id, event.parameters) == (Command.PANIC, (SENT[1],))
        assert second.cancel()
        wait((first,), LIMIT)
        assert events.take().command_id == Command.WAIT


class Holding(FaultyKernel):
    """Holds the first request of a kind until the gate opens.

    Attributes:
        is_closed: set when a device was closed.
    """

    def __init__(self, target: Target, request: SystemCall, gate: Gate) -> None:
        super().__init__(target.kernel or "linux", Plan([Fault(request, Hold(gate))]))
        self.is_closed = threading.Event()

    def close(self, fd: int) -> None:
        super().close(fd)
        self.is_closed.set()


@pytest.mark.parametrize("is_submitted", [False, True])
def test_an_opening_that_is_given_up_has_one_event(target: Target, is_submitted: bool) -> None:
    events = Events()
    with Gate(LIMIT) as gate:
        kernel = Holding(target, SystemCall.OPEN_SESSION, gate)
        context = tee.Context(target.device, backend=kernel, observer=events.append)
        open_: Any = context._submit_session if is_submitted else context.open_session
        with pytest.raises(tee.DeadlineError):
            open_(target.CONFORMANCE, b"abc", timeout=SOON, grace=0.01).result(LIMIT)
        event = events.take()
        assert (event.operation, event.outcome) == ("open_session", "given up")
        assert event.parameters == (parameter("MEMREF_TEMP_INPUT", 3),)
        assert event.nanoseconds > 0
    # The end of the opening closes the device.
    context.close()
    assert kernel.is_closed.wait(LIMIT)
    assert not events


@every_way
def test_a_growing_output_whose_time_is_over_between_its_runs_was_late(
    target: Target, way: str
) -> None:
    events = Events()
    with Gate(LIMIT) as gate:
        kernel = Holding(target, SystemCall.INVOKE, gate)
        with (
            tee.Context(target.device, backend=kernel, observer=events.append) as context,
            context.open_session(target.CONFORMANCE) as session,
        ):
            events.clear()
            grows = tee.MemrefTempOutput(1, grow=True)
            call = partial(WAYS[way], session, Command.FILL_AND_SET_SIZE, (0, 500), grows)
            begun = begin(partial(call, timeout=SOON, grace=LIMIT))
            gate.wait_until_reached()
            threading.Event().wait(2 * SOON)
            gate.release()
            with pytest.raises(tee.DeadlineError):
                begun.result(LIMIT)
            event = events.take()
    assert event.outcome == "late"
    assert event.nanoseconds >= SOON * 1e9
    assert event.retries == 0


def test_an_interrupt_gives_the_call_up(target: Target) -> None:
    with observed(target) as (session, events):
        with interrupted_soon():
            session.invoke_command(Command.WAIT, (1000, MASKED), BUFFER, timeout=LIMIT)
        event = events.take()
        assert (event.outcome, event.result) == ("given up", tee.Result.CANCEL)
        assert event.parameters == SENT
        wait_until(lambda: not session.is_busy)
        assert not events


def test_a_child_of_a_fork_has_events_of_its_own_contexts_alone(target: Target) -> None:
    with observed(target) as (session, events):

        def work() -> None:
            with pytest.raises(tee.ForkedContextError):
                session.invoke_command(Command.NOTHING)
            assert not events
            own = Events()
            with context_of(target, own.append) as context:
                context.open_session(target.CONFORMANCE).close()
            own.take()

        assert in_child(work) == 0
        session.invoke_command(Command.NOTHING)
        events.take()
