# SPDX-License-Identifier: BSD-2-Clause
"""The drivers of a kernel, and the devices that come and go with them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .bus import Bus
from .device_table import DeviceTable
from .sysfs import Sysfs
from .uevents import Uevents

if TYPE_CHECKING:
    from ..drivers.driver import Core, Driver, TeeDevice
    from ..kernel.release import LinuxRelease
    from .uevents import UeventMonitor

__all__ = ["DriverModel"]


class DriverModel:
    """What a kernel has of drivers and devices.

    Args:
        core: the kernel.
        drivers: its drivers; bind() binds them.
        release: the release of Linux, which says how sysfs shows the devices.

    Attributes:
        bus: the TEE bus, with Trusted Applications as devices, for fake.ClientDriver.
        sysfs: what of its sysfs shows TEEs; see enumerate_devices().
        uevents: its messages on devices.

    Threads: may be called from any.
    """

    def __init__(self, core: Core, drivers: tuple[Driver, ...], release: LinuxRelease) -> None:
        self._drivers = drivers
        self._lock = threading.RLock()
        self.uevents: Uevents = Uevents()
        self.bus: Bus = Bus(self.uevents)
        self._table = DeviceTable(core, self._lock, drivers, self.bus, self.uevents)
        self._devices = self._table.nodes
        self.sysfs: Sysfs = Sysfs(
            self._standing_devices,
            self.bus,
            has_revision=release.has_revision_attribute,
            has_modules=release.has_driver_modules,
        )

    def bind(self, *drivers: Driver) -> None:
        """Bind drivers: their devices come, and what they enumerate comes to the bus.

        Args:
            drivers: those to bind; all that are not bound if there are none.

        Raises:
            OSError: EBUSY; it is bound, or unbind() has not come to its end.
            ValueError: there is no room for so many devices, or the driver is not this kernel's.
        """
        unbound = [driver for driver in self._drivers if not self._table.is_bound(driver)]
        for driver in self._known(drivers) or unbound:
            self._table.bind(driver)

    def unbind(self, *drivers: Driver, timeout: float | None = 0) -> bool:
        """Unbind drivers, as when hardware goes or a module is removed.

        What the bus has of them goes at once, then their devices, the last one first. Of a
        device the node goes; programs that have it open can use it as before, and the next
        device goes after they closed it, with what memory they share.

        Args:
            drivers: those to unbind; all that are bound if there are none.
            timeout: for how many seconds to wait until programs have closed all: Linux
                waits as long as that takes, None; by default not at all. It goes on
                after that.

        Returns:
            Whether they are unbound, and can be bound again.

        Raises:
            OSError: ENODEV; it is not bound.
            ValueError: the driver is not this kernel's.
        """
        bound = [driver for driver in self._drivers if self._table.is_bound(driver)]
        wanted = self._known(drivers) or bound
        done = [self._table.unbind(driver, timeout) for driver in wanted]
        return all(done)

    def _known(self, drivers: tuple[Driver, ...]) -> tuple[Driver, ...]:
        if any(driver not in self._drivers for driver in drivers):
            raise ValueError("a driver that this kernel was not made with")
        return drivers

    def monitor_devices(self) -> UeventMonitor:
        """Return what tells that devices come and go."""
        return self.uevents.subscribe()

    def join_bus_scans(self, timeout: float | None = None) -> bool:
        """Wait until the bus has what its devices need a supplicant for.

        The first supplicant makes the kernel look for them, in a thread of its own.

        Args:
            timeout: for how many seconds to wait; None for as long as it takes.

        Returns:
            Whether nothing is looked for any longer.
        """
        return self._table.join_scans(timeout)

    def _standing_devices(self) -> list[TeeDevice]:
        with self._lock:
            return list(self._devices.values())
