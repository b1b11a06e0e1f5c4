# SPDX-License-Identifier: BSD-2-Clause
"""Devices of the TEE bus, and the drivers in the kernel that use them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from ..structures import Driver
from .client_context import ClientContext

__all__ = ["ClientDevice", "ClientDriver"]


@dataclass(slots=True, eq=False)
class ClientDevice:
    """A Trusted Application as a device of the TEE bus (struct tee_client_device).

    Attributes:
        uuid: the UUID of the Trusted Application.
        needs_supplicant: whether it appeared only after there was a supplicant.
        tee: the driver of its TEE.
        open_context: connects the kernel to the TEE (tee_client_open_context).
        driver: the client driver that is bound to it; None if there is none.
        data: anything that this driver keeps here.

    Threads: any may read it; data is the driver's, which must synchronise access to it.
    """

    uuid: UUID
    needs_supplicant: bool
    tee: Driver
    open_context: Callable[[], ClientContext]
    driver: ClientDriver | None = None
    data: Any = None

    @property
    def name(self) -> str:
        """The name of the device in the kernel."""
        return f"optee-ta-{self.uuid}"

    @property
    def modalias(self) -> str:
        """The alias by which the module of a driver is found."""
        return f"tee:{self.uuid}"

    @property
    def devpath(self) -> str:
        """The path of the device in sysfs."""
        return f"/devices/{self.name}"


class ClientDriver:
    """The base of drivers in the kernel that use Trusted Applications (struct tee_client_driver).

    The bus offers a driver each device whose UUID is in its table. It does so in the thread of
    Bus.register() or Kernel.bind(), or, after a supplicant came, in a thread of the bus.

    Attributes:
        name: the name of the driver, unique on the bus.
        id_table: the UUIDs of the Trusted Applications that it can use.

    Threads: one driver at a time probes or removes. Its own calls may come in any thread.
    """

    name: ClassVar[str]
    id_table: ClassVar[Sequence[UUID]] = ()

    def probe(self, device: ClientDevice) -> None:
        """Accept a device; by default any.

        To refuse it, raise an exception: an OSError where a driver in Linux returns an error.
        EPROBE_DEFER asks to be offered the device again when another device got its driver.
        Bus.failures lists all exceptions.
        """

    def remove(self, device: ClientDevice) -> None:
        """Release a device, because it or the driver goes. An exception does not stop that."""
