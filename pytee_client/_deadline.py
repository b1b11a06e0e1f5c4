# SPDX-License-Identifier: BSD-2-Clause
"""A time that several waits share."""

from __future__ import annotations

import math
import time

from ._checks import to_timeout


class Deadline:
    """The end of a time-out, in seconds from now; None for no limit."""

    __slots__ = ("_end",)

    def __init__(self, timeout: float | None) -> None:
        seconds = to_timeout(timeout, "timeout")
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def remaining(self) -> float | None:
        """How many seconds are left, at least 0; None for no limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    @property
    def timeout(self) -> float:
        """The same as the time-out of a call, infinite for no limit, as None is its default."""
        remaining = self.remaining
        return math.inf if remaining is None else remaining

    def is_over(self) -> bool:
        """Return whether no time is left."""
        return self.remaining == 0.0
