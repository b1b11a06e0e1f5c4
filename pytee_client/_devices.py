# SPDX-License-Identifier: BSD-2-Clause
"""The TEE devices of the machine, and what to do about those that can't be opened."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

from . import errors
from .enums import GenericCapabilities, ImplementationId, Origin, Result

_WITHOUT_GP: dict[int, str] = {
    ImplementationId.TSTEE: "Trusted Services, which have requests of their own",
    ImplementationId.QTEE: "Qualcomm's TEE, whose objects are invoked by TEE_IOC_OBJECT_INVOKE",
}
_CLIENT_NODE = re.compile(r"tee\d+")


def client_nodes() -> list[Path]:
    """Return the nodes of TEE devices for clients, /dev/tee0 first."""
    nodes = [path for path in Path("/dev").glob("tee*") if _CLIENT_NODE.fullmatch(path.name)]
    return sorted(nodes, key=lambda path: int(path.name[3:]))


def _name_of_user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _name_of_group(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _how_to_get_access(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return "check the permissions of the directories that lead to it"
    owner, group = _name_of_user(status.st_uid), _name_of_group(status.st_gid)
    text = f"it is {stat.filemode(status.st_mode)} {owner}:{group}"
    if status.st_mode & stat.S_IRGRP and status.st_mode & stat.S_IWGRP:
        return f"{text}; add the user to the group {group} and log in again"
    return (
        f"{text}; give a group of your users read and write access to it, by a udev rule such as"
        ' KERNEL=="tee[0-9]*", GROUP="tee", MODE="0660"'
    )


def open_error(
    name: str | None, code: int, error: int, implementation: int, capabilities: int
) -> errors.TeecError:
    """Make the exception for a device that could not be opened.

    Args:
        name: the device's path, or None if the first device of the machine was wanted.
        code: the result of the C library.
        error: the errno, or 0.
        implementation: which driver the device said it has, 0 if it said nothing.
        capabilities: what the device said it can do, 0 if it said nothing.
    """
    nodes = client_nodes()
    path = name or (str(nodes[0]) if nodes else "/dev/tee0")
    doing = f"opening {path}" if name else "opening the first TEE device"
    cls: type[errors.TeecError]
    if capabilities & GenericCapabilities.PRIVILEGED:
        cls = errors.PrivilegedDeviceError
        remedy = "this is the supplicant's device; clients open /dev/tee0 and its like"
    elif error == errno.EBUSY and "teepriv" in path:
        cls = errors.PrivilegedDeviceError
        remedy = "this is the device of the supplicant that is running; open /dev/tee0"
    elif error in (errno.EACCES, errno.EPERM):
        cls, remedy = errors.DeviceAccessError, f"{path}: {_how_to_get_access(path)}"
    elif code == Result.NOT_SUPPORTED:
        cls = errors.NotSupportedError
        remedy = _what_it_is(implementation)
    elif error == errno.ENOTTY:
        cls, remedy = errors.NotATeeDeviceError, "this is no TEE device; try /dev/tee0"
    elif code == Result.ITEM_NOT_FOUND:
        cls = errors.DeviceNotFoundError
        remedy = _how_to_get_a_device(name, nodes)
    else:
        return errors.error_of(code, Origin.COMMS, error, doing)
    return cls(doing, code=code, origin=Origin.COMMS, errno=error or None, remedy=remedy)


def _what_it_is(implementation: int) -> str:
    name = _WITHOUT_GP.get(implementation)
    details = f"{implementation}, {name}" if name else f"{implementation}"
    return f"this device has not the GlobalPlatform capability; its driver is {details}"


def _how_to_get_a_device(name: str | None, nodes: list[Path]) -> str:
    if name and nodes:
        return f"this machine has {', '.join(map(str, nodes))}"
    return (
        "this machine has no TEE device: check that its firmware has a TEE and that the kernel's"
        ' driver is loaded ("modprobe optee"), or use the fake kernel, Context("fake:")'
    )
