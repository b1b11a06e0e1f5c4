# SPDX-License-Identifier: BSD-2-Clause
"""Buffers of every kind: what is plain data, and what comes back of an array."""

from __future__ import annotations

import array
import ctypes
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client._native import ffi

from ..support.conformance import Command, checksum, filled, xored
from ..support.observed_kernel import ObservedKernel
from ..support.outputs import output_as

if TYPE_CHECKING:
    from ..support.targets import Target


class Plain(ctypes.Structure):
    _fields_ = (("a", ctypes.c_uint32), ("b", ctypes.c_uint16 * 2), ("c", ctypes.c_double))


class Holder(ctypes.Structure):
    _fields_ = (("a", ctypes.c_int), ("p", ctypes.POINTER(ctypes.c_int)))


class PackedHolder(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("a", ctypes.c_char), ("p", ctypes.c_void_p))


class Either(ctypes.Union):
    _fields_ = (("n", ctypes.c_uint64), ("p", ctypes.c_char_p))


class Derived(Holder):
    _fields_ = (("b", ctypes.c_int),)  # type: ignore[assignment]


class Nested(ctypes.Structure):
    _fields_ = (("a", ctypes.c_int), ("rows", Either * 2 * 3))


class Exporting:
    """What is a buffer by a method, from Python 3.12 on."""

    def __init__(self, memory: Any) -> None:
        self.memory = memory

    def __buffer__(self, flags: int) -> memoryview:
        return memoryview(self.memory)


HOLDERS: dict[str, Callable[[], Any]] = {
    "pointer": lambda: ctypes.pointer(ctypes.c_int(5)),
    "void pointer": lambda: ctypes.c_void_p(1),
    "string": lambda: ctypes.c_char_p(b"abc"),
    "wide string": lambda: ctypes.c_wchar_p("abc"),
    "object": lambda: ctypes.py_object("abc"),
    "function": lambda: ctypes.CFUNCTYPE(None)(lambda: None),
    "array": ctypes.c_void_p * 3,
    "array of arrays": ctypes.py_object * 2 * 2,
    "structure": Holder,
    "packed structure": PackedHolder,
    "union": Either,
    "base of a structure": Derived,
    "nested": Nested,
    "array of structures": PackedHolder * 2,
    "memoryview": lambda: memoryview(Holder()),
    "memoryview of a union": lambda: memoryview(Either()),
    "memoryview as bytes": lambda: memoryview((ctypes.c_void_p * 3)()).cast("B"),
    "slice of it": lambda: memoryview((ctypes.c_void_p * 3)()).cast("B")[8:16],
    "bytes as pointers": lambda: memoryview(bytearray(16)).cast("P"),
    "numbers over pointers": lambda: (ctypes.c_ubyte * 24).from_buffer((ctypes.c_void_p * 3)()),
    "cffi array": lambda: ffi.buffer(ffi.new("char *[3]")),
    "cffi structure": lambda: ffi.buffer(ffi.new("TEEC_SharedMemory *")),
    "cffi array of unions": lambda: ffi.buffer(ffi.new("TEEC_Parameter[2]")),
    "cffi functions": lambda: ffi.buffer(ffi.new("struct tee_device_ops *")),
}
if sys.version_info >= (3, 12):
    HOLDERS["object with a method"] = lambda: Exporting(Either())
