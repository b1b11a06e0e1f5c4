# SPDX-License-Identifier: BSD-2-Clause
"""What a device does can be recorded, and replayed without it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall
from pytee_client.traces import TracePayloadWarning, TracePlayer, TraceRecorder

from ..support.conformance import Command
from ..support.scenarios import HELD, SCENARIOS, Scenario
from ..support.targets import Target
from ..support.waiting import LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    from pytee_client.kernels import Kernel


def hello_world(target: Target, kernel: Kernel) -> tuple[object, ...]:
    with (
        tee.Context(target.device, backend=kernel) as context,
        context.open_session(Target.HELLO_WORLD) as session,
    ):
        return session.invoke_command(0, tee.ValueInOut(42))


def memory(target: Target, kernel: Kernel) -> list[bytes]:
    with (
        tee.Context(target.device, backend=kernel) as context,
        context.open_session(Target.CONFORMANCE) as session,
        context.allocate_shared_memory(5000) as block,
        context.register_shared_memory(bytearray(7)) as own,
    ):
        parameters = (block, own, tee.MemrefTempOutput(100), b"sent")
        return [bytes(view) for view in session.invoke_command(Command.MEMREF_FILL, *parameters)]


def test_a_device_is_replayed(target: Target, tmp_path: Path) -> None:
    path = tmp_path / "trace"
    with TraceRecorder(target.kernel or "linux", path) as recorder:
        assert hello_world(target, recorder) == ((43, 0),)
    with TracePlayer(path) as player:
        assert hello_world(target, player) == ((43, 0),)


def test_the_contents_of_memory_are_replayed_if_they_are_wanted(
    target: Target, tmp_path: Path
) -> None:
    with (
        pytest.warns(TracePayloadWarning),
        TraceRecorder(target.kernel or "linux", tmp_path / "trace", payloads=True) as recorder,
    ):
        expected = memory(target, recorder)
    with TracePlayer(tmp_path / "trace") as player:
        assert memory(target, player) == expected
    with TraceRecorder(target.kernel or "linux", tmp_path / "other") as recorder:
        assert memory(target, recorder) == expected
    with TracePlayer(tmp_path / "other") as player:
        assert memory(target, player) == [bytes(len(data)) for data in expected]


def held(kernel: Kernel, gate: Gate) -> FaultyKernel:
    """Hold the calls that a scenario cancels, so that it can."""
    fault = Fault(SystemCall.INVOKE, Hold(gate), where=lambda call: call.command_id == HELD)
    return FaultyKernel(kernel, Plan([fault]))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
@pytest.mark.filterwarnings("ignore::pytee_client.traces.TracePayloadWarning")
def test_whatever_a_program_does_is_replayed(
    target: Target, scenario: Scenario, tmp_path: Path
) -> None:
    path, gate = tmp_path / "trace", Gate(LIMIT)
    with TraceRecorder(target.kernel or "linux", path, payloads=True) as recorder:
        kernel = held(recorder, gate)
        with tee.Context(target.device, backend=kernel) as context:
            kept = scenario(context, gate)
        del kept
    gate = Gate(LIMIT)
    with TracePlayer(path) as player:
        with tee.Context(target.device, backend=held(player, gate)) as context:
            kept = scenario(context, gate)
        del kept


def shared_sessions(target: Target, kernel: Kernel) -> list[tuple[object, bytes]]:
    """Eight threads share four sessions."""
    with tee.Context(target.device, backend=kernel) as context, ThreadPoolExecutor(8) as pool:
        sessions = [context.open_session(Target.CONFORMANCE) for _ in range(4)]

        def work(number: int) -> tuple[object, bytes]:
            session = sessions[number % 4]
            (value,) = session.invoke_command(Command.VALUES, tee.ValueInOut(number))
            data = bytearray(b"%d" % number * 10)
            session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(data))
            return value, bytes(data)

        return list(pool.map(work, range(16)))


@pytest.mark.filterwarnings("ignore::pytee_client.traces.TracePayloadWarning")
def test_threads_that_share_sessions_are_replayed(target: Target, tmp_path: Path) -> None:
    with TraceRecorder(target.kernel or "linux", tmp_path / "trace", payloads=True) as recorder:
        expected = shared_sessions(target, recorder)
    with TracePlayer(tmp_path / "trace", patience=LIMIT) as player:
        assert shared_sessions(target, player) == expected
