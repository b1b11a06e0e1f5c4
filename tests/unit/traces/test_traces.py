# SPDX-License-Identifier: BSD-2-Clause
"""Traces: what is in them, and what a player makes of a program that does something else."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import re
import stat
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._boundary import address_of, copy_from_user, copy_to_user
from pytee_client.fake.applications import Conformance, HelloWorld
from pytee_client.fake.applications.conformance import Command
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall
from pytee_client.kernels import uapi
from pytee_client.traces import (
    TraceFormatError,
    TraceMismatchError,
    TracePayloadWarning,
    TracePlayer,
    TraceRecorder,
    description,
)
from pytee_client.traces.blocks import Blocks
from pytee_client.traces.layout import LAYOUTS, TYPES, attr_name, attr_of

from ...support.raw_device import RawDevice, refused
from ...support.waiting import LIMIT, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytee_client.kernels import Kernel

SECRET = b"seldom seen secret"


def recorded(
    program: Callable[[Kernel], object],
    kernel: Kernel | None = None,
    *,
    payloads: bool = False,
    values: bool = True,
) -> str:
    """Return the trace of a program."""
    file = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TracePayloadWarning)
        recorder = TraceRecorder(kernel or fake.Kernel(), file, payloads=payloads, values=values)
    with recorder:
        program(recorder)
    return file.getvalue()


def player_of(trace: str, **named: Any) -> TracePlayer:
    return TracePlayer(io.StringIO(trace), **named)


def increment(kernel: Kernel, value: int = 42, times: int = 1) -> tuple[object, ...]:
    with tee.Context(backend=kernel) as context, context.open_session(HelloWorld.uuid) as session:
        for _ in range(times):
            outputs = session.invoke_command(0, tee.ValueInOut(value))
        return outputs


def fill(kernel: Kernel, data: bytes = SECRET) -> list[bytes]:
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(Conformance.uuid) as session,
        context.allocate_shared_memory(12) as block,
        context.register_shared_memory(bytearray(b"below")) as own,
    ):
        block[:] = b"in the block"
        parameters = data, tee.MemrefTempInOut(bytearray(b"temp")), block, own
        return [bytes(view) for view in session.invoke_command(Command.MEMREF_FILL, *parameters)]


def lines_of(trace: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in trace.splitlines()]


def calls_of(trace: str) -> list[str]:
    return [line["call"] for line in lines_of(trace)[1:]]


def test_a_replay_answers_as_the_device_did() -> None:
    trace = recorded(increment)
    assert calls_of(trace) == [
        "OPEN",
        "VERSION",
        "OPEN_SESSION",
        "INVOKE",
        "CLOSE_SESSION",
        "CLOSE",
    ]
    for _ in range(2):
        with player_of(trace) as player:
            assert increment(player) == ((43, 0),)


def test_a_replay_says_that_it_is_one() -> None:
    trace = recorded(lambda kernel: tee.Context(backend=kernel).close())
    with player_of(trace) as player, tee.Context(backend=player) as context:
        assert context.version.backend == "TracePlayer"
        assert context.version.implementation_id is tee.ImplementationId.OPTEE


def test_recording_changes_nothing() -> None:
    def program(kernel: Kernel) -> None:
        with tee.Context(backend=kernel) as context:
            assert context.version.backend == "fake"
        assert fill(kernel) == fill(fake.Kernel())
        with (
            tee.Context(backend=kernel) as context,
            context.open_session(Conformance.uuid) as session,
            pytest.raises(tee.TargetDeadError) as caught,
        ):
            session.invoke_command(Command.PANIC)
        assert caught.value.__cause__ is not None

    recorded(program)


@pytest.mark.parametrize("profile", ["optee", "optee-no-reg-mem", "amdtee", "optee@7.2"])
@pytest.mark.parametrize("payloads", [False, True])
def test_memory_comes_back_with_its_contents_only_if_these_were_recorded(
    profile: str, payloads: bool
) -> None:
    expected = fill(fake.Kernel(profile))
    trace = recorded(fill, fake.Kernel(profile), payloads=payloads)
    with player_of(trace) as player:
        came = fill(player)
    assert came == (expected if payloads else [bytes(len(data)) for data in expected])


def test_a_trace_has_no_contents_of_memory_but_those_that_it_is_asked_for() -> None:
    as_base64 = "c2VsZG9tIHNlZW4gc2VjcmV0"
    assert as_base64 not in recorded(fill)
    assert '"data"' not in recorded(fill)
    assert as_base64 in recorded(fill, payloads=True)


def test_memory_that_linux_does_not_copy_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of a driver without dynamic shared memory, whose mappings are a device's."""
    kernel = fake.Kernel("optee-no-reg-mem")
    with monkeypatch.context() as patch:
        patch.setattr(description, "copy_from_user", refuse_to_copy)
        trace = recorded(fill, kernel, payloads=True)
    kernel.assert_no_leaks()
    assert trace == recorded(fill, kernel, payloads=True)
    assert '"data"' in trace


