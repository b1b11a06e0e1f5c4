# SPDX-License-Identifier: BSD-2-Clause
"""The calls of a session that have to end by a deadline: workers make them."""

from __future__ import annotations

from collections import deque

from .._boundary.call import set_limit
from .._limits import to_limit, with_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final, TypeAlias

    from .._boundary.call import Limit
    from .._outputs import Outputs
    from .call import Call
    from .pool import CallPool

    AnyCalls: TypeAlias = "CallPool | TimedCalls"

# Of a call that is not made.
_NO_LIMIT: Final = (0, 0)


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
        free: calls that no thread uses.
        limit: within what they are made.
        registered, session: those of the pool.
    """

    __slots__ = ("_calls", "free", "limit", "registered", "session")

    def __init__(self, calls: CallPool, limit: Limit) -> None:
        """Take over a session's calls."""
        self.free: deque[Call] = FreeTimedCalls()
        self.registered = calls.registered
        self.session = calls.session
        self._calls = calls
        self.limit = limit

    def new(self) -> Call:
        """Make a call."""
        call = self._calls.new()
        call.within(self.limit)
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
        call.within(self.limit)
        return self._calls.invoke(call, command_id, parameters, again, self.limit)

    def attend(self, call: Call) -> None:
        """Raise the error of a call that failed."""
        self._calls.attend(call)

    def check_usable(self) -> None:
        """Raise an error if the session is closed, or dead."""
        self._calls.check_usable()


class Lane(TimedCalls):
    """Makes one call at a time, each within a limit of its own.

    Attributes:
        call: the call, which free has while nothing runs.
        timeout, grace: what the limit was made of, as they were given.
    """

    __slots__ = ("call", "grace", "timeout")

    def __init__(self, calls: CallPool) -> None:
        """Begin without a limit."""
        super().__init__(calls, _NO_LIMIT)
        self.timeout: object = None
        self.grace: object = None
        self.call: Call = calls.new()
        # It may have a call that was given up: whoever takes the lane looks at that.
        self.free = deque((self.call,))

    def new(self) -> Call:
        """Make a call instead of one that an interrupt lost."""
        self.call = super().new()
        return self.call


def take_lane(lanes: deque[Lane], calls: CallPool, timeout: object, grace: object) -> Lane | None:
    """Take a lane for a call within a time-out and a grace in seconds; None for no time-out.

    It is one of lanes, or a new one, and has to be appended there when the call is over, or was
    given up.
    """
    try:
        lane = lanes.pop()
    except IndexError:
        lane = Lane(calls)
    if lane.call.is_given_up:
        lane = Lane(calls)
    # Most programs give the same objects again and again, or a new time-out for each call.
    if lane.timeout is not timeout or lane.grace is not grace:
        if lane.grace is grace:
            limit = with_timeout(lane.limit, timeout)
        else:
            limit = to_limit(timeout, grace)
        if limit is None:
            lanes.append(lane)
            return None
        call = lane.call
        lane.timeout, lane.grace = timeout, grace
        lane.limit = call.limit = limit
        set_limit(call.struct, *limit)
    return lane
