# SPDX-License-Identifier: BSD-2-Clause
"""Observers that raise, and observers that use the library: calls come to no harm."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest

import pytee_client as tee

from ..support.conformance import Command
from ..support.events import Events, context_of
from ..support.targets import Target
from ..support.waiting import LIMIT

WAYS: dict[str, Callable[..., Any]] = {
    "plain": lambda session, *given: session.invoke_command(*given),
    "with a time-out": lambda session, *given: session.invoke_command(*given, timeout=LIMIT),
    "prepared": lambda session, *given: session.prepare(*given)(),
    "submitted": lambda session, *given: session.submit(*given).result(LIMIT),
}
every_way = pytest.mark.parametrize("way", WAYS)
INVERTED = ((0xFFFFFFFE, 0xFFFFFFFD),)


class Raising:
    """An observer that raises."""

    def __init__(self, error: BaseException) -> None:
        self.error: BaseException | None = error
        self.calls = 0

    def __call__(self, event: tee.CallEvent) -> None:
        self.calls += 1
        if self.error is not None:
            raise self.error


@every_way
def test_what_an_observer_raises_is_logged_and_the_outputs_come_back(
    target: Target, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    observer = Raising(ZeroDivisionError("my own"))
    with (
        context_of(target, observer) as context,
        context.open_session(target.CONFORMANCE) as session,
    ):
        caplog.clear()
        assert WAYS[way](session, Command.VALUES, tee.ValueInOut(1, 2)) == INVERTED
        grows = tee.MemrefTempOutput(1, grow=True)
        (grown,) = WAYS[way](session, Command.FILL_AND_SET_SIZE, (0, 300), grows)
        assert len(grown) == 300
    assert observer.calls == 3
    records = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.name for record in records] == ["pytee_client"] * 2
    assert "ZeroDivisionError" in records[0].getMessage()
    assert "invoke_command 1" in records[0].getMessage()
    assert records[0].exc_info
    assert records[0].exc_info[1] is observer.error


@every_way
def test_the_error_of_a_call_stays_as_it_is(target: Target, way: str) -> None:
    observer = Raising(ValueError())
    with context_of(target, observer) as context:
        with context.open_session(target.CONFORMANCE) as session:
            with pytest.raises(tee.AccessDeniedError) as failed:
                WAYS[way](session, Command.SET_SIZE, (tee.Result.ACCESS_DENIED, 0))
            assert failed.value.__context__ is failed.value.__cause__ is None
            session.invoke_command(Command.NOTHING)
        with pytest.raises(tee.TeecError):
            context.open_session(type(target.CONFORMANCE)(int=0))


class Ending(BaseException):
    """Something like an interrupt."""


@pytest.mark.parametrize("way", ["plain", "with a time-out", "prepared"])
def test_an_interrupt_in_an_observer_is_raised_in_the_thread_of_the_caller(
    target: Target, way: str
) -> None:
    observer = Raising(Ending())
    observer.error = None
    with (
        context_of(target, observer) as context,
        context.open_session(target.CONFORMANCE) as session,
    ):
        observer.error = Ending()
        with pytest.raises(Ending):
            WAYS[way](session, Command.NOTHING)
        with pytest.raises(Ending) as raised:
            WAYS[way](session, Command.SET_SIZE, (tee.Result.ACCESS_DENIED, 0))
        assert isinstance(raised.value.__context__, tee.AccessDeniedError)
        # A session that nobody gets is closed.
        with pytest.raises(Ending):
            context.open_session(target.CONFORMANCE)
        observer.error = None
        assert WAYS[way](session, Command.VALUES, tee.ValueInOut(1, 2)) == INVERTED


def test_an_interrupt_in_a_thread_of_the_library_is_logged(
    target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    observer = Raising(Ending())
    observer.error = None
    with (
        context_of(target, observer) as context,
        context.open_session(target.CONFORMANCE) as session,
    ):
        observer.error = Ending()
        future = session.submit(Command.VALUES, tee.ValueInOut(1, 2))
        assert future.result(LIMIT) == INVERTED
        observer.error = None
    assert any("Ending" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("way", ["plain", "submitted"])
def test_an_observer_may_make_calls_which_have_events_of_their_own(
    target: Target, way: str
) -> None:
    events = Events()
    sessions: list[tee.Session] = []

    def observe(event: tee.CallEvent) -> None:
        events.append(event)
        if event.command_id == Command.VALUES:
            sessions[0].invoke_command(Command.NOTHING)
            with sessions[0].context.open_session(target.CONFORMANCE):
                pass

    with context_of(target, observe) as context:
        with context.open_session(target.CONFORMANCE) as session:
            sessions.append(session)
            events.clear()
            assert WAYS[way](session, Command.VALUES, tee.ValueInOut(1, 2)) == INVERTED
            names = [event.command_name or event.operation for event in events]
            assert names == ["VALUES", "NOTHING", "open_session"]
        sessions.clear()


@every_way
def test_an_observer_may_close_the_session_of_the_call(target: Target, way: str) -> None:
    sessions: list[tee.Session] = []

    def observe(event: tee.CallEvent) -> None:
        for session in sessions:
            session.close()

    with context_of(target, observe) as context:
        session = context.open_session(target.CONFORMANCE)
        sessions.append(session)
        assert WAYS[way](session, Command.VALUES, tee.ValueInOut(1, 2)) == INVERTED
        assert session.closed


async def asynchronous(event: tee.CallEvent) -> None:
    """Observe nothing."""


def generating(event: tee.CallEvent) -> Iterator[None]:
    yield


async def generating_asynchronously(event: tee.CallEvent) -> AsyncIterator[None]:
    yield


class Asynchronous:
    async def __call__(self, event: tee.CallEvent) -> None:
        """Observe nothing."""


@pytest.mark.parametrize(
    ("observer", "text"),
    [
        (5, "a function that takes a CallEvent, not 5"),
        ([], "a function that takes a CallEvent, not list"),
        (asynchronous, r"call_soon_threadsafe\(\)"),
        (partial(asynchronous), r"call_soon_threadsafe\(\)"),
        (Asynchronous(), r"call_soon_threadsafe\(\)"),
        (partial(Asynchronous()), r"call_soon_threadsafe\(\)"),
        (generating, "leave out its yield"),
        (partial(generating), "leave out its yield"),
        (generating_asynchronously, "leave out its yield"),
    ],
)
def test_what_is_no_observer_is_refused(target: Target, observer: Any, text: str) -> None:
    with pytest.raises(tee.ParameterTypeError, match=text):
        context_of(target, observer)
