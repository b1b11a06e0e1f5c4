# SPDX-License-Identifier: BSD-2-Clause
"""Context(slow_after=...): calls that take long are told of while they go on, and at their end."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import _slow_openings, aio
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall

from ..support.children import in_child
from ..support.conformance import Command
from ..support.loops import run as run_on_loop
from ..support.targets import Target
from ..support.waiting import LIMIT, wait_until

APPLICATION = f"pytee_client's conformance ({Target.CONFORMANCE})"
SOON = 0.05
SECRET = 0x5EC3E7A1

WAYS: dict[str, Callable[[tee.Session, tuple[Any, ...]], object]] = {
    "plain": lambda session, slots: session.invoke_command(Command.NOTHING, *slots),
    "with a time-out": lambda session, slots: session.invoke_command(
        Command.NOTHING, *slots, timeout=LIMIT
    ),
    "with an operation": lambda session, slots: session.invoke_command(
        Command.NOTHING, *slots, operation=tee.Operation()
    ),
    "prepared": lambda session, slots: session.prepare(Command.NOTHING, *slots)(),
    "submitted": lambda session, slots: session.submit(Command.NOTHING, *slots).result(LIMIT),
}
SLOTS: dict[str, tuple[tuple[Any, ...], str]] = {
    "nothing": ((), "no parameters"),
    "a value": ((tee.ValueInOut(SECRET, SECRET),), "VALUE_INOUT"),
    "a buffer": ((tee.MemrefTempInOut(bytearray(100)),), "MEMREF_TEMP_INOUT of 100 B"),
    "some": (
        (b"abc", (SECRET, 2), tee.MemrefTempOutput(7)),
        "MEMREF_TEMP_INPUT of 3 B; VALUE_INPUT; MEMREF_TEMP_OUTPUT of 7 B",
    ),
}


@pytest.fixture
def kernel(target: Target) -> FaultyKernel:
    return FaultyKernel(target.kernel or "linux")


@pytest.fixture
def gate(kernel: FaultyKernel) -> Iterator[Gate]:
    """A gate for the first command."""
    with Gate(LIMIT) as made:
        kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(made))]))
        yield made


@pytest.fixture
def context(target: Target, kernel: FaultyKernel) -> Iterator[tee.Context]:
    """A context of a test's own, which tells of slow calls."""
    with tee.Context(target.device, backend=kernel, slow_after=SOON) as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_is_looked_at_any_more() -> Iterator[None]:
    yield
    # Openings keep the thread for a while.
    wait_until(lambda: not _slow_openings._watch._waiting())


def told(caplog: pytest.LogCaptureFixture, of: str = "command") -> list[str]:
    """Return what was told of commands, or of openings, which may take long on a machine."""
    # asyncio has warnings of its own.
    records = [record for record in caplog.records if record.name.startswith("pytee_client")]
    assert {(record.name, record.levelname) for record in records} <= {("pytee_client", "WARNING")}
    texts = [record.getMessage() for record in records]
    return [text for text in texts if text.startswith(of)]


def told_once(caplog: pytest.LogCaptureFixture, of: str = "command") -> str:
    wait_until(lambda: bool(told(caplog, of)))
    # Long enough for more.
    threading.Event().wait(4 * SOON)
    (text,) = told(caplog, of)
    return text


def when_told(caplog: pytest.LogCaptureFixture, gate: Gate) -> threading.Thread:
    """Have a thread open a gate once a command is told of."""

    def run() -> None:
        wait_until(lambda: bool(told(caplog)))
        gate.release()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("slots", SLOTS)
@pytest.mark.parametrize("way", WAYS)
def test_a_command_is_told_of_once_while_it_goes_on_and_once_at_its_end(
    context: tee.Context,
    gate: Gate,
    pool: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
    way: str,
    slots: str,
) -> None:
    given, words = SLOTS[slots]
    with context.open_session(Target.CONFORMANCE) as session:
        call = pool.submit(WAYS[way], session, given)
        text = told_once(caplog)
        pattern = re.escape(f"command 0 of {APPLICATION} has taken ")
        assert re.fullmatch(pattern + r"[\d.]+ seconds and goes on: (.*)", text)
        assert text.endswith(f" goes on: {words}")
        gate.release()
        call.result(LIMIT)
    _, text = told(caplog)
    pattern = re.escape(f"command 0 (NOTHING) of {APPLICATION} took ")
    assert re.match(pattern + r"[\d.]+ seconds \(SUCCESS, came back\): ", text)
    assert words.split(";")[0] in text
    assert str(SECRET) not in "".join(told(caplog))


def test_the_next_slow_command_of_the_same_session_is_told_of_too(
    context: tee.Context,
    kernel: FaultyKernel,
    pool: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with context.open_session(Target.CONFORMANCE) as session:
        for _ in range(2):
            caplog.clear()
            with Gate(LIMIT) as gate:
                kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(gate))]))
                call = pool.submit(session.invoke_command, Command.NOTHING)
                told_once(caplog)
                gate.release()
                call.result(LIMIT)
            assert len(told(caplog)) == 2


