# SPDX-License-Identifier: BSD-2-Clause
"""What type checkers know of outputs is what comes back.

mypy and pyright check the assertions of types; the test runs the same calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.typing import Output, Outputs, Parameter, PreparedCommand

from ..support.conformance import Command, filled
from ..support.targets import Target
from ..support.waiting import LIMIT

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(value, kind):
        return value


@pytest.fixture
def session() -> Iterator[tee.Session]:
    with (
        tee.Context(backend=fake.Kernel("optee")) as context,
        context.open_session(Target.CONFORMANCE) as opened,
    ):
        yield opened


def test_the_types_of_no_and_of_one_parameter(session: tee.Session) -> None:
    assert assert_type(session.invoke_command(Command.NOTHING), tuple[()]) == ()
    for nothing in (b"abc", (1, 2), [1, 2], None, tee.MemrefTempInput(b""), tee.ValueInput(1)):
        assert assert_type(session.invoke_command(Command.NOTHING, nothing), tuple[()]) == ()
    (value,) = session.invoke_command(Command.VALUES, tee.ValueInOut(42))
    assert type(assert_type(value, tee.Value)) is tee.Value
    assert_type(value.a, int)
    (made,) = session.invoke_command(Command.VALUES, tee.ValueOutput())
    assert type(assert_type(made, tee.Value)) is tee.Value
    (data,) = session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(8))
    assert assert_type(data, bytes | tee.RequiredSize) == filled(0, 8)
    (grown,) = session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(8, grow=True))
    assert assert_type(grown, bytes) == filled(0, 8)
    for parameter in (tee.MemrefTempOutput(bytearray(8)), tee.MemrefTempInOut(bytearray(8))):
        (view,) = session.invoke_command(Command.MEMREF_FILL, parameter)
        assert type(assert_type(view, memoryview | tee.RequiredSize)) is memoryview
    (null,) = session.invoke_command(Command.NOTHING, tee.MemrefTempInOut(None))
    assert type(assert_type(null, bytes | tee.RequiredSize)) is bytes


def test_the_types_of_blocks_depend_on_whether_their_bytes_are_here(session: tee.Session) -> None:
    context = session.context
    with context.allocate_shared_memory(8) as block:
        whole = assert_type(
            session.invoke_command(Command.MEMREF_FILL, block),
            tuple[memoryview | tee.RequiredSize, ...],
        )
        (part,) = session.invoke_command(Command.MEMREF_FILL, tee.MemrefPartialOutput(block, 4))
        view = assert_type(part, memoryview | tee.RequiredSize)
        (same,) = session.invoke_command(Command.MEMREF_FILL, tee.MemrefWhole(block))
        assert_type(same, memoryview | tee.RequiredSize)
        for output in (*whole, view, same):
            assert isinstance(output, memoryview)
            output.release()
    with context.register_shared_memory(b"abc", tee.MemoryFlags.INPUT) as source:
        assert session.invoke_command(Command.NOTHING, source) == ()
        part_of_source = tee.MemrefPartialInput(source)
        assert assert_type(session.invoke_command(0, part_of_source), tuple[()]) == ()


def size_in(session: tee.Session, block: tee.DescriptorSharedMemory) -> int:
    """Be checked only: the fake shares no memory by descriptor by default."""
    (size,) = session.invoke_command(0, tee.MemrefPartialInOut(block))
    assert_type(size, int | tee.RequiredSize)
    assert_type(session.invoke_command(0, block), tuple[int | tee.RequiredSize, ...])
    return size if isinstance(size, int) else size.required


def any_block(session: tee.Session, block: tee.SharedMemory) -> None:
    """Be checked only: a program need not say which kind of block it has."""
    (output,) = session.invoke_command(0, tee.MemrefPartialOutput(block))
    assert_type(output, memoryview | int | tee.RequiredSize)


def test_the_types_of_two_parameters(session: tee.Session) -> None:
    invoke = session.invoke_command
    assert assert_type(invoke(Command.NOTHING, b"abc", (1, 2)), tuple[()]) == ()
    (data,) = invoke(Command.NOTHING, (1, 2), tee.MemrefTempOutput(3))
    assert type(assert_type(data, bytes | tee.RequiredSize)) is bytes
    (value,) = invoke(Command.NOTHING, tee.ValueInOut(1), b"abc")
    assert type(assert_type(value, tee.Value)) is tee.Value
    first, second = invoke(Command.NOTHING, tee.ValueInOut(1), tee.MemrefTempOutput(3))
    assert type(assert_type(first, tee.Value)) is tee.Value
    assert type(assert_type(second, bytes | tee.RequiredSize)) is bytes
    with session.context.allocate_shared_memory(8) as block:
        outputs = assert_type(invoke(Command.NOTHING, tee.ValueInOut(1), block), Outputs)
        assert len(outputs) == 2
        view = outputs[1]
        assert isinstance(view, memoryview)
        view.release()


def test_the_types_of_more_parameters_are_any_output(session: tee.Session) -> None:
    parameters: list[Parameter] = [None, b"abc", tee.ValueInOut(1), (1, 2)]
    (output,) = session.invoke_command(Command.NOTHING, *parameters)
    assert isinstance(assert_type(output, Output), tee.Value)
    assert_type(session.outputs, Outputs)
    assert_type(tee.TeecError().outputs, Outputs)
    assert_type(tee.OutOfMemoryError().errno, int | None)
    assert_type(tee.DeviceAccessError().errno, int | None)


def test_the_types_of_futures_are_those_of_calls(session: tee.Session) -> None:
    submit = session.submit
    assert assert_type(submit(Command.NOTHING), Future[tuple[()]]).result(LIMIT) == ()
    assert assert_type(submit(Command.NOTHING, b"abc"), Future[tuple[()]]).result(LIMIT) == ()
    assert assert_type(submit(0, (1, 2), [1, 2]), Future[tuple[()]]).result(LIMIT) == ()
    value = submit(Command.VALUES, tee.ValueInOut(42), timeout=LIMIT, grace=1)
    (number,) = assert_type(value, Future[tuple[tee.Value]]).result(LIMIT)
    assert type(number) is tee.Value
    data = submit(Command.NOTHING, (1, 2), tee.MemrefTempOutput(3))
    (filling,) = assert_type(data, Future[tuple[bytes | tee.RequiredSize]]).result(LIMIT)
    assert type(filling) is bytes
    first = submit(Command.NOTHING, tee.ValueInOut(1), b"abc")
    assert len(assert_type(first, Future[tuple[tee.Value]]).result(LIMIT)) == 1
    both = submit(Command.NOTHING, tee.ValueInOut(1), tee.MemrefTempOutput(3, grow=True))
    assert len(assert_type(both, Future[tuple[tee.Value, bytes]]).result(LIMIT)) == 2
    with session.context.allocate_shared_memory(8) as block:
        filled_block = submit(Command.MEMREF_FILL, block)
        assert_type(filled_block, Future[tuple[memoryview | tee.RequiredSize, ...]])
        outputs: list[Output] = [*filled_block.result(LIMIT)]
        for mixed in (submit(0, tee.ValueInOut(1), block), submit(0, block, tee.ValueInOut(1))):
            outputs += assert_type(mixed, Future[Outputs]).result(LIMIT)
        for output in outputs:
            if isinstance(output, memoryview):
                output.release()
    parameters: list[Parameter] = [None, b"abc", tee.ValueInOut(1), (1, 2)]
    assert len(assert_type(submit(0, *parameters), Future[Outputs]).result(LIMIT)) == 1


def test_the_types_of_prepared_commands(session: tee.Session) -> None:
    increment = session.prepare(Command.VALUES, tee.ValueInOut)
    (value,) = assert_type(increment, PreparedCommand[tuple[tee.Value]])((1, 2))
    assert type(assert_type(value, tee.Value)) is tee.Value
    fill = session.prepare(Command.MEMREF_FILL, tee.MemrefTempOutput(3))
    (data,) = fill()
    assert assert_type(data, bytes | tee.RequiredSize) == filled(0, 3)
    (varying,) = session.prepare(Command.MEMREF_FILL, tee.MemrefTempOutput)(3)
    assert assert_type(varying, bytes | memoryview | tee.RequiredSize) == filled(0, 3)
    nothing = session.prepare(Command.NOTHING, tee.MemrefTempInput)
    assert assert_type(nothing(b"abc"), tuple[()]) == ()
    two = session.prepare(Command.NOTHING, tee.ValueInOut, b"abc")
    assert len(assert_type(two((1, 2)), Outputs)) == 1