def refuse_to_copy(address: int, size: int) -> bytes:
    raise OSError(errno.EFAULT, "a device's memory")


def test_a_trace_can_do_without_values() -> None:
    trace = recorded(lambda kernel: increment(kernel, 4711), values=False)
    assert "4711" not in trace
    assert "4712" not in trace
    with player_of(trace) as player:
        assert increment(player, 1) == ((0, 0),)


def test_payloads_are_warned_of(tmp_path: Path) -> None:
    with (
        pytest.warns(TracePayloadWarning, match="keep it as safe"),
        TraceRecorder(fake.Kernel(), tmp_path / "trace", payloads=True),
    ):
        pass
    assert lines_of((tmp_path / "trace").read_text())[0]["payloads"] is True


def test_a_trace_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    with TraceRecorder(fake.Kernel(), path) as recorder:
        increment(recorder)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with TracePlayer(str(path)) as player:
        increment(player)


def test_a_trace_is_complete_up_to_where_its_program_died(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    with TraceRecorder(fake.Kernel(), path) as recorder, tee.Context(backend=recorder):
        assert calls_of(path.read_text()) == ["OPEN", "VERSION"]


def test_what_comes_after_the_recording_is_passed_on(tmp_path: Path) -> None:
    recorder = TraceRecorder(fake.Kernel(), tmp_path / "trace")
    with tee.Context(backend=recorder) as context:
        recorder.close_trace()
        recorder.close_trace()
        with context.open_session(HelloWorld.uuid) as session:
            assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)
    assert calls_of((tmp_path / "trace").read_text()) == ["OPEN", "VERSION"]


@pytest.mark.parametrize("fails_from", [2, 3, 5])
def test_a_trace_that_can_not_be_written_does_not_disturb_the_program(fails_from: int) -> None:
    class Full(io.StringIO):
        written = 0

        def write(self, text: str) -> int:
            self.written += 1
            if self.written >= fails_from:
                raise OSError(errno.ENOSPC, "no space")
            return super().write(text)

    kernel = fake.Kernel()
    recorder = TraceRecorder(kernel, Full())
    assert increment(recorder) == ((43, 0),)
    kernel.assert_no_leaks()
    with pytest.raises(OSError, match="no space"):
        recorder.close_trace()


@pytest.mark.parametrize("is_open_before", [True, False])
def test_a_trace_whose_file_is_closed_does_not_disturb_the_program(is_open_before: bool) -> None:
    kernel, file = fake.Kernel(), io.StringIO()
    recorder = TraceRecorder(kernel, file)
    if is_open_before:
        with (
            tee.Context(backend=recorder) as context,
            context.open_session(HelloWorld.uuid) as session,
        ):
            file.close()
            assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)
    else:
        file.close()
        assert increment(recorder) == ((43, 0),)
    kernel.assert_no_leaks()
    with pytest.raises(ValueError, match="closed file"):
        recorder.close_trace()


def test_an_error_of_the_program_is_not_hidden_by_a_file_that_it_closed() -> None:
    def fail(file: io.StringIO) -> None:
        with TraceRecorder(fake.Kernel(), file) as recorder:
            file.close()
            increment(recorder)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail(io.StringIO())


@pytest.mark.timeout(LIMIT)
def test_a_session_that_is_forgotten_while_a_line_is_written_is_closed() -> None:
    forgotten: list[tee.Session] = []

    class Forgetting(io.StringIO):
        def write(self, text: str) -> int:
            forgotten.clear()
            return super().write(text)

    kernel, file = fake.Kernel(), Forgetting()
    with (
        TraceRecorder(kernel, file) as recorder,
        tee.Context(backend=recorder) as context,
        context.open_session(HelloWorld.uuid) as session,
    ):
        forgotten.append(context.open_session(HelloWorld.uuid))
        with pytest.warns(ResourceWarning, match="unclosed <Session"):
            session.invoke_command(0, tee.ValueInOut(1))
        assert kernel.resources().sessions == 1
    assert calls_of(file.getvalue())[-5:] == [
        "OPEN_SESSION",
        "CLOSE_SESSION",
        "INVOKE",
        "CLOSE_SESSION",
        "CLOSE",
    ]


