# SPDX-License-Identifier: BSD-2-Clause
"""The TEE devices of the machine, and what to do about those that can't be opened."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from . import errors
from ._results import error_of
from ._sysfs import Folder
from .enums import GenericCapabilities, ImplementationId, Origin, Result

if TYPE_CHECKING:
    from ._sysfs import Tree
    from .kernels import Kernel

_WITHOUT_GP: dict[int, str] = {
    ImplementationId.TSTEE: "Trusted Services, which have requests of their own",
    ImplementationId.QTEE: "Qualcomm's TEE, whose objects are invoked by TEE_IOC_OBJECT_INVOKE",
}
_CLIENT_NODE = re.compile(r"tee\d+")


def client_nodes(kernel: Kernel | None = None) -> list[Path]:
    """Return the nodes of TEE devices for clients, /dev/tee0 first.

    Also of those that the kernel has, but that have no node here, as in a container.
    """
    tree: Tree | None = Folder() if kernel is None else getattr(kernel, "sysfs", None)
    names: set[str] = set()
    if tree is not None:
        with contextlib.suppress(OSError):
            names.update(tree.names("class/tee"))
    if kernel is None:
        names.update(path.name for path in Path("/dev").glob("tee*"))
    clients = filter(_CLIENT_NODE.fullmatch, names)
    return [Path("/dev", name) for name in sorted(clients, key=lambda name: int(name[3:]))]


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
    name: str | None,
    code: int,
    error: int,
    answer: tuple[int, int],
    kernel: Kernel | None = None,
) -> errors.TeecError:
    """Make the exception for a device that could not be opened.

    Args:
        name: the device's path, or None if the first device of the machine was wanted.
        code: the result of the C library.
        error: the errno, or 0.
        answer: which driver the device said it has, and what it can do; zeros if it said
            nothing.
        kernel: whose device it is; None for Linux.
    """
    implementation, capabilities = answer
    nodes = client_nodes(kernel)
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
        remedy = _how_to_get_a_device(name, nodes, kernel)
    else:
        return error_of(code, Origin.COMMS, error, doing)
    return cls(doing, code=code, origin=Origin.COMMS, errno=error or None, remedy=remedy)


def _what_it_is(implementation: int) -> str:
    name = _WITHOUT_GP.get(implementation)
    details = f"{implementation}, {name}" if name else f"{implementation}"
    return f"this device has not the GlobalPlatform capability; its driver is {details}"


def _how_to_get_a_device(name: str | None, nodes: list[Path], kernel: Kernel | None) -> str:
    if kernel is not None:
        return _how_to_get_a_fake_device(name, nodes)
    hidden = [node for node in nodes if not node.exists()]
    if hidden and (name is None or Path(name) in hidden):
        return (
            f"the kernel has {_listed(hidden)}, but there is no such node here: pass the device"
            f' into the container ("--device {hidden[0]}")'
        )
    if name and nodes:
        return f"this machine has {_listed(nodes)}"
    return (
        "this machine has no TEE device: check that its firmware has a TEE and that the kernel's"
        ' driver is loaded ("modprobe optee"); wait for it, if it comes later, with'
        ' wait_for_device(); or use the fake kernel, Context("fake:")'
    )


def _how_to_get_a_fake_device(name: str | None, nodes: list[Path]) -> str:
    if name and nodes:
        return f"this kernel has {_listed(nodes)}"
    return (
        "this kernel has no TEE device: have its drivers bound (bind() of a fake.Kernel), or"
        " wait until they are with wait_for_device()"
    )


def _listed(nodes: list[Path]) -> str:
    return ", ".join(map(str, nodes))
