# SPDX-License-Identifier: BSD-2-Clause
"""What turns outputs into the results of a declared command; made once for each command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from .._declarations.kinds import ValueKind
from .._declarations.signature import Result
from .._declarations.slots import RawKind, Slot
from .._outputs import Outputs, RequiredSize
from ..enums import MemoryFlags
from ..memory import SharedMemory
from ..parameters import MemrefWhole

__all__ = ["Decode", "DoesNotFitError", "comes_back", "decoder"]

# Of all outputs and all arguments.
Decode: TypeAlias = Callable[[Any, Sequence[Any]], Any]


class DoesNotFitError(Exception):
    """An output needs so many bytes."""


def decoder(result: Result, slot: Slot, places: Sequence[int | None]) -> Decode:
    """Make what turns outputs into a result.

    Args:
        result: what is declared of it.
        slot: what is declared of its slot, or of the first.
        places: where it is among the outputs; None for a block that does not come back.
    """
    kind, argument, first = result.kind, result.argument, places[0]
    if isinstance(kind, RawKind):
        return lambda outputs, arguments: None if first is None else outputs[first]
    assert first is not None
    if isinstance(kind, ValueKind):
        return _value_decoder(kind, first, places[-1])
    read, taken = kind.read, slot.taken
    if argument is None or not (taken.is_nullable or taken.in_place):

        def content(outputs: Outputs, arguments: Sequence[Any]) -> Any:
            found = outputs[first]
            if type(found) is RequiredSize:
                raise DoesNotFitError(found.required)
            return read(found)

        return content

    read_into = kind.read_into if kind is taken and kind.in_place else None

    def changed(outputs: Outputs, arguments: Sequence[Any]) -> Any:
        given = arguments[argument]
        if given is None and taken.is_nullable:
            return kind.read_null()
        found = outputs[first]
        if type(found) is RequiredSize:
            raise DoesNotFitError(found.required)
        if read_into is not None:
            return read_into(given, found)
        return read(_bytes_of(found) if taken.in_place else found)

    return changed


def _value_decoder(kind: ValueKind[Any, Any], first: int, second: int | None) -> Decode:
    read = kind.read
    if kind.values == 1:

        def value(outputs: Any, arguments: Sequence[Any]) -> Any:
            a, b = outputs[first]
            return read(a, b)

        return value
    assert second is not None
    return lambda outputs, arguments: read(*outputs[first], *outputs[second])


def _bytes_of(content: Any) -> Any:
    """Return a view of bytes of what may have the format and the shape of an array."""
    if isinstance(content, memoryview):
        return content.cast("B") if content.nbytes else memoryview(b"")
    return content


def comes_back(parameter: Any) -> bool:
    """Return whether there is an output for a block; for other parameters, whether it is one."""
    block = parameter.block if isinstance(parameter, MemrefWhole) else parameter
    if isinstance(block, SharedMemory):
        return bool(block.flags & MemoryFlags.OUTPUT)
    return parameter is not None