PLACES: dict[str, Callable[[tee.Context, tee.Session, Any], object]] = {
    "plain": lambda _, session, buffer: session.invoke_command(Command.NOTHING, buffer),
    "second": lambda _, session, buffer: session.invoke_command(Command.NOTHING, (1, 2), buffer),
    "input": lambda _, session, buffer: session.invoke_command(
        Command.NOTHING, tee.MemrefTempInput(buffer)
    ),
    "output": lambda _, session, buffer: session.invoke_command(
        Command.MEMREF_FILL, tee.MemrefTempOutput(buffer)
    ),
    "inout": lambda _, session, buffer: session.invoke_command(
        Command.MEMREF_XOR, tee.MemrefTempInOut(buffer)
    ),
    "operation": lambda _, session, buffer: session.invoke_command(
        Command.MEMREF_XOR, tee.MemrefTempInOut(buffer), operation=tee.Operation()
    ),
    "prepared": lambda _, session, buffer: session.prepare(
        Command.MEMREF_XOR, tee.MemrefTempInOut(buffer)
    ),
    "prepared input": lambda _, session, buffer: session.prepare(Command.NOTHING, buffer),
    "prepared class": lambda _, session, buffer: session.prepare(
        Command.MEMREF_XOR, tee.MemrefTempInOut
    )(buffer),
    "prepared classes": lambda _, session, buffer: session.prepare(
        Command.MEMREF_FILL, tee.ValueInput, tee.MemrefTempOutput
    )((1, 2), buffer),
    "opening": lambda context, session, buffer: context.open_session(session.destination, buffer),
    "opening, output": lambda context, session, buffer: context.open_session(
        session.destination, tee.MemrefTempOutput(buffer)
    ),
    "registering": lambda context, _, buffer: context.register_shared_memory(buffer),
    "registering input": lambda context, _, buffer: context.register_shared_memory(
        buffer, tee.MemoryFlags.INPUT
    ),
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_memory_that_holds_references_is_refused_everywhere(
    target: Target, holder: Callable[[], Any]
) -> None:
    kernel = ObservedKernel(target)
    with (
        tee.Context(target.device, backend=kernel) as context,
        context.open_session(target.CONFORMANCE) as session,
    ):
        kernel.calls.clear()
        for place, use in PLACES.items():
            buffer = holder()
            before = bytes(buffer)
            with pytest.raises(tee.ParameterTypeError, match="references, not data") as caught:
                use(context, session, buffer)
            assert "copy what" in str(caught.value), place
            assert bytes(buffer) == before
        assert not kernel.calls


PLAIN: dict[str, Callable[[], Any]] = {
    "structure": lambda: Plain(1, (2, 3), 4.5),
    "big-endian number": lambda: ctypes.c_uint32.__ctype_be__(7),
    "characters": lambda: ctypes.create_string_buffer(b"abcd"),
    "array": ctypes.c_uint32 * 3 * 2,
    "array.array": lambda: array.array("d", [1.5, 2.5]),
    "memoryview of two rows": lambda: memoryview(bytearray(range(12))).cast("H", (2, 3)),
    "cffi array": lambda: ffi.buffer(ffi.new("int[3]", [1, 2, 3])),
    "cffi structure": lambda: ffi.buffer(ffi.new("TEEC_Value *", [4, 5])),
}

if sys.version_info >= (3, 12):
    PLAIN["object with a method"] = lambda: Exporting(array.array("H", [1, 2, 3]))


@pytest.mark.parametrize("plain", PLAIN.values(), ids=PLAIN)
def test_plain_data_of_any_type_is_sent_and_comes_back_as_it_was_given(
    session: tee.Session, plain: Callable[[], Any]
) -> None:
    buffer = plain()
    (value,) = session.invoke_command(Command.MEMREF_CHECKSUM, buffer, tee.ValueOutput())
    before = bytes(buffer)
    assert checksum(before) == value
    inout, out = tee.MemrefTempInOut(buffer), tee.MemrefTempOutput(buffer)
    runs: list[tuple[Callable[[], tuple[object, ...]], bytes]] = [
        (partial(session.invoke_command, Command.MEMREF_XOR, inout), xored(0, before)),
        (session.prepare(Command.MEMREF_XOR, inout), xored(0, before)),
        (partial(session.invoke_command, Command.MEMREF_FILL, out), filled(0, len(before))),
        (session.prepare(Command.MEMREF_FILL, out), filled(0, len(before))),
    ]
    for run, expected in runs:
        memoryview(buffer).cast("B")[:] = before
        (output,) = run()
        view, own = output_as(memoryview, output), memoryview(buffer)
        assert bytes(view) == expected == bytes(buffer)
        assert (view.format, view.shape) == (own.format, own.shape)


@pytest.mark.parametrize("size", [0, 1, 6, 11, 12])
def test_only_an_array_that_is_full_keeps_its_shape(session: tee.Session, size: int) -> None:
    numbers = array.array("H", [0xEEEE] * 6)
    rows = memoryview(numbers).cast("B").cast("H", (2, 3))
    for buffer in (numbers, rows):
        (view,) = session.invoke_command(Command.SET_SIZE, (0, size), tee.MemrefTempInOut(buffer))
        view = output_as(memoryview, view)
        assert bytes(view) == b"\xee" * size
        expected = memoryview(buffer) if size == 12 else memoryview(bytes(size))
        assert (view.format, view.shape) == (expected.format, expected.shape)


def test_an_array_that_is_registered_keeps_its_shape_too(
    context: tee.Context, session: tee.Session
) -> None:
    numbers = array.array("H", [0xEEEE] * 6)
    rows = memoryview(numbers).cast("B").cast("H", (2, 3))
    with context.register_shared_memory(rows) as block:
        for parameter in (block, tee.MemrefWhole(block), tee.MemrefPartialInOut(block)):
            (output,) = session.invoke_command(Command.NOTHING, parameter)
            view = output_as(memoryview, output)
            assert (view.format, view.shape) == ("H", (2, 3))
        (output,) = session.invoke_command(Command.NOTHING, tee.MemrefPartialInOut(block, 2))
        assert bytes(output_as(memoryview, output)) == bytes(numbers)[2:]
        assert output_as(memoryview, output).format == "B"


def test_an_empty_array_keeps_its_shape(session: tee.Session) -> None:
    empty = (ctypes.c_uint32 * 0)()
    (output,) = session.invoke_command(Command.NOTHING, tee.MemrefTempInOut(empty))
    view = output_as(memoryview, output)
    assert (view.shape, view.itemsize) == ((0,), 4)


def test_what_can_be_an_index_is_a_size(session: tee.Session) -> None:
    class Four:
        def __index__(self) -> int:
            return 4

    size: Any = Four()
    for outputs in (
        session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(size)),
        session.prepare(Command.MEMREF_FILL, tee.MemrefTempOutput(size))(),
        session.prepare(Command.MEMREF_FILL, tee.MemrefTempOutput)(size),
    ):
        assert outputs == (filled(0, 4),)


