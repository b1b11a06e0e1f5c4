# SPDX-License-Identifier: BSD-2-Clause
"""Memory that lies in a block: it is sent as part of the block, whatever shows it."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ..support.conformance import Command, filled, xored
from ..support.observed_kernel import ObservedKernel
from ..support.outputs import output_as
from ..support.waiting import LIMIT

if TYPE_CHECKING:
    from ..support.targets import Target

Flags = tee.MemoryFlags
Place = tuple[int, int, int]


class Device:
    """A session on a device that says what reached it."""

    def __init__(self, kernel: ObservedKernel, session: tee.Session) -> None:
        self.kernel = kernel
        self.session = session
        self.context = session.context

    def places(self, *parameters: Any) -> list[Place]:
        """Return the offset, size and memory of each memref that a command has."""
        self.kernel.calls.clear()
        self.session.invoke_command(Command.NOTHING, *parameters)
        return self.sent()

    def sent(self) -> list[Place]:
        (request,) = (call for call in self.kernel.ioctls if call.request == uapi.TEE_IOC_INVOKE)
        return [(a, b, c) for attr, a, b, c in request.params if attr >= 5]


@pytest.fixture
def device(target: Target) -> Iterator[Device]:
    kernel = ObservedKernel(target)
    with (
        tee.Context(target.device, backend=kernel) as context,
        context.open_session(target.CONFORMANCE) as session,
    ):
        yield Device(kernel, session)


@pytest.fixture
def block(device: Device) -> Iterator[tee.AllocatedSharedMemory]:
    with device.context.allocate_shared_memory(5000) as block:
        yield block


def only_view(outputs: tuple[object, ...]) -> memoryview:
    (output,) = outputs
    return output_as(memoryview, output)


def overlay(memory: Any, start: int, end: int) -> Any:
    """Return numbers that lie in a buffer."""
    return (ctypes.c_ubyte * (end - start)).from_buffer(memory, start)


SHOWN: dict[str, Callable[[Any, int, int], Any]] = {
    "slice": lambda memory, start, end: memoryview(memory)[start:end],
    "cast slice": lambda memory, start, end: memoryview(memory)[start:end].cast("H"),
    "slice of a cast": lambda memory, start, end: memoryview(memory).cast("I")[
        start // 4 : end // 4
    ],
    "rows": lambda memory, start, end: memoryview(memory)[start:end].cast("B", (2, 32)),
    "overlay": overlay,
    "memoryview of an overlay": lambda memory, start, end: memoryview(overlay(memory, start, end)),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_what_lies_in_an_allocated_block_is_part_of_it(
    device: Device, block: tee.AllocatedSharedMemory, show: Callable[[Any, int, int], Any]
) -> None:
    part = show(block, 64, 128)
    inout, out = tee.MemrefTempInOut(part), tee.MemrefTempOutput(part)
    expected = device.places(tee.MemrefPartialInput(block, 64, 64))
    assert expected[0][:2] == (64, 64)
    for parameter in (part, tee.MemrefTempInput(part), inout, out):
        assert device.places(parameter) == expected
    assert device.places((1, 2), part, inout, out) == expected * 3

    block[:] = bytes(5000)
    (output,) = device.session.invoke_command(Command.MEMREF_XOR, inout)
    assert bytes(output_as(memoryview, output)) == xored(0, bytes(64)) == block[64:128]
    (output,) = device.session.invoke_command(Command.MEMREF_FILL, out)
    assert bytes(output_as(memoryview, output)) == filled(0, 64) == bytes(part)
    assert block[:64] == bytes(64)
    assert block[128:] == bytes(5000 - 128)


def test_the_block_as_a_buffer_is_all_of_it(
    device: Device, block: tee.AllocatedSharedMemory
) -> None:
    whole = device.places(block)
    for parameter in (
        memoryview(block),
        tee.MemrefTempInput(block),
        tee.MemrefTempInOut(block),
        tee.MemrefTempOutput(block),
    ):
        assert device.places(parameter) == whole


def test_what_lies_in_a_registered_buffer_is_part_of_it(device: Device) -> None:
    frame = bytearray(5000)
    with device.context.register_shared_memory(frame) as block:
        whole = device.places(block)
        part = device.places(tee.MemrefPartialInput(block, 64, 64))
        for parameter in (frame, tee.MemrefTempInOut(frame), tee.MemrefTempOutput(frame)):
            assert device.places(parameter) == whole
            assert device.places((1, 2), parameter) == whole
        for show in SHOWN.values():
            assert device.places(show(frame, 64, 128)) == part
        prepared = device.session.prepare(Command.NOTHING, tee.MemrefTempInOut)
        device.kernel.calls.clear()
        prepared(frame)
        assert device.sent() == whole
    run: Callable[[], tuple[object, ...]]
    inout = tee.MemrefTempInOut(frame)
    for is_prepared in (False, True):
        with device.context.register_shared_memory(frame):
            frame[:] = bytes(5000)
            if is_prepared:
                run = device.session.prepare(Command.MEMREF_XOR, inout)
            else:
                run = partial(device.session.invoke_command, Command.MEMREF_XOR, inout)
            with only_view(run()) as view:
                assert view == frame == xored(0, bytes(5000))
        # Now it is plain memory.
        with only_view(run()) as view:
            assert view == frame == bytes(5000)


def test_what_is_only_in_part_in_a_block_is_copied(device: Device, target: Target) -> None:
    frame = bytearray(5000)
    with (
        memoryview(frame)[100:200] as middle,
        device.context.register_shared_memory(middle) as block,
    ):
        number = device.places(block)[0][2]
        for start, end in ((99, 200), (100, 201), (0, 100), (200, 300), (0, 5000), (150, 250)):
            with memoryview(frame)[start:end] as part:
                part[:] = bytes(end - start)
                ((_, size, found),) = device.places(part)
                assert size == end - start
                assert found != number or not target.reg_mem
                (output,) = device.session.invoke_command(
                    Command.MEMREF_XOR, tee.MemrefTempInOut(part)
                )
                with output_as(memoryview, output) as view:
                    assert view == part == xored(0, bytes(end - start))
        for start, end in ((100, 200), (100, 101), (199, 200), (120, 130)):
            with memoryview(frame)[start:end] as part:
                expected = device.places(tee.MemrefPartialInput(block, start - 100, end - start))
                assert device.places(part) == expected


def test_the_block_with_the_direction_is_taken(device: Device) -> None:
    frame = bytearray(300)
    with (
        device.context.register_shared_memory(frame) as both,
        memoryview(frame)[100:200] as middle,
        device.context.register_shared_memory(middle, Flags.INPUT) as readable,
        memoryview(frame)[110:120] as part,
    ):
        found = device.places(part)
        assert found in (
            device.places(tee.MemrefPartialInput(both, 110, 10)),
            device.places(tee.MemrefPartialInput(readable, 10, 10)),
        )
        expected = device.places(tee.MemrefPartialInOut(both, 110, 10))
        assert device.places(tee.MemrefTempInOut(part)) == expected
        assert device.places(tee.MemrefTempOutput(part)) == expected


def test_what_must_not_be_used_as_part_is_copied(device: Device, target: Target) -> None:
    with (
        target.open_context() as other,
        other.allocate_shared_memory(100) as foreign,
        device.context.allocate_shared_memory(100, Flags.INPUT) as readable,
        device.context.allocate_shared_memory(100, Flags.OUTPUT) as writable,
    ):
        numbers = [device.places(block)[0][2] for block in (readable, writable)]
        for block, kind in (
            (foreign, tee.MemrefTempInOut),
            (readable, tee.MemrefTempOutput),
            (readable, tee.MemrefTempInOut),
            (writable, tee.MemrefTempInput),
            (writable, tee.MemrefTempInOut),
        ):
            part: Any = overlay(block, 10, 20)
            assert device.places(kind(part))[0][2] not in numbers
            if kind is tee.MemrefTempInput:
                continue
            part[:] = bytes(10)
            command = Command.MEMREF_XOR if kind is tee.MemrefTempInOut else Command.MEMREF_FILL
            (output,) = device.session.invoke_command(command, kind(part))
            assert bytes(output_as(memoryview, output)) == bytes(part) == block[10:20]
            assert bytes(part) in (xored(0, bytes(10)), filled(0, 10))
            del part, output


def test_a_prepared_command_finds_the_block_each_time(device: Device) -> None:
    frame = bytearray(256)
    overlaid = overlay(frame, 64, 128)
    parameters: tuple[Any, ...] = (
        frame,
        overlaid,
        tee.MemrefTempInOut(frame),
        tee.MemrefTempInOut(overlaid),
    )
    for parameter in parameters:
        with device.context.register_shared_memory(frame):
            prepared = device.session.prepare(Command.NOTHING, parameter)
            expected = device.places(parameter)
            for _ in range(2):
                device.kernel.calls.clear()
                prepared()
                assert device.sent() == expected
        device.kernel.calls.clear()
        prepared()
        assert [size for _, size, _ in device.sent()] == [size for _, size, _ in expected]


def test_a_prepared_command_outlives_a_block_that_came_later(device: Device) -> None:
    frame = bytearray(256)
    prepared = device.session.prepare(Command.MEMREF_XOR, tee.MemrefTempInOut(frame))
    barrier = threading.Barrier(4)

    def run() -> None:
        barrier.wait(LIMIT)
        for _ in range(20):
            prepared()

    with device.context.register_shared_memory(frame):
        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        barrier.wait(LIMIT)
        for thread in threads:
            thread.join(LIMIT)
    for _ in range(3):
        (output,) = prepared()
        assert output_as(memoryview, output) == frame


class Closing:
    """A size that closes a block when it is asked for."""

    def __init__(self, block: tee.SharedMemory) -> None:
        self.block = block

    def __index__(self) -> int:
        self.block.close()
        return 4


@pytest.mark.parametrize("is_registered", [False, True])
@pytest.mark.parametrize("way", ["plain", "operation", "prepared", "opening"])
def test_a_block_that_closes_before_the_call_begins_is_copied(
    device: Device, is_registered: bool, way: str
) -> None:
    frame = bytearray(range(64))
    block: tee.SharedMemory
    if is_registered:
        block = device.context.register_shared_memory(frame)
        part: Any = frame
    else:
        block = allocated = device.context.allocate_shared_memory(64)
        allocated[:] = frame
        part = overlay(allocated, 0, 64)
    closing: Any = Closing(block)
    parameters = (tee.MemrefTempInOut(part), tee.MemrefTempOutput(closing))
    session = device.session
    if way == "opening":
        with device.context.open_session(session.destination, *parameters):
            pass
    elif way == "prepared":
        prepared = session.prepare(Command.MEMREF_XOR, parameters[0], tee.MemrefTempOutput)
        prepared(closing)
    else:
        operation = tee.Operation() if way == "operation" else None
        session.invoke_command(Command.MEMREF_XOR, *parameters, operation=operation)
    assert block.closed
    assert bytes(part) == bytes(frame if way == "opening" else xored(0, bytes(range(64))))


def test_a_block_that_closes_meanwhile_disturbs_no_call(device: Device) -> None:
    frame = bytearray(4096)
    stop = threading.Event()
    failures: list[BaseException] = []

    def register() -> None:
        try:
            while not stop.is_set():
                device.context.register_shared_memory(frame).close()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=register)
    thread.start()
    try:
        for _ in range(100):
            frame[:] = bytes(4096)
            (output,) = device.session.invoke_command(
                Command.MEMREF_XOR, tee.MemrefTempInOut(overlay(frame, 0, 64))
            )
            assert bytes(output_as(memoryview, output)) == xored(0, bytes(64)) == frame[:64]
            del output
    finally:
        stop.set()
        thread.join(LIMIT)
    assert not failures


def test_a_closed_block_is_no_buffer(device: Device) -> None:
    block = device.context.allocate_shared_memory(64)
    block.close()
    for kind in (tee.MemrefTempInput, tee.MemrefTempOutput, tee.MemrefTempInOut):
        with pytest.raises(tee.ClosedSharedMemoryError):
            device.session.invoke_command(Command.NOTHING, kind(block))
    with pytest.raises(tee.ClosedSharedMemoryError):
        device.context.register_shared_memory(block)


def test_an_array_outlives_its_block(device: Device) -> None:
    block = device.context.allocate_shared_memory(64)
    part = overlay(block, 16, 32)
    prepared = device.session.prepare(Command.MEMREF_XOR, tee.MemrefTempInOut(part))
    block.close()
    for run in (
        prepared,
        partial(device.session.invoke_command, Command.MEMREF_XOR, tee.MemrefTempInOut(part)),
    ):
        part[:] = bytes(16)
        run()
        assert bytes(part) == xored(0, bytes(16))


@pytest.mark.parametrize(("size", "offset"), [(0, 0), (10, 10), (10, 5)])
def test_an_empty_output_beside_an_input_in_one_block_can_be_written(
    device: Device, size: int, offset: int
) -> None:
    with device.context.allocate_shared_memory(64) as block:
        value, output = device.session.invoke_command(
            Command.MEMREF_FILL,
            tee.MemrefPartialInput(block, 0, size),
            tee.ValueOutput(),
            tee.MemrefPartialInOut(block, offset, 0),
        )
        assert (value, output) == ((0, 0), b"")
        assert bytes(memoryview(block)) == bytes(64)
