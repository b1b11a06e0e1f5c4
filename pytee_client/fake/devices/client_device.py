# SPDX-License-Identifier: BSD-2-Clause
"""Trusted Applications as devices of the TEE bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from ..structures import Driver
    from .client_context import ClientContext
    from .client_driver import ClientDriver

__all__ = ["ClientDevice"]


@dataclass(slots=True, eq=False)
class ClientDevice:
    """A device of the TEE bus (struct tee_client_device): a Trusted Application.

    Attributes:
        uuid: the UUID of the Trusted Application.
        needs_supplicant: whether it was found only when there was a supplicant.
        tee: the driver of the TEE that it is in.
        open_context: connects its driver with the TEE (tee_client_open_context).
        driver: the client driver that has it, or None.
        data: that driver's own.
    """

    uuid: UUID
    needs_supplicant: bool
    tee: Driver
    open_context: Callable[[], ClientContext]
    driver: ClientDriver | None = None
    data: Any = None

    @property
    def name(self) -> str:
        """The kernel's name for it."""
        return f"optee-ta-{self.uuid}"

    @property
    def modalias(self) -> str:
        """By what a driver's module is found."""
        return f"tee:{self.uuid}"

    @property
    def devpath(self) -> str:
        """Where it is in sysfs."""
        return f"/devices/{self.name}"
