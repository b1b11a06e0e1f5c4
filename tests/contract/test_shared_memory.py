# SPDX-License-Identifier: BSD-2-Clause
"""Allocated and registered blocks, whole and in parts."""

from __future__ import annotations

import errno
import gc
import mmap
import os
from typing import TYPE_CHECKING, Protocol

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ..support.conformance import Command, checksum, filled, xored
from ..support.descriptor_kernel import DescriptorKernel
from ..support.linux_kernel import LinuxKernel
from ..support.observed_kernel import ObservedKernel
from ..support.outputs import output_as
from ..support.targets import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Flags = tee.MemoryFlags
REG_MEM = tee.GenericCapabilities.REG_MEM


def pattern(size: int) -> bytes:
    return bytes(i * 7 % 251 for i in range(size))


class MakeBlock(Protocol):
    def __call__(
        self, content: bytes, flags: Flags = Flags.INOUT
    ) -> tuple[tee.SharedMemory, memoryview]: ...


@pytest.fixture(params=["allocated", "registered"])
def make_block(request: pytest.FixtureRequest, context: tee.Context) -> Iterator[MakeBlock]:
    """Make a block of some content, of either kind, and return it with its bytes."""
    blocks = []

    def make(content: bytes, flags: Flags = Flags.INOUT) -> tuple[tee.SharedMemory, memoryview]:
        if request.param == "allocated":
            block: tee.SharedMemory = context.allocate_shared_memory(len(content), flags)
            view = memoryview(block)  # type: ignore[arg-type]
        else:
            block = context.register_shared_memory(buffer := bytearray(content), flags)
            view = memoryview(buffer)
        view[:] = content
        blocks.append((block, view))
        return block, view

    yield make
    for block, view in blocks:
        view.release()
        block.close()


@pytest.mark.parametrize(("slot", "size"), [(0, 1), (1, 4095), (2, 4096), (3, 5000), (0, 65536)])
def test_a_whole_block_is_changed_in_place(
    session: tee.Session, make_block: MakeBlock, slot: int, size: int
) -> None:
    block, view = make_block(pattern(size))
    parameters = [None] * slot + [block]
    (output,) = session.invoke_command(Command.MEMREF_XOR, *parameters)
    output = output_as(memoryview, output)
    assert xored(slot, pattern(size)) == bytes(view) == bytes(output)
    output.release()


@pytest.mark.assertion("MR-11")
def test_a_whole_block_has_the_directions_of_its_flags(
    session: tee.Session, make_block: MakeBlock
) -> None:
    block, view = make_block(pattern(100), Flags.INPUT)
    outputs = session.invoke_command(
        Command.MEMREF_CHECKSUM, tee.MemrefWhole(block), tee.ValueOutput()
    )
    assert (checksum(pattern(100)),) == outputs
    block, view = make_block(pattern(100), Flags.OUTPUT)
    (output,) = session.invoke_command(Command.MEMREF_FILL, tee.MemrefWhole(block))
    assert filled(0, 100) == view == output
    output.release()


@pytest.mark.assertion("MR-17", "MR-19")
@pytest.mark.parametrize(("offset", "size"), [(0, 10), (1, 1), (17, 4096), (4096, 904), (5000, 0)])
def test_a_partial_memref_touches_its_part_only(
    session: tee.Session, make_block: MakeBlock, offset: int, size: int
) -> None:
    block, view = make_block(pattern(5000))
    expected = bytearray(pattern(5000))
    expected[offset : offset + size] = xored(1, pattern(5000)[offset : offset + size])
    (output,) = session.invoke_command(
        Command.MEMREF_XOR, None, tee.MemrefPartialInOut(block, offset, size)
    )
    assert expected == view
    output = output_as(memoryview, output)
    assert expected[offset : offset + size] == bytes(output)
    output.release()


def test_a_partial_memref_reaches_to_the_end_by_default(
    session: tee.Session, make_block: MakeBlock
) -> None:
    block, _ = make_block(pattern(5000))
    part = tee.MemrefPartialInput(block, 4000)
    outputs = session.invoke_command(Command.MEMREF_CHECKSUM, part, tee.ValueOutput())
    assert (checksum(pattern(5000)[4000:]),) == outputs


