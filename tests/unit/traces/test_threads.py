# SPDX-License-Identifier: BSD-2-Clause
"""Traces of several threads replay, whatever order the threads have this time."""

from __future__ import annotations

import io
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import Conformance, HelloWorld, Random, SecureStorage
from pytee_client.fake.applications.conformance import Command
from pytee_client.fake.secure_world import application_image
from pytee_client.supplicant import Supplicant
from pytee_client.traces import (
    TraceMismatchError,
    TracePayloadWarning,
    TracePlayer,
    TraceRecorder,
)

from ...support.waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytee_client.kernels import Kernel

PROFILES = ["optee", "optee-no-reg-mem", "amdtee"]

pytestmark = pytest.mark.timeout(2 * LIMIT)


def recorded(program: Callable[[Kernel], object], kernel: Kernel | None = None) -> str:
    """Return the trace of a program, with the contents of memory."""
    file = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TracePayloadWarning)
        recorder = TraceRecorder(kernel or fake.Kernel(), file, payloads=True)
    with recorder:
        program(recorder)
    return file.getvalue()


def player_of(trace: str, **named: Any) -> TracePlayer:
    return TracePlayer(io.StringIO(trace), patience=LIMIT, **named)


def plain(outputs: Sequence[object]) -> list[object]:
    """Return the outputs, with copies of the bytes in memory."""
    kept = (tuple, type(None))
    return [one if isinstance(one, kept) else bytes(cast("bytes", one)) for one in outputs]


def one_after_another(jobs: Sequence[Callable[[], object]]) -> None:
    """Run each job in a thread of its own, in this order."""
    failures: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as error:
            failures.append(error)

    for job in jobs:
        thread = threading.Thread(target=run, args=(job,))
        thread.start()
        thread.join(LIMIT)
    if failures:
        raise failures[0]


def values(session: tee.Session, number: int) -> Sequence[object]:
    return session.invoke_command(Command.VALUES, tee.ValueInOut(number))


def temporary_memory(session: tee.Session, number: int) -> Sequence[object]:
    data = bytearray(b"%d" % number * (1 + number % 3 * 2000))
    return session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(data))


def blocks(session: tee.Session, number: int) -> Sequence[object]:
    context = session.context
    with (
        context.allocate_shared_memory(100 + number % 3) as block,
        context.register_shared_memory(bytearray(b"%d" % number)) as own,
    ):
        block[:] = bytes([number]) * len(block)
        return plain(session.invoke_command(Command.MEMREF_XOR, block, own))


def prepared(session: tee.Session, number: int) -> Sequence[object]:
    command = session.prepare(Command.MEMREF_XOR, tee.MemrefTempInOut(bytearray(b"%d" % number)))
    return command()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("call", [values, temporary_memory, blocks, prepared])
def test_eight_threads_on_four_sessions_are_replayed(
    profile: str, call: Callable[[tee.Session, int], Sequence[object]]
) -> None:
    def program(kernel: Kernel) -> list[list[object]]:
        with tee.Context(backend=kernel) as context, ThreadPoolExecutor(8) as pool:
            sessions = [context.open_session(Conformance.uuid) for _ in range(4)]
            together = threading.Barrier(8)

            def work(number: int) -> list[object]:
                if number < 8:
                    together.wait(LIMIT)
                return plain(call(sessions[number % 4], number))

            return list(pool.map(work, range(60)))

    results: list[object] = []
    trace = recorded(lambda kernel: results.append(program(kernel)), fake.Kernel(profile))
    for _ in range(3):
        with player_of(trace) as player:
            assert [program(player)] == results


@pytest.mark.parametrize("profile", PROFILES)
def test_a_session_that_two_threads_share_has_no_order(profile: str) -> None:
    def program(kernel: Kernel, order: Sequence[int]) -> list[object]:
        results: dict[int, object] = {}
        with (
            tee.Context(backend=kernel) as context,
            context.open_session(Conformance.uuid) as session,
        ):

            def work(number: int) -> None:
                results[number] = plain(temporary_memory(session, number))

            one_after_another([partial(work, number) for number in order])
        return [results[number] for number in sorted(results)]

    results: list[object] = []
    trace = recorded(lambda kernel: results.append(program(kernel, range(5))), fake.Kernel(profile))
    for order in ([4, 3, 2, 1, 0], [2, 0, 4, 1, 3]):
        with player_of(trace) as player:
            assert [program(player, order)] == results


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


def in_own_sessions(kernel: Kernel, numbers: Sequence[Sequence[int]]) -> None:
    with tee.Context(backend=kernel) as context:
        sessions = [context.open_session(HelloWorld.uuid) for _ in numbers]

        def work(place: int) -> None:
            for number in numbers[place]:
                sessions[place].invoke_command(0, tee.ValueInOut(number))

        one_after_another([partial(work, place) for place in range(len(numbers))])


