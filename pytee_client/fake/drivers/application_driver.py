# SPDX-License-Identifier: BSD-2-Clause
"""The base of drivers whose TEE runs Trusted Applications."""

from __future__ import annotations

import os

from ..secure_world.trusted_application import TrustedApplication
from ..secure_world.world import SecureWorld
from ..structures import Driver

__all__ = ["ApplicationDriver"]


class ApplicationDriver(Driver):
    """A driver whose TEE runs Trusted Applications.

    Args:
        storage: a folder for persistent objects; see SecureWorld.

    Attributes:
        world: the secure world.
    """

    def __init__(self, storage: str | os.PathLike[str] | None = None) -> None:
        self.world: SecureWorld = SecureWorld(storage)

    def install(self, application: type[TrustedApplication]) -> None:
        """Install a Trusted Application in the secure world."""
        self.world.install(application)

    def count_secure_world_sessions(self) -> int:
        """Return how many sessions the secure world has."""
        return self.world.count_sessions()