@pytest.mark.assertion("MR-18")
def test_a_partial_output_is_cut_to_the_size_set(
    session: tee.Session, make_block: MakeBlock
) -> None:
    block, _ = make_block(b"\xee" * 100)
    (output,) = session.invoke_command(
        Command.SET_SIZE, (0, 7), tee.MemrefPartialInOut(block, 10, 50)
    )
    output = output_as(memoryview, output)
    assert bytes(output) == b"\xee" * 7
    output.release()


def test_a_size_beyond_the_part_is_what_is_required(
    session: tee.Session, make_block: MakeBlock
) -> None:
    block, view = make_block(b"\xee" * 100)
    outputs = session.invoke_command(
        Command.SET_SIZE, (0, 51), tee.MemrefPartialOutput(block, 10, 50), tee.MemrefWhole(block)
    )
    assert outputs[0] == tee.RequiredSize(51)
    whole = output_as(memoryview, outputs[1])
    assert len(whole) == 51
    assert view == b"\xee" * 100
    whole.release()


@pytest.mark.assertion("MR-16")
@pytest.mark.parametrize(("offset", "size"), [(0, 101), (100, 1), (101, 0), (50, 51), (2**63, 1)])
def test_a_part_beyond_the_block_is_refused(
    session: tee.Session, make_block: MakeBlock, offset: int, size: int
) -> None:
    block, _ = make_block(bytes(100))
    with pytest.raises(tee.BadParametersError, match="beyond"):
        session.invoke_command(Command.MEMREF_XOR, tee.MemrefPartialInOut(block, offset, size))


@pytest.mark.assertion("MR-15", "IV-18")
@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        (Flags.INPUT, tee.MemrefPartialOutput),
        (Flags.INPUT, tee.MemrefPartialInOut),
        (Flags.OUTPUT, tee.MemrefPartialInput),
        (Flags.OUTPUT, tee.MemrefPartialInOut),
    ],
)
def test_a_direction_that_the_block_has_not_is_refused(
    session: tee.Session, make_block: MakeBlock, flags: Flags, kind: type[tee.MemrefPartialInput]
) -> None:
    block, _ = make_block(bytes(100), flags)
    with pytest.raises(tee.BadParametersError, match="direction") as caught:
        session.invoke_command(Command.NOTHING, kind(block))
    assert caught.value.origin == tee.Origin.API


@pytest.mark.parametrize(("start", "end"), [(0, 10), (64, 128), (4095, 4097), (4999, 5000)])
def test_a_slice_of_a_view_of_a_block_is_shared_as_that_part(
    context: tee.Context, session: tee.Session, start: int, end: int
) -> None:
    content = pattern(5000)
    with context.allocate_shared_memory(5000) as block, memoryview(block) as view:
        view[:] = content
        part = view[start:end]
        (seen,) = session.invoke_command(Command.MEMREF_CHECKSUM, part, tee.ValueOutput())
        assert seen == checksum(content[start:end])
        for kind in (tee.MemrefTempInOut, tee.MemrefTempOutput):
            view[:] = content
            command = Command.MEMREF_XOR if kind is tee.MemrefTempInOut else Command.MEMREF_FILL
            (output,) = session.invoke_command(command, kind(part))
            expected = (
                xored(0, content[start:end])
                if kind is tee.MemrefTempInOut
                else filled(0, end - start)
            )
            assert output == part == expected
            assert view[:start] == content[:start]
            assert view[end:] == content[end:]
            output.release()
        part.release()


def test_a_slice_of_a_block_needs_no_copy(target: Target) -> None:
    kernel = ObservedKernel(target)
    with (
        tee.Context(target.device, backend=kernel) as context,
        context.open_session(Target.CONFORMANCE) as session,
        context.allocate_shared_memory(5000) as block,
        memoryview(block) as view,
        view[64:128] as part,
    ):
        kernel.calls.clear()
        session.invoke_command(Command.NOTHING, part)
        (request,) = kernel.ioctls
        ((attr, offset, size, _),) = request.params
        assert (attr, offset, size) == (uapi.ParamType.MEMREF_INPUT, 64, 64)


def test_a_slice_that_must_not_be_used_so_is_copied(
    target: Target, context: tee.Context, session: tee.Session
) -> None:
    with (
        target.open_context() as other,
        other.allocate_shared_memory(100) as foreign,
        context.allocate_shared_memory(100, Flags.INPUT) as readable,
    ):
        for block in (foreign, readable):
            with memoryview(block)[10:20] as part:
                part[:] = bytes(range(10))
                (output,) = session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(part))
                assert output == part == xored(0, bytes(range(10)))
                output.release()


