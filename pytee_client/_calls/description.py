# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of a call in words: kinds and sizes, and never what is in them.

Only for errors: a call that succeeds does not come here.
"""

from __future__ import annotations

from .._boundary.call import (
    MEMREF_PARTIAL_INOUT,
    MEMREF_PARTIAL_INPUT,
    MEMREF_PARTIAL_OUTPUT,
    MEMREF_TEMP_INOUT,
    MEMREF_TEMP_INPUT,
    MEMREF_TEMP_OUTPUT,
    MEMREF_WHOLE,
    VALUE_INOUT,
    VALUE_INPUT,
    VALUE_OUTPUT,
)
from ..enums import MemoryFlags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from .call import Call

_VALUES: Final[dict[int, str]] = {
    VALUE_INPUT: "value",
    VALUE_OUTPUT: "value output",
    VALUE_INOUT: "value inout",
}
_TEMPORARY: Final[dict[int, str]] = {
    MEMREF_TEMP_INPUT: "input",
    MEMREF_TEMP_OUTPUT: "output",
    MEMREF_TEMP_INOUT: "inout",
}
_PARTS: Final[dict[int, str]] = {
    MEMREF_PARTIAL_INPUT: "input",
    MEMREF_PARTIAL_OUTPUT: "output",
    MEMREF_PARTIAL_INOUT: "inout",
}
_DIRECTIONS: Final[dict[int, str]] = {
    MemoryFlags.INPUT: "input",
    MemoryFlags.OUTPUT: "output",
    MemoryFlags.INOUT: "inout",
}


def describe_parameters(call: Call) -> str:
    """Return such as "input of 3 bytes, value, output of 16 bytes"."""
    capacities = call.capacities()
    found = [_describe(call, index, kind, capacities) for index, kind in _slots(call)]
    return ", ".join(found) or "no parameters"


def describe_shortage(call: Call) -> str | None:
    """Return how much the outputs that were too small need, or None if nobody said so."""
    short = [
        f"output {index} needs {_bytes(call.size(index))}, has {capacity}"
        for index, capacity in call.capacities().items()
        if call.size(index) > capacity
    ]
    return "; ".join(short) or None


def null_slots(call: Call) -> list[int]:
    """Return the slots with null memory references."""
    return [index for index, kind in _slots(call) if kind in _TEMPORARY and call.is_null(index)]


def _slots(call: Call) -> Iterator[tuple[int, int]]:
    types, index = call.types, 0
    while types:
        yield index, types & 0xF
        types >>= 4
        index += 1


def _describe(call: Call, index: int, kind: int, capacities: dict[int, int]) -> str:
    if kind in _VALUES:
        return _VALUES[kind]
    if kind in _TEMPORARY and call.is_null(index):
        return f"null {_TEMPORARY[kind]}"
    # The slot of an output has the size that came back.
    size = _bytes(capacities.get(index, call.size(index)))
    if kind in _TEMPORARY:
        return f"{_TEMPORARY[kind]} of {size}"
    if kind in _PARTS:
        return f"{_PARTS[kind]} of {size} in a block"
    if kind == MEMREF_WHOLE:
        return f"{_DIRECTIONS[call.directions_of_block(index)]} of {size} in a block"
    return "nothing"


def _bytes(size: int) -> str:
    return "1 byte" if size == 1 else f"{size} bytes"
