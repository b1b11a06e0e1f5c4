# SPDX-License-Identifier: BSD-2-Clause
"""Time-outs that calls have by default."""

from __future__ import annotations

import math
from math import ceil

from ._checks import to_float, to_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, TypedDict

    from ._boundary.call import Limit

    class Limits(TypedDict, total=False):
        """What calls are given."""

        timeout: float | None
        grace: float | None


__all__ = ["DEFAULT_GRACE", "Limited", "to_limit"]

# In seconds. A request that ends a TEE_Wait() brings the call back within 50 ms.
DEFAULT_GRACE: Final = 0.25

_NANOSECONDS: Final = 1_000_000_000


# Nobody waits for it: 292 years.
_LONGEST: Final = 2**63 - 1


def to_limit(timeout: object, grace: object) -> Limit | None:
    """Check a time-out and a grace in seconds; None if there is no time-out."""
    more = to_timeout(grace, "grace")
    return with_timeout((0, _LONGEST if more is None else ceil(more * _NANOSECONDS)), timeout)


def with_timeout(limit: Limit, timeout: object) -> Limit | None:
    """Return a limit with another time-out, and its grace; None if there is no time-out."""
    seconds = to_timeout(timeout, "timeout")
    return None if seconds is None else (ceil(seconds * _NANOSECONDS), limit[1])


class Limited:
    """The base of what has time-outs for its calls."""

    # With a value in the class, Python would take five times as long to read those of an object.
    _timeout: float | None
    _grace: float

    @property
    def timeout(self) -> float | None:
        """In how many seconds a call has to end that is given no time-out; None for no limit."""
        return self._timeout

    @timeout.setter
    def timeout(self, value: float | None) -> None:
        self._timeout = to_timeout(value, "timeout")

    @property
    def grace(self) -> float:
        """How many seconds more a call may take once its cancellation is requested."""
        return self._grace

    @grace.setter
    def grace(self, value: float) -> None:
        seconds = to_timeout(to_float(value, "grace"), "grace")
        self._grace = math.inf if seconds is None else seconds

    def _limit(self, timeout: float | None, grace: float | None) -> Limit | None:
        """Return the limit of a call; None stands for what it has by default."""
        if timeout is None and grace is None and self._timeout is None:
            return None
        return to_limit(
            self._timeout if timeout is None else timeout, self._grace if grace is None else grace
        )
