# SPDX-License-Identifier: BSD-2-Clause
"""Sessions and contexts that were opened alike are told apart by what they do."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import Conformance, HelloWorld, Random
from pytee_client.fake.applications.conformance import Command
from pytee_client.traces import (
    TraceMismatchError,
)

from ...support.traces import (
    one_after_another,
    plain,
    player_of,
    recorded,
    temporary_memory,
)
from ...support.waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytee_client.kernels import Kernel

pytestmark = pytest.mark.timeout(2 * LIMIT)


def job_with_a_session(context: tee.Context, number: int, results: dict[int, object]) -> None:
    """Do at first what all do, and then what only this one does."""
    with context.open_session(Conformance.uuid) as session:
        session.invoke_command(Command.NOTHING)
        results[number] = [plain(temporary_memory(session, 10 * number + i)) for i in range(3)]


def in_sessions(kernel: Kernel, order: Sequence[int]) -> dict[int, object]:
    """Threads open alike sessions of one context."""
    results: dict[int, object] = {}
    with tee.Context(backend=kernel) as context:
        one_after_another(
            [partial(job_with_a_session, context, number, results) for number in order]
        )
    return results


def in_contexts(kernel: Kernel, order: Sequence[int]) -> dict[int, object]:
    """Threads open alike contexts, with memory of their own."""
    results: dict[int, object] = {}

    def work(number: int) -> None:
        with (
            tee.Context(backend=kernel) as context,
            context.open_session(HelloWorld.uuid) as other,
            context.allocate_shared_memory(1000 * number),
        ):
            job_with_a_session(context, number, results)
            assert other.invoke_command(0, tee.ValueInOut(number)) == ((number + 1, 0),)

    one_after_another([partial(work, number) for number in order])
    return results


def overlapping(kernel: Kernel, order: Sequence[int]) -> dict[int, object]:
    """All contexts and sessions are open before the first of them does what only it does."""
    results: dict[int, object] = {}
    contexts = [tee.Context(backend=kernel) for _ in order]
    sessions = [context.open_session(Conformance.uuid) for context in contexts for _ in range(2)]
    for session in sessions:
        session.invoke_command(Command.NOTHING)

    def work(place: int, number: int) -> None:
        twins = sessions[2 * place : 2 * place + 2]
        found = [
            plain(temporary_memory(session, 10 * number + index))
            for index, session in enumerate(twins if place % 2 else twins[::-1])
        ]
        results[number] = found

    one_after_another([partial(work, place, number) for place, number in enumerate(order)])
    for context in contexts:
        context.close()
    return results


@pytest.mark.parametrize("program", [in_sessions, in_contexts, overlapping])
def test_openings_that_race_are_told_apart_by_what_comes_later(
    program: Callable[[Kernel, Sequence[int]], dict[int, object]],
) -> None:
    results: list[dict[int, object]] = []
    trace = recorded(lambda kernel: results.append(program(kernel, range(4))))
    for order in ([3, 2, 1, 0], [1, 2, 3, 0], [2, 0, 3, 1]):
        with player_of(trace) as player:
            assert [program(player, order)] == results


def test_one_thread_may_use_its_sessions_in_another_order() -> None:
    def program(kernel: Kernel, order: Sequence[int]) -> None:
        with tee.Context(backend=kernel) as context:
            sessions = [context.open_session(Conformance.uuid) for _ in range(3)]
            for number in order:
                temporary_memory(sessions[number], number)

    trace = recorded(lambda kernel: program(kernel, [0, 1, 2]))
    with player_of(trace) as player:
        program(player, [2, 0, 1])


def random_bytes(kernel: Kernel, sizes: Sequence[Sequence[int]]) -> list[object]:
    """Open a session for each of these, and ask it for as many bytes."""
    with tee.Context(backend=kernel) as context:
        sessions = [context.open_session(Random.uuid) for _ in sizes]
        return [
            [bytes(session.invoke_command(0, tee.MemrefTempOutput(n))[0]) for n in own]
            for session, own in zip(sessions, sizes, strict=True)
        ]


def test_a_session_stays_what_it_was_when_its_answers_were_other_ones() -> None:
    """The first random bytes told which session it is."""
    trace = recorded(lambda kernel: random_bytes(kernel, [[8, 8], [8, 16]]))
    with pytest.raises(TraceMismatchError, match=r"INVOKE differs: .*b was 8, and now is 16"):
        random_bytes(player_of(trace), [[8, 16], [8, 8]])


class Counting(fake.TrustedApplication):
    """Says at its opening how often it was opened."""

    uuid = UUID("5f2d9c0e-0b0d-4ed6-8d4a-5a2a31b7f0c1")
    opened: ClassVar[int] = 0

    def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        type(self).opened += 1
        parameters.value(0).a = self.opened

    def invoke_command(
        self, session: fake.ClientSession, command_id: int, parameters: fake.Parameters
    ) -> None:
        pass


def test_a_session_stays_what_its_opening_told() -> None:
    def program(kernel: Kernel, commands: Sequence[int]) -> None:
        with tee.Context(backend=kernel) as context:
            sessions = [context.open_session(Counting.uuid, tee.ValueOutput()) for _ in commands]
            for session, command in zip(sessions, commands, strict=True):
                session.invoke_command(command)

    kernel = fake.Kernel(applications=[Counting])
    trace = recorded(lambda kernel: program(kernel, [1, 2]), kernel)
    with player_of(trace) as player:
        program(player, [1, 2])
    with pytest.raises(TraceMismatchError, match="func was 1, and now is 2"):
        program(player_of(trace), [2, 1])


def test_sessions_that_had_one_number_can_be_open_at_once() -> None:
    def together(kernel: Kernel) -> list[object]:
        with tee.Context(backend=kernel) as context:
            one_after_another([context.open_session(HelloWorld.uuid).close])
            opened = [context.open_session(Conformance.uuid) for _ in range(3)]
            return [plain(temporary_memory(opened[number], number)) for number in range(3)]

    def apart(kernel: Kernel) -> list[object]:
        found: list[object] = []
        with tee.Context(backend=kernel) as context:
            one_after_another([context.open_session(HelloWorld.uuid).close])
            for number in range(3):
                with context.open_session(Conformance.uuid) as session:
                    found.append(plain(temporary_memory(session, number)))
        return found

    results: list[object] = []
    trace = recorded(lambda kernel: results.append(apart(kernel)))
    assert trace.count('"session": 1,') > 3
    with player_of(trace) as player:
        assert [together(player)] == results


def test_a_mismatch_names_well_known_applications() -> None:
    def work(kernel: Kernel, uuid: UUID) -> None:
        with tee.Context(backend=kernel) as context:
            context.open_session(uuid).close()

    trace = recorded(lambda kernel: work(kernel, HelloWorld.uuid))
    expected = (
        f"OPEN_SESSION differs: uuid was hello_world ({HelloWorld.uuid}),"
        f" and now is random ({Random.uuid})"
    )
    with pytest.raises(TraceMismatchError, match=re.escape(expected)):
        work(player_of(trace), Random.uuid)
