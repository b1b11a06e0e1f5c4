# SPDX-License-Identifier: BSD-2-Clause
"""The TEE bus of the fake kernel: its devices and drivers, and messages about devices.

    from pytee_client import fake
    from pytee_client.fake.bus import ClientDriver

    class RandomDriver(ClientDriver):
        name = "random"
        id_table = (UUID("..."),)

        def probe(self, device):
            device.data = device.open_context()

    kernel = fake.Kernel()
    kernel.bus.register(RandomDriver())

Kernel.bus is the bus, and Kernel.monitor_devices() reports what comes and goes.
"""

from .devices.bus import Bus, BusFailure
from .devices.client_context import LOGIN_REE_KERNEL, ClientContext
from .devices.client_driver import ClientDevice, ClientDriver
from .devices.uevents import Uevent, UeventAction, UeventMonitor

__all__ = [
    "LOGIN_REE_KERNEL",
    "Bus",
    "BusFailure",
    "ClientContext",
    "ClientDevice",
    "ClientDriver",
    "Uevent",
    "UeventAction",
    "UeventMonitor",
]
