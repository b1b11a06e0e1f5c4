# SPDX-License-Identifier: BSD-2-Clause
"""The releases of Linux that the fake kernel can be, by the properties that tell them apart."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeAlias

__all__ = ["PROPERTIES", "TABLE", "LinuxRelease", "Value"]

Value: TypeAlias = "bool | int"

TABLE: Final = Path(__file__).with_name("releases.json")
"""What is known of releases: `measured` says what a machine with that kernel answered,
`inferred` what can't be asked there and comes from what is known of its source."""
DEFAULT_SERIES: Final = "6.12"


@dataclass(frozen=True, slots=True)
class LinuxRelease:
    """A release of Linux, by what its TEE subsystem does that others do not.

    Distributions take over changes from later releases, so that a version alone says little.
    Those that were measured are known(); dataclasses.replace() makes others.

    Attributes:
        version: its version, such as "6.12.117", without what a distribution appends.
        rejects_empty_allocations: whether TEE_IOC_SHM_ALLOC of no bytes, or of so many that
            rounding them up to pages overflows, is EINVAL where a driver shares pages of the
            kernel's: OP-TEE with dynamic shared memory, TSTEE, QTEE. Otherwise, and on all
            releases for AMD-TEE, it is ENOMEM. Since 6.12.113 and, at the latest, 7.2.13.
        max_argument_size: how long the argument of a request with parameters may be, in
            bytes. 1024; 4096 since 6.18.
        has_user_buffers: whether addresses of the program are a type of parameter (UBUF).
            Since 6.18.
        has_object_parameters: whether objects are a type of parameter (OBJREF). Since 6.18.
        has_memory_by_descriptor: whether there is TEE_IOC_SHM_REGISTER_FD. Since 6.18.
        has_qtee_driver: whether there is the driver of Qualcomm's TEE. Since 6.18.
        has_revision_attribute: whether sysfs shows the revision of OP-TEE. Since 7.0.
        has_driver_modules: whether sysfs shows which module a driver of the TEE bus comes from.
            Since 7.0 or so.
        heeds_notification_timeouts: whether a thread of OP-TEE can wait for a notification
            for a limited time; without it the time-out is ignored. Since 6.13 or so.
        forbids_executable_mappings: whether mapping shared memory with PROT_EXEC is EPERM.
            Since 6.16 or so.
        reports_dead_clients: whether TEE_IOC_SUPPL_SEND is EBADF when the client that the
            answer is for was killed after the supplicant received the request. Without it the
            answer goes to memory that is no longer the request's, and the call succeeds.
            Since 7.2 or so, and 6.12.94.
    """

    version: str
    rejects_empty_allocations: bool
    max_argument_size: int
    has_user_buffers: bool
    has_object_parameters: bool
    has_memory_by_descriptor: bool
    has_qtee_driver: bool
    has_revision_attribute: bool
    has_driver_modules: bool
    heeds_notification_timeouts: bool
    forbids_executable_mappings: bool
    reports_dead_clients: bool

    def __post_init__(self) -> None:
        _numbers(self.version)
        for item in fields(self):
            value = getattr(self, item.name)
            if type(value).__name__ != item.type:
                raise TypeError(f"{item.name} of a LinuxRelease is of type {item.type}: {value!r}")

    @property
    def series(self) -> str:
        """The first two numbers of the version, such as "6.12"."""
        return ".".join(map(str, _numbers(self.version)[:2]))

    @classmethod
    def known(cls) -> tuple[LinuxRelease, ...]:
        """Return the releases that were measured, the oldest first."""
        return _read(TABLE, TABLE.stat().st_mtime_ns)

    @classmethod
    def named(cls, name: str) -> LinuxRelease:
        """Return a known release by its version, or the newest known of a series.

        Args:
            name: such as "6.12.117", or "6.12".

        Raises:
            ValueError: no such release is known.
        """
        releases = cls.known()
        for release in reversed(releases):
            if name in (release.version, release.series):
                return release
        known = ", ".join(dict.fromkeys(text for r in releases for text in (r.series, r.version)))
        raise ValueError(f"no Linux {name!r} is known to the fake kernel; known are {known}")

    @classmethod
    def default(cls) -> LinuxRelease:
        """Return the release that a kernel is if none is asked for: the newest known 6.12."""
        return cls.named(DEFAULT_SERIES)

    @classmethod
    def nearest(cls, version: str) -> LinuxRelease:
        """Return the known release that a version most likely equals.

        That is the newest of its series up to it, or the oldest of its series if all are later.
        If its series is unknown it is the newest of all up to it, or the oldest of all.

        Raises:
            ValueError: not a version of Linux.
        """
        numbers = _numbers(version)
        releases = cls.known()
        own = [r for r in releases if _numbers(r.version)[:2] == numbers[:2]] or list(releases)
        earlier = [r for r in own if _numbers(r.version) <= numbers]
        return earlier[-1] if earlier else own[0]

    @classmethod
    def first_with(cls, name: str, value: Value, version: str) -> LinuxRelease | None:
        """Return the first known release in which a property has a value.

        Args:
            name: the property.
            value: its value.
            version: the releases of its series are looked at before all others.
        """
        series = _numbers(version)[:2]
        releases = sorted(cls.known(), key=lambda r: _numbers(r.version)[:2] != series)
        return next((r for r in releases if getattr(r, name) == value), None)


PROPERTIES: Final = tuple(item.name for item in fields(LinuxRelease) if item.name != "version")
"""The names of all properties."""


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers at the start of a version, as uname(2) has it, to compare them."""
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    if found is None:
        raise ValueError(f"{version!r} is not a version of Linux, such as 6.12.117")
    return tuple(int(number or 0) for number in found.groups())


@functools.lru_cache(maxsize=1)
def _read(table: Path, changed: int) -> tuple[LinuxRelease, ...]:
    entries: list[Mapping[str, Any]] = json.loads(table.read_text(encoding="utf-8"))["releases"]
    releases = [
        LinuxRelease(entry["version"], **entry["measured"], **entry["inferred"])
        for entry in entries
    ]
    return tuple(sorted(releases, key=lambda release: _numbers(release.version)))
