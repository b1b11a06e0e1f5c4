# SPDX-License-Identifier: BSD-2-Clause
"""Traces of several threads replay, whatever order the threads have this time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import Conformance, HelloWorld, SecureStorage
from pytee_client.fake.applications.conformance import Command
from pytee_client.fake.secure_world import application_image
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall
from pytee_client.supplicant import Supplicant
from pytee_client.traces import (
    TraceMismatchError,
)

from ...support.raw_device import RawDevice
from ...support.traces import (
    one_after_another,
    plain,
    player_of,
    recorded,
    temporary_memory,
)
from ...support.waiting import LIMIT, begin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytee_client.kernels import Kernel

PROFILES = ["optee", "optee-no-reg-mem", "amdtee"]

pytestmark = pytest.mark.timeout(2 * LIMIT)


def values(session: tee.Session, number: int) -> Sequence[object]:
    return session.invoke_command(Command.VALUES, tee.ValueInOut(number))


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


def test_a_cancellation_may_overtake_the_call_that_it_is_for() -> None:
    gate = Gate(LIMIT)
    plan = Plan(
        [
            Fault(SystemCall.INVOKE, Hold(gate)),
            Fault(SystemCall.CANCEL, Hold(gate, after=False)),
        ]
    )

    def program(kernel: Kernel) -> None:
        with RawDevice(kernel) as device, ThreadPoolExecutor(1) as pool:
            session = device.open_session(Conformance.uuid).session
            call = pool.submit(device.invoke, session, Command.VALUES)
            gate.wait_until_reached()
            cancelling = begin(device.cancel, session)
            gate.wait_until_reached(2)
            gate.release()
            cancelling.result(LIMIT)
            call.result(LIMIT)
            device.close_session(session)

    def other_way_round(kernel: Kernel) -> None:
        with RawDevice(kernel) as device:
            session = device.open_session(Conformance.uuid).session
            begin(device.cancel, session).result(LIMIT)
            device.invoke(session, Command.VALUES)
            device.close_session(session)

    trace = recorded(lambda kernel: program(FaultyKernel(kernel, plan)))
    with player_of(trace) as player:
        other_way_round(player)


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
