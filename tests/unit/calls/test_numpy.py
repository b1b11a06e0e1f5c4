# SPDX-License-Identifier: BSD-2-Clause
"""Arrays of NumPy as parameters."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support.conformance import Command, checksum, filled, xored
from ...support.observed_kernel import ObservedKernel
from ...support.outputs import output_as
from ...support.targets import Target

PLACES: dict[str, Callable[[tee.Session, Any], object]] = {
    "plain": lambda session, value: session.invoke_command(Command.NOTHING, value),
    "input": lambda session, value: session.invoke_command(
        Command.NOTHING, tee.MemrefTempInput(value)
    ),
    "output": lambda session, value: session.invoke_command(
        Command.MEMREF_FILL, tee.MemrefTempOutput(value)
    ),
    "inout": lambda session, value: session.invoke_command(
        Command.MEMREF_XOR, tee.MemrefTempInOut(value)
    ),
    "prepared": lambda session, value: session.prepare(
        Command.MEMREF_XOR, tee.MemrefTempInOut(value)
    ),
    "prepared class": lambda session, value: session.prepare(
        Command.MEMREF_FILL, tee.MemrefTempOutput
    )(value),
    "opening": lambda session, value: session.context.open_session(session.destination, value),
    "registering": lambda session, value: session.context.register_shared_memory(value),
}


def objects() -> Any:
    return np.zeros(2, object)


OBJECTS = np.dtype([("a", "i4"), ("rows", [("x", "f8"), ("o", object, (2,))], (2,))])
HOLDERS: dict[str, Callable[[], Any]] = {
    "objects": lambda: np.array([None, "a"], dtype=object),
    "no object": lambda: np.empty(0, dtype=object),
    "objects in fields": lambda: np.zeros(2, OBJECTS),
    "one record": lambda: np.zeros(2, OBJECTS)[0],
    "rows of objects": lambda: np.zeros((2, 3), object),
    "memoryview": lambda: memoryview(objects()),
    "memoryview as bytes": lambda: memoryview(objects()).cast("B"),
    "bytes of objects": lambda: np.frombuffer(memoryview(objects()).cast("B"), "u1"),
    "part of these": lambda: np.frombuffer(memoryview(objects()).cast("B"), "u1")[3:9],
    "strings of any length": lambda: np.array(["a", "b" * 99], np.dtypes.StringDType()),
}
TIMES: dict[str, Callable[[], Any]] = {
    "times": lambda: np.zeros(2, "M8[s]"),
    "durations": lambda: np.zeros(2, "m8[ns]"),
    "rows of times": lambda: np.zeros((2, 2), "M8[D]"),
}
UNDESCRIBED: dict[str, Callable[[], Any]] = {
    "times in fields": lambda: np.zeros(2, [("a", "i8"), ("b", "M8[s]")]),
    "fields that overlap": lambda: np.zeros(
        2, np.dtype({"names": ["a", "b"], "formats": ["u4", "u2"], "offsets": [0, 0]})
    ),
}
NUMBERS = [np.int64(7), np.uint8(1), np.float32(2), np.bool_(True), np.complex128(1)]
NUMBERS += [np.datetime64("2026-11-27"), np.timedelta64(1, "s")]


@pytest.fixture
def kernel(target: Target) -> ObservedKernel:
    return ObservedKernel(target)


@pytest.fixture
def session(target: Target, kernel: ObservedKernel) -> Iterator[tee.Session]:
    with (
        tee.Context(target.device, backend=kernel) as context,
        context.open_session(target.CONFORMANCE) as session,
    ):
        kernel.calls.clear()
        yield session


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_arrays_of_objects_are_refused_everywhere(
    kernel: ObservedKernel, session: tee.Session, holder: Callable[[], Any]
) -> None:
    for use in PLACES.values():
        with pytest.raises(tee.ParameterTypeError, match="references, not data"):
            use(session, holder())
    assert not kernel.calls


def test_a_refused_array_of_objects_is_as_it_was(session: tee.Session) -> None:
    array: Any = np.array([None, "a"], dtype=object)
    with pytest.raises(tee.ParameterTypeError):
        session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(array))
    assert list(array) == [None, "a"]


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
def test_arrays_of_times_say_what_view_to_use(
    kernel: ObservedKernel, session: tee.Session, times: Callable[[], Any]
) -> None:
    for use in PLACES.values():
        with pytest.raises(tee.ParameterTypeError, match=r'array\.view\("i8"\)'):
            use(session, times())
    assert not kernel.calls
    array = times()
    (view,) = session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(array.view("i8")))
    assert np.asarray(view).shape == array.shape
    assert array.tobytes() == filled(0, array.nbytes)


@pytest.mark.parametrize("make", UNDESCRIBED.values(), ids=UNDESCRIBED)
def test_arrays_without_a_buffer_format_say_what_view_to_use(
    kernel: ObservedKernel, session: tee.Session, make: Callable[[], Any]
) -> None:
    for use in PLACES.values():
        with pytest.raises(tee.ParameterTypeError, match=r"array\.view\(numpy\.uint8\)"):
            use(session, make())
    assert not kernel.calls
    array = make()
    (value,) = session.invoke_command(
        Command.MEMREF_CHECKSUM, array.view(np.uint8), tee.ValueOutput()
    )
    assert value == checksum(array.tobytes())


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: type(number).__name__)
def test_numbers_are_no_memory(
    kernel: ObservedKernel, session: tee.Session, number: object
) -> None:
    for place in ("plain", "input", "inout", "prepared", "opening", "registering"):
        with pytest.raises(tee.ParameterTypeError):
            PLACES[place](session, number)
    assert not kernel.calls


def test_numbers_are_sizes(session: tee.Session) -> None:
    sizes: list[Any] = [np.prod((2, 2)), np.uint8(4), np.int64(4)]
    for size in sizes:
        expected = (filled(0, 4),)
        assert session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(size)) == expected
        prepared = session.prepare(Command.MEMREF_FILL, tee.MemrefTempOutput(size))
        assert prepared() == prepared() == expected
        assert session.prepare(Command.MEMREF_FILL, tee.MemrefTempOutput)(size) == expected
        with session.context.allocate_shared_memory(size) as block:
            assert len(block) == 4
            part = tee.MemrefPartialOutput(block, size - 4, size)
            (output,) = session.invoke_command(Command.MEMREF_FILL, part)
            assert output_as(memoryview, output) == filled(0, 4)
            del output
    others: list[Any] = [np.bool_(True), np.float64(4), np.datetime64(4, "s"), np.int8(-1)]
    negative = others.pop()
    for wrong in others:
        with pytest.raises(tee.ParameterTypeError):
            session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(wrong))
    with pytest.raises(tee.ParameterRangeError, match="negative"):
        session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(negative))


def test_an_array_is_memory_even_if_it_could_be_a_size(session: tee.Session) -> None:
    number: Any = np.array(4, "i4")
    (view,) = session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(number))
    assert number.tobytes() == filled(0, 4) == bytes(output_as(memoryview, view))
    assert output_as(memoryview, view).shape == ()


ARRAYS: dict[str, Callable[[], Any]] = {
    "row": lambda: np.arange(6, dtype="f4"),
    "rows": lambda: np.arange(24, dtype="u2").reshape(2, 3, 4),
    "big-endian": lambda: np.arange(6, dtype=">i8"),
    "complex": lambda: np.arange(3, dtype=complex),
    "half": lambda: np.arange(3, dtype="f2"),
    "bool": lambda: np.zeros(3, bool),
    "text": lambda: np.array(["abc", "d"]),
    "bytes": lambda: np.array([b"abc", b"d"]),
    "records": lambda: np.zeros(2, np.dtype([("a", "u1"), ("b", "f8", (2,))], align=True)),
    "one number": lambda: np.array(5),
    "empty rows": lambda: np.zeros((0, 4)),
    "part": lambda: np.arange(10, dtype="i4")[3:7],
    "Fortran's row": lambda: np.asfortranarray(np.arange(5)),
    "field of objects": lambda: np.zeros(1, OBJECTS)["a"],
    "mapped": lambda: np.frombuffer(mmap.mmap(-1, 64), "u4"),
}


@pytest.mark.parametrize("make", ARRAYS.values(), ids=ARRAYS)
def test_an_array_comes_back_with_its_type_and_shape(
    session: tee.Session, make: Callable[[], Any]
) -> None:
    array = make()
    before = array.tobytes()
    (value,) = session.invoke_command(Command.MEMREF_CHECKSUM, array, tee.ValueOutput())
    assert value == checksum(before)
    (view,) = session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(array))
    expected = xored(0, before)
    assert array.tobytes() == expected == bytes(output_as(memoryview, view))
    back = np.asarray(view)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert not array.size or np.shares_memory(back, array)
    prepared = session.prepare(Command.MEMREF_XOR, tee.MemrefTempInOut(array))
    (view,) = prepared()
    assert np.asarray(view).shape == array.shape
    assert array.tobytes() == before


@pytest.mark.parametrize("size", [0, 4, 7, 23])
def test_an_array_that_is_not_full_comes_back_as_bytes(session: tee.Session, size: int) -> None:
    array: Any = np.full((2, 3), 0xEEEEEEEE, "u4")
    (view,) = session.invoke_command(Command.SET_SIZE, (0, size), tee.MemrefTempInOut(array))
    view = output_as(memoryview, view)
    assert (view.format, view.shape, bytes(view)) == ("B", (size,), b"\xee" * size)


STRIDED: dict[str, Callable[[], Any]] = {
    "Fortran's order": lambda: np.asfortranarray(np.zeros((2, 3))),
    "transposed": lambda: np.zeros((2, 3)).T,
    "every other": lambda: np.zeros(6)[::2],
    "backwards": lambda: np.zeros(6)[::-1],
    "column": lambda: np.zeros((2, 3))[:, 0],
    "field": lambda: np.zeros(2, [("a", "i4"), ("b", "i4")])["a"],
}


@pytest.mark.parametrize("make", STRIDED.values(), ids=STRIDED)
def test_an_array_that_is_not_contiguous_says_how_to_copy_it(
    kernel: ObservedKernel, session: tee.Session, make: Callable[[], Any]
) -> None:
    for use in PLACES.values():
        with pytest.raises(tee.BadParametersError, match=r"copy it first.*ascontiguousarray"):
            use(session, make())
    assert not kernel.calls
    copy: Any = np.ascontiguousarray(make())
    (view,) = session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(copy))
    assert np.asarray(view).shape == copy.shape


def test_a_read_only_array_is_no_output(kernel: ObservedKernel, session: tee.Session) -> None:
    array: Any = np.zeros(4)
    array.flags.writeable = False
    for frozen in (array, np.broadcast_to(np.zeros(3), (2, 3)), np.frombuffer(b"abcd", "u1")):
        for place in ("output", "inout", "prepared", "prepared class", "registering"):
            with pytest.raises(tee.ReadOnlyBufferError, match="writable buffer"):
                PLACES[place](session, frozen)
    assert not kernel.calls
    session.invoke_command(Command.NOTHING, array)
    session.context.register_shared_memory(array, tee.MemoryFlags.INPUT).close()


def test_an_array_over_a_block_is_part_of_it(kernel: ObservedKernel, session: tee.Session) -> None:
    with session.context.allocate_shared_memory(5000) as block:
        array: Any = np.frombuffer(block, np.uint8)
        rows: Any = np.frombuffer(block, "u4").reshape(125, 10)[10:12]

        def sent(*parameters: Any) -> list[tuple[int, int, int]]:
            kernel.calls.clear()
            session.invoke_command(Command.NOTHING, *parameters)
            (request,) = (call for call in kernel.ioctls if call.request == uapi.TEE_IOC_INVOKE)
            return [(a, b, c) for _, a, b, c in request.params]

        for part, start in ((array[100:200], 100), (rows, 400), (rows.view("f4"), 400)):
            expected = sent(tee.MemrefPartialInput(block, start, part.nbytes))
            assert expected[0][0] == start
            for parameter in (part, tee.MemrefTempInOut(part), tee.MemrefTempOutput(part)):
                assert sent(parameter) == expected
        assert sent(rows, rows) == expected * 2
        (view,) = session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(rows))
        assert np.asarray(view).shape == (2, 10)
        assert block[400:480] == xored(0, bytes(80))
        assert block[480:] == bytes(5000 - 480)
        del array, rows, part, parameter, view
