# SPDX-License-Identifier: BSD-2-Clause
"""The sessions of a pool: which are free, and who waits for one.

Without a lock, which a signal's handler could meet again. A place moves from one list to another
in one step, which an interrupt can't split, so that it is always in one of them.
"""

from __future__ import annotations

import time
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import starmap
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar
from uuid import UUID

from ._known_applications import named
from ._logging import log_debug, modules
from ._pool_stats import PoolStats
from ._process import Process
from .errors import (
    ClosedPoolError,
    DeadlineError,
    ForkedContextError,
    PoolSizeWarning,
)

if TYPE_CHECKING:

    class _Session(Protocol):
        @property
        def closed(self) -> bool: ...
        @property
        def is_dead(self) -> bool: ...
        @property
        def is_busy(self) -> bool: ...


SessionT = TypeVar("SessionT", bound="_Session")
_T = TypeVar("_T")

# How long an interrupt in the middle of a hand-over can delay the next caller, in seconds.
RECHECK: Final = 1.0
# When the TEE is asked again for a session that it did not open, in seconds.
_RETRY: Final = 30.0
_LOGGER: Final = "session_pool"
# Arguments of one call that has none.
_ONCE: Final = ((),)


class Place(Generic[SessionT]):
    """A place for a session, with at most one in it."""

    __slots__ = ("abandoned", "dead", "era", "opened", "sessions")

    def __init__(self) -> None:
        self.sessions: list[SessionT] = []
        # What the pool's era was when the session was opened.
        self.era: object = None
        # Only who has the place counts.
        self.opened: int = 0
        self.dead: int = 0
        self.abandoned: int = 0


class Waiter:
    """A caller who waits in a thread.

    Attributes:
        stack: the same for those who can't run before what they interrupted is over.
    """

    __slots__ = ("__weakref__", "_lock", "stack")

    def __init__(self) -> None:
        self.stack: object = get_ident()
        self._lock = Lock()
        self._lock.acquire()

    def wake(self) -> bool:
        """Wake it, or have its next wait end at once; false if it can't run any more."""
        with suppress(RuntimeError):
            self._lock.release()
        return True

    def wait(self, seconds: float) -> None:
        """Wait to be woken, or for some seconds."""
        self._lock.acquire(timeout=seconds)


class _Wakes(Protocol):
    @property
    def stack(self) -> object: ...
    def wake(self) -> bool: ...


def _move(take: Callable[[], _T], put: Callable[[starmap[_T]], object]) -> bool:
    """Move one thing from a list to another in one step; false if there was none."""
    try:
        # All of it is in C: no signal's handler runs between the two, and no finalizer.
        put(starmap(take, _ONCE))
    except IndexError:
        return False
    return True