@pytest.mark.assertion("MR-21")
def test_parts_of_one_block_can_fill_all_slots(session: tee.Session, make_block: MakeBlock) -> None:
    block, view = make_block(pattern(4000))
    expected = b"".join(xored(slot, pattern(4000)[slot * 1000 :][:1000]) for slot in range(4))
    parts = [tee.MemrefPartialInOut(block, slot * 1000, 1000) for slot in range(4)]
    outputs = session.invoke_command(Command.MEMREF_XOR, *parts)
    assert expected == view
    for output in outputs:
        output_as(memoryview, output).release()


@pytest.mark.assertion("RS-11", "AS-09")
def test_a_block_serves_many_sessions_and_calls(
    context: tee.Context, make_block: MakeBlock
) -> None:
    block, view = make_block(pattern(100))
    for _ in range(2):
        with context.open_session(Target.CONFORMANCE) as session:
            for _ in range(3):
                part = tee.MemrefPartialInOut(block)
                (output,) = session.invoke_command(Command.MEMREF_XOR, part)
                output_as(memoryview, output).release()
    assert pattern(100) == view


@pytest.mark.assertion("IV-19")
def test_a_block_of_another_context_is_refused(
    target: Target, session: tee.Session, make_block: MakeBlock
) -> None:
    with target.open_context() as other:
        foreign = other.allocate_shared_memory(10)
        with pytest.raises(tee.BadParametersError, match="another context") as caught:
            session.invoke_command(Command.NOTHING, foreign)
        assert caught.value.origin == tee.Origin.API
        foreign.close()


@pytest.mark.assertion("MR-20", "RL-08")
def test_a_closed_block_is_refused(session: tee.Session, context: tee.Context) -> None:
    for block in (
        context.allocate_shared_memory(10),
        context.register_shared_memory(bytearray(10)),
    ):
        block.close()
        block.close()
        assert block.closed
        assert "closed" in repr(block)
        for use in (
            lambda block=block: session.invoke_command(Command.NOTHING, block),
            lambda block=block: session.invoke_command(
                Command.NOTHING, tee.MemrefPartialInput(block)
            ),
            lambda block=block: len(block),
            lambda block=block: block.__enter__(),
        ):
            with pytest.raises(tee.ClosedSharedMemoryError, match="allocate a new block"):
                use()


def test_an_error_is_not_hidden_by_the_memory_it_used(target: Target) -> None:
    buffer = bytearray(10)
    context = target.open_context()

    def panic() -> None:
        with (
            context,
            context.open_session(Target.CONFORMANCE) as session,
            context.allocate_shared_memory(64) as block,
            context.register_shared_memory(buffer) as registered,
        ):
            parameters = (block, registered, tee.MemrefTempInOut(buffer))
            session.invoke_command(Command.PANIC, *parameters)

    with pytest.raises(tee.TargetDeadError) as caught:
        panic()
    assert context.closed
    assert len(caught.value.outputs) == 3
    buffer.append(1)


def test_an_error_is_not_hidden_by_a_view_of_a_block(context: tee.Context) -> None:
    block = context.allocate_shared_memory(64)
    view = memoryview(block)

    def fail() -> None:
        with block:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert block.closed
    view.release()


def test_opening_with_a_block_does_not_keep_it(target: Target) -> None:
    with target.open_context() as context:
        block = context.allocate_shared_memory(64)
        with context.open_session(Target.CONFORMANCE, None, block) as session:
            assert len(session.outputs) == 1
    assert block.closed


def test_a_registered_buffer_can_not_be_resized_until_it_is_closed(context: tee.Context) -> None:
    buffer = bytearray(100)
    with context.register_shared_memory(buffer), pytest.raises(BufferError):
        buffer.append(1)
    buffer.append(1)


@pytest.mark.assertion("AS-01", "AS-08")
def test_allocated_memory_is_zeroed_and_writable(context: tee.Context) -> None:
    with context.allocate_shared_memory(10_000) as block:
        assert len(block) == 10_000
        assert block.flags == Flags.INOUT
        assert block.context is context
        with memoryview(block) as view:
            assert not view.readonly
            assert view.nbytes == 10_000
            assert bytes(10_000) == view
        block[5:8] = b"abc"
        assert block[4:9] == b"\0abc\0"


