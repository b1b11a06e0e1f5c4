# SPDX-License-Identifier: BSD-2-Clause
"""Commands that are prepared once and run many times."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

import pytee_client as tee

from ..support.conformance import Command, xored
from ..support.outputs import output_as
from ..support.targets import Target
from ..support.waiting import LIMIT


def taken(outputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Copy memory, so that nothing is kept in use."""
    return tuple(bytes(o) if isinstance(o, memoryview) else o for o in outputs)


Slots = Callable[[], tuple[Any, ...]]
SHAPES: dict[str, tuple[int, Slots, tuple[Any, ...]]] = {
    "nothing": (Command.NOTHING, lambda: (), ()),
    "value": (Command.VALUES, lambda: (tee.ValueInOut(1, 2),), ()),
    "value each time": (Command.VALUES, lambda: (tee.ValueInOut,), ((1, 2),)),
    "values": (
        Command.VALUES,
        lambda: ((3, 4), tee.ValueOutput(), tee.ValueInOut(5, 6), tee.ValueOutput),
        (),
    ),
    "bytes": (Command.MEMREF_XOR, lambda: (tee.MemrefTempInOut(bytearray(b"abc")),), ()),
    "memoryview": (
        Command.MEMREF_XOR,
        lambda: (tee.MemrefTempInOut(memoryview(bytearray(b"abcdef"))[1:4]),),
        (),
    ),
    "bytes each time": (Command.MEMREF_XOR, lambda: (tee.MemrefTempInOut,), (bytearray(b"abc"),)),
    "output": (Command.MEMREF_FILL, lambda: (tee.MemrefTempOutput(300),), ()),
    "output each time": (Command.MEMREF_FILL, lambda: (tee.MemrefTempOutput,), (300,)),
    "mixed": (
        Command.MEMREF_CHECKSUM,
        lambda: (b"abc", tee.ValueOutput(), tee.MemrefTempInput, None),
        (b"def",),
    ),
    "smaller": (Command.SET_SIZE, lambda: ((0, 2), tee.MemrefTempOutput(bytearray(9))), ()),
    "larger": (Command.SET_SIZE, lambda: ((0, 99), tee.MemrefTempOutput(bytearray(9))), ()),
}


def fresh(contents: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(bytearray(c) if isinstance(c, bytearray) else c for c in contents)


def as_parameter(slot: Any, contents: list[Any]) -> Any:
    if not isinstance(slot, type):
        return slot
    if slot is tee.ValueOutput:
        return tee.ValueOutput()
    content = contents.pop(0)
    return slot(*content) if isinstance(content, tuple) else slot(content)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_gives_what_the_plain_form_gives(session: tee.Session, shape: str) -> None:
    command_id, make, contents = SHAPES[shape]
    left = list(fresh(contents))
    plain = taken(session.invoke_command(command_id, *[as_parameter(s, left) for s in make()]))
    command = session.prepare(command_id, *make())
    assert taken(command(*fresh(contents))) == plain
    if not any(kind in shape for kind in ("bytes", "memoryview")):
        # Those were changed by the first.
        assert taken(command(*fresh(contents))) == plain


def test_the_numbers_given_are_those_of_each_call(session: tee.Session) -> None:
    invert = session.prepare(Command.VALUES, tee.ValueInOut)
    for pair in ((0, 0), (1, 2), (0xFFFFFFFF, 7)):
        assert invert(pair) == ((pair[0] ^ 0xFFFFFFFF, pair[1] ^ 0xFFFFFFFF),)
    again = session.prepare(Command.VALUES, tee.ValueInOut(1, 2))
    assert again() == again() == ((1 ^ 0xFFFFFFFF, 2 ^ 0xFFFFFFFF),)


def test_a_buffer_is_read_anew_and_written_at_each_call(session: tee.Session) -> None:
    buffer = bytearray(b"abc")
    command = session.prepare(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer))
    for data in (b"abc", b"xyz"):
        buffer[:] = data
        (view,) = command()
        view = output_as(memoryview, view)
        assert bytes(view) == buffer == xored(0, data)
        view.release()


def test_an_output_of_its_own_begins_with_zeros_each_time(session: tee.Session) -> None:
    command = session.prepare(Command.MEMREF_FILL, tee.MemrefTempOutput)
    sized = session.prepare(Command.SET_SIZE, (0, 8), tee.MemrefTempOutput(8))
    command(8)
    assert sized() == sized() == (bytes(8),)


def test_a_size_is_what_was_given_again_after_an_output_was_cut(session: tee.Session) -> None:
    cut = session.prepare(Command.SET_SIZE, (0, 2), tee.MemrefTempOutput(bytearray(9)))
    for _ in range(2):
        (view,) = cut()
        assert len(output_as(memoryview, view)) == 2


def test_a_buffer_stays_where_it_is_as_long_as_the_command_is_there(session: tee.Session) -> None:
    buffer = bytearray(10)
    command = session.prepare(Command.NOTHING, tee.MemrefTempInOut(buffer))
    with pytest.raises(BufferError):
        buffer.extend(bytes(1000))
    del command
    buffer.extend(bytes(1000))


def test_a_block_may_be_closed_though_a_command_uses_it(
    context: tee.Context, session: tee.Session
) -> None:
    with context.allocate_shared_memory(3) as block:
        block[:3] = b"abc"
        command = session.prepare(Command.MEMREF_XOR, block)
        (view,) = command()
        view = output_as(memoryview, view)
        assert bytes(view) == xored(0, b"abc")
        view.release()
    with pytest.raises(tee.ClosedSharedMemoryError):
        command()