class Places(Generic[SessionT]):
    """The places of one pool.

    Attributes:
        all: the places, wherever they are.
        free: those that nobody has, those with a session at its end.
    """

    def __init__(self, size: int, destination: UUID) -> None:
        self.all: tuple[Place[SessionT], ...] = tuple(Place() for _ in range(size))
        self.free: deque[Place[SessionT]] = deque(self.all)
        # Those for which the TEE opens no session.
        self._retired: deque[Place[SessionT]] = deque()
        # Those who wait for a place, in order, and those who wait for all to be back. Weak, as an
        # interrupt may keep one from leaving.
        self._line: list[weakref.ref[_Wakes]] = []
        self._watchers: list[weakref.ref[_Wakes]] = []
        self._destination = destination
        self._process = Process.generation
        self._has_warned = False
        self._retry_at = 0.0
        # Renewed when a session is found dead, as the others may be dead as well.
        self._era = object()
        self.is_draining = False
        self.is_closing = False

    def check_open(self) -> None:
        """Raise an error if nobody gets a session any more, or in a child process."""
        if self._is_inherited:
            raise ForkedContextError(
                "the pool belongs to the parent of this process: open a context here"
            )
        if self.is_closing:
            raise self.refusal()

    def check_takes_callers(self) -> None:
        """Raise the same, also while the pool is drained."""
        self.check_open()
        if self.is_draining:
            raise self.refusal()

    @property
    def _is_inherited(self) -> bool:
        # Who had places when the process forked will not give them back here.
        return self._process != Process.generation

    def refusal(self) -> ClosedPoolError:
        """Make the error for a caller who gets no session any more."""
        state = "closed" if self.is_closing else "being drained"
        return ClosedPoolError(f"the pool is {state}: make another with Context.session_pool()")

    def log(self, message: str, *arguments: object) -> None:
        """Log something at DEBUG; the last argument is the Trusted Application."""
        if "logging" in modules:
            log_debug(_LOGGER, message, *arguments, self._destination)

    def enter(self, waiter: _Wakes, *, first: bool = False) -> None:
        """Have a caller stand in line, at its end unless the caller has been first before."""
        self._line.insert(0 if first else len(self._line), weakref.ref(waiter))

    def leave(self, waiter: _Wakes) -> None:
        """Have a caller leave the line, and the next one look whether a place is free."""
        _remove(self._line, waiter)
        self.wake_next()

    def log_wait(self) -> None:
        """Log at DEBUG that a caller waits for a place."""
        if "logging" in modules:
            stats = self.stats()
            text = "a caller waits for a place: %d of %d are in use, and %d callers wait for %s"
            self.log(text, stats.in_use, stats.size, stats.waiting)

    def take(self, waiter: _Wakes, held: list[Place[SessionT]]) -> bool:
        """Move a free place to a caller who stands in line; false if it is not its turn yet."""
        self.check_open()
        if not self._is_next(waiter):
            return False
        return _move(self.free.pop, held.extend) or self._take_retired(held)

    def _take_retired(self, held: list[Place[SessionT]]) -> bool:
        """Move a place that was given up to a caller, once in a while."""
        now = time.monotonic()
        if not self._retired or now < self._retry_at:
            return False
        self._retry_at = now + _RETRY
        return _move(self._retired.pop, held.extend)

    def _is_next(self, waiter: _Wakes) -> bool:
        index = 0
        while True:
            try:
                reference = self._line[index]
            except IndexError:
                return True
            other = reference()
            if other is waiter:
                return True
            if other is None:
                with suppress(ValueError):
                    self._line.remove(reference)
            elif other.stack != waiter.stack:
                return False
            else:
                # This one was interrupted by what the waiter is called by.
                index += 1

    def wake_next(self) -> None:
        """Have the first in line look whether a place is free."""
        if not self.free and not self.restore():
            return
        while self._line:
            try:
                reference = self._line[0]
            except IndexError:
                break
            other = reference()
            if other is not None and other.wake():
                break
            with suppress(ValueError):
                self._line.remove(reference)
        if self.is_draining:
            self.wake_all(self._watchers)

    def wake_all(self, references: list[weakref.ref[_Wakes]] | None = None) -> None:
        """Have all look who wait."""
        for reference in (self._line if references is None else references).copy():
            other = reference()
            if other is not None:
                other.wake()

    @property
    def era(self) -> object:
        """What a place's era is when its session is opened now."""
        return self._era

    def unfit(self, place: Place[SessionT]) -> SessionT | None:
        """Return the session in a place if it has to be replaced, and count it."""
        for session in place.sessions:
            if session.closed:
                why = "it is closed"
            elif session.is_dead:
                why = "its application panicked"
                place.dead += 1
                # The application may have had one instance for all sessions.
                self._era = object()
            elif session.is_busy:
                why = "a call runs on in it"
                place.abandoned += 1
            elif place.era is not self._era:
                why = "the application panicked in another one"
                place.dead += 1
            else:
                continue
            self.log("discarding a session because %s: %s", why)
            return session
        return None

    def give_back(self, held: list[Place[SessionT]]) -> None:
        """Move the place of a caller back, and have the next one look."""
        try:
            for place in held:
                free = self.free
                put = free.extend if place.sessions else free.extendleft
                _move(held.pop, put)
        finally:
            self.wake_next()

    def retire(self, held: list[Place[SessionT]]) -> bool:
        """Give up a place for which the TEE opens no session; false if there is no other one.

        Says once that the pool has fewer sessions than it may have.
        """
        if not any(other.sessions for other in self.all) and self._in_use() <= 1:
            return False
        self._retry_at = time.monotonic() + _RETRY
        _move(held.pop, self._retired.extend)
        self.wake_next()
        size, count = len(self.all), sum(len(one.sessions) for one in self.all)
        self.log("the TEE opens no more sessions: a pool of %d makes do with %d of %s", size, count)
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"the TEE opens no more sessions with {named(self._destination)} now, and none for"
                " long if it is an application with one session at a time: the pool of"
                f" {size} makes do with {count}",
                PoolSizeWarning,
                stacklevel=4,
            )
        return True

    def restore(self) -> bool:
        """Take a place back that was given up, if no other one is left."""
        if self._in_use() or any(place.sessions for place in self.all):
            return False
        return _move(self._retired.pop, self.free.extend)

    def _in_use(self) -> int:
        return len(self.all) - len(self.free) - len(self._retired)

    @property
    def are_back(self) -> bool:
        """Whether nobody has a session, and nobody waits for one."""
        if self._is_inherited:
            return True
        return not self._in_use() and not any(reference() for reference in self._line.copy())

    def watch(self, waiter: _Wakes) -> None:
        """Have somebody be woken when places come back."""
        self._watchers.append(weakref.ref(waiter))

    def unwatch(self, waiter: _Wakes) -> None:
        """End what watch() began."""
        _remove(self._watchers, waiter)

    def late(self) -> DeadlineError:
        """Make the error for a caller who waited too long."""
        stats = self.stats()
        return DeadlineError(
            f"waiting for a session with {named(self._destination)}",
            details=f"{stats.in_use} of the pool's {stats.size} sessions are in use, and"
            f" {stats.waiting - 1} other callers wait",
            remedy="nothing was sent: give it more time, or the pool more sessions",
        )

    def still_used(self) -> DeadlineError:
        """Make the error of drain() after its time-out: sessions are in use."""
        error = DeadlineError(
            f"draining a pool of sessions with {named(self._destination)}",
            details=f"{self._in_use()} sessions are still in use",
            remedy="close() ends the pool all the same",
        )
        error.still_running = True
        return error

    def stats(self) -> PoolStats:
        """Count."""
        return PoolStats(
            size=len(self.all),
            open=_count_open(self.all),
            idle=_count_open(_as_list(self.free)),
            in_use=self._in_use(),
            waiting=sum(reference() is not None for reference in self._line.copy()),
            opened=sum(place.opened for place in self.all),
            dead=sum(place.dead for place in self.all),
            abandoned=sum(place.abandoned for place in self.all),
            is_limited=bool(self._retired),
        )


def _as_list(places: deque[Place[SessionT]]) -> list[Place[SessionT]]:
    while True:
        # Without the GIL others may change it on the way.
        with suppress(RuntimeError):
            return list(places)


def _count_open(places: Iterable[Place[SessionT]]) -> int:
    return sum(not session.closed for place in places for session in place.sessions.copy())


def _remove(references: list[weakref.ref[_Wakes]], waiter: _Wakes) -> None:
    with suppress(ValueError):
        references.remove(weakref.ref(waiter))