def test_an_opening_is_told_of_while_it_goes_on_and_at_its_end(
    context: tee.Context,
    kernel: FaultyKernel,
    pool: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Gate(LIMIT) as gate:
        kernel.arm(Plan([Fault(SystemCall.OPEN_SESSION, Hold(gate))]))
        opening = pool.submit(context.open_session, Target.CONFORMANCE, b"abc")
        text = told_once(caplog, "opening")
        gate.release()
        opening.result(LIMIT).close()
    begin = f"opening a session with {APPLICATION} "
    assert re.match(re.escape(begin) + r"has taken [\d.]+ seconds and goes on", text)
    _, text = told(caplog, "opening")
    assert re.match(re.escape(begin) + r"took [\d.]+ seconds \(SUCCESS, came back\): ", text)
    assert text.endswith("MEMREF_TEMP_INPUT of 3 B")


def test_a_command_that_was_given_up_is_told_of(
    context: tee.Context, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    with context.open_session(Target.CONFORMANCE) as session:
        with pytest.raises(tee.DeadlineError):
            session.invoke_command(Command.NOTHING, timeout=2 * SOON, grace=0)
        assert any("seconds (TIMEOUT, given up): no parameters" in one for one in told(caplog))
        gate.release()
        wait_until(lambda: not session.is_busy)


def test_a_command_that_fails_is_told_of_with_its_result(
    context: tee.Context,
    gate: Gate,
    pool: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with context.open_session(Target.CONFORMANCE) as session:
        call = pool.submit(session.invoke_command, Command.SET_SIZE, (tee.Result.BUSY, 1))
        told_once(caplog)
        gate.release()
        with pytest.raises(tee.BusyError):
            call.result(LIMIT)
    assert "seconds (BUSY, came back): VALUE_INPUT" in told(caplog)[-1]


def test_a_command_on_a_loop_is_told_of(
    target: Target, kernel: FaultyKernel, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with (
            aio.Context(target.device, backend=kernel, slow_after=SOON) as context,
            await context.open_session(Target.CONFORMANCE) as session,
        ):
            thread = when_told(caplog, gate)
            await session.invoke_command(Command.NOTHING)
            thread.join()

    run_on_loop(main())
    assert [" goes on: " in text for text in told(caplog)] == [True, False]


def test_quick_calls_are_not_told_of_and_the_observer_is_told_of_all(
    target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[tee.CallEvent] = []
    with (
        tee.Context(
            target.device, backend=target.backend, slow_after=LIMIT, observer=events.append
        ) as context,
        context.open_session(Target.CONFORMANCE) as session,
    ):
        session.invoke_command(Command.NOTHING)
    assert [event.operation for event in events] == ["open_session", "invoke_command"]
    assert not caplog.records


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_a_command_is_told_of_although_the_process_forks_and_in_its_child(
    target: Target,
    context: tee.Context,
    gate: Gate,
    pool: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def work() -> None:
        caplog.clear()
        own = FaultyKernel(target.kernel or "linux")
        with Gate(LIMIT) as held, tee.Context(target.device, backend=own, slow_after=SOON) as child:
            own.arm(Plan([Fault(SystemCall.INVOKE, Hold(held))]))
            with child.open_session(Target.CONFORMANCE) as session:
                thread = when_told(caplog, held)
                session.invoke_command(Command.NOTHING)
                thread.join()
        # Nothing of the call of its parent, which goes on.
        assert [" goes on: " in text for text in told(caplog)] == [True, False]

    with context.open_session(Target.CONFORMANCE) as session:
        call = pool.submit(session.invoke_command, Command.NOTHING)
        gate.wait_until_reached()
        assert in_child(work) == 0
        told_once(caplog)
        gate.release()
        call.result(LIMIT)


def test_a_wrong_time_is_refused(target: Target) -> None:
    for wrong in (-1, "1", float("nan")):
        given: Any = wrong
        with pytest.raises((tee.ParameterTypeError, tee.ParameterRangeError), match="slow_after"):
            tee.Context(target.device, backend=target.backend, slow_after=given)


def test_who_wants_no_warnings_hears_none(
    target: Target, kernel: FaultyKernel, gate: Gate, pool: ThreadPoolExecutor
) -> None:
    records: list[logging.LogRecord] = []
    logger = logging.getLogger("pytee_client")
    level = logger.level
    logger.setLevel(logging.ERROR)
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[assignment, method-assign]
    logger.addHandler(handler)
    try:
        with tee.Context(target.device, backend=kernel, slow_after=SOON) as context:
            session = context.open_session(Target.CONFORMANCE)
            call = pool.submit(session.invoke_command, Command.NOTHING)
            threading.Event().wait(4 * SOON)
            gate.release()
            call.result(LIMIT)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert not records
