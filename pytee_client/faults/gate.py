# SPDX-License-Identifier: BSD-2-Clause
"""A gate that calls wait at until a test lets them on."""

from __future__ import annotations

import threading

__all__ = ["Gate"]


class Gate:
    """Where calls wait that a Hold stops.

    Args:
        limit: how long a call waits at most, in seconds. One that nobody lets on then
            raises RuntimeError in the thread that makes it.

    Threads: the calls wait in the threads that make them; the methods are for the others.
    """

    def __init__(self, limit: float = 60) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._reached = 0
        self._is_open = False

    @property
    def reached(self) -> int:
        """How many calls have come to the gate so far."""
        with self._changed:
            return self._reached

    def wait_until_reached(self, calls: int = 1) -> None:
        """Wait until so many calls have come to the gate.

        Raises:
            RuntimeError: that did not happen within the limit.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._reached >= calls, self._limit):
                raise RuntimeError(
                    f"{self._reached} of {calls} calls came to the gate in {self._limit} seconds:"
                    " is it in the plan, and does the program make that call?"
                )

    def release(self) -> None:
        """Let all on, those that wait and those that come."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def pass_through(self) -> None:
        """Come to the gate, and wait until it is open; for actions.

        Raises:
            RuntimeError: that did not happen within the limit.
        """
        with self._changed:
            self._reached += 1
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._is_open, self._limit):
                raise RuntimeError(
                    f"a call was held for {self._limit} seconds: call release() of its gate"
                )

    def __repr__(self) -> str:
        return f"<Gate, {'open' if self._is_open else 'shut'}, reached {self.reached} times>"
