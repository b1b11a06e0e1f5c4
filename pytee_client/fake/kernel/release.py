# SPDX-License-Identifier: BSD-2-Clause
"""The releases of Linux that the fake kernel models, and how they differ."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeAlias

from ..._checks import to_instance

__all__ = ["PROPERTIES", "TABLE", "LinuxRelease", "Value"]

Value: TypeAlias = bool | int

TABLE: Final = Path(__file__).with_name("releases.json")
"""The known releases: `measured` is what a machine with that kernel
answered; `inferred` can't be measured, and comes from what is known of its source."""
DEFAULT_SERIES: Final = "6.12"


@dataclass(frozen=True, slots=True)
class LinuxRelease:
    """A release of Linux: how its TEE subsystem differs from that of other releases.

    Distributions backport changes, so a version alone says little. known() returns the
    releases that were measured; dataclasses.replace() makes others.

    Attributes:
        version: the version, such as "6.12.117", without the suffix of a distribution.
        rejects_empty_allocations: whether TEE_IOC_SHM_ALLOC fails with EINVAL for 0 bytes, and
            for a size that overflows when it is rounded up to pages. That holds for drivers
            that share pages of the kernel: OP-TEE with dynamic shared memory, TSTEE, QTEE.
            Otherwise, and for AMD-TEE on all releases, the error is ENOMEM. Since
            6.12.113 and, at the latest, 7.2.13.
        max_argument_size: the largest argument of a request with parameters, in bytes.
            1024; 4096 since 6.18.
        has_user_buffers: whether a parameter can be a buffer of the program (UBUF).
            Since 6.18.
        has_object_parameters: whether a parameter can be an object (OBJREF). Since 6.18.
        has_memory_by_descriptor: whether it has TEE_IOC_SHM_REGISTER_FD. Since 6.18.
        has_qtee_driver: whether it has the driver of Qualcomm's TEE. Since 6.18.
        has_revision_attribute: whether sysfs shows the revision of OP-TEE. Since 7.0.
        has_driver_modules: whether sysfs shows the module of a driver of the TEE bus.
            Since 7.0 or so.
        heeds_notification_timeouts: whether a thread of OP-TEE that waits for a notification
            gets its time-out; otherwise Linux ignores it. Since 6.13 or so.
        forbids_executable_mappings: whether mapping shared memory with PROT_EXEC is EPERM.
            Since 6.16 or so.
        reports_dead_clients: whether TEE_IOC_SUPPL_SEND fails with EBADF when the client was
            killed after the supplicant received the request. Otherwise it succeeds, and
            Linux writes the answer to memory that the request no longer owns.
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
        """Return a known release by its version, or the newest known release of a series.

        Args:
            name: such as "6.12.117", or "6.12".

        Raises:
            ValueError: no release of this name is known.
        """
        to_instance(name, str, "the release", 'such as "6.12"')
        releases = cls.known()
        for release in reversed(releases):
            if name in (release.version, release.series):
                return release
        known = ", ".join(dict.fromkeys(text for r in releases for text in (r.series, r.version)))
        raise ValueError(f"no Linux {name!r} is known to the fake kernel; known are {known}")

    @classmethod
    def default(cls) -> LinuxRelease:
        """Return the release of a kernel that is made without one: the newest known 6.12."""
        return cls.named(DEFAULT_SERIES)

    @classmethod
    def nearest(cls, version: str) -> LinuxRelease:
        """Return the known release that is most like a version.

        That is the newest release of the same series that is not later, or else the oldest
        of the series. If no release of the series is known, all series count.

        Raises:
            ValueError: the text is not a version of Linux.
        """
        to_instance(version, str, "the version", 'such as "6.12.117"')
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
            version: releases of the series of this version are tried first.
        """
        series = _numbers(version)[:2]
        releases = sorted(cls.known(), key=lambda r: _numbers(r.version)[:2] != series)
        return next((r for r in releases if getattr(r, name) == value), None)


PROPERTIES: Final = tuple(item.name for item in fields(LinuxRelease) if item.name != "version")
"""The names of all properties."""


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers at the start of a version as uname(2) returns it, to compare them."""
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