@pytest.mark.assertion("AS-02", "RS-02", "MR-13")
def test_an_empty_block_is_an_empty_memref_and_no_null_one(
    session: tee.Session, context: tee.Context
) -> None:
    with (
        context.allocate_shared_memory(0) as allocated,
        context.register_shared_memory(bytearray()) as registered,
    ):
        assert len(allocated) == len(registered) == 0
        mask, *_ = session.invoke_command(
            Command.MEMREF_LOOK, tee.ValueOutput(), allocated, registered
        )
        assert output_as(tee.Value, mask).a == 3 << 4 | 3 << 8


def test_the_byte_that_an_empty_block_shows_can_be_sent_as_any_other(
    session: tee.Session, context: tee.Context
) -> None:
    with context.allocate_shared_memory(0) as block, memoryview(block) as view:
        (output,) = session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(view))
        assert bytes(output) == bytes(view) == xored(0, b"\0")
        output_as(memoryview, output).release()


@pytest.mark.assertion("AS-06")
@pytest.mark.parametrize("size", [2**48, 2**62, 2**64 - 1])
def test_a_block_that_is_too_large_is_a_memory_error(context: tee.Context, size: int) -> None:
    with pytest.raises(tee.OutOfMemoryError) as caught:
        context.allocate_shared_memory(size)
    assert isinstance(caught.value, MemoryError)
    assert caught.value.errno == errno.ENOMEM
    assert caught.value.remedy
    assert "share less at a time" in caught.value.remedy


def test_a_size_that_is_none_is_refused(context: tee.Context) -> None:
    with pytest.raises(tee.ParameterRangeError, match="negative"):
        context.allocate_shared_memory(-1)
    with pytest.raises(tee.ParameterTypeError, match="int"):
        context.allocate_shared_memory("1")  # type: ignore[arg-type]


@pytest.mark.assertion("AS-05", "RS-03")
@pytest.mark.parametrize("flags", [0, 4, 7])
def test_unknown_directions_are_refused(context: tee.Context, flags: int) -> None:
    with pytest.raises(tee.BadParametersError, match="INPUT, OUTPUT or both"):
        context.allocate_shared_memory(10, flags)  # type: ignore[arg-type]
    with pytest.raises(tee.BadParametersError, match="INPUT, OUTPUT or both"):
        context.register_shared_memory(bytearray(1), flags)  # type: ignore[arg-type]


def test_immutable_bytes_can_be_registered_as_input_only(
    session: tee.Session, context: tee.Context
) -> None:
    data = pattern(5000)
    with context.register_shared_memory(data, Flags.INPUT) as block:
        outputs = session.invoke_command(Command.MEMREF_CHECKSUM, block, tee.ValueOutput())
    assert (checksum(data),) == outputs
    with pytest.raises(tee.ReadOnlyBufferError):
        context.register_shared_memory(data, Flags.INOUT)


def test_read_only_pages_can_be_registered_as_input(
    session: tee.Session, context: tee.Context
) -> None:
    with (
        mmap.mmap(-1, 8192, prot=mmap.PROT_READ) as pages,
        context.register_shared_memory(pages, Flags.INPUT) as block,
    ):
        outputs = session.invoke_command(Command.MEMREF_CHECKSUM, block, tee.ValueOutput())
    assert (checksum(bytes(8192)),) == outputs


def test_what_has_no_bytes_can_not_be_registered(context: tee.Context) -> None:
    with pytest.raises(tee.ParameterTypeError, match="bytes-like"):
        context.register_shared_memory(5)  # type: ignore[arg-type]
    with pytest.raises(tee.BadParametersError, match="contiguous"):
        context.register_shared_memory(memoryview(bytearray(10))[::2])


@pytest.mark.assertion("MR-22")
def test_the_same_buffer_can_be_registered_twice(
    session: tee.Session, context: tee.Context
) -> None:
    buffer = bytearray(pattern(100))
    with (
        context.register_shared_memory(buffer) as one,
        context.register_shared_memory(buffer) as two,
    ):
        session.invoke_command(Command.MEMREF_XOR, one)
        session.invoke_command(Command.MEMREF_XOR, two)
    assert pattern(100) == buffer


