# SPDX-License-Identifier: BSD-2-Clause
"""Notifications, which wake threads of OP-TEE that wait for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from ..._conditions import Condition
from ..._process import renewed
from ...enums import Result

__all__ = ["Notifications"]

# The value that runs the bottom half of drivers, and wakes no thread.
_BOTTOM_HALF: Final = 0


@final
class Notifications:
    """The notifications of one OP-TEE, as Linux keeps them.

    A notification is a small number, its value. It is posted or not; posting it again has
    no effect. The thread that waits for it takes it. Programs only notice that a call takes
    longer.

    Args:
        max_value: the largest value. OP-TEE has 64 values for devices, followed by one for
            each of its threads.

    Attributes:
        ticks_per_second: the unit of time-outs. OP-TEE means milliseconds, but Linux takes
            them for its own ticks. None for releases that ignore time-outs.
        on_bottom_half: called, in order, when interrupt() gets the value 0: the bottom half
            of drivers in the secure world, which OP-TEE runs in a normal thread.

    Source: the request NOTIFICATION of OP-TEE to Linux (OPTEE_RPC_CMD_NOTIFICATION).
    Threads: may be used from any.
    """

    def __init__(self, max_value: int = 64 + 2) -> None:
        self.max_value = max_value
        self.ticks_per_second: int | None = None
        self.on_bottom_half: list[Callable[[], object]] = []
        self._changed = renewed(Condition())
        self._posted: set[int] = set()
        self._waiting: set[int] = set()

    @property
    def waiting(self) -> frozenset[int]:
        """The values that threads wait for now."""
        with self._changed:
            return frozenset(self._waiting)

    def wait(self, value: int, timeout: int = 0) -> int:
        """Wait until a value is posted, and take it.

        Args:
            value: the value.
            timeout: the time-out in ticks, 0 for none; see ticks_per_second.

        Returns:
            SUCCESS; BAD_PARAMETERS if the value is too large, or another thread waits for it;
            TIMEOUT.
        """
        seconds = timeout / self.ticks_per_second if timeout and self.ticks_per_second else None
        with self._changed:
            if not 0 <= value <= self.max_value or value in self._waiting:
                return Result.BAD_PARAMETERS
            self._waiting.add(value)
            try:
                if not self._changed.wait_for(lambda: value in self._posted, seconds):
                    return Result.TIMEOUT
                self._posted.remove(value)
                return Result.SUCCESS
            finally:
                self._waiting.remove(value)

    def send(self, value: int) -> int:
        """Post a value; return SUCCESS, or BAD_PARAMETERS if it is too large."""
        with self._changed:
            if not 0 <= value <= self.max_value:
                return Result.BAD_PARAMETERS
            self._posted.add(value)
            self._changed.notify_all()
            return Result.SUCCESS

    def interrupt(self, *values: int) -> None:
        """Post values as an interrupt of the secure world does (asynchronous notifications).

        Value 0 runs the bottom half instead, in this thread.

        Raises:
            ValueError: a value is too large.
        """
        for value in values:
            if value == _BOTTOM_HALF:
                for callback in self.on_bottom_half:
                    callback()
            elif self.send(value) != Result.SUCCESS:
                raise ValueError(
                    f"the notification is {value}, but must be from 0 to {self.max_value}"
                )