def test_a_block_can_be_given_at_each_call(context: tee.Context, session: tee.Session) -> None:
    command = session.prepare(Command.MEMREF_XOR, tee.MemrefWhole)
    for size in (3, 5000):
        with context.allocate_shared_memory(size) as block:
            (view,) = command(block)
            view = output_as(memoryview, view)
            assert bytes(view) == xored(0, bytes(size))
            view.release()
    with pytest.raises(tee.ParameterTypeError, match="parameter 0 needs a SharedMemory"):
        command(bytearray(3))


def test_a_closed_session_refuses_it(context: tee.Context) -> None:
    session = context.open_session(Target.CONFORMANCE)
    commands: list[Callable[[], object]] = [
        session.prepare(Command.VALUES, tee.ValueInOut(1)),
        session.prepare(Command.NOTHING),
        session.prepare(Command.NOTHING, tee.MemrefTempInOut(bytearray(3))),
        session.prepare(Command.NOTHING, b"abc", tee.ValueOutput()),
    ]
    each_time = session.prepare(Command.VALUES, tee.ValueInOut)
    each_time((1, 2))
    session.close()
    for command in commands:
        with pytest.raises(tee.ClosedSessionError):
            command()
    with pytest.raises(tee.ClosedSessionError):
        each_time((1, 2))
    with pytest.raises(tee.ClosedSessionError):
        session.prepare(Command.NOTHING)


@pytest.mark.parametrize(
    "slots", [(), (tee.ValueInOut(1),), (tee.MemrefTempInOut(bytearray(3)),), ((1, 2), b"abc")]
)
def test_a_failure_is_that_of_the_plain_form_and_leaves_it_as_it_was(
    session: tee.Session, slots: tuple[Any, ...]
) -> None:
    command = session.prepare(999, *slots)
    for _ in range(2):
        with pytest.raises(tee.NotSupportedError, match="invoking command 999") as caught:
            command()
        assert caught.value.origin == tee.Origin.TRUSTED_APP


def test_what_cannot_be_sent_is_refused_before_the_first_call(session: tee.Session) -> None:
    with pytest.raises(tee.ParameterTypeError, match="parameter 1"):
        session.prepare(0, None, cast("Any", "text"))
    with pytest.raises(tee.ParameterTypeError, match="of the type str"):
        session.prepare(0, str)
    with pytest.raises(tee.ReadOnlyBufferError):
        session.prepare(0, tee.MemrefTempInOut(b"abc"))
    with pytest.raises(tee.ParameterRangeError):
        session.prepare(2**32)
    with pytest.raises(tee.ParameterRangeError):
        session.prepare(0, tee.ValueInOut(2**32))
    with pytest.raises(tee.BadParametersError, match="has 4"):
        session.prepare(0, *[(1, 2)] * 5)


@pytest.mark.parametrize("content", [1, (1,), (1, 2, 3), "ab", b"ab", {1: 2, 3: 4}, None])
def test_a_value_is_filled_with_a_pair(session: tee.Session, content: Any) -> None:
    command = session.prepare(Command.VALUES, tee.ValueInOut)
    with pytest.raises(tee.ParameterTypeError, match="pair of ints"):
        command(content)
    for pair in ((1, 2), [1, 2], tee.Value(1, 2)):
        assert command(pair) == ((1 ^ 0xFFFFFFFF, 2 ^ 0xFFFFFFFF),)


@pytest.mark.parametrize(
    ("slot", "content"),
    [
        (tee.MemrefTempInput, [1, 2]),
        (tee.MemrefTempOutput, (1, 2)),
        (tee.MemrefPartialInput, ()),
        (tee.MemrefPartialInOut, (1, 2, 3, 4)),
        (tee.MemrefWhole, (1,)),
    ],
)
def test_what_a_class_does_not_take_is_refused(
    session: tee.Session, slot: type[object], content: object
) -> None:
    command = session.prepare(Command.NOTHING, slot, (1, 2))
    with pytest.raises(tee.ParameterTypeError, match="parameter 0"):
        command(content)


@pytest.mark.parametrize("pair", [(-1, 0), (0, 2**32)])
def test_numbers_out_of_range_are_refused(session: tee.Session, pair: tuple[int, int]) -> None:
    with pytest.raises(tee.ParameterRangeError, match="parameter 0"):
        session.prepare(Command.VALUES, tee.ValueInOut)(pair)


def test_as_many_contents_are_taken_as_slots_are_to_be_filled(session: tee.Session) -> None:
    command = session.prepare(Command.NOTHING, tee.ValueInput, (1, 2), tee.MemrefTempInput)
    with pytest.raises(tee.ParameterTypeError, match="2 slots have to be filled"):
        command((1, 2))
    assert command((1, 2), b"abc") == ()


def test_threads_may_run_it_at_once(session: tee.Session, pool: ThreadPoolExecutor) -> None:
    invert = session.prepare(Command.VALUES, tee.ValueInOut)

    def work(number: int) -> None:
        for i in range(100):
            pair = (number << 16 | i, i)
            assert invert(pair) == ((pair[0] ^ 0xFFFFFFFF, pair[1] ^ 0xFFFFFFFF),)

    for call in [pool.submit(work, number) for number in range(4)]:
        call.result(LIMIT)


def test_closing_the_session_waits_for_it(context: tee.Context, pool: ThreadPoolExecutor) -> None:
    session = context.open_session(Target.CONFORMANCE)
    wait = session.prepare(Command.WAIT, (100, 0))
    call = pool.submit(wait)
    while not call.running() and not call.done():
        pass
    session.close()
    # It may not have begun.
    with contextlib.suppress(tee.ClosedSessionError):
        assert call.result(LIMIT) == ()
