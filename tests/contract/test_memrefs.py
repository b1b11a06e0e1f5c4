# SPDX-License-Identifier: BSD-2-Clause
"""Temporary and null memory references."""

from __future__ import annotations

import array
import mmap

import pytest

import pytee_client as tee
from pytee_client.typing import Parameter

from ..support.conformance import Command, checksum, filled, xored

SIZES = [1, 2, 4095, 4096, 4097, 16384, 100_000]
SLOTS_AND_SIZES = [(slot, 5000) for slot in range(4)] + [(1, size) for size in SIZES]
PRESENT, NOT_NULL, NOT_EMPTY = 1, 2, 4


def pattern(size: int) -> bytes:
    return bytes(i * 7 % 251 for i in range(size))


def in_slot(slot: int, parameter: Parameter, size: int = 4) -> list[Parameter]:
    parameters: list[Parameter] = [None] * size
    parameters[slot] = parameter
    return parameters


def invoke(
    session: tee.Session, command: Command, parameters: list[Parameter]
) -> tuple[object, ...]:
    return session.invoke_command(command, *parameters)


@pytest.mark.parametrize(("slot", "size"), SLOTS_AND_SIZES)
def test_an_input_is_delivered_from_every_slot(session: tee.Session, slot: int, size: int) -> None:
    parameters = in_slot(slot, pattern(size))
    parameters[(slot + 1) % 4] = tee.ValueOutput()
    (value,) = invoke(session, Command.MEMREF_CHECKSUM, parameters)
    assert checksum(pattern(size)) == value


@pytest.mark.assertion("MR-06")
@pytest.mark.parametrize(("slot", "size"), SLOTS_AND_SIZES)
def test_an_output_by_size_comes_back_as_bytes(session: tee.Session, slot: int, size: int) -> None:
    (data,) = invoke(session, Command.MEMREF_FILL, in_slot(slot, tee.MemrefTempOutput(size)))
    assert type(data) is bytes
    assert filled(slot, size) == data


@pytest.mark.assertion("IV-26")
@pytest.mark.parametrize(("slot", "size"), SLOTS_AND_SIZES)
def test_an_inout_changes_the_callers_buffer(session: tee.Session, slot: int, size: int) -> None:
    buffer = bytearray(pattern(size))
    (view,) = invoke(session, Command.MEMREF_XOR, in_slot(slot, tee.MemrefTempInOut(buffer)))
    assert isinstance(view, memoryview)
    assert view.obj is buffer
    assert xored(slot, pattern(size)) == buffer == view


def test_an_output_buffer_is_the_callers_own_and_nothing_around_it(session: tee.Session) -> None:
    memory = bytearray(b"\xee" * 64)
    (view,) = session.invoke_command(
        Command.MEMREF_FILL, tee.MemrefTempOutput(memoryview(memory)[16:32])
    )
    assert filled(0, 16) == bytes(view)
    assert b"\xee" * 16 + filled(0, 16) + b"\xee" * 32 == memory


def test_four_memrefs_in_one_call_do_not_mix(session: tee.Session) -> None:
    buffers = [bytearray(pattern(size)) for size in (5, 4096, 1, 9000)]
    session.invoke_command(Command.MEMREF_XOR, *map(tee.MemrefTempInOut, buffers))
    for slot, (buffer, size) in enumerate(zip(buffers, (5, 4096, 1, 9000), strict=True)):
        assert xored(slot, pattern(size)) == buffer


@pytest.mark.assertion("MR-25")
def test_an_input_of_immutable_bytes_is_not_changed_by_its_use(session: tee.Session) -> None:
    data = pattern(5000)
    session.invoke_command(Command.MEMREF_XOR, data, tee.MemrefTempInOut(bytearray(data)))
    assert pattern(5000) == data


@pytest.mark.assertion("MR-27")
def test_read_only_memory_is_an_input(session: tee.Session) -> None:
    with mmap.mmap(-1, 4096, prot=mmap.PROT_READ) as memory:
        (value,) = session.invoke_command(Command.MEMREF_CHECKSUM, memory, tee.ValueOutput())
    assert checksum(bytes(4096)) == value


@pytest.mark.parametrize(
    "buffer",
    [bytearray(b"abcd"), memoryview(b"abcd"), array.array("i", [1, 2, 3]), b"abcd"],
    ids=["bytearray", "memoryview", "array", "bytes"],
)
def test_any_bytes_like_object_is_an_input(session: tee.Session, buffer: bytes | bytearray) -> None:
    (value,) = session.invoke_command(Command.MEMREF_CHECKSUM, buffer, tee.ValueOutput())
    assert checksum(bytes(memoryview(buffer))) == value


def test_an_array_of_numbers_comes_back_as_bytes_of_itself(session: tee.Session) -> None:
    numbers = array.array("H", range(100))
    before = numbers.tobytes()
    (view,) = session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(numbers))
    assert xored(0, before) == bytes(view) == memoryview(numbers).cast("B")


@pytest.mark.assertion("MR-28")
@pytest.mark.parametrize("kind", [tee.MemrefTempOutput, tee.MemrefTempInOut])
@pytest.mark.parametrize("buffer", [b"abcd", memoryview(b"abcd")], ids=["bytes", "memoryview"])
def test_a_read_only_buffer_as_output_is_refused(
    session: tee.Session, kind: type[tee.MemrefTempInOut[memoryview]], buffer: bytes
) -> None:
    with pytest.raises(tee.ReadOnlyBufferError, match="writable buffer such as a bytearray"):
        session.invoke_command(Command.MEMREF_XOR, kind(buffer))
    with pytest.raises(BufferError):
        session.invoke_command(Command.MEMREF_XOR, kind(buffer))


