# SPDX-License-Identifier: BSD-2-Clause
"""A value means the same, and is refused alike, on every road to a command."""

from __future__ import annotations

import array
import ctypes
import decimal
import enum
import fractions
import math
import mmap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import Conformance

from ...support.conformance import Command


class Index:
    def __index__(self) -> int:
        return 3


class NoIndex:
    def __index__(self) -> int:
        raise TypeError("not today")


class Size(enum.IntEnum):
    SMALL = 3


class Colour(enum.Enum):
    RED = 1


class Number(int):
    pass


class Octets(bytes):
    pass


class Room(bytearray):
    pass


class Pair(tuple[int, int]):
    pass


class OwnInput(tee.MemrefTempInput):
    pass


class OwnValue(tee.ValueInOut):
    pass


class Struct(ctypes.Structure):
    _fields_ = (("a", ctypes.c_int), ("b", ctypes.c_short))


def released() -> memoryview:
    view = memoryview(bytearray(4))
    view.release()
    return view


def closed_map() -> mmap.mmap:
    pages = mmap.mmap(-1, 10)
    pages.close()
    return pages


NUMBERS: list[Any] = [
    *(0, 1, 3, 7, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1, 2**64, 10**40, -1, -(2**31)),
    *(True, False, 0.0, 1.0, 1.5, math.nan, math.inf, 1j, decimal.Decimal(1)),
    *(fractions.Fraction(1), fractions.Fraction(1, 2), Index(), NoIndex(), Number(3), Size.SMALL),
    *(Colour.RED, tee.Login.USER, tee.GenericCapabilities.GP, tee.Result.BUSY),
    *(np.int64(3), np.int8(-1), np.uint64(2**40), np.float32(1.5), np.float64(3), np.bool_(True)),
    *(np.array(3), np.array([3]), np.array([1, 2]), np.array(1.5), np.timedelta64(5, "s")),
    *(np.complex64(1), np.str_("a"), np.bytes_(b"a")),
]
BUFFERS: list[Any] = [
    *(b"", b"abc", bytearray(), bytearray(b"abc"), Octets(b"abc"), Room(b"abc")),
    *(memoryview(b"abc"), memoryview(bytearray(b"abc")), memoryview(bytearray(8))[::2]),
    *(array.array("i", [1, 2]), array.array("d", [1.5]), ctypes.c_int(7), Struct(1, 2)),
    *((ctypes.c_char * 4)(), mmap.mmap(-1, 10), closed_map(), released()),
    *(np.zeros(3), np.zeros((2, 3), np.uint8), np.zeros((4, 4))[:, 1], np.zeros(0)),
    *(np.array([None]), np.array(["2020"], "datetime64[D]"), np.array(b"ab")),
]
OTHERS: list[Any] = [
    *(None, "", "text", object(), ..., [], [1], [1, 2], [1, 2, 3], (), (1,), (1, 2), (1, 2, 3)),
    *((True, 1), (1.5, 2), ("a", "b"), (-1, 1), (None, None), (Index(), Size.SMALL), Pair((1, 2))),
    *((np.int64(1), 2), (np.float32(1), 2), (np.array([1]), 2), (NoIndex(), 1)),
    *({1: 2}, {1, 2}, range(2), int, bytes, tee.MemrefTempInput, tee.ValueOutput, fake.Kernel),
    *(tee.Value(1, 2), tee.RequiredSize(3), tee.Operation(), ValueError("x"), print),
    *(OwnInput(b"abc"), OwnValue(1, 2), tee.ValueOutput(), tee.MemrefWhole(3)),  # type: ignore[arg-type]
]
VALUES = NUMBERS + BUFFERS + OTHERS
NAMES = [f"{place}-{type(value).__name__}" for place, value in enumerate(VALUES)]


@pytest.fixture
def session() -> Iterator[tee.Session]:
    with (
        tee.Context(backend=fake.Kernel()) as context,
        context.open_session(Conformance.uuid) as opened,
    ):
        yield opened


def told(run: Callable[[], tuple[Any, ...]]) -> object:
    """Return what comes of a call: its outputs' types and contents, or its error."""
    try:
        outputs = run()
    except Exception as error:
        return type(error), str(error)
    return [
        (type(output), bytes(output) if isinstance(output, memoryview) else output)
        for output in outputs
    ]


def by_operation(session: tee.Session, command: Any, *parameters: Any) -> tuple[Any, ...]:
    return session.invoke_command(command, *parameters, operation=tee.Operation())


def by_preparing(session: tee.Session, command: Any, *slots: Any) -> tuple[Any, ...]:
    outputs: tuple[Any, ...] = session.prepare(command, *slots)()
    return outputs


def check_all(session: tee.Session, command: Any, make: Callable[[], Any]) -> object:
    """Check that a parameter means the same in each call that has it fixed; return what."""
    invoke, prepare = session.invoke_command, session.prepare
    expected = told(lambda: invoke(command, make(), None))
    roads: dict[str, Callable[[], tuple[Any, ...]]] = {
        "alone": lambda: invoke(command, make()),
        "with an operation": lambda: by_operation(session, command, make()),
        "prepared": lambda: by_preparing(session, command, make()),
        "prepared with others": lambda: by_preparing(session, command, make(), None),
        "prepared, the other varies": lambda: prepare(command, make(), tee.ValueInput)((0, 0)),
    }
    for road, run in roads.items():
        assert told(run) == expected, road
    return expected


def check_refusal(expected: object) -> None:
    """An error is of a class of ours, and names the parameter."""
    if isinstance(expected, tuple):
        kind, text = expected
        assert issubclass(kind, tee.BadParametersError | tee.OutOfMemoryError), expected
        assert text.startswith(("parameter 0", "the command id", "allocating")), text


