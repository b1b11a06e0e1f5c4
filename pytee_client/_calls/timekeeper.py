# SPDX-License-Identifier: BSD-2-Clause
"""A thread that calls functions at their time, for calls for which nobody waits."""

from __future__ import annotations

import heapq
import sys
import threading
import weakref
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar

from .._boundary import leave_signals
from .._conditions import Condition
from .._process import Process, renewed

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Timed(Protocol):
        """What there is a time for."""

        @property
        def needs_time(self) -> bool:
            """Whether its function may still have something to do."""
            ...


_T = TypeVar("_T", bound="Timed")

# How many entries there may be before it looks for those that are over.
_ROOM: Final = 1000
# In seconds. A wait takes no number that is too large.
_LONGEST: Final = 3600.0


class _Timekeeper:
    """One thread for the process. It ends when there is nothing to wait for."""

    def __init__(self) -> None:
        self._changed = renewed(Condition())
        self._numbers = count()
        self._begin()

    def _begin(self) -> None:
        self._generation = Process.generation
        self._entries: list[tuple[float, int, weakref.ref[Any], Callable[[Any], object]]] = []
        self._is_running = False
        self._room = _ROOM

    def call_at(self, when: float, target: Any, function: Callable[[Any], object]) -> None:
        entry = (when, next(self._numbers), weakref.ref(target), function)
        with self._changed:
            if self._generation != Process.generation:
                # What was there belongs to the parent, which has the thread.
                self._begin()
            heapq.heappush(self._entries, entry)
            if not self._is_running:
                threading.Thread(target=self._run, daemon=True, name="pytee_client-time").start()
                self._is_running = True
            elif self._entries[0] is entry or len(self._entries) >= self._room:
                self._changed.notify()

    def _run(self) -> None:
        leave_signals()
        while True:
            with self._changed:
                while self._entries and not _is_due(self._entries[0]):
                    if len(self._entries) >= self._room:
                        self._drop_what_is_over()
                        continue
                    self._changed.wait(min(_LONGEST, self._entries[0][0] - monotonic()))
                if not self._entries:
                    self._is_running = False
                    return
                _, _, reference, function = heapq.heappop(self._entries)
            target = reference()
            if target is not None:
                try:
                    function(target)
                except BaseException as error:
                    # It goes on for the others.
                    sys.excepthook(type(error), error, error.__traceback__)
            # It must not live on while this waits.
            del target

    def _drop_what_is_over(self) -> None:
        """Drop what needs no time-out: else it piles up if the time-outs are long.

        In the thread, where no handler of a signal adds something meanwhile.
        """
        self._entries = [one for one in self._entries if not _is_over(one)]
        heapq.heapify(self._entries)
        self._room = max(_ROOM, 2 * len(self._entries))


def _is_over(entry: tuple[float, int, Any, Any]) -> bool:
    target = entry[2]()
    return target is None or not target.needs_time


def _is_due(entry: tuple[float, int, Any, Any]) -> bool:
    return entry[0] <= monotonic() or entry[2]() is None


_timekeeper = _Timekeeper()


def call_at(nanoseconds: int, target: _T, function: Callable[[_T], object]) -> None:
    """Call a function with a future in a while, unless it needs no time or is gone then."""
    _timekeeper.call_at(monotonic() + nanoseconds / 1e9, target, function)