def test_memory_that_is_not_contiguous_is_refused(session: tee.Session) -> None:
    strided = memoryview(bytearray(16))[::2]
    for parameter in (strided, tee.MemrefTempInOut(strided), tee.MemrefTempOutput(strided)):
        with pytest.raises(tee.BadParametersError, match="contiguous"):
            session.invoke_command(Command.MEMREF_XOR, parameter)


def test_a_size_that_is_none_is_refused(session: tee.Session) -> None:
    with pytest.raises(tee.ParameterRangeError, match="negative"):
        session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(-1))
    with pytest.raises(tee.ParameterRangeError, match="address"):
        session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(2**70))


def test_more_memory_than_there_is_is_a_memory_error(session: tee.Session) -> None:
    for size in (2**50, 2**62, 2**64 - 1):
        with pytest.raises(tee.OutOfMemoryError) as caught:
            session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(size))
        assert isinstance(caught.value, MemoryError)


@pytest.mark.assertion("MR-01", "MR-03")
@pytest.mark.optee_only
@pytest.mark.parametrize("slot", range(4))
def test_an_empty_memref_has_an_address_and_a_null_one_has_none(
    session: tee.Session, slot: int
) -> None:
    looks = {}
    for name, buffer in (("empty", b""), ("null", None), ("full", b"x")):
        parameters = in_slot(slot, tee.MemrefTempInput(buffer))
        parameters[(slot + 1) % 4] = tee.ValueOutput()
        (look,) = invoke(session, Command.MEMREF_LOOK, parameters)
        assert isinstance(look, tee.Value)
        assert look.b == 5 << 4 * slot | 2 << 4 * ((slot + 1) % 4)
        looks[name] = look.a >> 4 * slot
    assert looks == {
        "empty": PRESENT | NOT_NULL,
        "null": PRESENT,
        "full": PRESENT | NOT_NULL | NOT_EMPTY,
    }


@pytest.mark.assertion("MR-03")
@pytest.mark.parametrize(
    "empty", [b"", bytearray(), memoryview(b""), array.array("d")], ids=lambda e: type(e).__name__
)
def test_an_empty_buffer_of_any_kind_is_no_null_memref(session: tee.Session, empty: bytes) -> None:
    ((mask, _),) = session.invoke_command(
        Command.MEMREF_LOOK, tee.ValueOutput(), tee.MemrefTempInput(empty)
    )
    assert mask == (PRESENT | NOT_NULL) << 4


def test_empty_outputs_come_back_empty(session: tee.Session) -> None:
    by_size, by_buffer = session.invoke_command(
        Command.MEMREF_FILL, tee.MemrefTempOutput(0), tee.MemrefTempInOut(bytearray())
    )
    assert by_size == b""
    assert bytes(by_buffer) == b""


@pytest.mark.optee_only
def test_a_null_output_comes_back_empty(session: tee.Session) -> None:
    assert session.invoke_command(Command.NOTHING, tee.MemrefTempOutput(None)) == (b"",)


@pytest.mark.assertion("MR-05", "MR-06")
@pytest.mark.parametrize("size", [0, 1, 31, 32])
def test_outputs_are_cut_to_the_size_that_the_application_set(
    session: tee.Session, size: int
) -> None:
    buffer = bytearray(b"\xee" * 32)
    data, view = session.invoke_command(
        Command.SET_SIZE, (0, size), tee.MemrefTempOutput(32), tee.MemrefTempInOut(buffer)
    )
    assert bytes(size) == data
    assert b"\xee" * size == view
    assert len(buffer) == 32


@pytest.mark.assertion("MR-07", "MR-09")
@pytest.mark.optee_only
def test_a_larger_size_is_what_is_required_and_spoils_no_buffer(session: tee.Session) -> None:
    buffer = bytearray(b"\xee" * 32)
    outputs = session.invoke_command(
        Command.SET_SIZE,
        (0, 33),
        tee.MemrefTempOutput(32),
        tee.MemrefTempOutput(buffer),
        tee.MemrefTempOutput(None),
    )
    assert outputs == (tee.RequiredSize(33),) * 3
    assert buffer == b"\xee" * 32


@pytest.mark.assertion("MR-24")
def test_what_the_application_does_not_write_stays_as_it_was(session: tee.Session) -> None:
    buffer = bytearray(b"\xee" * 100)
    (view,) = session.invoke_command(Command.NOTHING, tee.MemrefTempOutput(buffer))
    assert bytes(view) == b"\xee" * 100


def test_a_computation_marks_memory_only_if_it_goes_both_ways(session: tee.Session) -> None:
    output, both = bytearray(b"\xee" * 2), bytearray(b"\xee" * 2)
    session.invoke_command(Command.COMPUTE, (0, 0), tee.MemrefTempOutput(output))
    session.invoke_command(Command.COMPUTE, (0, 0), tee.MemrefTempInOut(both))
    assert (bytes(output), bytes(both)) == (b"\xee\xee", b"\x01\xee")


@pytest.mark.assertion("MR-07", "MR-08")
def test_a_short_buffer_tells_the_size_required(session: tee.Session) -> None:
    with pytest.raises(tee.ShortBufferError) as caught:
        session.invoke_command(
            Command.SET_SIZE,
            (tee.Result.SHORT_BUFFER, 1 << 20),
            tee.ValueOutput(),
            tee.MemrefTempOutput(16),
        )
    assert caught.value.required == 1 << 20
    assert caught.value.outputs == ((0x11111111, 0x22222222), tee.RequiredSize(1 << 20))
