# SPDX-License-Identifier: BSD-2-Clause
"""The calls of a session that have to end by a deadline: workers make them."""

from __future__ import annotations

from collections import deque

from .._boundary.call import UNSENT
from .call import Call
from .deadline import deadline_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol, TypeAlias

    from .._boundary.call import Limit
    from .._outputs import Outputs
    from .pool import CallPool

    class FreeCalls(Protocol):
        @property
        def pop(self) -> Callable[[], Call]: ...

        def append(self, call: Call, /) -> Any: ...

    AnyCalls: TypeAlias = "CallPool | TimedCalls"


class TimedCalls:
    """The calls of a session within a limit; it stands in for the CallPool.

    Attributes:
        given: the time-out and the grace that it was made for, as they were given.
        registered, session: those of the pool.
    """

    __slots__ = ("_calls", "_free", "_limit", "given", "registered", "session")

    def __init__(self, calls: CallPool, limit: Limit, given: tuple[object, object]) -> None:
        """Take over a session's calls."""
        self.given = given
        self.registered = calls.registered
        self.session = calls.session
        self._calls = calls
        self._free = calls.timed
        self._limit = limit

    @property
    def free(self) -> TimedCalls:
        """Itself: calls that no thread uses."""
        return self

    def pop(self) -> Call:
        """Take a call that no thread uses; IndexError if there is none."""
        if not self._limit[0]:
            raise self._expired()
        call = self._free.pop()
        if call.limit is not self._limit:
            call.within(self._limit)
        return call

    def append(self, call: Call) -> None:
        """Give a call back, if it is over."""
        if not call.is_given_up:
            self._free.append(call)

    def new(self) -> Call:
        """Make a call."""
        call = self._calls.new()
        call.within(self._limit)
        return call

    def run(self, command_id: int, parameters: Sequence[object]) -> Outputs:
        """Run a command and return its outputs."""
        try:
            call = self.pop()
        except IndexError:
            call = self.new()
        try:
            return self.invoke(call, command_id, parameters)
        finally:
            self.append(call)

    def invoke(
        self,
        call: Call,
        command_id: int,
        parameters: Sequence[object],
        again: Callable[[], Call] | None = None,
    ) -> Outputs:
        """Run a command and return its outputs; see CallPool.invoke()."""
        if not self._limit[0]:
            raise self._expired()
        call.within(self._limit)
        return self._calls.invoke(call, command_id, parameters, again, self._limit)

    def attend(self, call: Call) -> None:
        """Raise the error of a call that failed."""
        self._calls.attend(call)

    def check_usable(self) -> None:
        """Raise an error if the session is closed, or dead."""
        self._calls.check_usable()

    def _expired(self) -> Exception:
        self._calls.check_usable()
        return deadline_error(
            Call(),
            UNSENT,
            self._limit,
            "invoking a command, for which there is no time",
            None,
            None,
        )


class KeptCalls:
    """Calls that keep the parameters of a prepared command, and have to end by a deadline."""

    __slots__ = ("_calls", "pop")

    def __init__(self, first: Call) -> None:
        """Begin with one."""
        self._calls = deque([first])
        self.pop = self._calls.pop

    def append(self, call: Call) -> None:
        """Give a call back, if it is over."""
        if not call.is_given_up:
            self._calls.append(call)
