# SPDX-License-Identifier: BSD-2-Clause
"""A client of OP-TEE's list of devices."""

from __future__ import annotations

from typing import Final

from ... import ta

__all__ = ["DeviceEnumeration"]


class DeviceEnumeration(ta.Client, uuid="7011a688-ddde-4053-a5a9-7b3c4ddf13b8"):
    """List the applications that Linux makes devices of its TEE bus: OP-TEE's device.

    Any login may open it. Each command returns a list of UUIDs, of which names.name_of() knows the
    names. pytee_client.enumerate_bus_devices() says what Linux has made of them.

    Source: pta_device.h of OP-TEE. Tried on real OP-TEE 4.5 and 4.10.

    Attributes:
        get_devices: command 0: those that need no supplicant.
        get_devices_supp: command 1: those that need a supplicant.
        get_devices_rpmb: command 2: those that need RPMB memory. OP-TEE has it since 4.3.
    """

    get_devices: Final = ta.command(0, returns=ta.Variable(ta.List(ta.Uuid)))
    get_devices_supp: Final = ta.command(1, returns=ta.Variable(ta.List(ta.Uuid)))
    get_devices_rpmb: Final = ta.command(2, returns=ta.Variable(ta.List(ta.Uuid)))