def test_a_thread_keeps_the_order_of_its_session() -> None:
    trace = recorded(lambda kernel: in_own_sessions(kernel, [[1, 2, 3], [4, 5, 6]]))
    for _ in range(2):
        with player_of(trace) as player:
            in_own_sessions(player, [[4, 5, 6], [1, 2, 3]])
    with pytest.raises(
        TraceMismatchError, match=r"line 10: expected INVOKE.* of line 11, .* in the same thread"
    ):
        in_own_sessions(player_of(trace), [[1, 2, 3], [4, 6, 5]])


def test_a_call_that_no_session_made_is_told_which_ones_were_expected() -> None:
    trace = recorded(lambda kernel: in_own_sessions(kernel, [[1, 2, 3], [4, 5, 6]]))
    player = player_of(trace)
    with pytest.raises(
        TraceMismatchError,
        match=r"expected line 6: INVOKE differs: params\[0\]\.a was 1, and now is 7; line 7: .*3,"
        r" and now is 7; but then came INVOKE\(file=1",
    ) as caught:
        in_own_sessions(player, [[7, 2, 3], [4, 5, 6]])
    assert "was 4" not in str(caught.value)


def test_a_program_of_threads_that_does_less_is_told_so() -> None:
    trace = recorded(lambda kernel: in_own_sessions(kernel, [[1, 2, 3], [4, 5, 6]]))
    with pytest.raises(TraceMismatchError, match=r"INVOKE.* but then came CLOSE_SESSION"):
        in_own_sessions(player_of(trace), [[1, 2], [4, 5, 6]])

    player = player_of(trace)
    context = tee.Context(backend=player)
    session = context.open_session(HelloWorld.uuid)
    with pytest.raises(
        TraceMismatchError, match=r"line 5: the program ended before OPEN_SESSION.* 10 calls"
    ):
        player.assert_finished()
    with pytest.raises(TraceMismatchError, match="expected"):
        session.close()
    context.close()


def with_memory(kernel: Kernel, sizes: Sequence[int]) -> None:
    """Two threads use the context."""
    with tee.Context(backend=kernel) as context:
        one_after_another([context.open_session(HelloWorld.uuid).close])
        for size in sizes:
            context.allocate_shared_memory(size).close()


def test_threads_may_need_more_blocks_or_fewer_but_no_others() -> None:
    trace = recorded(lambda kernel: with_memory(kernel, [5000, 5000, 9000]))
    for sizes in ([5000, 9000], [9000, 5000, 9000, 5000]):
        with player_of(trace) as player:
            with_memory(player, sizes)
    with pytest.raises(TraceMismatchError, match=r"SHM_.*length was 5000, and now is 6000"):
        with_memory(player_of(trace), [5000, 6000])
    with pytest.raises(TraceMismatchError, match=r"SHM_REGISTER.*length=9000.*CLOSE"):
        with_memory(player_of(trace), [5000, 5000])


def test_one_thread_makes_each_of_its_blocks() -> None:
    def program(kernel: Kernel, sizes: Sequence[int]) -> None:
        with tee.Context(backend=kernel) as context:
            for size in sizes:
                context.allocate_shared_memory(size).close()

    trace = recorded(lambda kernel: program(kernel, [5000, 5000]))
    with pytest.raises(TraceMismatchError, match="SHM_REGISTER"):
        program(player_of(trace), [5000])
    with pytest.raises(TraceMismatchError, match="but then came SHM_REGISTER"):
        program(player_of(trace), [5000] * 3)


def test_what_a_supplicant_serves_is_replayed_beside_its_clients(tmp_path: Path) -> None:
    (tmp_path / f"{SecureStorage.uuid}.ta").write_bytes(application_image(SecureStorage))

    def program(kernel: Kernel) -> list[object]:
        found: list[object] = []
        with Supplicant(kernel, applications=[tmp_path], storage=tmp_path / "tee"):
            for number in range(3):
                with (
                    tee.Context("/dev/tee0", backend=kernel) as context,
                    context.open_session(SecureStorage.uuid) as session,
                ):
                    session.invoke_command(SecureStorage.Command.WRITE_RAW, b"name", bytes(number))
                    outputs = session.invoke_command(
                        SecureStorage.Command.READ_RAW, b"name", tee.MemrefTempOutput(10)
                    )
                    found.append(plain(outputs))
        return found

    kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT))
    results: list[object] = []
    trace = recorded(lambda kernel: results.append(program(kernel)), kernel)
    for _ in range(3):
        with player_of(trace) as player:
            assert [program(player)] == results