def test_a_block_can_not_be_resized(context: tee.Context) -> None:
    with context.allocate_shared_memory(10) as block, pytest.raises(tee.NotSupportedError):
        block.resize(20)


def test_a_forgotten_block_is_closed_with_a_warning(context: tee.Context) -> None:
    block = context.allocate_shared_memory(10)
    with pytest.warns(ResourceWarning, match="unclosed <AllocatedSharedMemory"):
        del block
        gc.collect()


@pytest.fixture
def heap() -> Iterator[int]:
    """Return a descriptor that names 10 000 bytes."""
    fd = os.memfd_create("heap")
    os.ftruncate(fd, 10_000)
    yield fd
    os.close(fd)


@pytest.fixture
def sharing_kernel(target: Target) -> DescriptorKernel:
    """Return the target's kernel, made able to share memory by descriptor."""
    assert target.backend != "fake"
    return DescriptorKernel(target.kernel or LinuxKernel())


@pytest.fixture
def sharing(target: Target, sharing_kernel: DescriptorKernel) -> Iterator[tee.Session]:
    """Open a session in a context that can share memory by descriptor."""
    with (
        tee.Context(target.device, backend=sharing_kernel) as context,
        context.open_session(Target.CONFORMANCE) as session,
    ):
        yield session


def test_memory_by_descriptor_reaches_the_application(sharing: tee.Session, heap: int) -> None:
    with sharing.context.register_shared_memory_fd(heap) as block:
        assert sharing.invoke_command(Command.MEMREF_FILL, block) == (10_000,)
        content = bytearray(filled(0, 10_000))
        for offset, size in ((0, 10), (17, 4096), (9_999, 1)):
            outputs = sharing.invoke_command(
                Command.MEMREF_XOR, None, tee.MemrefPartialInOut(block, offset, size)
            )
            assert outputs == (size,)
            content[offset : offset + size] = xored(1, bytes(content[offset : offset + size]))
        (sum_of_all,) = sharing.invoke_command(
            Command.MEMREF_CHECKSUM, tee.MemrefPartialInput(block), tee.ValueOutput()
        )
        assert sum_of_all == checksum(bytes(content))
        (sum_of_part,) = sharing.invoke_command(
            Command.MEMREF_CHECKSUM, None, tee.MemrefPartialInput(block, 100, 50), tee.ValueOutput()
        )
        assert sum_of_part == checksum(bytes(content[100:150]))


def test_memory_by_descriptor_has_the_directions_of_its_flags(
    sharing: tee.Session, heap: int
) -> None:
    context = sharing.context
    with (
        context.register_shared_memory_fd(heap, Flags.INPUT) as source,
        context.register_shared_memory_fd(heap, Flags.OUTPUT) as sink,
    ):
        assert (source.flags, sink.flags) == (Flags.INPUT, Flags.OUTPUT)
        assert sharing.invoke_command(Command.MEMREF_FILL, source, sink) == (10_000,)
        for part in (tee.MemrefPartialOutput(source), tee.MemrefPartialInput(sink)):
            with pytest.raises(tee.BadParametersError, match="direction"):
                sharing.invoke_command(Command.NOTHING, part)


def test_an_output_by_descriptor_is_the_size_set(sharing: tee.Session, heap: int) -> None:
    with sharing.context.register_shared_memory_fd(heap) as block:
        part = tee.MemrefPartialOutput(block, 10, 50)
        for size in (0, 7, 50):
            assert sharing.invoke_command(Command.SET_SIZE, (0, size), part) == (size,)
        outputs = sharing.invoke_command(Command.SET_SIZE, (0, 51), part, block)
        assert outputs == (tee.RequiredSize(51), 51)
        with pytest.raises(tee.ShortBufferError) as caught:
            sharing.invoke_command(Command.SET_SIZE, (tee.Result.SHORT_BUFFER, 10_001), block, part)
        assert caught.value.required == 10_001
        with pytest.raises(tee.GenericError) as failed:
            sharing.invoke_command(Command.SET_SIZE, (tee.Result.GENERIC, 3), block)
        assert failed.value.outputs == (3,)


def test_memory_by_descriptor_outlives_the_descriptor(sharing: tee.Session, heap: int) -> None:
    own = os.dup(heap)
    with sharing.context.register_shared_memory_fd(own) as block:
        os.close(own)
        assert sharing.invoke_command(Command.MEMREF_FILL, block) == (10_000,)


