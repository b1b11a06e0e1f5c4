# SPDX-License-Identifier: BSD-2-Clause
"""Which TEE devices there are, which devices their Trusted Applications are, and when they come.

They are read from sysfs: /sys/class/tee and /sys/bus/tee, of Linux or of the fake kernel.
"""

from .enumeration import (
    BusDevice,
    Device,
    Revision,
    RpmbRoutingModel,
    enumerate_bus_devices,
    enumerate_devices,
    wait_for_device,
)

__all__ = [
    "BusDevice",
    "Device",
    "Revision",
    "RpmbRoutingModel",
    "enumerate_bus_devices",
    "enumerate_devices",
    "wait_for_device",
]
