# SPDX-License-Identifier: BSD-2-Clause
"""Memory of the caller's: buffers, arrays of NumPy, blocks and their parts."""

from __future__ import annotations

import array
import ctypes
from typing import Any

import numpy as np
import pytest

import pytee_client as tee
from pytee_client import fake, ta
from pytee_client.errors import ParameterTypeError, ReadOnlyBufferError
from pytee_client.fake import Parameters
from pytee_client.fake import ParamType as Type
from pytee_client.faults import FaultyKernel, SystemCall

from .one_command import declare, fake_of, one_command, unused

F32: Any = ta.NDArray(np.float32)


def double(parameters: Parameters) -> None:
    """Double the floats of a memref that goes both ways."""
    memref = parameters.memref(0)
    memref.put((np.frombuffer(memref.content(), "f4") * 2).tobytes())


def fill(parameters: Parameters) -> None:
    parameters.memref(0).put(b"abc")


def test_a_buffer_is_filled_and_comes_back_cut_to_what_was_set() -> None:
    for kind in (ta.Out[ta.BUFFER], ta.InOut[ta.BUFFER]):
        buffer = bytearray(8)
        with one_command(fill, kind) as client:
            view = client.it(buffer)
            assert isinstance(view, memoryview)
            assert bytes(view) == b"abc"
            buffer[0] = ord("x")
            assert bytes(view) == b"xbc"


def test_a_buffer_may_have_any_format() -> None:
    words = (ctypes.c_uint32 * 2)()
    with one_command(fill, ta.Out[ta.BUFFER]) as client:
        for buffer in (words, array.array("d", [0]), np.zeros((2, 2), np.uint16)):
            assert bytes(client.it(buffer)) == b"abc"
    assert bytes(words) == b"abc\0\0\0\0\0"


def test_part_of_a_buffer_is_written_in_its_place() -> None:
    buffer = bytearray(8)
    with one_command(fill, ta.Out[ta.BUFFER]) as client:
        client.it(memoryview(buffer)[2:6])
    assert buffer == b"\0\0abc\0\0\0"


def test_a_buffer_may_be_an_input() -> None:
    def look(parameters: Parameters) -> None:
        assert parameters.types[0] is Type.MEMREF_INPUT
        assert parameters.memref(0).content() == b"abc"

    with one_command(look, ta.BUFFER) as client:
        assert client.it(b"abc") is None


def test_a_buffer_that_is_too_small_says_what_is_needed() -> None:
    with (
        one_command(fill, ta.Out[ta.BUFFER]) as client,
        pytest.raises(tee.ShortBufferError, match="needs 3 bytes"),
    ):
        client.it(bytearray(2))


@pytest.mark.parametrize("kind", [ta.Out[ta.BUFFER], ta.InOut[ta.BUFFER], ta.Out[F32]])
def test_memory_that_is_to_be_written_has_to_be_writable(kind: Any) -> None:
    array = np.zeros(2, np.float32)
    array.flags.writeable = False
    with (
        one_command(unused, ta.U32, kind) as client,
        pytest.raises(ReadOnlyBufferError, match=r"argument 2 of One.it\(\)"),
    ):
        client.it(1, array if "NDArray" in repr(kind) else bytes(4))


def test_an_array_goes_both_ways_in_its_own_memory() -> None:
    array = np.array([[1, 2], [3, 4]], np.float32)
    with one_command(double, ta.InOut[F32]) as client:
        assert client.it(array) is array
    assert array.tolist() == [[2, 4], [6, 8]]


def test_an_array_in_a_block_is_not_copied_at_all() -> None:
    kernel = FaultyKernel(fake.Kernel(applications=[fake_of(double)]))
    with (
        tee.Context(backend=kernel) as context,
        declare(ta.InOut[F32])(context) as client,
        context.allocate_shared_memory(16) as block,
    ):
        array = np.frombuffer(block, np.float32)
        array[:] = [1, 2, 3, 4]
        kernel.calls.clear()
        assert client.it(array) is array
        assert array.tolist() == [2, 4, 6, 8]
        assert [call.call for call in kernel.calls] == [SystemCall.INVOKE]
        # Other memory needs a bounce block.
        client.it(array.copy())
        assert len(kernel.calls) > 2


def test_an_array_that_was_cut_is_the_beginning_of_its_memory() -> None:
    def answer(parameters: Parameters) -> None:
        parameters.memref(0).put(np.array([5, 6], np.float32).tobytes())

    array = np.zeros((2, 2), np.float32)
    with one_command(answer, ta.Out[F32]) as client:
        found = client.it(array)
        assert found.tolist() == [5, 6]
        assert found.base is not None
        assert np.shares_memory(found, array)
    with (
        one_command(fill, ta.Out[F32]) as client,
        pytest.raises(tee.BadFormatError, match="3 bytes are no whole number of float32"),
    ):
        client.it(array)


def test_an_array_can_be_a_result_of_its_own() -> None:
    def answer(parameters: Parameters) -> None:
        parameters.memref(0).put(np.arange(3, dtype=np.float32).tobytes())

    with one_command(answer, returns=ta.Variable(F32)) as client:
        assert client.it().tolist() == [0, 1, 2]

    def nothing(parameters: Parameters) -> None:
        parameters.memref(0).put(b"")

    with one_command(nothing, returns=ta.Variable(F32)) as client:
        assert client.it().shape == (0,)


