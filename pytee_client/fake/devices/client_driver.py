# SPDX-License-Identifier: BSD-2-Clause
"""Drivers of the kernel's own that use Trusted Applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from .client_device import ClientDevice

__all__ = ["ClientDriver"]


class ClientDriver:
    """The base of client drivers (struct tee_client_driver).

    A driver is offered each device of the bus whose UUID is in its table, in the thread
    that brings the two together: that of Bus.register(), of Kernel.bind(), or one of the
    bus's own after a supplicant came.

    Attributes:
        name: its name, which no other driver of the bus has.
        id_table: the UUIDs of the Trusted Applications that it can use.
    """

    name: ClassVar[str]
    id_table: ClassVar[Sequence[UUID]] = ()

    def probe(self, device: ClientDevice) -> None:
        """Take a device; by default any.

        An exception refuses it: OSError as a driver in Linux returns an error, with EPROBE_DEFER
        to be asked again when another device got its driver. Bus.failures has them all.
        """

    def remove(self, device: ClientDevice) -> None:
        """Let go of a device: it goes, or the driver does. Exceptions do not stop that."""