def test_a_full_device_is_no_place_for_a_trace() -> None:
    with pytest.raises(OSError, match="No space left"):
        TraceRecorder(fake.Kernel(), "/dev/full").close_trace()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_a_forked_child_is_not_in_the_trace(tmp_path: Path) -> None:
    with TraceRecorder(fake.Kernel(), tmp_path / "trace") as recorder:
        pid = os.fork()
        if not pid:
            status = 1
            try:
                increment(recorder)
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0
    assert calls_of((tmp_path / "trace").read_text()) == []


def test_errors_are_replayed() -> None:
    kernel = fake.Kernel()
    kernel.forbid("/dev/tee0")

    def refused_at_the_door(kernel: Kernel) -> None:
        with pytest.raises(tee.DeviceAccessError) as caught:
            tee.Context("/dev/tee0", backend=kernel)
        assert caught.value.errno == errno.EACCES

    with player_of(recorded(refused_at_the_door, kernel)) as player:
        refused_at_the_door(player)

    def refused_inside(kernel: Kernel) -> None:
        with RawDevice(kernel) as device:
            assert refused(device.raw_ioctl, uapi.TEE_IOC_INVOKE, 0) == errno.EFAULT
            assert refused(device.raw_ioctl, 0x8010A40B, 0) == errno.EINVAL
            assert refused(device.close_session, 77) == errno.EINVAL
            assert refused(device.call, uapi.TEE_IOC_INVOKE, bytes(24), 2**50) == errno.EINVAL
            page = bytearray(8192)
            assert refused(device.register, address_of(page), 0) == errno.ENOMEM

    trace = recorded(refused_inside)
    assert '"errno": "EFAULT"' in trace
    with player_of(trace) as player:
        refused_inside(player)


def test_errors_without_a_name_are_replayed() -> None:
    def program(kernel: Kernel) -> None:
        with RawDevice(kernel) as device:
            assert refused(device.register, address_of(bytearray(10)), 10) == uapi.ENOTSUPP

    trace = recorded(program, fake.Kernel("amdtee"))
    with player_of(trace) as player:
        program(player)


def test_results_of_the_application_are_replayed_with_outputs() -> None:
    def program(kernel: Kernel) -> tuple[object, ...]:
        with (
            tee.Context(backend=kernel) as context,
            context.open_session(Conformance.uuid) as session,
        ):
            with pytest.raises(tee.TargetDeadError):
                session.invoke_command(Command.PANIC)
            with pytest.raises(tee.TeecError) as caught:
                session.invoke_command(0x1234, tee.ValueInOut(7))
            return caught.value.code, caught.value.origin, caught.value.outputs

    results: list[object] = []
    trace = recorded(lambda kernel: results.append(program(kernel)))
    with player_of(trace) as player:
        assert [program(player)] == results


def twice(kernel: Kernel) -> None:
    increment(kernel)
    increment(kernel)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (partial(increment, value=43), r"line 5: INVOKE differs: params\[0\]\.a was 42, .*43"),
        (partial(increment, times=2), r"line 6: expected CLOSE_SESSION\(file=1, session"),
        (partial(tee.Context, "/dev/tee1"), r"line 2: OPEN differs: path was /dev/tee0"),
        (fill, r"line 4: OPEN_SESSION differs: uuid was hello_world"),
        (twice, r"has ended, but then came OPEN"),
    ],
)
def test_a_program_that_does_something_else_is_told_where(
    other: Callable[..., object], said: str
) -> None:
    player = player_of(recorded(increment))
    with pytest.raises(TraceMismatchError, match=said):
        other(**{"backend" if isinstance(other, partial) and other.args else "kernel": player})
    # And again, but for what gives back.
    with pytest.raises(TraceMismatchError, match=said):
        tee.Context(backend=player)


