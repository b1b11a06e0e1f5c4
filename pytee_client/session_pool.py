# SPDX-License-Identifier: BSD-2-Clause
"""A pool of sessions with one Trusted Application."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from itertools import starmap
from types import TracebackType
from typing import Any, Final, cast

from . import _hints as t
from ._boundary import uuid_octets
from ._checks import check_made_by, to_count, to_timeout
from ._closable import Closable, with_earlier
from ._deadline import Deadline
from ._known_applications import named
from ._like import like
from ._outputs import Outputs
from ._pool_lease import Lease
from ._pool_places import RECHECK, Place, Places, Waiter
from ._pool_stats import PoolStats
from .errors import AccessConflictError, BusyError, DeadlineError, OutOfMemoryError
from .operation import Operation
from .parameters import Parameter
from .session import Session

__all__ = ["PoolStats", "PooledSession", "SessionPool"]

# For type checkers an object of the class, for its bound methods.
_A_SESSION: Final = cast("Session", Session)


class PooledSession(Lease[Session]):
    """The use of one session of a pool; made by SessionPool.session(), to be used with `with`."""

    def __init__(self, pool: SessionPool, timeout: float | None) -> None:
        check_made_by(pool, SessionPool, "SessionPool.session()")
        super().__init__(pool._places)
        self._pool = pool
        self._timeout = timeout

    def __enter__(self) -> Session:
        self.begin()
        try:
            return self._pool._provide(self.held, self._pool._deadline(self._timeout))
        except BaseException:
            self._forgotten()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            for place in self.held:
                self._pool._replace(place)
        finally:
            self._forgotten()


class SessionPool(Closable):
    """Up to so many sessions with one Trusted Application; made by Context.session_pool().

    Sessions are opened when they are needed, and used again. ::

        with context.session_pool(VAULT, size=4, timeout=5) as pool:
            (digest,) = pool.invoke_command(7, b"abc", MemrefTempOutput(32))

            with pool.session() as session:  # several commands in one session
                session.invoke_command(1, b"key")
                session.invoke_command(2)

    Callers get their sessions in the order in which they asked. A session whose application
    panicked is replaced, and so is one in which a call still runs when it is given back.

    Attributes:
        context: the context that the sessions are in.
        destination: the UUID of the Trusted Application.
        size: how many sessions it may have.
        timeout: seconds that callers have by default, to get a session and for a command;
            None for the context's default, and math.inf for no limit.
        grace: seconds that the Trusted Application has to stop after that, by default; None
            for the context's.

    Threads: any number may use a pool at once, and signal handlers, too.
    Processes: a child of a fork can't use its parent's pools.
    """

    def __init__(
        self,
        context: t.Context,
        destination: t.UUID,
        parameters: tuple[Parameter, ...],
        size: int,
        options: dict[str, Any],
        timeout: float | None,
        grace: float | None,
    ) -> None:
        """Begin without a session; options are those of Context.open_session()."""
        uuid_octets(destination)
        number = to_count(size, "the size of the pool", 1)
        to_timeout(timeout, "timeout")
        to_timeout(grace, "grace")
        self.context: t.Context = context
        self.destination: t.UUID = destination
        self.size: Final = number
        self.timeout: float | None = timeout
        self.grace: float | None = grace
        self._parameters = parameters
        self._options = options
        self._places: Places[Session] = Places(number, destination)
        self._places.log("made a pool of %d sessions with %s", number)
        self._closed = False

    def session(self, *, timeout: float | None = None) -> PooledSession:
        """Return what gives a session to `with`, and has it back at the end of it.

        At its end nothing should run in the session any more: a call that does is asked to stop,
        and the session is replaced.

        Args:
            timeout: seconds to wait for a session, including the time to open one; None for
                the pool's default.

        Raises:
            These come from `with`.
            DeadlineError: a TimeoutError; all sessions were in use for that time.
            ClosedPoolError: the pool is closed, or is being drained.
            TeecError: a session can't be opened; see Context.open_session(). BUSY,
                ACCESS_CONFLICT and OUT_OF_MEMORY are no errors if the pool has others: then the
                caller waits for one, and a PoolSizeWarning tells it once.

        Threads: may be called from any.
        """
        return PooledSession(self, timeout)

    @like(_A_SESSION.invoke_command)
    def invoke_command(
        self,
        command_id: int,
        /,
        *parameters: Parameter,
        operation: Operation | None = None,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> Outputs:
        """Run one command in a session of the pool; see Session.invoke_command().

        Args:
            command_id: any unsigned 32-bit number that the Trusted Application knows.
            parameters: up to four, in slot order; see pytee_client.parameters.
            operation: lets another thread cancel the call.
            timeout: seconds for all of it, the wait for a session included; None for the
                pool's default.
            grace: seconds that the Trusted Application then has to stop; None for the
                pool's default.

        Raises:
            DeadlineError: a TimeoutError; the time was over.
            ClosedPoolError: the pool is closed, or is being drained.
            TeecError: the session can't be opened, or the command failed.

        Threads: may be called from any; other Python threads run meanwhile.
        """
        deadline = self._deadline(timeout)
        with PooledSession(self, deadline.timeout) as session:
            return session.invoke_command(
                command_id,
                *parameters,
                operation=operation,
                timeout=deadline.timeout,
                grace=self.grace if grace is None else grace,
            )

    @property
    def stats(self) -> PoolStats:
        """What it is doing now."""
        return self._places.stats()

    def _deadline(self, timeout: float | None) -> Deadline:
        for seconds in (timeout, self.timeout):
            if seconds is not None:
                return Deadline(seconds)
        return Deadline(self.context.timeout)

    def _provide(self, held: list[Place[Session]], deadline: Deadline) -> Session:
        """Move a place to a list, and return the session in it."""
        places = self._places
        places.check_takes_callers()
        was_first = False
        while True:
            self._take(held, deadline, was_first)
            place = held[0]
            self._replace(place)
            if place.sessions:
                places.log("using an open session with %s again")
            else:
                place.era = places.era
                try:
                    # In one step, so that an interrupt can't lose it.
                    place.sessions.extend(starmap(self._opening(deadline.timeout), ((),)))
                except (BusyError, AccessConflictError, OutOfMemoryError):
                    if not places.retire(held):
                        raise
                    was_first = True
                    continue
                place.opened += 1
                places.log("a pool has opened a session with %s")
            session = place.sessions[0]
            if places.is_closing:
                session.close()
                raise places.refusal()
            # Whoever had it may have changed these.
            context = self.context
            session.timeout = context.timeout if self.timeout is None else self.timeout
            session.grace = context.grace if self.grace is None else self.grace
            return session

    def _take(self, held: list[Place[Session]], deadline: Deadline, was_first: bool) -> None:
        waiter = Waiter()
        places = self._places
        try:
            places.enter(waiter, first=was_first)
            waits = False
            while not places.take(waiter, held):
                if not waits:
                    waits = True
                    places.log_wait()
                remaining = deadline.remaining
                if remaining == 0:
                    raise places.late()
                waiter.wait(RECHECK if remaining is None else min(remaining, RECHECK))
                # An interrupt may have kept somebody from waking the next one.
                places.restore()
        finally:
            places.leave(waiter)

    def _opening(self, timeout: float) -> partial[Session]:
        return partial(
            self.context.open_session,
            self.destination,
            *self._parameters,
            **self._options,
            timeout=timeout,
            grace=self.grace,
        )

    def _replace(self, place: Place[Session]) -> None:
        """Close the session in a place if nobody shall have it any more."""
        session = self._places.unfit(place)
        if session is None:
            return
        # What still runs is asked to stop, and the last call closes the session.
        with suppress(DeadlineError):
            session.close(timeout=0)
        place.sessions.clear()

    def drain(self, *, timeout: float | None = None) -> None:
        """Take no more callers, wait until all sessions are back, and close the pool.

        Those who wait for a session already get theirs.

        Args:
            timeout: seconds to wait; None for no limit.

        Raises:
            DeadlineError: a TimeoutError; sessions are still in use. The pool takes no callers;
                close() ends it.

        Threads: may be called from any, and more than once.
        """
        deadline = Deadline(timeout)
        places = self._places
        places.is_draining = True
        places.log("draining a pool of sessions with %s")
        watcher = Waiter()
        try:
            places.watch(watcher)
            while not places.are_back:
                remaining = deadline.remaining
                if remaining == 0:
                    raise places.still_used()
                watcher.wait(RECHECK if remaining is None else min(remaining, RECHECK))
        finally:
            places.unwatch(watcher)
        self.close(timeout=deadline.remaining)

    def close(self, *, timeout: float | None = None) -> None:
        """Close the pool and its sessions. Closing twice is harmless.

        Who waits for a session gets ClosedPoolError, and who uses one ClosedSessionError from
        its next command; commands that run are waited for. See drain().

        Args:
            timeout: seconds to wait for them; after these they are asked to stop, and the last
                one closes its session.

        Raises:
            DeadlineError: a TimeoutError; calls still run.
            BadStateError: called within a call of its own, as by a signal handler.

        Threads: may be called from any.
        """
        deadline = Deadline(timeout)
        places = self._places
        places.is_draining = places.is_closing = True
        places.wake_all()
        first: BaseException | None = None
        for place in places.all:
            for session in place.sessions.copy():
                try:
                    session.close(timeout=deadline.remaining)
                except Exception as error:
                    first = with_earlier(error, first)
        was_closed, self._closed = self._closed, True
        if first is not None:
            raise first
        if not was_closed:
            places.log("closed a pool of sessions with %s")

    def _close(self) -> None:
        places = self._places
        places.is_draining = places.is_closing = True
        places.wake_all()
        for place in places.all:
            for session in place.sessions.copy():
                session._close()
        self._closed = True

    def _forgotten(self) -> None:
        # Otherwise its sessions went with the context.
        if not self.context.closed:
            super()._forgotten()

    def _check_live(self) -> None:
        self._places.check_open()
        self.context._check_live()

    def _instead(self) -> str:
        return "make another with Context.session_pool()"

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<SessionPool of {self.size} with {named(self.destination)}, {state}>"
