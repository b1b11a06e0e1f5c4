# SPDX-License-Identifier: BSD-2-Clause
"""The times that a Trusted Application can ask for (GPD_SPE_010 7.2)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ...enums import Result
from .results import PanicError, ResultError

__all__ = ["Clock", "Time"]

_UINT32: Final = 0xFFFFFFFF
_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Time:
    """A time since an origin (TEE_Time).

    Attributes:
        seconds: whole seconds, an unsigned 32-bit number.
        millis: milliseconds, 0 to 999.
    """

    seconds: int
    millis: int = 0

    @classmethod
    def of_millis(cls, millis: int) -> Time:
        """Convert milliseconds to a time."""
        return cls(*divmod(millis, 1000))

    def in_millis(self) -> int:
        """Return the time in milliseconds."""
        return 1000 * self.seconds + self.millis


class Clock:
    """The clocks of a secure world. As in OP-TEE, a reboot loses what applications set.

    Threads: may be used from any.
    """

    def __init__(self) -> None:
        self._offsets: dict[UUID, int] = {}

    def get_system_time(self) -> Time:
        """Return the time since an origin that is fixed while the TEE runs (TEE_GetSystemTime)."""
        return Time.of_millis(time.monotonic_ns() // _NS_PER_MS)

    def get_ree_time(self) -> Time:
        """Return the time of the system of the client (TEE_GetREETime)."""
        return Time.of_millis(time.time_ns() // _NS_PER_MS)

    def get_ta_persistent_time(self, owner: UUID) -> Time:
        """Return the own time of an application (TEE_GetTAPersistentTime)."""
        offset = self._offsets.get(owner)
        if offset is None:
            raise ResultError(Result.TIME_NOT_SET)
        now = Time.of_millis(self.get_system_time().in_millis() + offset)
        if now.seconds > _UINT32:
            raise ResultError(Result.OVERFLOW)
        return now

    def set_ta_persistent_time(self, owner: UUID, now: Time) -> None:
        """Set the own time of an application (TEE_SetTAPersistentTime)."""
        if not (0 <= now.seconds <= _UINT32 and 0 <= now.millis < 1000):
            raise PanicError(Result.BAD_PARAMETERS)
        self._offsets[owner] = now.in_millis() - self.get_system_time().in_millis()