def test_a_program_that_does_less_is_told_so() -> None:
    trace = recorded(lambda kernel: increment(kernel, times=2))
    with pytest.raises(TraceMismatchError, match=r"line 6: INVOKE differs|line 6: expected INVOKE"):
        increment(player_of(trace))
    player = player_of(recorded(increment))
    context = tee.Context(backend=player)
    with pytest.raises(TraceMismatchError, match=r"line 4: the program ended before OPEN_SESSION"):
        player.assert_finished()
    with pytest.raises(TraceMismatchError, match="expected OPEN_SESSION"):
        context.close()


def test_an_error_of_the_program_is_not_hidden_by_what_it_left_out() -> None:
    with pytest.raises(ZeroDivisionError), player_of(recorded(increment)):
        _ = 1 // 0


def test_other_contents_of_inputs_are_noticed_if_wanted() -> None:
    trace = recorded(fill, payloads=True)
    with pytest.raises(TraceMismatchError, match=r"params\[0\]\.data differs$"):
        fill(player_of(trace), SECRET[::-1])
    with player_of(trace, check_payloads=False) as player:
        fill(player, SECRET[::-1])
    with player_of(recorded(fill)) as player:
        fill(player, SECRET[::-1])


def test_what_a_context_closes_may_be_closed_in_any_order() -> None:
    def program(kernel: Kernel, last: int) -> None:
        with tee.Context(backend=kernel) as context:
            sessions = [context.open_session(HelloWorld.uuid) for _ in range(3)]
            blocks = [context.allocate_shared_memory(10) for _ in range(3)]
            sessions[last].close()
            blocks[last].close()
            del sessions[last], blocks[last]
            while sessions:
                sessions.pop().close()

    trace = recorded(lambda kernel: program(kernel, 2))
    for last in range(3):
        with player_of(trace) as player:
            program(player, last)


def test_two_devices_and_their_memory_are_kept_apart() -> None:
    def program(kernel: Kernel) -> list[bytes]:
        with tee.Context(backend=kernel) as one, tee.Context(backend=kernel) as other:
            found = []
            for context in (one, other):
                with (
                    context.open_session(Conformance.uuid) as session,
                    context.allocate_shared_memory(3) as block,
                ):
                    session.invoke_command(Command.MEMREF_FILL, None, block)
                    found.append(bytes(block))
            return found

    results: list[object] = []
    trace = recorded(lambda kernel: results.append(program(kernel)), payloads=True)
    with player_of(trace) as player:
        assert [program(player)] == results


