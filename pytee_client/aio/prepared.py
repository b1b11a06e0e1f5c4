# SPDX-License-Identifier: BSD-2-Clause
"""Commands that are prepared once and awaited many times."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .._calls import prepared as blocking
from .._checks import check_made_by
from .._single import Single
from ._threads import DaemonThreads
from ._waiting import result_of

if TYPE_CHECKING:
    from .._calls.call_future import CallFuture

_OutputsT_co = TypeVar("_OutputsT_co", covariant=True)

__all__ = ["PreparedCommand"]


class PreparedCommand(Single, Generic[_OutputsT_co]):
    """A command of a session, prepared by Session.prepare(); calling and awaiting it runs it.

    Threads: may be called from any, on any loop, and by many tasks at once; the caller must
    synchronise access to a buffer that several calls share.
    """

    def __init__(
        self,
        command: blocking.PreparedCommand[_OutputsT_co],
        submit: Callable[..., Future[Any]],
        threads: DaemonThreads,
    ) -> None:
        check_made_by(command, blocking.PreparedCommand, "Session.prepare()")
        self._command = command
        self._submit = submit
        self._threads = threads

    @property
    def command_id(self) -> int:
        """Which command it is."""
        return self._command.command_id

    @property
    def slots(self) -> tuple[object, ...]:
        """What its slots were prepared with."""
        return self._command.slots

    async def __call__(self, *contents: object) -> _OutputsT_co:
        """Run the command; see Session.invoke_command().

        Args:
            contents: one for each slot that is a class.
        """
        command = self._command
        parameters = blocking.filled(command.slots, contents)
        outputs: _OutputsT_co = await result_of(
            cast("CallFuture[Any]", self._submit(command.command_id, *parameters)), self._threads
        )
        return outputs

    def _instead(self) -> str:
        return "prepare another with Session.prepare()"

    def __repr__(self) -> str:
        return repr(self._command)
