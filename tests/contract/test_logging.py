# SPDX-License-Identifier: BSD-2-Clause
"""What the loggers of the package say, when, and what they never say."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import aio
from pytee_client._boundary import address_of
from pytee_client.faults import Answer, Fault, FaultyKernel, Gate, Hold, Plan, SystemCall
from pytee_client.traces import TraceRecorder

from ..support.conformance import Command, Conformance
from ..support.loops import run
from ..support.targets import Target
from ..support.waiting import LIMIT, wait_until

APPLICATION: Final = f"pytee_client's conformance ({Target.CONFORMANCE})"
NOBODY: Final = UUID(int=5)
MARK: Final = b"\x5e\xc3\xe7MARKED"
NUMBER: Final = 0x5EC3E7A1


@pytest.fixture(autouse=True)
def at_debug(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG, "pytee_client"):
        yield


@pytest.fixture
def kernel(target: Target) -> FaultyKernel:
    return FaultyKernel(target.kernel or "linux")


def give_up_a_command(kernel: FaultyKernel, session: tee.Session) -> Gate:
    """Give up a command, which goes on until the gate is open."""
    gate = Gate(LIMIT)
    kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(gate))]))
    call: Any = session.submit(Command.NOTHING)
    gate.wait_until_reached()
    # As a task does that is cancelled.
    call.give_up()
    return gate


def said(caplog: pytest.LogCaptureFixture, name: str = "pytee_client") -> list[str]:
    """Return what one logger said, all of it at DEBUG, and forget all that was said."""
    records = [record for record in caplog.records if record.name == name]
    assert {record.levelno for record in records} <= {logging.DEBUG}
    caplog.clear()
    return [record.getMessage() for record in records]


def test_openings_and_closings_are_told_in_their_order(
    target: Target, caplog: pytest.LogCaptureFixture
) -> None:
    with target.open_context() as context:
        context.allocate_shared_memory(50).close()
        with context.register_shared_memory(bytearray(40)):
            session = context.open_session(Target.CONFORMANCE)
            session.close()
            session.close()
        context.trim()
        with pytest.raises(tee.TeecError) as caught:
            context.open_session(NOBODY)
        backend = context.version.backend
    context.close()
    how = "registered" if target.reg_mem else "registered, to be copied,"
    # AMD-TEE has another one than OP-TEE.
    error = caught.value
    assert error.result is not None
    origin = tee.Origin(error.origin).name
    assert said(caplog) == [
        f"opened a context on {target.device} of {backend}",
        "allocated 50 bytes of shared memory",
        "released 50 bytes of shared memory",
        f"{how} 40 bytes of shared memory",
        f"opened a session with {APPLICATION}",
        f"closed a session with {APPLICATION}",
        "released 40 bytes of shared memory",
        "gave back the memory that was kept for calls to come",
        f"opening a session with {NOBODY} failed: {error.result.name}"
        f" (0x{error.code:08x}, {origin})",
        f"closed a context on {target.device} of {backend}",
    ]


def test_a_session_that_others_close_later_is_told_of(
    target: Target, kernel: FaultyKernel, caplog: pytest.LogCaptureFixture
) -> None:
    with tee.Context(target.device, backend=kernel) as context:
        session = context.open_session(Target.CONFORMANCE)
        gate = give_up_a_command(kernel, session)
        caplog.clear()
        session.close()
        text = f"a session with {APPLICATION} closes at the end of the calls that run on in it"
        assert said(caplog) == [text]
        gate.release()
        wait_until(lambda: session._calls.session.is_closed)


def test_a_command_that_succeeds_says_nothing(
    session: tee.Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    session.invoke_command(Command.NOTHING)
    session.invoke_command(Command.VALUES, tee.ValueInOut(1))
    session.prepare(Command.MEMREF_XOR, tee.MemrefTempInOut)(bytearray(8))
    session.submit(Command.NOTHING).result(LIMIT)
    session.invoke_command(Command.NOTHING, timeout=LIMIT)
    assert not [record for record in caplog.records if record.name != "pytee_client.fake"]


def test_a_pool_says_what_it_decides(
    target: Target,
    kernel: FaultyKernel,
    pool: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = "pytee_client.session_pool"
    with (
        tee.Context(target.device, backend=kernel) as context,
        context.session_pool(Target.CONFORMANCE, size=1) as sessions,
    ):
        sessions.invoke_command(Command.NOTHING)
        sessions.invoke_command(Command.NOTHING)
        assert said(caplog, logger) == [
            f"made a pool of 1 sessions with {APPLICATION}",
            f"a pool has opened a session with {APPLICATION}",
            f"using an open session with {APPLICATION} again",
        ]
        with sessions.session():
            waiter = pool.submit(sessions.invoke_command, Command.NOTHING)
            wait_until(lambda: any("waits" in one.getMessage() for one in caplog.records))
        waiter.result(LIMIT)
        again = f"using an open session with {APPLICATION} again"
        assert said(caplog, logger) == [
            again,
            f"a caller waits for a place: 1 of 1 are in use, and 1 callers wait for {APPLICATION}",
            again,
        ]
        with pytest.raises(tee.TargetDeadError):
            sessions.invoke_command(Command.PANIC, (1, 0))
        sessions.invoke_command(Command.NOTHING)
        with sessions.session() as abandoned:
            gate = give_up_a_command(kernel, abandoned)
        assert said(caplog, logger) == [
            again,
            f"discarding a session because its application panicked: {APPLICATION}",
            f"a pool has opened a session with {APPLICATION}",
            again,
            f"discarding a session because a call runs on in it: {APPLICATION}",
        ]
        gate.release()
        wait_until(lambda: abandoned._calls.session.is_closed)
        sessions.drain(timeout=LIMIT)
    assert said(caplog, logger) == [
        f"draining a pool of sessions with {APPLICATION}",
        f"closed a pool of sessions with {APPLICATION}",
    ]


def test_a_pool_on_a_loop_says_the_same(target: Target, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with (
            aio.Context(target.device, backend=target.backend) as context,
            context.session_pool(Target.CONFORMANCE, size=1) as sessions,
        ):
            await sessions.invoke_command(Command.NOTHING)
            await sessions.invoke_command(Command.NOTHING)

    run(main())
    assert said(caplog, "pytee_client.session_pool") == [
        f"made a pool of 1 sessions with {APPLICATION}",
        f"a pool has opened a session with {APPLICATION}",
        f"using an open session with {APPLICATION} again",
        f"closed a pool of sessions with {APPLICATION}",
    ]


def test_a_client_of_a_declared_application_says_its_class(
    context: tee.Context, caplog: pytest.LogCaptureFixture
) -> None:
    with Conformance(context):
        assert said(caplog, "pytee_client.ta") == [
            f"opened a session as Conformance with {APPLICATION}"
        ]


def test_faults_and_traces_are_told_of(
    target: Target, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fault = Fault(SystemCall.INVOKE, Answer(tee.Result.BUSY))
    faulty = FaultyKernel(target.kernel or "linux", Plan([fault]))
    path = tmp_path / "a.trace"
    with (
        TraceRecorder(faulty, path) as recorder,
        tee.Context(target.device, backend=recorder) as context,
        context.open_session(Target.CONFORMANCE) as session,
        pytest.raises(tee.BusyError),
    ):
        session.invoke_command(Command.NOTHING)
    names = "pytee_client.faults", "pytee_client.traces"
    records = [record for record in caplog.records if record.name in names]
    assert [record.getMessage() for record in records] == [
        f"recording a trace in {path}",
        "INVOKE is struck by Answer",
        f"recorded a trace in {path}",
    ]


# What no record may have in it.


def calls_with_secrets(target: Target, context: tee.Context, memory: set[int]) -> None:
    """Make every kind of call with contents that are marked, in memory at these addresses."""

    def marked(size: int = 64) -> bytearray:
        buffer = bytearray(MARK + bytes(size - len(MARK)))
        memory.add(address_of(buffer))
        kept.append(buffer)
        return buffer

    kept: list[bytearray] = []
    with (
        context.open_session(Target.CONFORMANCE, tee.ValueOutput(), MARK) as session,
        context.allocate_shared_memory(64) as block,
        context.register_shared_memory(marked()),
    ):
        memory.add(address_of(block))
        block[: len(MARK)] = MARK
        calls: list[Callable[[], object]] = [
            lambda: session.invoke_command(Command.VALUES, tee.ValueInOut(NUMBER, NUMBER)),
            lambda: session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(marked())),
            lambda: session.invoke_command(Command.MEMREF_XOR, block),
            lambda: session.invoke_command(Command.MEMREF_CHECKSUM, MARK, tee.ValueOutput()),
            lambda: session.invoke_command(
                Command.MEMREF_FILL, tee.MemrefTempOutput(8, grow=True), (NUMBER, NUMBER)
            ),
            lambda: session.prepare(Command.VALUES, tee.ValueInOut)((NUMBER, NUMBER)),
            lambda: session.submit(Command.MEMREF_CHECKSUM, MARK, tee.ValueOutput()).result(LIMIT),
            lambda: session.invoke_command(
                Command.VALUES, tee.ValueInOut(NUMBER), operation=tee.Operation(), timeout=LIMIT
            ),
            lambda: session.invoke_command(Command.VALUES, (NUMBER, NUMBER), bytes(MARK)),
            lambda: session.invoke_command(
                Command.SET_SIZE, (tee.Result.BAD_PARAMETERS, NUMBER), MARK
            ),
            lambda: session.invoke_command(99, (NUMBER, NUMBER), MARK),
            lambda: context.open_session(Target.CONFORMANCE, (tee.Result.BUSY, NUMBER), MARK),
            lambda: context.open_session(NOBODY, (NUMBER, NUMBER), MARK),
            lambda: session.invoke_command(Command.COMPUTE, (200, 0), MARK, timeout=0.01, grace=0),
            lambda: session.invoke_command(Command.PANIC, (NUMBER, NUMBER), MARK),
            lambda: session.invoke_command(Command.PANIC, (NUMBER, NUMBER), MARK),
        ]
        for call in calls:
            with contextlib.suppress(tee.TeecError):
                call()
        wait_until(lambda: not session.is_busy)
    with Conformance(context) as client, contextlib.suppress(tee.TeecError):
        client.invert(tee.Value(NUMBER, NUMBER))
        client.xor(marked())
        client.panic(NUMBER)
    with context.session_pool(Target.CONFORMANCE, MARK, size=1) as sessions:
        sessions.invoke_command(Command.VALUES, tee.ValueInOut(NUMBER, NUMBER))
    context.trim()


def forms_of(address: int) -> list[str]:
    return [str(address), f"{address:x}"]


def test_no_record_has_contents_values_or_addresses(
    target: Target, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    addresses: set[int] = set()
    backend: Any = target.backend
    fault = Fault(SystemCall.INVOKE, Answer(tee.Result.BUSY), nth=2)
    faulty = FaultyKernel(target.kernel or "linux", Plan([fault]))
    with TraceRecorder(faulty, tmp_path / "a.trace") as recorder:
        for kernel in (backend, recorder):
            with tee.Context(target.device, backend=kernel) as context:
                calls_with_secrets(target, context, addresses)
    assert len(caplog.records) > 20
    secret = {str(NUMBER), f"{NUMBER:x}", "MARKED", MARK.hex(), repr(MARK)[2:-1]}
    secret.update(form for address in addresses for form in forms_of(address))
    for record in caplog.records:
        text = f"{record.getMessage()} {record.args} {record.exc_text}".lower()
        assert not [one for one in secret if one.lower() in text]
        # Nor what leads to them.
        assert all(isinstance(one, str | int | float) for one in record.args or ())