def in_threads(kernel: Kernel) -> list[object]:
    """Several threads invoke commands, each its own."""
    results: list[object] = [None] * 4

    def invoke(number: int) -> None:
        outputs = [session.invoke_command(0, tee.ValueInOut(10 * number + i)) for i in range(5)]
        results[number] = outputs

    with tee.Context(backend=kernel) as context, context.open_session(HelloWorld.uuid) as session:
        threads = [threading.Thread(target=invoke, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
    return results


def test_threads_are_replayed() -> None:
    for _ in range(5):
        results: list[object] = []
        trace = recorded(lambda kernel: results.append(in_threads(kernel)))  # noqa: B023
        with player_of(trace, patience=LIMIT) as player:
            assert [in_threads(player)] == results


def cancelled(kernel: Kernel, started: Callable[[], object]) -> None:
    """A command is held until it was cancelled."""
    operation = tee.Operation()
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(Conformance.uuid) as session,
        ThreadPoolExecutor(1) as pool,
    ):
        call = pool.submit(session.invoke_command, Command.VALUES, operation=operation)
        wait_until(lambda: operation.state is not tee.OperationState.IDLE)
        started()
        operation.request_cancellation()
        call.result(LIMIT)


def test_a_call_that_waited_to_be_cancelled_waits_again() -> None:
    gate = Gate(LIMIT)
    plan = Plan(
        [
            Fault(SystemCall.INVOKE, Hold(gate)),
            Fault(SystemCall.CANCEL, Hold(gate, after=False)),
        ]
    )
    kernel = FaultyKernel(fake.Kernel(), plan)

    def release() -> None:
        gate.wait_until_reached(2)
        gate.release()

    threading.Thread(target=release).start()
    trace = recorded(lambda kernel: cancelled(kernel, gate.wait_until_reached), kernel)
    assert calls_of(trace).count("CANCEL") == 1
    for _ in range(5):
        with player_of(trace, patience=LIMIT) as player:
            cancelled(player, lambda: None)


def test_a_call_that_was_given_up_is_given_up_again() -> None:
    def given_up(kernel: Kernel) -> None:
        with (
            tee.Context(backend=kernel) as context,
            context.open_session(Conformance.uuid) as session,
        ):
            with pytest.raises(tee.DeadlineError) as caught:
                session.invoke_command(Command.WAIT, (200, 0), timeout=0.01, grace=0.01)
            assert caught.value.still_running
            wait_until(lambda: not session.is_busy)

    trace = recorded(given_up, fake.Kernel())
    assert calls_of(trace).count("CANCEL") == 1
    (late,) = re.findall(r'"late": ([0-9.]+)', trace)
    assert 0 < float(late) < 10
    with player_of(trace, patience=LIMIT) as player:
        given_up(player)


def test_a_call_does_not_wait_for_ever_to_be_cancelled() -> None:
    gate = Gate(LIMIT)
    plan = Plan(
        [
            Fault(SystemCall.INVOKE, Hold(gate)),
            Fault(SystemCall.CANCEL, Hold(gate, after=False)),
        ]
    )
    kernel = FaultyKernel(fake.Kernel(), plan)

    def release() -> None:
        gate.wait_until_reached(2)
        gate.release()

    threading.Thread(target=release).start()
    trace = recorded(lambda kernel: cancelled(kernel, gate.wait_until_reached), kernel)

    def alone(kernel: Kernel) -> None:
        with tee.Context(backend=kernel) as context:
            session = context.open_session(Conformance.uuid)
            with pytest.raises(TraceMismatchError, match=r"a CANCEL .* within 0\.01 seconds"):
                session.invoke_command(Command.VALUES)
            session.close()

    alone(player_of(trace, patience=0.01))


def supply(kernel: Kernel) -> tuple[int, list[tuple[int, ...]]]:
    """Do what a supplicant does, with a kernel that has one request for it."""
    with RawDevice(kernel, "/dev/teepriv0") as device:
        header = bytes(4) + (2).to_bytes(4, "little")
        params = [(uapi.META, 0, 0, 0), (0, 0, 0, 0)]
        packed = b"".join(uapi.PARAM.pack(*param) for param in params)
        _, _, size = device.allocate(100)
        assert size
        done = device.call(uapi.TEE_IOC_SUPPL_RECV, header + packed)
        function = int.from_bytes(done[:4], "little")
        received = list(uapi.PARAM.iter_unpack(done[8:]))
        answer = bytes(4) + (2).to_bytes(4, "little")
        device.call(
            uapi.TEE_IOC_SUPPL_SEND,
            answer + b"".join(uapi.PARAM.pack(*param) for param in received),
        )
        return function, received


class OneRequest(FaultyKernel):
    """Answers SUPPL_RECV and SUPPL_SEND, as a kernel with one request for its supplicant."""

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        if SystemCall.of_request(request) is SystemCall.SUPPL_RECV:
            base, _ = uapi.BUF_DATA.unpack(copy_from_user(argument, uapi.BUF_DATA.size))
            params = [(0x103, 9, 0, 0), (5, 0, 10, 1)]
            packed = b"".join(uapi.PARAM.pack(*param) for param in params)
            copy_to_user(base, (6).to_bytes(4, "little") + (2).to_bytes(4, "little") + packed)
            return 0
        if SystemCall.of_request(request) is SystemCall.SUPPL_SEND:
            return 0
        return super().ioctl(fd, request, argument)


def test_what_a_supplicant_is_asked_for_is_replayed() -> None:
    results: list[object] = []
    kernel = OneRequest(fake.Kernel())
    trace = recorded(lambda kernel: results.append(supply(kernel)), kernel)
    with player_of(trace) as player:
        assert [supply(player)] == results
    assert results == [(6, [(0x103, 9, 0, 0), (5, 0, 10, 1)])]


def test_a_request_that_the_supplicant_has_no_room_for_is_not_written() -> None:
    trace = lines_of(recorded(supply, OneRequest(fake.Kernel()), payloads=True))
    for line in trace:
        if line.get("call") == "SUPPL_RECV":
            line["out"]["params"] = [{"attr": "VALUE_INPUT", "a": 7}] * 100
    player = player_of("\n".join(map(json.dumps, trace)))
    device = RawDevice(player, "/dev/teepriv0")
    block, _, _ = device.allocate(100)
    room = bytes(4) + (2).to_bytes(4, "little") + uapi.PARAM.pack(uapi.META, 0, 0, 0)
    memory = bytearray(room + bytes(32) + b"\x55" * 4000)
    data = bytearray(uapi.BUF_DATA.pack(address_of(memory), 72))
    with pytest.raises(TraceFormatError):
        player.ioctl(device.fd, uapi.TEE_IOC_SUPPL_RECV, address_of(data))
    assert memory[72:] == b"\x55" * 4000
    for fd in (block, device.fd):
        with contextlib.suppress(TraceMismatchError):
            player.close(fd)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("PK\x03\x04", "line 1: not a line of a trace"),
        ("[]\n", "no JSON object"),
        ('{"a": 1}\n', "not the header"),
        ('{"format": "pytee_client trace", "version": 2}\n', "of version 2"),
        ('{"format": "pytee_client trace", "version": 1}\n{"call": "FLY"}\n', "line 2: not a call"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(text: str, said: str) -> None:
    with pytest.raises(TraceFormatError, match=said):
        player_of(text)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TraceFormatError, match="not text"):
        TracePlayer(path)
    with pytest.raises(FileNotFoundError):
        TracePlayer(tmp_path / "nothing")


@pytest.mark.parametrize("key", ["out", "in", "thread", "began", "ended", "call"])
@pytest.mark.parametrize("value", [None, 7, "x", {}, [], {"file": "x"}, {"params": [1]}, 2**70])
def test_a_trace_that_makes_no_sense_does_no_harm(key: str, value: object) -> None:
    trace = lines_of(recorded(fill, payloads=True))
    for changed in range(1, len(trace)):
        text = "\n".join(
            json.dumps(line if number != changed else {**line, key: value})
            for number, line in enumerate(trace)
        )
        harmless = (TraceFormatError, TraceMismatchError, tee.TeecError)
        with contextlib.suppress(*harmless):
            fill(player_of(text, patience=0.01))


def test_the_layouts_are_those_of_the_interface() -> None:
    for call, layout in LAYOUTS.items():
        size = layout.structure.size
        assert size == (call.header_size or uapi.size_of_argument(call.value)), call
        assert layout.inputs | layout.outputs <= uapi.fields_of(layout.structure).keys()


def test_parameters_have_the_names_of_the_interface() -> None:
    for member in uapi.ParamType:
        assert attr_name(member) == member.name
        for attr in (member, member | uapi.META):
            assert attr_of(attr_name(attr)) == attr
        assert TYPES[member].is_memref == member.is_memref
        assert TYPES[member].is_buffer == member.is_buffer
        if member and not member.is_object:
            assert (TYPES[member].reads, TYPES[member].writes) == (
                member.is_input,
                member.is_output,
            )
    assert attr_of(attr_name(0x205)) == 0x205


def test_blocks_of_one_id_are_told_apart_by_their_threads(pool: ThreadPoolExecutor) -> None:
    blocks = Blocks()
    blocks.add(1, 7, 2, 100, 0x1000)
    pool.submit(blocks.add, 1, 7, 3, 100, 0x2000).result(LIMIT)
    assert blocks.find(1, 7, 10, 90) == 0x100A
    assert pool.submit(blocks.find, 1, 7, 10, 90).result(LIMIT) == 0x200A
    blocks.close(2)
    assert blocks.find(1, 7, 0, 1) == 0x2000
    blocks.close(3)
    assert blocks.find(1, 7, 0, 1) is None


def test_a_block_is_where_it_is_mapped_as_long_as_it_is() -> None:
    blocks = Blocks()
    blocks.add(1, 7, 2, 4096, None)
    assert blocks.find(1, 7, 0, 1) is None
    blocks.map(2, 0x1000, 50)
    blocks.map(2, 0x2000, 4096)
    blocks.close(2)
    assert blocks.find(1, 7 | 1 << 32, 0, 50) == 0x1000
    assert blocks.find(1, 7, 0, 51) == 0x2000
    assert blocks.find(1, 7, 0, 4097) is None
    assert blocks.find(2, 7, 0, 1) is None
    blocks.unmap(0x2000)
    assert blocks.find(1, 7, 0, 51) is None
    blocks.unmap(0x1000)
    assert blocks.find(1, 7, 0, 1) is None
