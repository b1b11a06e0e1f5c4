# SPDX-License-Identifier: BSD-2-Clause
"""Commands that are prepared once and awaited many times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from .._calls import prepared as blocking
from .._checks import check_made_by
from .._single import Single
from ._waiting import result_of

if TYPE_CHECKING:
    from ._threads import DaemonThreads

_OutputsT_co = TypeVar("_OutputsT_co", covariant=True)

__all__ = ["PreparedCommand"]


class PreparedCommand(Single, Generic[_OutputsT_co]):
    """A command of a session, prepared by Session.prepare(); calling and awaiting it runs it.

    Threads: may be called from any, on any loop, and by many tasks at once; the caller must
    synchronise access to a buffer that several calls share.
    """

    def __init__(
        self, command: blocking.PreparedCommand[_OutputsT_co], threads: DaemonThreads
    ) -> None:
        check_made_by(command, blocking.PreparedCommand, "Session.prepare()")
        self._command = command
        self._threads = threads

    @property
    def command_id(self) -> int:
        """Which command it is."""
        return self._command.command_id

    @property
    def slots(self) -> tuple[object, ...]:
        """What its slots were prepared with."""
        return self._command.slots

    async def __call__(
        self, *contents: object, timeout: float | None = None, grace: float | None = None
    ) -> _OutputsT_co:
        """Run the command; see Session.invoke_command().

        Args:
            contents: one for each slot that is a class.
            timeout: seconds until DeadlineError; None for the session's default.
            grace: seconds that the Trusted Application then has to stop; None for the session's.
        """
        call = self._command.submit(*contents, timeout=timeout, grace=grace)
        return await result_of(call, self._threads)

    def _instead(self) -> str:
        return "prepare another with Session.prepare()"

    def __repr__(self) -> str:
        return repr(self._command)
