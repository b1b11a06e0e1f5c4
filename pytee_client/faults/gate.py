# SPDX-License-Identifier: BSD-2-Clause
"""A gate at which system calls wait until a test releases them."""

from __future__ import annotations

from types import TracebackType

from .. import _hints as t
from .._checks import to_count, to_timeout
from .._conditions import Condition
from .._process import renewed
from .._single import Single

__all__ = ["Gate"]


class Gate(Single):
    """Hold system calls, for the action Hold.

    It is a context manager, which releases them at its end. A program can give up a call that
    is held, because its time-out has passed. The call then waits on, in a thread of the
    library, as it would on a device that is stuck; release() releases it too::

        with Gate() as gate:
            kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(gate))]))
            with pytest.raises(DeadlineError):
                session.invoke_command(0, timeout=0.1)
        gate.wait_until_passed()

    Args:
        limit: how many seconds a call waits at most; None for no limit. Then it raises
            RuntimeError in its thread.

    Threads: calls wait in their own threads; use the methods in other threads.
    """

    def __init__(self, limit: float | None = 60) -> None:
        self._limit = to_timeout(limit, "the limit")
        self._changed = renewed(Condition())
        self._reached = 0
        self._passed = 0
        self._is_open = False

    def __enter__(self) -> t.Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def reached(self) -> int:
        """How many calls have reached the gate so far."""
        with self._changed:
            return self._reached

    @property
    def held(self) -> int:
        """How many calls it holds now, with those that were given up."""
        with self._changed:
            return self._reached - self._passed

    def wait_until_reached(self, calls: int = 1) -> None:
        """Wait until a number of calls has reached the gate.

        Raises:
            RuntimeError: they did not reach it within the limit.
        """
        calls = to_count(calls, "calls", low=1)
        with self._changed:
            if not self._changed.wait_for(lambda: self._reached >= calls, self._limit):
                raise RuntimeError(
                    f"{self._reached} of {calls} calls came to the gate in {self._limit} seconds:"
                    " is it in the plan, and does the program make that call?"
                )

    def wait_until_passed(self, calls: int = 1) -> None:
        """Wait until a number of calls has left the gate, with those that were given up.

        Raises:
            RuntimeError: they did not leave it within the limit.
        """
        calls = to_count(calls, "calls", low=1)
        with self._changed:
            if not self._changed.wait_for(lambda: self._passed >= calls, self._limit):
                raise RuntimeError(
                    f"{self._passed} of {calls} calls left the gate in {self._limit} seconds:"
                    " was it released?"
                )

    def release(self) -> None:
        """Open the gate, for calls that wait and for all later ones."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def pass_through(self) -> None:
        """Reach the gate, and wait until it is open; for actions.

        Raises:
            RuntimeError: it was not opened within the limit.
        """
        with self._changed:
            self._reached += 1
            self._changed.notify_all()
            try:
                if not self._changed.wait_for(lambda: self._is_open, self._limit):
                    raise RuntimeError(
                        f"a call was held for {self._limit} seconds: call release() of its gate"
                    )
            finally:
                self._passed += 1
                self._changed.notify_all()

    def __repr__(self) -> str:
        return f"<Gate, {'open' if self._is_open else 'shut'}, reached {self.reached} times>"
