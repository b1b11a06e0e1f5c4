# SPDX-License-Identifier: BSD-2-Clause
"""A session with a Trusted Application, on a loop."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING
from uuid import UUID

from .. import session as blocking
from .._checks import check_made_by
from .._hint_types import Self
from .._outputs import Outputs
from ._closing import close
from ._commands import Commands

if TYPE_CHECKING:
    from .context import Context

__all__ = ["Session"]


class Session(Commands):
    """An open session with a Trusted Application; made by Context.open_session().

    It warns with ResourceWarning if nobody closes it.

    Attributes:
        context: the context it was opened in.

    Threads: any number may invoke commands at once, on any loop; the TEE runs them one after
    the other. close() waits for those that somebody waits for.
    """

    def __init__(self, context: Context, session: blocking.Session) -> None:
        check_made_by(session, blocking.Session, "Context.open_session()")
        self.context: Context = context
        self._session = session

    @property
    def destination(self) -> UUID:
        """The UUID of the Trusted Application."""
        return self._session.destination

    @property
    def outputs(self) -> Outputs:
        """What opening it returned, in slot order, until it is closed."""
        return self._session.outputs

    @property
    def closed(self) -> bool:
        """True once it is closed, or is being closed."""
        return self._session.closed

    @property
    def is_dead(self) -> bool:
        """True once a command found that the Trusted Application had panicked."""
        return self._session.is_dead

    @property
    def is_busy(self) -> bool:
        """True while a call is in it, also one whose task was cancelled."""
        return self._session.is_busy

    @property
    def timeout(self) -> float | None:
        """Seconds that its calls have by default; None for no limit."""
        return self._session.timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._session.timeout = seconds

    @property
    def grace(self) -> float:
        """Seconds that the Trusted Application has to stop after the deadline, by default."""
        return self._session.grace

    @grace.setter
    def grace(self, seconds: float) -> None:
        self._session.grace = seconds

    async def __aenter__(self) -> Self:
        self._session._check_live()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self, *, timeout: float | None = None) -> None:
        """Close the session, after the calls that somebody waits for. Closing twice is harmless.

        Source: TEEC_CloseSession, GPD_SPE_007 4.5.8.

        Calls whose tasks were cancelled, or whose time was over, are not waited for: the session
        is closed at the end of the last of them. If the task is cancelled, the closing goes on.

        Args:
            timeout: seconds to wait for the calls; after them they are asked to stop.

        Raises:
            DeadlineError: a TimeoutError; calls still run. The last of them closes the session.

        Threads: may be called from any, on any loop.
        """
        await close(self.context._threads, self._session, timeout)

    def _instead(self) -> str:
        return "open another with Context.open_session()"

    def __repr__(self) -> str:
        return repr(self._session)
