# SPDX-License-Identifier: BSD-2-Clause
"""Which TEE devices there are, which devices their Trusted Applications are, and when they come.

They are read from sysfs: /sys/class/tee and /sys/bus/tee, of Linux or of the fake kernel. Files
with Trusted Applications say what they are too.
"""

from .application_file import ApplicationFile, Subkey
from .application_files import find_application_files, read_application_file, usual_folders
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
    "ApplicationFile",
    "BusDevice",
    "Device",
    "Revision",
    "RpmbRoutingModel",
    "Subkey",
    "enumerate_bus_devices",
    "enumerate_devices",
    "find_application_files",
    "read_application_file",
    "usual_folders",
    "wait_for_device",
]
