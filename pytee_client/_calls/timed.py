# SPDX-License-Identifier: BSD-2-Clause
"""The calls of a session that have to end by a deadline: workers make them."""

from __future__ import annotations

from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from .._boundary.call import Limit
    from .._outputs import Outputs
    from .call import Call
    from .pool import CallPool

    AnyCalls: TypeAlias = "CallPool | TimedCalls"


class FreeTimedCalls(deque["Call"]):
    """Calls that no thread uses, and that are over."""

    __slots__ = ()

    def append(self, call: Call) -> None:
        """Give a call back, if it is over."""
        if not call.is_given_up:
            super().append(call)


class TimedCalls:
    """The calls of a session within a limit; it stands in for the CallPool.

    Attributes:
        timeout, grace: what it was made for, as it was given.
        free: calls that no thread uses.
        registered, session: those of the pool.
    """

    __slots__ = ("_calls", "_limit", "free", "grace", "registered", "session", "timeout")

    def __init__(
        self, calls: CallPool, limit: Limit, timeout: object = None, grace: object = None
    ) -> None:
        """Take over a session's calls."""
        self.timeout = timeout
        self.grace = grace
        self.free = FreeTimedCalls()
        self.registered = calls.registered
        self.session = calls.session
        self._calls = calls
        self._limit = limit

    def retire(self) -> None:
        """Let others have the free calls, which they use within their own limits."""
        free, spare = self.free, self._calls.timed
        # Programs need not wait for contextlib's import.
        try:
            while True:
                spare.append(free.pop())
        except IndexError:
            pass

    def new(self) -> Call:
        """Make a call, or take over a spare one."""
        try:
            call = self._calls.timed.pop()
        except IndexError:
            call = self._calls.new()
        call.within(self._limit)
        return call

    def run(self, command_id: int, parameters: Sequence[object]) -> Outputs:
        """Run a command and return its outputs."""
        try:
            call = self.free.pop()
        except IndexError:
            call = self.new()
        try:
            return self.invoke(call, command_id, parameters)
        finally:
            self.free.append(call)

    def invoke(
        self,
        call: Call,
        command_id: int,
        parameters: Sequence[object],
        again: Callable[[], Call] | None = None,
    ) -> Outputs:
        """Run a command and return its outputs; see CallPool.invoke()."""
        call.within(self._limit)
        return self._calls.invoke(call, command_id, parameters, again, self._limit)

    def attend(self, call: Call) -> None:
        """Raise the error of a call that failed."""
        self._calls.attend(call)

    def check_usable(self) -> None:
        """Raise an error if the session is closed, or dead."""
        self._calls.check_usable()
