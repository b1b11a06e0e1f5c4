# SPDX-License-Identifier: BSD-2-Clause
"""The base of drivers whose TEE runs Trusted Applications."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from ..secure_world.trusted_application import TrustedApplication
from ..secure_world.world import SecureWorld
from ..structures import Driver

__all__ = ["ApplicationDriver", "each_application"]


def each_application(
    applications: Iterable[type[TrustedApplication]],
) -> tuple[type[TrustedApplication], ...]:
    """Return the applications of an argument.

    Raises:
        TypeError: it is one application, and not a list.
        ValueError: two of them have the same UUID.
    """
    given: Any = applications
    if isinstance(given, type) or not isinstance(given, Iterable):
        raise TypeError(f"applications is a list of classes, such as [Counter], not {given!r}")
    classes: tuple[Any, ...] = tuple(given)
    by_uuid: dict[object, Any] = {}
    for cls in classes:
        uuid = getattr(cls, "uuid", None)
        other = by_uuid.setdefault(uuid, cls) if isinstance(uuid, UUID) else cls
        if other is not cls:
            raise ValueError(f"{other!r} and {cls!r} have the same UUID {uuid}: give one of them")
    return classes


class ApplicationDriver(Driver):
    """A driver whose TEE runs Trusted Applications.

    Args:
        storage: a folder for persistent objects; see SecureWorld.
        applications: Trusted Applications to install.

    Raises:
        TypeError: one of them is no Trusted Application; see SecureWorld.install().
        ValueError: two of them have the same UUID.

    Attributes:
        world: the secure world.
    """

    def __init__(
        self,
        storage: str | os.PathLike[str] | None = None,
        applications: Iterable[type[TrustedApplication]] = (),
    ) -> None:
        self.world: SecureWorld = SecureWorld(storage)
        for application in each_application(applications):
            self.install(application)

    def install(self, application: type[TrustedApplication]) -> None:
        """Install a Trusted Application in the secure world."""
        self.world.install(application)

    def uninstall(self, application: type[TrustedApplication]) -> None:
        """Remove a Trusted Application; its open sessions go on."""
        self.world.uninstall(application)

    def tell_notes(self) -> None:
        """Log what the secure world has noted."""
        self.world.notes.tell()

    def count_secure_world_sessions(self) -> int:
        """Return how many sessions the secure world has."""
        return self.world.count_sessions()
