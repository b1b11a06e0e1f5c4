# SPDX-License-Identifier: BSD-2-Clause
"""A session whose application panicked sends nothing any more, and can be closed."""

from __future__ import annotations

import errno
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

import pytee_client as tee
from pytee_client._boundary import NativeSession
from pytee_client.faults import Answer, Fail, Fault, FaultyKernel, Plan, SystemCall

from ..support.conformance import Command
from ..support.targets import Target
from ..support.waiting import LIMIT


@pytest.fixture
def kernel(target: Target) -> FaultyKernel:
    return FaultyKernel(target.kernel or "linux")


@pytest.fixture
def context(target: Target, kernel: FaultyKernel) -> Iterator[tee.Context]:
    with tee.Context(target.device, backend=kernel) as made:
        yield made


@pytest.fixture
def dead(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(Target.CONFORMANCE) as session:
        assert not session.is_dead
        with pytest.raises(tee.TargetDeadError, match="panicked") as caught:
            session.invoke_command(Command.PANIC, (1, 0))
        assert type(caught.value) is tee.TargetDeadError
        yield session


def commands(kernel: FaultyKernel) -> int:
    return sum(call.call is SystemCall.INVOKE for call in kernel.calls)


def test_a_dead_session_says_so_and_closes(
    context: tee.Context, dead: tee.Session, kernel: FaultyKernel
) -> None:
    assert dead.is_dead
    assert not dead.closed
    assert "dead" in repr(dead)
    dead.close()
    assert [call.call for call in kernel.calls].count(SystemCall.CLOSE_SESSION) == 1
    assert dead.closed
    assert dead.is_dead
    assert "closed" in repr(dead)
    with pytest.raises(tee.ClosedSessionError):
        dead.invoke_command(Command.NOTHING)
    with context.open_session(Target.CONFORMANCE) as successor:
        assert not successor.is_dead
        successor.invoke_command(Command.NOTHING)


def ways_of_calling(
    session: tee.Session, block: tee.AllocatedSharedMemory
) -> list[Callable[[], object]]:
    command = Command.NOTHING
    parameters: list[tuple[Any, ...]] = [
        (),
        (tee.ValueInOut(1),),
        (tee.MemrefTempInOut(bytearray(3)),),
        (block,),
        (b"abc",),
        (b"abc", (1, 2), tee.MemrefTempOutput(5)),
    ]

    def with_operation(*parameters: Any) -> object:
        return session.invoke_command(command, *parameters, operation=tee.Operation())

    return [
        *(partial(session.invoke_command, command, *each) for each in parameters),
        *(partial(with_operation, *each) for each in parameters),
        *(session.prepare(command, *each) for each in parameters),
        partial(session.prepare(command, tee.ValueInOut), (1, 2)),
        partial(session.prepare(command, tee.MemrefTempInput), b"abc"),
        partial(session.prepare(command, tee.MemrefWhole), block),
    ]


def test_nothing_is_sent_to_a_dead_session_whatever_way_it_is_called(
    context: tee.Context, kernel: FaultyKernel
) -> None:
    with (
        context.open_session(Target.CONFORMANCE) as session,
        context.allocate_shared_memory(10, tee.MemoryFlags.INPUT) as block,
    ):
        ways = ways_of_calling(session, block)
        for call in ways:
            call()
        with pytest.raises(tee.TargetDeadError):
            session.invoke_command(Command.PANIC)
        before = commands(kernel)
        for call in [*ways, lambda: session.prepare(0), lambda: session.prepare(0, (1, 2))]:
            with pytest.raises(tee.DeadSessionError, match="open another") as caught:
                call()
            assert "panicked" in str(caught.value)
            assert caught.value.code == tee.Result.TARGET_DEAD
            assert isinstance(caught.value, tee.TargetDeadError | tee.BadStateError)
            assert type(pickle.loads(pickle.dumps(caught.value))) is tee.DeadSessionError
        assert commands(kernel) == before


def test_bad_parameters_and_early_cancellations_are_told_as_ever(dead: tee.Session) -> None:
    bad: Any = "text"
    with pytest.raises(tee.ParameterTypeError):
        dead.invoke_command(0, bad)
    operation = tee.Operation()
    operation.request_cancellation()
    with pytest.raises(tee.DeadSessionError):
        dead.invoke_command(0, operation=operation)


@pytest.mark.parametrize("origin", [0, 1, 2, 4, 77])
def test_a_session_lives_on_if_it_is_not_the_tee_that_says_target_dead(
    context: tee.Context, kernel: FaultyKernel, origin: int
) -> None:
    with context.open_session(Target.CONFORMANCE) as session:
        kernel.arm(Plan([Fault(SystemCall.INVOKE, Answer(tee.Result.TARGET_DEAD, origin))]))
        with pytest.raises(tee.TargetDeadError):
            session.invoke_command(Command.NOTHING)
        assert not session.is_dead
        session.invoke_command(Command.NOTHING)


def test_an_application_that_returns_target_dead_lives_on(context: tee.Context) -> None:
    with context.open_session(Target.CONFORMANCE) as session:
        with pytest.raises(tee.TargetDeadError) as caught:
            session.invoke_command(Command.SET_SIZE, (tee.Result.TARGET_DEAD, 0))
        assert caught.value.origin == tee.Origin.TRUSTED_APP
        assert not session.is_dead
        session.invoke_command(Command.NOTHING)


def test_no_other_error_kills_a_session(context: tee.Context, kernel: FaultyKernel) -> None:
    with context.open_session(Target.CONFORMANCE) as session:
        for action in (
            Fail(errno.ENODEV),
            Fail(errno.EINTR),
            Answer(tee.Result.COMMUNICATION, tee.Origin.COMMS),
            Answer(tee.Result.GENERIC, tee.Origin.TEE),
        ):
            kernel.arm(Plan([Fault(SystemCall.INVOKE, action)]))
            with pytest.raises(tee.TeecError):
                session.invoke_command(Command.NOTHING)
            assert not session.is_dead
            session.invoke_command(Command.NOTHING)


def test_threads_that_share_a_session_all_learn_of_its_death(
    context: tee.Context, kernel: FaultyKernel, pool: ThreadPoolExecutor
) -> None:
    with context.open_session(Target.CONFORMANCE) as session:

        def work(number: int) -> type[BaseException] | None:
            try:
                session.invoke_command(Command.PANIC if number == 5 else Command.NOTHING)
            except tee.TargetDeadError as error:
                return type(error)
            return None

        calls = [pool.submit(work, number) for number in range(20)]
        outcomes = {call.result(LIMIT) for call in calls}
        assert tee.TargetDeadError in outcomes
        assert outcomes <= {None, tee.TargetDeadError, tee.DeadSessionError}
        assert session.is_dead
        assert pool.submit(work, 0).result(LIMIT) is tee.DeadSessionError


def test_a_dead_session_whose_closing_was_interrupted_can_still_be_closed(
    dead: tee.Session, kernel: FaultyKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: object) -> bool:
        raise KeyboardInterrupt

    before = commands(kernel)
    with monkeypatch.context() as patch:
        patch.setattr(NativeSession, "close", interrupt)
        with pytest.raises(KeyboardInterrupt):
            dead.close()
    with pytest.raises(tee.ClosedSessionError):
        dead.invoke_command(Command.NOTHING)
    assert commands(kernel) == before
    dead.close()
