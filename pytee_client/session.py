# SPDX-License-Identifier: BSD-2-Clause
"""A session with a Trusted Application (TEEC_Session)."""

from __future__ import annotations

from collections import deque
from enum import IntEnum

from . import _hints as t
from ._boundary import NativeSession
from ._calls.pool import CallPool
from ._checks import check_made_by, to_timeout
from ._closable import Closable
from ._commands import Commands
from ._known_applications import named
from ._logging import log_debug, modules
from ._outputs import Outputs
from ._process import importing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .context import Context

__all__ = ["Session"]


class Session(Commands, Closable):
    """An open session with a Trusted Application; made by Context.open_session().

    A session keeps its context alive.

    Attributes:
        context: the context it was opened in.
        destination: the UUID of the Trusted Application.
        outputs: what opening it returned, in slot order, until it is closed; see
            invoke_command().

        timeout, grace: in how many seconds a call has to end that is given no time-out, and how
            many seconds more it may then take. At first they are the context's.

    Threads: any number may invoke commands at once; the TEE runs them one after the
    other. close() waits for them.
    """

    def __init__(
        self,
        context: Context,
        destination: t.UUID,
        native: NativeSession,
        outputs: Outputs = (),
        results: type[IntEnum] | None = None,
    ) -> None:
        """Wrap an open session; results names codes of the Trusted Application."""
        check_made_by(native, NativeSession, "Context.open_session()")
        self.context: Context = context
        self.destination: t.UUID = destination
        self.outputs: Outputs = outputs
        if native.context.observer is None:
            self._calls = CallPool(native, destination, results)
        else:
            self._calls = _observed_calls(native, destination, results)
        self._lanes = deque()
        self._timeout, self._grace = context._timeout, context._grace

    @property
    def closed(self) -> bool:
        """True once it is closed, or is being closed."""
        return self._calls.is_closed

    @property
    def is_busy(self) -> bool:
        """True while a call is in it, also one that was given up and runs on."""
        return self._calls.is_busy

    @property
    def is_dead(self) -> bool:
        """True once a command found that the Trusted Application had panicked.

        That is TARGET_DEAD with origin TEE. Every further command raises DeadSessionError before
        anything is sent: close() the session, and open another. If an application has one instance
        for all its sessions, its panic ends all of them, those of other clients too; each is known
        to be dead when its next command fails.
        """
        return self._calls.death is not None

    def _check_live(self) -> None:
        self._calls.check_live()

    def _instead(self) -> str:
        return "open another with Context.open_session()"

    def close(self, timeout: float | None = None) -> None:
        """Close the session, after the calls that still run in it. Closing twice is harmless.

        It does not wait for a call that was given up after its time-out: the end of that call
        closes the session.

        Source: TEEC_CloseSession, GPD_SPE_007 4.5.8.

        Args:
            timeout: for how many seconds to wait at most. Then the cancellation of the calls is
                requested, if workers make them, and the last of them closes the session.

        Raises:
            BadStateError: called within a call of its own, as by a signal handler.
            DeadlineError: calls run on after the time-out. The session takes no others.

        An interrupt while it waits leaves a session that takes no calls; close it once more.

        Threads: may be called from any; a second caller waits for the first.
        """
        seconds = to_timeout(timeout, "timeout")
        was_closed = self._closed
        try:
            self._calls.close(seconds)
        finally:
            # An interrupt may have come after the end.
            self._note_end()
        if not was_closed and "logging" in modules:
            self._log_end()

    def _close(self) -> None:
        # A finaliser runs anywhere, also in a call of this session, and at the end of Python.
        try:
            self._calls.leave()
        finally:
            self._note_end()

    def _log_end(self) -> None:
        native = self._calls.session
        # In this order, as the last call may be closing it.
        waits = native.when_idle is not None
        if native.is_closed:
            log_debug("", "closed a session with %s", self.destination)
        elif waits:
            text = "a session with %s closes at the end of the calls that run on in it"
            log_debug("", text, self.destination)

    def _note_end(self) -> None:
        if self._calls.is_over:
            self._closed = True
            self.outputs = ()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "dead" if self.is_dead else "open"
        return f"<Session with {named(self.destination)}, {state}>"


def _observed_calls(
    native: NativeSession, destination: t.UUID, results: type[IntEnum] | None
) -> CallPool:
    # Few programs need it.
    with importing:
        from ._calls.observed_pool import ObservedCallPool
    return ObservedCallPool(native, destination, results)
