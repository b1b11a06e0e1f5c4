# SPDX-License-Identifier: BSD-2-Clause
"""Where the blocks of a context lie in the memory of the program."""

from __future__ import annotations

import weakref
from bisect import bisect_right
from itertools import accumulate
from operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, TypeAlias

    # Where a block begins and ends, its directions, and the block.
    _Place: TypeAlias = tuple[int, int, int, weakref.ref[Any]]

_start: Final = itemgetter(0)
_end: Final = itemgetter(1)


class BlockIndex:
    """The live blocks of a context by address. It keeps none of them alive.

    Attributes:
        places: where each block lies; false if there is none.
        registered: the blocks of the program's own memory among them.

    Threads: may be used by any, and by signal handlers and finalizers: there is no lock. Each
    change is one step of a dict; then a new mark makes the sorted table obsolete.
    """

    __slots__ = ("_mark", "_table", "places", "registered")

    def __init__(self) -> None:
        self.places: dict[weakref.ref[Any], _Place] = {}
        self.registered: set[weakref.ref[Any]] = set()
        self._mark = object()
        # The mark that it was made for; the starts, the places in their order, and how far the
        # places up to each one reach.
        self._table: tuple[object, list[int], list[_Place], list[int]] = (self._mark, [], [], [])

    def add(self, block: Any, start: int, size: int, directions: int, registered: bool) -> None:
        """Add a block."""
        reference = weakref.ref(block, self._forget)
        if size:
            self.places[reference] = (start, start + size, directions, reference)
            if registered:
                self.registered.add(reference)
            self._mark = object()

    def remove(self, block: Any) -> None:
        """Remove a block, if it is there."""
        self._forget(weakref.ref(block))

    def _forget(self, reference: weakref.ref[Any]) -> None:
        self.registered.discard(reference)
        self.places.pop(reference, None)
        self._mark = object()

    def __contains__(self, block: Any) -> bool:
        """Return whether a block is there: it is removed before it is closed."""
        return weakref.ref(block) in self.places

    def find(self, address: int, size: int, directions: int) -> tuple[Any, int] | None:
        """Return the block that has these bytes and directions, and their offset in it."""
        table = self._table
        if table[0] is not self._mark:
            table = self._table = self._sorted()
        _, starts, places, reaches = table
        end = address + size
        position = bisect_right(starts, address) - 1
        while position >= 0 and reaches[position] >= end:
            start, its_end, its_directions, reference = places[position]
            if its_end >= end and not directions & ~its_directions:
                block = reference()
                if block is not None:
                    return block, address - start
            position -= 1
        return None

    def _sorted(self) -> tuple[object, list[int], list[_Place], list[int]]:
        mark = self._mark
        places = sorted(self.places.values(), key=_start)
        reaches = accumulate(map(_end, places), max)
        return mark, list(map(_start, places)), places, list(reaches)
