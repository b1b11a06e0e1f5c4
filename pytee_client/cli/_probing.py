# SPDX-License-Identifier: BSD-2-Clause
"""Whether an application is there, as an attempt to open a session says."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from .._known_applications import named
from ..context import Context
from ..devices import BusDevice
from ..enums import ImplementationId, Origin, Result
from ..errors import DeadlineError, TeecError
from ..ta.optee.names import name_of
from ._answer import Status
from ._errors import error_data, error_text

__all__ = ["Finding", "Verdict", "ask"]


class Verdict(Enum):
    """What is known of an application."""

    OPENED = "opened"
    """It is there, and opened a session."""
    REFUSES = "refuses"
    """It is there, and opens no session for this client, or not now."""
    DEAD = "dead"
    """It is there, but it panicked when it should open a session."""
    ABSENT = "absent"
    """It is not there."""
    UNLOADABLE = "unloadable"
    """There is something, but the TEE can't load it."""
    SILENT = "silent"
    """There was no answer in time."""
    UNKNOWN = "unknown"
    """An error on the way says nothing of it."""

    @property
    def is_there(self) -> bool:
        """Whether it is there, and runs."""
        return self in (Verdict.OPENED, Verdict.REFUSES)

    @property
    def status(self) -> Status:
        """The exit status for it."""
        return _STATUSES.get(self, Status.NOT_AS_WISHED)


_STATUSES = {
    Verdict.OPENED: Status.OK,
    Verdict.REFUSES: Status.OK,
    Verdict.SILENT: Status.TIMED_OUT,
    Verdict.UNKNOWN: Status.TEE_ERROR,
}
_WORDS = {
    Verdict.OPENED: "there",
    Verdict.REFUSES: "there, but opens no session",
    Verdict.DEAD: "there, but it panicked at the opening",
    Verdict.ABSENT: "not there",
    Verdict.UNLOADABLE: "can't be loaded",
    Verdict.SILENT: "no answer",
    Verdict.UNKNOWN: "can't be asked",
}
_UNLOADABLE = (
    Result.SECURITY,
    Result.BAD_FORMAT,
    Result.ACCESS_CONFLICT,
    Result.OUT_OF_MEMORY,
    Result.COMMUNICATION,
    Result.GENERIC,
)


@dataclass(frozen=True)
class Finding:
    """What was found of an application.

    Attributes:
        uuid: its UUID.
        verdict: what is known of it.
        error: why no session was opened, or None.
        bus_device: the device of the kernel that it is, or None.
    """

    uuid: UUID
    verdict: Verdict
    error: TeecError | None
    bus_device: BusDevice | None

    def data(self) -> dict[str, Any]:
        """Return it for --json."""
        bus = self.bus_device
        return {
            "application": str(self.uuid),
            "name": name_of(self.uuid),
            "is_there": self.verdict.is_there,
            "verdict": self.verdict.value,
            "error": None if self.error is None else error_data(self.error),
            "bus_device": None if bus is None else bus.name,
            "kernel_driver": None if bus is None else bus.driver,
            "needs_supplicant": None if bus is None else bus.needs_supplicant,
        }

    def text(self) -> str:
        """Return it as lines of text."""
        lines = [f"{named(self.uuid)}: {_WORDS[self.verdict]}"]
        if self.error is not None and self.verdict is not Verdict.ABSENT:
            lines.append(f"  {self._reason(self.error)}")
        elif self.error is not None and self.error.remedy:
            lines.append(f"  {self.error.remedy}")
        if self.bus_device is not None:
            driver = self.bus_device.driver
            used = f", which its driver {driver} uses" if driver else ""
            lines.append(f"  the kernel has it as the device {self.bus_device.name}{used}")
        return "".join(f"{line}\n" for line in lines)

    def _reason(self, error: TeecError) -> str:
        # The line above says already what was done.
        text = error_text(error).removeprefix(f"{error.doing}: ")
        return f"{_why(error)}{text}" if self.verdict is Verdict.REFUSES else text


def _why(error: TeecError) -> str:
    """Say what the refusal of an application that is there may mean."""
    if error.code == Result.BUSY:
        return "it has a session with somebody, and takes no second one: "
    if error.origin != Origin.TRUSTED_APP:
        return ""
    if error.code == Result.BAD_PARAMETERS:
        return "it wants other parameters at its opening: "
    if error.code == Result.ACCESS_DENIED:
        return "it serves other clients, such as those with another --login: "
    return "it has its own reason: "


def ask(
    context: Context,
    uuid: UUID,
    *,
    login: int,
    gid: int | str | None,
    bus_device: BusDevice | None = None,
) -> Finding:
    """Open a session with an application within the context's time-out, and close it.

    Raises:
        BadParametersError: the login and the group do not go together.
    """
    try:
        context.open_session(uuid, login=login, gid=gid).close()
    except TeecError as error:
        if error.origin == Origin.API and not isinstance(error, DeadlineError):
            raise
        verdict = _verdict(error, context.version.implementation_id)
        return Finding(uuid, verdict, error, bus_device)
    return Finding(uuid, Verdict.OPENED, None, bus_device)


def _verdict(error: TeecError, implementation: int) -> Verdict:
    if isinstance(error, DeadlineError):
        return Verdict.SILENT
    if error.code == Result.TARGET_DEAD:
        return Verdict.DEAD
    if error.origin == Origin.TRUSTED_APP:
        return Verdict.REFUSES
    if implementation == ImplementationId.AMDTEE:
        # Its driver looks for the file itself, and leaves the origin of a refused one unset.
        if error.errno == errno.ENOMEM:
            return Verdict.ABSENT
        if error.code == Result.SECURITY:
            return Verdict.UNLOADABLE
    if error.origin == Origin.TEE:
        if error.code == Result.ITEM_NOT_FOUND:
            return Verdict.ABSENT
        if error.code in (Result.BUSY, Result.ACCESS_DENIED):
            return Verdict.REFUSES
        if error.code in _UNLOADABLE:
            return Verdict.UNLOADABLE
    return Verdict.UNKNOWN
