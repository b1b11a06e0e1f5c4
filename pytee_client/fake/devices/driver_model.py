# SPDX-License-Identifier: BSD-2-Clause
"""The drivers of a kernel, and the devices that come and go with them."""

from __future__ import annotations

import threading
from typing import final

from ..structures import Core, Driver, TeeDevice
from .bus import Bus
from .device_table import DeviceTable
from .sysfs import Sysfs
from .uevents import Uevents

__all__ = ["DriverModel"]


@final
class DriverModel:
    """Bind and unbind drivers, and show their devices.

    Args:
        core: what drivers may ask of the kernel. Its release says how sysfs shows devices.
        drivers: the drivers, all unbound.
        lock: the lock of the kernel, which also guards the table.

    Attributes:
        drivers: the drivers.
        table: the devices of the drivers.
        bus: the TEE bus.
        sysfs: the part of sysfs that shows TEEs.
        uevents: the messages about devices.

    Threads: may be used from any. Call bind() and unbind() without the lock: drivers of the
    bus run in them.
    """

    def __init__(self, core: Core, drivers: tuple[Driver, ...], lock: threading.RLock) -> None:
        self.drivers = drivers
        self._lock = lock
        self.uevents: Uevents = Uevents()
        self.bus: Bus = Bus(self.uevents)
        self.table: DeviceTable = DeviceTable(core, lock, drivers, self.bus, self.uevents)
        self.sysfs: Sysfs = Sysfs(
            self._present_devices,
            self.bus,
            has_revision=core.release.has_revision_attribute,
            has_modules=core.release.has_driver_modules,
        )

    def bind(self, *drivers: Driver) -> None:
        """Bind drivers; see Kernel.bind()."""
        unbound = [driver for driver in self.drivers if not self.table.is_bound(driver)]
        for driver in self._checked(drivers) or unbound:
            self.table.bind(driver)

    def unbind(self, *drivers: Driver, timeout: float | None) -> bool:
        """Unbind drivers; see Kernel.unbind()."""
        bound = [driver for driver in self.drivers if self.table.is_bound(driver)]
        wanted = self._checked(drivers) or bound
        done = [self.table.unbind(driver, timeout) for driver in wanted]
        return all(done)

    def _checked(self, drivers: tuple[Driver, ...]) -> tuple[Driver, ...]:
        for driver in drivers:
            if driver not in self.drivers:
                raise ValueError(
                    f"{type(driver).__name__} is not a driver of this kernel: pass it to Kernel()"
                )
        return drivers

    def _present_devices(self) -> list[TeeDevice]:
        with self._lock:
            return list(self.table.nodes.values())
