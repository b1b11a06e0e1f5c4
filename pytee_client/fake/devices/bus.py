# SPDX-License-Identifier: BSD-2-Clause
"""The TEE bus: Trusted Applications as devices, and drivers that use them."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..._process import renewed
from ..structures import Driver
from .client_driver import ClientDevice, ClientDriver
from .uevents import UeventAction, Uevents

__all__ = ["EPROBE_DEFER", "Bus", "BusFailure"]

EPROBE_DEFER: Final = 517


@dataclass(frozen=True, slots=True)
class BusFailure:
    """An exception of a driver; Linux would log it at most.

    Attributes:
        driver: the driver.
        device: the device that it was to probe or remove.
        error: the exception.
    """

    driver: ClientDriver
    device: ClientDevice
    error: Exception


class Bus:
    """The TEE bus of a kernel (/sys/bus/tee).

    A device is bound to the first registered driver that has its UUID in its table and does
    not refuse it.

    Threads: may be used from any. One driver at a time probes or removes. The properties can
    be read meanwhile.
    """

    def __init__(self, uevents: Uevents) -> None:
        self._uevents = uevents
        # Held while drivers run; the other lock only while the lists are used.
        self._matching = renewed(threading.RLock())
        self._lock = renewed(threading.RLock())
        self._devices: list[ClientDevice] = []
        self._drivers: list[ClientDriver] = []
        self._failures: list[BusFailure] = []
        self._deferred: list[ClientDevice] = []

    @property
    def devices(self) -> tuple[ClientDevice, ...]:
        """The devices, in the order in which they were added."""
        with self._lock:
            return tuple(self._devices)

    @property
    def drivers(self) -> tuple[ClientDriver, ...]:
        """The drivers, in the order of their registration."""
        with self._lock:
            return tuple(self._drivers)

    @property
    def failures(self) -> tuple[BusFailure, ...]:
        """The exceptions of drivers, the oldest first, including EPROBE_DEFER."""
        with self._lock:
            return tuple(self._failures)

    def register(self, driver: ClientDriver) -> None:
        """Add a driver, and offer it the devices without a driver (tee_client_driver_register).

        It is no error if the driver refuses all devices.

        Raises:
            OSError: EBUSY; there is a driver of this name.
        """
        with self._matching:
            with self._lock:
                if any(other.name == driver.name for other in self._drivers):
                    raise OSError(errno.EBUSY, f"there is a driver {driver.name} already")
                self._drivers.append(driver)
            for device in self.devices:
                self._offer(device, driver)

    def unregister(self, driver: ClientDriver) -> None:
        """Remove a driver from its devices and from the bus (tee_client_driver_unregister).

        Its devices are not offered to other drivers.

        Raises:
            ValueError: the driver is not registered.
        """
        with self._matching:
            with self._lock:
                if driver not in self._drivers:
                    raise ValueError(f"the driver {driver.name} is not registered")
                self._drivers.remove(driver)
            for device in self.devices:
                if device.driver is driver:
                    self._remove_from_driver(device)

    def bind(self, device: ClientDevice, driver: ClientDriver) -> None:
        """Bind a device to a driver (the attribute bind of a driver).

        Raises:
            OSError: ENODEV; the UUID of the device is not in the table of the driver. EBUSY;
                the device has a driver.
            Exception: the driver refused; this is its exception.
        """
        with self._matching:
            if device.uuid not in driver.id_table or device not in self.devices:
                raise OSError(errno.ENODEV, f"{device.name} is no device for {driver.name}")
            if device.driver is not None:
                raise OSError(errno.EBUSY, f"{device.name} has a driver: {device.driver.name}")
            if not self._offer(device, driver):
                raise self.failures[-1].error

    def unbind(self, device: ClientDevice) -> None:
        """Unbind a device from its driver (the attribute unbind of a driver).

        Raises:
            OSError: ENODEV; the device has no driver.
        """
        with self._matching:
            if device.driver is None:
                raise OSError(errno.ENODEV, f"{device.name} has no driver")
            self._remove_from_driver(device)

    def add(self, device: ClientDevice, is_wanted: Callable[[], bool]) -> None:
        """Add a device, unless there is one of this name, and offer it to the drivers.

        Args:
            device: the device.
            is_wanted: returns whether to add it. No device is added or removed meanwhile.
        """
        with self._matching:
            if not is_wanted():
                return
            with self._lock:
                if any(other.name == device.name for other in self._devices):
                    return
                self._devices.append(device)
            self._send_uevent(UeventAction.ADD, device)
            for driver in self.drivers:
                self._offer(device, driver)

    def remove_devices(self, tee: Driver) -> None:
        """Unbind and remove all devices of a TEE."""
        with self._matching:
            for device in self.devices:
                if device.tee is not tee:
                    continue
                if device.driver is not None:
                    self._remove_from_driver(device)
                with self._lock:
                    self._devices.remove(device)
                    self._deferred = [other for other in self._deferred if other is not device]
                self._send_uevent(UeventAction.REMOVE, device)

    def _offer(self, device: ClientDevice, driver: ClientDriver) -> bool:
        """Offer a device without a driver to a driver, and return whether it accepts."""
        if device.driver is not None or device.uuid not in driver.id_table:
            return False
        device.driver = driver
        try:
            driver.probe(device)
        except Exception as error:
            device.driver = device.data = None
            self._record_failure(driver, device, error)
            if isinstance(error, OSError) and error.errno == EPROBE_DEFER:
                with self._lock:
                    self._deferred.append(device)
            return False
        except BaseException:
            device.driver = device.data = None
            raise
        self._send_uevent(UeventAction.BIND, device, DRIVER=driver.name)
        self._offer_deferred()
        return True

    def _offer_deferred(self) -> None:
        """Offer the devices again whose drivers deferred, after a device got its driver."""
        with self._lock:
            deferred, self._deferred = self._deferred, []
        for device in deferred:
            for driver in self.drivers:
                self._offer(device, driver)

    def _remove_from_driver(self, device: ClientDevice) -> None:
        driver = device.driver
        assert driver is not None
        try:
            driver.remove(device)
        except Exception as error:
            self._record_failure(driver, device, error)
        device.driver = device.data = None
        self._send_uevent(UeventAction.UNBIND, device)

    def _record_failure(self, driver: ClientDriver, device: ClientDevice, error: Exception) -> None:
        with self._lock:
            self._failures.append(BusFailure(driver, device, error))

    def _send_uevent(self, action: UeventAction, device: ClientDevice, **properties: str) -> None:
        properties["MODALIAS"] = device.modalias
        self._uevents.send(action, device.devpath, properties)
