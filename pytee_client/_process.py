# SPDX-License-Identifier: BSD-2-Clause
"""Which process this is, without a system call for each check, and locks for its children."""

from __future__ import annotations

import os
import weakref
from threading import RLock, Semaphore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Final, Protocol, TypeVar

    _Lock = TypeVar("_Lock")

    class Inherited(Protocol):
        """What a child of a fork gives up."""

        def leave_in_child(self) -> None:
            """Give it up."""
            ...


class Process:
    """The process that runs this.

    Attributes:
        generation: how many forks lie between it and the one that imported this.
    """

    generation: ClassVar[int] = 0


# Added to and taken from in single steps: no lock is needed.
_locks: Final[set[weakref.ref[Any]]] = set()
_left: Final[set[weakref.ref[Inherited]]] = set()

# Held while something is imported on demand: a fork waits for it. The locks that Python has for
# modules which other threads are importing would never be released in the child.
importing: Final = RLock()


def renewed(lock: _Lock) -> _Lock:
    """Return a lock of the module threading, which a child of a fork will find free.

    A thread of the parent that holds it is not in the child, so nobody would release it there.
    What it guards may be half done: it is for copies that a child has, but need not use.
    """
    _locks.add(weakref.ref(lock, _locks.discard))
    return lock


class RenewedSemaphore(Semaphore):
    """A semaphore, which a child of a fork will find with its first value."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self._first_value = value
        renewed(self)

    def _is_owned(self) -> bool:
        return False

    def _at_fork_reinit(self) -> None:
        super().__init__(self._first_value)


def left_in_children(inherited: Inherited) -> None:
    """Have inherited.leave_in_child() called in each child of a fork, as long as it exists."""
    _left.add(weakref.ref(inherited, _left.discard))


def _enter_child() -> None:
    Process.generation += 1
    importing.release()
    for reference in list(_locks):
        lock = reference()
        # What the forking thread holds, it will release itself.
        if lock is not None and not lock._is_owned():
            # As the standard library does with its own.
            lock._at_fork_reinit()
    for left in list(_left):
        inherited = left()
        if inherited is not None:
            inherited.leave_in_child()


os.register_at_fork(
    before=importing.acquire, after_in_parent=importing.release, after_in_child=_enter_child
)