def test_an_empty_array_goes_both_ways() -> None:
    with one_command(lambda parameters: None, ta.InOut[F32]) as client:
        assert client.it(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_an_array_of_other_numbers_or_with_gaps_is_refused() -> None:
    with one_command(unused, F32) as client:
        wrong: list[Any] = [np.zeros(2), np.zeros(2, ">f4"), [1.0], b"abcd", None]
        for given in wrong:
            with pytest.raises(
                ParameterTypeError, match=r"argument 1 of One.it\(\) must be an array of float32"
            ):
                client.it(given)
        for given in (np.zeros((4, 4), np.float32)[:, 1], np.zeros((2, 3), np.float32).T):
            with pytest.raises(ParameterTypeError, match=r"argument 1 .* is not contiguous"):
                client.it(given)


@pytest.mark.parametrize("dtype", [object, "S0", "V0"])
def test_an_array_of_no_plain_memory_is_refused_when_it_is_declared(dtype: Any) -> None:
    with pytest.raises(ta.DeclarationError, match="is no plain memory"):
        ta.NDArray(dtype)


def test_what_is_taken_and_what_is_given_can_differ() -> None:
    """A result is of its own kind, whatever the argument was."""
    given = np.array([1, 2], np.float32)

    def same(parameters: Parameters) -> None:
        pass

    kinds: list[tuple[Any, Any, Any, Any]] = [
        (F32, bytes, given, given.tobytes()),
        (F32, ta.Bytes(8), given.reshape(1, 2), given.tobytes()),
        (F32, ta.List(ta.F32), given, [1, 2]),
        (bytes, ta.List(ta.F32), given.tobytes(), [1, 2]),
        (ta.BUFFER, str, bytearray(b"abc"), "abc"),
    ]
    for taken, kind, argument, expected in kinds:
        with one_command(same, ta.InOut[taken, kind]) as client:
            assert client.it(argument) == expected
    arrays: list[tuple[Any, Any]] = [(bytes, given.tobytes()), (F32, given), (ta.BUFFER, given)]
    for taken, argument in arrays:
        with one_command(same, ta.InOut[taken, ta.NDArray(np.int32)]) as client:
            assert client.it(argument).dtype == np.int32


BLOCKS: list[tuple[Any, Any]] = [
    (tee.AllocatedSharedMemory, lambda block: block),
    (tee.SharedMemory, lambda block: block),
    (tee.MemrefWhole, lambda block: block),
    (tee.MemrefWhole, tee.MemrefWhole),
    (tee.MemrefPartialInOut, lambda block: tee.MemrefPartialInOut(block, 0, 8)),
]


@pytest.mark.parametrize(("kind", "make"), BLOCKS)
def test_a_block_goes_both_ways_as_it_is(kind: Any, make: Any) -> None:
    with (
        one_command(fill, ta.InOut[kind]) as client,
        client.session.context.allocate_shared_memory(8) as block,
    ):
        assert client.it(make(block)) == b"abc"


def test_a_block_has_its_own_directions_whatever_is_declared() -> None:
    """The results after it are still the right ones."""

    def answer(parameters: Parameters) -> None:
        parameters.value(1).a = 7

    flags = tee.MemoryFlags
    for direction in (flags.INPUT, flags.OUTPUT, flags.INPUT | flags.OUTPUT):
        for declared in (tee.SharedMemory, ta.InOut[tee.SharedMemory]):
            with (
                one_command(answer, declared, returns=ta.U32) as client,
                client.session.context.allocate_shared_memory(8, direction) as block,
            ):
                found = client.it(block)
                if declared is tee.SharedMemory:
                    assert found == 7
                elif direction is flags.INPUT:
                    assert found == (None, 7)
                else:
                    assert found == (bytes(8), 7)


RAW: list[tuple[Any, Any, Any]] = [
    (tee.ValueInput, tee.ValueInput(1, 2), None),
    (ta.Out[tee.ValueOutput], tee.ValueOutput(), (0, 0)),
    (ta.InOut[tee.ValueInOut], tee.ValueInOut(1, 2), (1, 2)),
    (tee.MemrefTempInput, tee.MemrefTempInput(b"ab"), None),
    (ta.Out[tee.MemrefTempOutput], tee.MemrefTempOutput(2), b"\0\0"),
    (ta.InOut[tee.MemrefTempInOut], tee.MemrefTempInOut(bytearray(b"ab")), b"ab"),
]


@pytest.mark.parametrize(("kind", "given", "expected"), RAW, ids=lambda it: repr(it)[:30])
def test_a_parameter_can_be_declared_as_it_is(kind: Any, given: Any, expected: Any) -> None:
    with one_command(lambda parameters: None, kind) as client:
        assert client.it(given) == expected
        with pytest.raises(ParameterTypeError, match=r"argument 1 of One.it\(\) must be a"):
            client.it(3)


def test_parts_of_blocks_go_one_way() -> None:
    def copy(parameters: Parameters) -> None:
        parameters.memref(1).put(parameters.memref(0).content())

    with (
        one_command(copy, tee.MemrefPartialInput, ta.Out[tee.MemrefPartialOutput]) as client,
        client.session.context.allocate_shared_memory(8) as block,
    ):
        memoryview(block)[:4] = b"abcd"
        found = client.it(tee.MemrefPartialInput(block, 1, 3), tee.MemrefPartialOutput(block, 4, 4))
        assert found == b"bcd"
        assert bytes(block) == b"abcdbcd\0"