def test_a_registered_descriptor_stays_the_callers(sharing: tee.Session, heap: int) -> None:
    sharing.context.register_shared_memory_fd(heap).close()
    assert os.fstat(heap).st_size == 10_000


def test_an_object_can_stand_for_its_descriptor(sharing: tee.Session, heap: int) -> None:
    with (
        open(heap, "rb", closefd=False) as file,
        sharing.context.register_shared_memory_fd(file) as block,
    ):
        assert len(block) == 10_000


def test_memory_by_descriptor_has_no_bytes_for_python(sharing: tee.Session, heap: int) -> None:
    with sharing.context.register_shared_memory_fd(heap) as block:
        with pytest.raises(TypeError):
            memoryview(block)  # type: ignore[arg-type]
        with pytest.raises(tee.ParameterTypeError, match="bytes-like"):
            sharing.invoke_command(
                Command.NOTHING,
                tee.MemrefTempInput(block),  # type: ignore[arg-type]
            )


def test_memory_by_descriptor_can_not_be_sent_again_for_an_output_that_grows(
    sharing: tee.Session, heap: int
) -> None:
    growing = tee.MemrefTempOutput(1, grow=True)
    with sharing.context.register_shared_memory_fd(heap) as block:
        for parameter in (block, tee.MemrefPartialInOut(block, 0, 10)):
            with pytest.raises(tee.ParameterTypeError, match=r"parameter 0 .* output that grows"):
                sharing.invoke_command(Command.NOTHING, parameter, growing)
        part = tee.MemrefPartialInput(block, 0, 10)
        assert sharing.invoke_command(Command.NOTHING, part, growing) == (bytes(1),)


def test_a_closed_block_by_descriptor_is_refused(sharing: tee.Session, heap: int) -> None:
    block = sharing.context.register_shared_memory_fd(heap)
    assert not block.closed
    assert block.context is sharing.context
    assert repr(block) == f"<DescriptorSharedMemory of 10000 bytes, {Flags.INOUT!r}>"
    block.close()
    block.close()
    assert block.closed
    assert repr(block) == "<DescriptorSharedMemory, closed>"
    with pytest.raises(tee.ClosedSharedMemoryError):
        sharing.invoke_command(Command.NOTHING, block)
    with pytest.raises(tee.ClosedSharedMemoryError):
        len(block)


def test_a_block_by_descriptor_closes_with_its_context(
    target: Target, sharing_kernel: DescriptorKernel, heap: int
) -> None:
    context = tee.Context(target.device, backend=sharing_kernel)
    block = context.register_shared_memory_fd(heap)
    context.close()
    assert block.closed
    with pytest.raises(tee.ClosedContextError):
        context.register_shared_memory_fd(heap)


def test_a_forgotten_block_by_descriptor_is_closed_with_a_warning(
    sharing: tee.Session, heap: int
) -> None:
    block = sharing.context.register_shared_memory_fd(heap)
    with pytest.warns(ResourceWarning, match="unclosed <DescriptorSharedMemory"):
        del block
        gc.collect()


def test_a_block_by_descriptor_stays_in_its_context(
    session: tee.Session, sharing: tee.Session, heap: int
) -> None:
    with (
        sharing.context.register_shared_memory_fd(heap) as block,
        pytest.raises(tee.BadParametersError, match="another context"),
    ):
        session.invoke_command(Command.NOTHING, block)


def test_a_part_beyond_a_block_by_descriptor_is_refused(sharing: tee.Session, heap: int) -> None:
    with sharing.context.register_shared_memory_fd(heap) as block:
        for offset, size in ((0, 10_001), (10_000, 1), (10_001, 0), (2**63, 1)):
            with pytest.raises(tee.BadParametersError, match="beyond") as caught:
                sharing.invoke_command(
                    Command.MEMREF_XOR, tee.MemrefPartialInOut(block, offset, size)
                )
            assert caught.value.origin == tee.Origin.API