@pytest.mark.parametrize("size", [True, 4.0, "4", None.__class__])
def test_what_is_no_size_is_refused(session: tee.Session, size: Any) -> None:
    with pytest.raises(tee.ParameterTypeError, match="parameter 0"):
        session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(size))


def test_memory_that_is_not_contiguous_says_how_to_copy_it(session: tee.Session) -> None:
    strided = memoryview(bytearray(16))[::2]
    for parameter in (strided, tee.MemrefTempInOut(strided), tee.MemrefTempOutput(strided)):
        with pytest.raises(tee.BadParametersError, match=r"copy it first.*ascontiguousarray"):
            session.invoke_command(Command.MEMREF_XOR, parameter)


def test_a_released_memoryview_is_refused(session: tee.Session) -> None:
    view = memoryview(bytearray(4))
    view.release()
    for parameter in (view, tee.MemrefTempInOut(view)):
        with pytest.raises(tee.BadParametersError, match="parameter 0 can't be used"):
            session.invoke_command(Command.NOTHING, parameter)


def test_a_refused_buffer_is_not_kept(session: tee.Session) -> None:
    buffer = bytearray(16)
    with (
        memoryview(buffer) as view,
        view.cast("P") as pointers,
        pytest.raises(tee.ParameterTypeError) as caught,
    ):
        session.invoke_command(Command.NOTHING, pointers)
    # The frames of the error have the memoryviews, but no export.
    buffer += b"!"
    assert len(buffer) == 17
    assert caught.value.origin == tee.Origin.API