@pytest.mark.parametrize("value", VALUES, ids=NAMES)
def test_a_plain_value_is_the_same_on_every_road(session: tee.Session, value: Any) -> None:
    if isinstance(value, type):
        # To prepare() a class says that its content varies.
        class_: Any = value
        expected = told(lambda: session.invoke_command(0, class_))
        assert expected == told(lambda: by_operation(session, 0, value))
        assert isinstance(expected, tuple)
    else:
        expected = check_all(session, Command.NOTHING, lambda: value)
    check_refusal(expected)


@pytest.mark.parametrize("value", VALUES, ids=NAMES)
@pytest.mark.parametrize(
    "kind", [tee.MemrefTempInput, tee.MemrefTempOutput, tee.MemrefTempInOut, tee.MemrefWhole]
)
def test_the_content_of_memory_is_the_same_on_every_road(
    session: tee.Session, kind: Any, value: Any
) -> None:
    if kind is tee.MemrefTempOutput and isinstance(value, int) and 2**24 < value < 2**48:
        # The host may have so much memory, or not.
        return
    expected = check_all(session, Command.NOTHING, lambda: kind(value))
    check_refusal(expected)
    prepared = session.prepare(Command.NOTHING, kind)
    assert told(lambda: prepared(value)) == expected
    with_others = session.prepare(Command.NOTHING, kind, (1, 2))
    assert told(lambda: with_others(value)) == expected


@pytest.mark.parametrize("value", VALUES, ids=NAMES)
@pytest.mark.parametrize("kind", [tee.ValueInput, tee.ValueInOut])
@pytest.mark.parametrize("place", ["a", "b"])
def test_the_numbers_of_a_value_are_the_same_on_every_road(
    session: tee.Session, kind: Any, place: str, value: Any
) -> None:
    pair = (value, 1) if place == "a" else (1, value)
    expected = check_all(session, Command.VALUES, lambda: kind(*pair))
    check_refusal(expected)
    if isinstance(expected, tuple):
        assert f"parameter 0, {place} " in expected[1]
    for content in (pair, list(pair)):
        prepared = session.prepare(Command.VALUES, kind)
        assert told(lambda: prepared(content)) == expected  # noqa: B023
        with_others = session.prepare(Command.VALUES, kind, None)
        assert told(lambda: with_others(content)) == expected  # noqa: B023
    if kind is tee.ValueInput:
        assert check_all(session, Command.VALUES, lambda: pair) == expected
        assert check_all(session, Command.VALUES, lambda: list(pair)) == expected


@pytest.mark.parametrize("value", VALUES, ids=NAMES)
@pytest.mark.parametrize("place", ["offset", "size"])
def test_a_part_of_a_block_is_the_same_on_every_road(
    session: tee.Session, place: str, value: Any
) -> None:
    with session.context.allocate_shared_memory(8) as block:
        numbers = (value, 1) if place == "offset" else (1, value)
        for kind in (tee.MemrefPartialInput, tee.MemrefPartialOutput, tee.MemrefPartialInOut):
            expected = check_all(session, Command.NOTHING, lambda: kind(block, *numbers))  # noqa: B023
            check_refusal(expected)
            prepared = session.prepare(Command.NOTHING, kind)
            assert told(lambda: prepared((block, *numbers))) == expected  # noqa: B023


@pytest.mark.parametrize("value", NUMBERS + OTHERS)
def test_a_command_id_is_the_same_on_every_road(session: tee.Session, value: Any) -> None:
    if isinstance(value, int) and value == Command.PANIC:
        return
    shapes: list[Callable[[], tuple[Any, ...]]] = [
        lambda: (),
        lambda: (tee.ValueInOut(1, 2),),
        lambda: (tee.MemrefTempInOut(bytearray(3)),),
        lambda: (b"abc", None),
    ]
    for shape in shapes:
        expected = told(lambda: session.invoke_command(value, *shape()))  # noqa: B023
        assert told(lambda: by_operation(session, value, *shape())) == expected  # noqa: B023
        prepared = told(lambda: by_preparing(session, value, *shape()))  # noqa: B023
        assert prepared == expected or "of the type" in str(prepared)


def test_blocks_that_can_not_be_used_are_refused_alike(session: tee.Session) -> None:
    context = session.context
    closed = context.allocate_shared_memory(8)
    closed.close()
    registered = context.register_shared_memory(bytearray(8))
    registered.close()
    with (
        tee.Context(backend=fake.Kernel()) as other,
        other.allocate_shared_memory(8) as foreign,
        context.allocate_shared_memory(8, tee.MemoryFlags.INPUT) as source,
    ):
        for block in (closed, registered, foreign):
            for make in (tee.MemrefWhole, tee.MemrefPartialInput, lambda block: block):
                expected = check_all(session, Command.NOTHING, lambda: make(block))  # noqa: B023
                assert isinstance(expected, tuple)
                assert expected[0] in (tee.ClosedSharedMemoryError, tee.BadParametersError)
        outward = check_all(session, Command.NOTHING, lambda: tee.MemrefPartialOutput(source))
        assert isinstance(outward, tuple)
        assert "parameter 0 wants the direction" in outward[1]


def test_too_many_parameters_are_refused_alike(session: tee.Session) -> None:
    five = [None] * 5
    expected = told(lambda: session.invoke_command(0, *five))
    assert expected == told(lambda: by_operation(session, 0, *five))
    assert expected == told(lambda: by_preparing(session, 0, *five))
    assert isinstance(expected, tuple)
    assert "5 parameters given, but an operation has 4" in expected[1]