@pytest.mark.assertion("RL-05")
def test_a_block_that_is_closed_under_a_call_is_shared_until_it_is_over(
    sharing: tee.Session,
    sharing_kernel: DescriptorKernel,
    heap: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = sharing.context
    buffer = bytearray(b"0123456789")
    blocks: list[tee.SharedMemory] = [
        context.allocate_shared_memory(10),
        context.register_shared_memory(buffer),
        context.register_shared_memory_fd(heap),
    ]
    given_up: list[int] = []
    during: list[int] = []
    pass_on, close = sharing_kernel.ioctl, sharing_kernel.close

    def ioctl(fd: int, request: int, argument: int) -> int:
        if request == uapi.TEE_IOC_INVOKE:
            for block in blocks:
                block.close()
                block.close()
            with pytest.raises(BufferError):
                buffer.append(1)
            during.extend(given_up)
        return pass_on(fd, request, argument)

    def close_and_note(fd: int) -> None:
        given_up.append(fd)
        close(fd)

    monkeypatch.setattr(sharing_kernel, "ioctl", ioctl)
    monkeypatch.setattr(sharing_kernel, "close", close_and_note)
    outputs = sharing.invoke_command(Command.MEMREF_XOR, *blocks)
    assert during == []
    # Without REG_MEM the buffer was copied.
    assert len(set(given_up)) == (3 if context.version.generic_capabilities & REG_MEM else 2)
    with output_as(memoryview, outputs[1]) as view:
        assert bytes(view) == bytes(buffer) == xored(1, b"0123456789")
    buffer.append(1)
    with output_as(memoryview, outputs[0]) as view:
        assert bytes(view) == xored(0, bytes(10))
    assert outputs[2] == 10_000
    for block in blocks:
        assert block.closed


def test_a_call_that_finds_its_block_closed_sends_nothing(
    sharing: tee.Session, sharing_kernel: DescriptorKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another thread closes it after the call has looked."""
    requests: list[int] = []
    pass_on = sharing_kernel.ioctl

    def ioctl(fd: int, request: int, argument: int) -> int:
        requests.append(request)
        return pass_on(fd, request, argument)

    uses: list[Callable[[tee.SharedMemory], object]] = [
        lambda block: sharing.invoke_command(Command.NOTHING, block),
        lambda block: sharing.invoke_command(Command.NOTHING, tee.MemrefPartialInput(block)),
        lambda block: sharing.context.open_session(Target.CONFORMANCE, (1, 2), block),
    ]
    for use in uses:
        block = sharing.context.allocate_shared_memory(10)
        block._native.close()
        with monkeypatch.context() as patch:
            patch.setattr(sharing_kernel, "ioctl", ioctl)
            with pytest.raises(tee.ClosedSharedMemoryError, match="allocate a new block"):
                use(block)
        block.close()
    assert requests == []


def test_a_kernel_that_shares_nothing_by_descriptor_says_so(
    target: Target, context: tee.Context, heap: int
) -> None:
    is_known = target.release.has_memory_by_descriptor
    error = tee.BadParametersError if is_known else tee.NotSupportedError
    with pytest.raises(error) as caught:
        context.register_shared_memory_fd(heap)
    assert caught.value.origin == tee.Origin.COMMS
    assert caught.value.errno == errno.EINVAL
    assert caught.value.remedy
    assert ("dma-buf" if is_known else "6.18") in caught.value.remedy


def test_a_descriptor_without_memory_to_share_is_refused(sharing: tee.Session) -> None:
    reader, writer = os.pipe()
    os.close(writer)
    for attempt in ("a pipe", "closed"):
        with pytest.raises(tee.BadParametersError) as caught:
            sharing.context.register_shared_memory_fd(reader)
        assert caught.value.errno == errno.EINVAL, attempt
        assert caught.value.remedy
        assert "dma-buf" in caught.value.remedy
        if attempt == "a pipe":
            os.close(reader)


@pytest.mark.parametrize(
    ("fd", "error"),
    [
        ("5", tee.ParameterTypeError),
        (None, tee.ParameterTypeError),
        (1.5, tee.ParameterTypeError),
        (-1, tee.ParameterRangeError),
        (2**31, tee.ParameterRangeError),
    ],
)
def test_what_is_no_descriptor_is_refused(
    context: tee.Context, fd: object, error: type[tee.TeecError]
) -> None:
    with pytest.raises(error, match="fd"):
        context.register_shared_memory_fd(fd)  # type: ignore[arg-type]


def test_a_block_by_descriptor_needs_a_direction(context: tee.Context, heap: int) -> None:
    with pytest.raises(tee.BadParametersError, match="INPUT, OUTPUT or both"):
        context.register_shared_memory_fd(heap, 4)  # type: ignore[arg-type]
