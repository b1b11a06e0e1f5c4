# SPDX-License-Identifier: BSD-2-Clause
"""What turns the arguments of a declared command into parameters; made once for each command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .._boundary.buffers import plain_data
from .._checks import said
from .._declarations.kinds import MemoryKind, ValueKind
from .._declarations.slots import Direction, RawKind, Slot
from ..errors import ParameterTypeError
from ..memory import SharedMemory
from ..parameters import (
    MemrefTempInOut,
    MemrefTempInput,
    MemrefTempOutput,
    MemrefWhole,
    ValueInOut,
    ValueOutput,
)

__all__ = ["Encode", "encoder", "result_parameter"]

Encode: TypeAlias = Callable[[Any], Any]


def encoder(slot: Slot, what: str, room: int | None = None) -> Encode:
    """Make what turns an argument into a parameter.

    Args:
        slot: what is declared of its slot.
        what: its name, for errors.
        room: how many bytes there is room for if it varies and comes back; by default as many as
            are declared.
    """
    kind, direction = slot.taken, slot.direction
    if isinstance(kind, RawKind):
        return lambda given: _as_is(given, kind.python, what)
    if isinstance(kind, ValueKind):
        return _value_encoder(kind, slot, what)
    assert isinstance(kind, MemoryKind)
    write: Any = kind.write
    if direction is Direction.INPUT:
        if not kind.is_nullable:
            return lambda given: write(given, what)
        return lambda given: MemrefTempInput(write(given, what))
    if kind.in_place:
        wrap: Any = MemrefTempOutput if direction is Direction.OUTPUT else MemrefTempInOut
        return lambda given: wrap(_writable(write(given, what), what))
    size = slot.room or 0 if room is None else room
    if kind.size == size and not kind.is_nullable:
        return lambda given: MemrefTempInOut(bytearray(write(given, what)))

    def with_room(given: Any) -> MemrefTempInOut[Any]:
        content = write(given, what)
        if content is None:
            return MemrefTempInOut(None)
        copy = bytearray(content)
        if len(copy) < size:
            copy.extend(bytes(size - len(copy)))
        return MemrefTempInOut(copy)

    return with_room


def _value_encoder(kind: ValueKind[Any, Any], slot: Slot, what: str) -> Encode:
    words = kind.words
    if kind.values > 1:
        first = 2 * slot.words
        if slot.direction is Direction.INPUT:
            return lambda given: words(given, what)[first : first + 2]
        return lambda given: ValueInOut(*words(given, what)[first : first + 2])
    if slot.direction is Direction.INPUT:
        return lambda given: words(given, what)

    def value(given: Any) -> ValueInOut:
        a, b = words(given, what)
        return ValueInOut(a, b)

    return value


def _writable(content: Any, what: str) -> Any:
    return None if content is None else plain_data(content, what, writable=True)


def _as_is(given: Any, python: type[Any], what: str) -> Any:
    wanted = (python, SharedMemory) if python is MemrefWhole else python
    if not isinstance(given, wanted):
        raise ParameterTypeError(f"{what} must be a {python.__name__}, not {said(given)}")
    return given


def result_parameter(slot: Slot, room: int | None, retry: bool) -> Any:
    """Make the parameter of an output that is no argument."""
    if isinstance(slot.given, ValueKind):
        return ValueOutput()
    if slot.varies and retry:
        return MemrefTempOutput(room, grow=True, max_size=slot.max_size)
    return MemrefTempOutput(room)
