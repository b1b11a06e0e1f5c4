# SPDX-License-Identifier: BSD-2-Clause
"""What sessions with one application share: state, an end, processors."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee

from ...support.applications import (
    Concurrent,
    ConcurrentLarge,
    CreateFail,
    Large,
    Miss,
    Sims,
    SimsKeepAlive,
    SubKey1,
    SubKey2,
)
from ...support.applications.concurrent import ConcurrentCommand
from ...support.applications.sims import SimsCommand
from ...support.outputs import output_as
from ...support.targets import Target
from ...support.waiting import LIMIT, start_blocked

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from pytee_client.fake import TrustedApplication

# Loading so many applications is slow, and no memory is shared but by the way.
pytestmark = [pytest.mark.once, pytest.mark.optee_only]


TRUSTED_APP = tee.Origin.TRUSTED_APP


@pytest.mark.probe(4)
def test_an_application_that_can_not_be_created_leaves_nothing_behind(
    context: tee.Context,
) -> None:
    for _ in range(6):
        with pytest.raises(tee.GenericError) as caught:
            context.open_session(CreateFail.uuid)
        assert caught.value.origin == TRUSTED_APP
    with context.open_session(SubKey1.uuid) as session:
        assert session.invoke_command(0) == ()


@pytest.mark.probe(51)
@pytest.mark.parametrize("application", [SubKey1, SubKey2])
def test_applications_signed_with_another_key_are_loaded(
    context: tee.Context, application: type[TrustedApplication]
) -> None:
    with context.open_session(application.uuid) as session:
        for command in (0, 1, 0xFFFFFFFF):
            assert session.invoke_command(command) == ()


@pytest.mark.probe(51)
def test_a_large_application_is_loaded_and_its_error_comes_back(context: tee.Context) -> None:
    with context.open_session(Large.uuid) as session, pytest.raises(tee.GenericError) as caught:
        session.invoke_command(0)
    assert caught.value.origin == TRUSTED_APP


def counter(session: tee.Session) -> int:
    """Return how many sessions the instance had before this one."""
    (value,) = session.invoke_command(SimsCommand.COUNTER, tee.ValueOutput())
    return int(value.a)


@pytest.mark.probe(43)
def test_sessions_of_a_single_instance_share_its_state(context: tee.Context) -> None:
    data = bytes(range(32))
    with context.open_session(Sims.uuid) as one, context.open_session(Sims.uuid) as other:
        one.invoke_command(SimsCommand.WRITE, (0, 0), data)
        room = tee.MemrefTempOutput(32)
        assert other.invoke_command(SimsCommand.READ, (0, 0), room) == (data,)
        with context.open_session(Sims.uuid) as third:
            assert [counter(session) for session in (one, other, third)] == [0, 1, 2]


@pytest.mark.probe(43)
def test_a_read_into_a_smaller_buffer_is_an_overflow(context: tee.Context) -> None:
    with context.open_session(Sims.uuid) as session:
        session.invoke_command(SimsCommand.WRITE, (0, 0), bytes(32))
        with pytest.raises(tee.errors.OverflowError) as caught:
            session.invoke_command(SimsCommand.READ, (0, 0), tee.MemrefTempOutput(31))
        assert caught.value.origin == TRUSTED_APP


def panic(session: tee.Session) -> None:
    with pytest.raises(tee.TargetDeadError) as caught:
        session.invoke_command(SimsCommand.PANIC, tee.MemrefTempInput(None))
    assert caught.value.origin == tee.Origin.TEE
    assert session.is_dead


@pytest.mark.probe(44)
def test_a_panic_of_a_single_instance_ends_all_of_its_sessions(context: tee.Context) -> None:
    with context.open_session(Sims.uuid) as one, context.open_session(Sims.uuid) as other:
        panic(one)
        # Nobody tells a client before it uses the session.
        assert not other.is_dead
        with pytest.raises(tee.TargetDeadError) as caught:
            counter(other)
        assert caught.value.origin == tee.Origin.TEE
        assert other.is_dead
        with context.open_session(Sims.uuid) as successor:
            assert counter(successor) == 0


@pytest.mark.probe(44)
def test_a_panic_of_one_instance_leaves_the_others_alone(context: tee.Context) -> None:
    with context.open_session(Miss.uuid) as one, context.open_session(Miss.uuid) as other:
        panic(one)
        assert counter(other) == 0
        assert not other.is_dead


@pytest.mark.probe(45)
def test_an_instance_that_is_kept_alive_remembers(context: tee.Context) -> None:
    counters = []
    for _ in range(3):
        with context.open_session(SimsKeepAlive.uuid) as session:
            counters.append(counter(session))
    first = counters[0]
    assert counters == [first, first + 1, first + 2]


@pytest.mark.probe(45)
def test_an_instance_that_is_not_kept_alive_starts_afresh(context: tee.Context) -> None:
    for _ in range(2):
        with context.open_session(Sims.uuid) as session:
            assert counter(session) == 0


@pytest.mark.probe(46)
@pytest.mark.parametrize("application", [Concurrent, ConcurrentLarge])
def test_commands_of_several_sessions_run_side_by_side(
    context: tee.Context, pool: ThreadPoolExecutor, application: type[TrustedApplication]
) -> None:
    number, rounds = 3, 5000
    with contextlib.ExitStack() as stack:
        block = stack.enter_context(context.allocate_shared_memory(4))
        sessions = [
            stack.enter_context(context.open_session(application.uuid)) for _ in range(number)
        ]
        calls = [
            pool.submit(
                session.invoke_command,
                ConcurrentCommand.BUSY_LOOP,
                block,
                tee.ValueInOut(rounds, 0),
            )
            for session in sessions
        ]
        for call in calls:
            view, value = call.result(LIMIT)
            output_as(memoryview, view).release()
            value = output_as(tee.Value, value)
            assert value.a == rounds
            assert 1 <= value.b <= number
        calls.clear()
        assert block[:] == bytes(4)


def test_single_instances_run_one_after_the_other_whichever_they_are(
    context: tee.Context, pool: ThreadPoolExecutor
) -> None:
    with (
        context.open_session(Target.EXCLUSIVE) as waiting,
        context.open_session(Sims.uuid) as other,
    ):
        started = time.monotonic()
        call = start_blocked(pool, waiting.invoke_command, 0, (500, 0))
        assert counter(other) == 0
        assert time.monotonic() - started > 0.4
        assert call.result(LIMIT) == ()
