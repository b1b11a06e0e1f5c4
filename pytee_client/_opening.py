# SPDX-License-Identifier: BSD-2-Clause
"""Opening TEE devices, and the exceptions for those that can't be opened."""

from __future__ import annotations

import contextlib
import errno
import re
from pathlib import Path
from typing import TYPE_CHECKING

from . import errors
from ._expected_tee import ExpectedTee, find_expected_tee
from ._failed_system_calls import for_errno
from ._remedies import for_access, for_missing_device, for_missing_driver, for_other_driver
from ._results import error_of
from .enums import GenericCapabilities, Origin, Result
from .kernels.sysfs import Folder

if TYPE_CHECKING:
    from .kernels import Kernel
    from .kernels.sysfs import Tree

_CLIENT_NODE = re.compile(r"tee\d+")


def client_nodes(kernel: Kernel | None = None) -> list[Path]:
    """Return the nodes of TEE devices for clients, /dev/tee0 first.

    Includes devices that the kernel has, but that have no node here, as in a container.
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


def expected_tee() -> ExpectedTee | None:
    """Return the TEE that this machine should have; None if nothing says so."""
    return find_expected_tee(Folder())


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
        answer: the driver and the capabilities that the device told; zeros if it told
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
        cls, remedy = errors.DeviceAccessError, f"{path}: {for_access(path)}"
    elif code == Result.NOT_SUPPORTED:
        cls = errors.NotSupportedError
        remedy = for_other_driver(implementation)
    elif error == errno.ENOTTY:
        cls, remedy = errors.NotATeeDeviceError, "this is no TEE device; try /dev/tee0"
    elif code == Result.ITEM_NOT_FOUND:
        cls = errors.DeviceNotFoundError
        expected = expected_tee() if kernel is None and not nodes else None
        if expected is not None:
            remedy = for_missing_driver(expected.evidence, expected.modules, expected.is_loaded)
        else:
            remedy = for_missing_device(name, nodes, is_linux=kernel is None)
    else:
        return error_of(code, Origin.COMMS, error, doing, remedy=for_errno(error))
    return cls(doing, code=code, origin=Origin.COMMS, errno=error or None, remedy=remedy)


def supplicant_error(path: str, error: OSError) -> OSError:
    """Make the exception for a supplicant's device that could not be opened.

    Each is an OSError too, as the errors of system calls that a supplicant makes.

    Args:
        path: the device's path.
        error: what the kernel raised.
    """
    number = error.errno or 0
    doing = f"opening {path} for a supplicant"
    cls: type[errors.TeecError]
    if number in (errno.EACCES, errno.EPERM):
        cls, remedy = errors.DeviceAccessError, f"{path}: {for_access(path)}"
    elif number in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        cls = errors.DeviceNotFoundError
        remedy = "there is no such device, or it is no device for a supplicant of OP-TEE"
    elif number == errno.EBUSY:
        cls = errors.SupplicantRunningError
        remedy = "a device takes one supplicant: stop the other, such as tee-supplicant"
    else:
        made = error_of(Result.GENERIC, Origin.COMMS, number, doing, remedy=for_errno(number))
        return made if isinstance(made, OSError) else error
    made = cls(doing, origin=Origin.COMMS, errno=number, remedy=remedy)
    return made if isinstance(made, OSError) else error
