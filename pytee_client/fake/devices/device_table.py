# SPDX-License-Identifier: BSD-2-Clause
"""The devices of a kernel, which come and go with their drivers."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from pathlib import PurePath
from typing import Final, final

from ..._conditions import Condition
from ..._process import renewed
from ..structures import Core, Driver, TeeContext, TeeDevice
from .bus import Bus
from .client_context import ClientContext
from .client_driver import ClientDevice
from .enumeration import EnumerationCommand, enumerate_applications
from .uevents import UeventAction, Uevents

__all__ = ["MAJOR", "DeviceTable", "devpath_of", "minor_of"]

MAJOR: Final = 238
"""The major number of the character devices; Linux takes a free one."""
_DEVICES_OF_A_KIND: Final = 16


class _State(Enum):
    UNBOUND = auto()
    BOUND = auto()
    LEAVING_BUS = auto()
    LEAVING = auto()


@dataclass(slots=True, eq=False)
class _Tee:
    """A driver with its devices.

    Attributes:
        driver: the driver.
        devices: its devices, in the order in which they are added.
        state: how far it is bound or unbound.
        leaving: the devices that are still to be removed, the next one first.
        had_supplicant: whether there was a supplicant since the driver was bound.
    """

    driver: Driver
    devices: list[TeeDevice]
    state: _State = _State.UNBOUND
    leaving: list[TeeDevice] = field(default_factory=list)
    had_supplicant: bool = False


@final
class DeviceTable:
    """Add and remove the devices of drivers, and the Trusted Applications on the bus.

    Args:
        core: what drivers may ask of the kernel.
        lock: the lock of the kernel, which guards contexts and this table.
        drivers: the drivers, all unbound.
        bus: the bus.
        uevents: the messages about devices.

    Attributes:
        nodes: the devices in /dev, by path. Use it with the lock held.

    Threads: may be used from any. Call bind(), unbind(), open_client() and enumerate_again()
    without the lock: drivers of the bus run in them.
    """

    def __init__(
        self,
        core: Core,
        lock: threading.RLock,
        drivers: Iterable[Driver],
        bus: Bus,
        uevents: Uevents,
    ) -> None:
        self.nodes: dict[str, TeeDevice] = {}
        self._core = core
        self._changed = renewed(Condition(lock))
        self._tees = {driver: _Tee(driver, driver.devices()) for driver in drivers}
        self._bus = bus
        self._uevents = uevents
        # The threads that search for applications, once for each search.
        self._searching: list[threading.Thread] = []

    def bind(self, driver: Driver) -> None:
        """Add the devices of a driver; see Kernel.bind()."""
        tee = self._tees[driver]
        with self._changed:
            if tee.state is not _State.UNBOUND:
                why = "is bound" if tee.state is _State.BOUND else "waits for open contexts"
                raise OSError(errno.EBUSY, f"the driver {type(driver).__name__} {why}")
            # Find all paths first: there may not be enough for all devices.
            paths = self._free_paths(tee.devices)
            tee.state = _State.BOUND
            tee.had_supplicant = False
            for device, path in zip(tee.devices, paths, strict=True):
                device.path = path
                self.nodes[path] = device
                self._send_uevent(UeventAction.ADD, device)
        self._enumerate(tee, EnumerationCommand.DEVICES)
        if driver.routes_rpmb:
            self._enumerate(tee, EnumerationCommand.DEVICES_WITH_RPMB)

    def _free_paths(self, devices: list[TeeDevice]) -> list[str]:
        taken = set(self.nodes)
        paths = []
        for device in devices:
            kind = "/dev/teepriv" if device.privileged else "/dev/tee"
            numbered = (f"{kind}{number}" for number in range(_DEVICES_OF_A_KIND))
            path = next((path for path in numbered if path not in taken), None)
            if path is None:
                raise ValueError(f"a kernel has at most {_DEVICES_OF_A_KIND} devices of a kind")
            taken.add(path)
            paths.append(path)
        return paths

    def unbind(self, driver: Driver, timeout: float | None) -> bool:
        """Remove the devices of a driver; see Kernel.unbind()."""
        tee = self._tees[driver]
        with self._changed:
            if tee.state is _State.UNBOUND:
                raise OSError(errno.ENODEV, f"the driver {type(driver).__name__} is not bound")
            begins = tee.state is _State.BOUND
            if begins:
                tee.state = _State.LEAVING_BUS
        if begins:
            self._bus.remove_devices(driver)
            with self._changed:
                tee.state, tee.leaving = _State.LEAVING, tee.devices[::-1]
            self.continue_unbinding(driver)
        leaving = (_State.LEAVING_BUS, _State.LEAVING)
        with self._changed:
            return self._changed.wait_for(lambda: tee.state not in leaving, timeout)

    def is_bound(self, driver: Driver) -> bool:
        """Return whether a driver is bound, and not being unbound."""
        with self._changed:
            return self._tees[driver].state is _State.BOUND

    def continue_unbinding(self, driver: Driver) -> None:
        """Remove the next devices of a driver, after a context of one ended."""
        tee = self._tees[driver]
        with self._changed:
            if tee.state is not _State.LEAVING:
                return
            while tee.leaving:
                device = tee.leaving[0]
                # From here on it can't be opened. The next one goes when no context uses this one.
                if self.nodes.pop(device.path, None) is not None:
                    self._send_uevent(UeventAction.REMOVE, device)
                if device.contexts:
                    return
                tee.leaving.pop(0)
            tee.state = _State.UNBOUND
            self._changed.notify_all()

    def open_client(self, driver: Driver) -> ClientContext:
        """Connect the kernel itself to a TEE."""
        tee = self._tees[driver]
        with self._changed:
            if tee.state is not _State.BOUND:
                raise OSError(errno.ENOENT, f"the driver {type(driver).__name__} is not bound")
            device = next(device for device in tee.devices if not device.privileged)
            device.contexts += 1
        return ClientContext(TeeContext(self._core, device), self._close_client)

    def _close_client(self, context: TeeContext) -> None:
        context.device.driver.release(context)
        with self._changed:
            context.device.contexts -= 1
        self.continue_unbinding(context.device.driver)

    def supplicant_came(self, driver: Driver) -> None:
        """Search for more devices in a thread, if this is the first supplicant."""
        tee = self._tees[driver]
        with self._changed:
            if tee.had_supplicant or not driver.enumerates_applications:
                return
            tee.had_supplicant = True
            # Drivers of new devices may need the supplicant, which does not serve yet.
            scan = threading.Thread(
                target=self._search,
                args=(tee, EnumerationCommand.DEVICES_WITH_SUPPLICANT),
                name="optee-bus-scan",
                daemon=True,
            )
            self._searching.append(scan)
            scan.start()

    def join_scans(self, timeout: float | None) -> bool:
        """Wait until the searches of other threads are over, such as those of supplicants."""
        own = threading.current_thread()

        def are_over() -> bool:
            return all(thread is own or not thread.is_alive() for thread in self._searching)

        with self._changed:
            return self._changed.wait_for(are_over, timeout)

    def enumerate_again(self, driver: Driver) -> None:
        """Add applications as devices that were installed since the driver was bound."""
        tee = self._tees[driver]
        if self.is_bound(driver):
            self._enumerate(tee, EnumerationCommand.DEVICES)
            if tee.had_supplicant:
                self._enumerate(tee, EnumerationCommand.DEVICES_WITH_SUPPLICANT)

    def _enumerate(self, tee: _Tee, command: EnumerationCommand) -> None:
        with self._changed:
            self._searching.append(threading.current_thread())
        self._search(tee, command)

    def _search(self, tee: _Tee, command: EnumerationCommand) -> None:
        try:
            self._add_applications(tee, command)
        finally:
            with self._changed:
                self._searching.remove(threading.current_thread())
                self._changed.notify_all()

    def _add_applications(self, tee: _Tee, command: EnumerationCommand) -> None:
        driver = tee.driver
        if not driver.enumerates_applications:
            return
        try:
            client = self.open_client(driver)
        except OSError:
            return
        with client:
            uuids = enumerate_applications(client, command)
        needs_supplicant = command == EnumerationCommand.DEVICES_WITH_SUPPLICANT
        connect = partial(self.open_client, driver)
        for uuid in uuids:
            device = ClientDevice(uuid, needs_supplicant, driver, connect)
            # The driver may have been unbound meanwhile.
            self._bus.add(device, lambda: self.is_bound(driver))

    def _send_uevent(self, action: UeventAction, device: TeeDevice) -> None:
        properties = {
            "MAJOR": str(MAJOR),
            "MINOR": str(minor_of(device)),
            "DEVNAME": PurePath(device.path).name,
        }
        self._uevents.send(action, devpath_of(device), properties)


def devpath_of(device: TeeDevice) -> str:
    """Return the path of a device in sysfs: without a parent, as on all measured releases."""
    return f"/devices/virtual/tee/{PurePath(device.path).name}"


def minor_of(device: TeeDevice) -> int:
    """Return the minor number of a device: those for supplicants follow the others."""
    number = int(device.path.rpartition("teepriv" if device.privileged else "tee")[2])
    return number + (_DEVICES_OF_A_KIND if device.privileged else 0)
