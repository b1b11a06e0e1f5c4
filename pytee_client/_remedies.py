# SPDX-License-Identifier: BSD-2-Clause
"""Remedies: what may help against an error, by what was asked and which TEE answered."""

from __future__ import annotations

import errno
import os
import stat

from ._failed_system_calls import for_errno
from ._process import importing
from .enums import ImplementationId, Login, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Final

__all__ = [
    "for_access",
    "for_descriptor",
    "for_login",
    "for_memory",
    "for_missing_device",
    "for_null_memrefs",
    "for_other_driver",
    "for_refused_login",
]

_WITHOUT_GP: Final[dict[int, str]] = {
    ImplementationId.TSTEE: "Trusted Services, which have requests of their own",
    ImplementationId.QTEE: "Qualcomm's TEE, whose objects are invoked by TEE_IOC_OBJECT_INVOKE",
}
_LINUX_LOGINS: Final = (Login.PUBLIC, Login.USER, Login.GROUP)
_APPLICATION_LOGINS: Final = (
    Login.APPLICATION,
    Login.USER_APPLICATION,
    Login.GROUP_APPLICATION,
)
_FIRST_KERNEL_LOGIN: Final = 0x80000000
_LAST_KERNEL_LOGIN: Final = 0xBFFFFFFF


def for_descriptor(code: int, error: int, registers: bool) -> str | None:
    """Return what may help if memory can't be shared by descriptor; see for_memory()."""
    if code == Result.NOT_SUPPORTED:
        return (
            "this kernel shares no memory by descriptor; mainline Linux does from 6.18 on,"
            " for dma-bufs of the TEE's own heaps"
        )
    if error in (0, errno.EINVAL):
        return (
            "it must be a dma-buf of the TEE's own heaps, such as"
            " /dev/dma_heap/protected,secure-video"
        )
    return for_memory(code, error, registers)


def for_memory(code: int, error: int, registers: bool) -> str | None:
    """Return what may help if memory can't be shared.

    Args:
        code: the result.
        error: the errno, or 0.
        registers: whether the device shares the program's own memory (REG_MEM).
    """
    # EINVAL and the like for memory that can't be had are ENOMEM by now.
    if code != Result.OUT_OF_MEMORY or error not in (0, errno.ENOMEM):
        return for_errno(error)
    if registers:
        return (
            "the kernel or the TEE has no room for it: share less at a time, and close blocks"
            " that are no longer used"
        )
    return (
        "the driver's pool is too small for it: this device lacks the capability REG_MEM, which"
        " shares the program's own memory, so all that is shared comes from a pool of its driver."
        " That has little for all programs together, gives at most 4 MiB at once with pages of"
        " 4 KiB, and may be static: its size is the firmware's (CFG_SHMEM_SIZE of OP-TEE). Send or"
        " share less at a time, and close blocks that are no longer used"
    )


def for_null_memrefs(slots: list[int]) -> str | None:
    """Say what to send instead of null memory references.

    Args:
        slots: where they are.
    """
    if not slots:
        return None
    listed = " and ".join(map(str, slots))
    which = f"parameter {listed} is a null memory reference"
    if len(slots) > 1:
        which = f"parameters {listed} are null memory references"
    return (
        f"{which}, which this device can't carry: it lacks the capability MEMREF_NULL. Pass an"
        ' empty buffer for an empty input (b""), and MemrefTempOutput(0) for an empty output'
    )


def for_refused_login(login: int, error: int | None, implementation: int) -> str | None:
    """Return what helps if the errno of an opening can come from the login."""
    if error == errno.EPERM and _is_for_the_kernel(login):
        return for_login(login)
    if error == errno.EPERM and login == Login.GROUP:
        return (
            "the process is not in this group, which being root does not make up for, or its"
            " user namespace does not map it"
        )
    if error != errno.EINVAL or login == Login.PUBLIC:
        return None
    if implementation == ImplementationId.AMDTEE:
        return "the driver of AMD-TEE has no login but PUBLIC"
    return None if login in _LINUX_LOGINS else for_login(login)


def _is_for_the_kernel(login: int) -> bool:
    return _FIRST_KERNEL_LOGIN <= login <= _LAST_KERNEL_LOGIN


def for_login(login: int) -> str:
    """Say why Linux lacks a login, and which to use instead."""
    if login in _APPLICATION_LOGINS:
        return "mainline Linux has no application logins; use USER or GROUP"
    if _is_for_the_kernel(login):
        return "this login is for the kernel's own clients; use PUBLIC, USER or GROUP"
    return "this login is reserved; use PUBLIC, USER or GROUP"


def _name_of_user(uid: int) -> str:
    try:
        # Importing it may take a descriptor too.
        with importing:
            import pwd

        return pwd.getpwuid(uid).pw_name
    except (KeyError, ImportError, OSError):
        return str(uid)


def _name_of_group(gid: int) -> str:
    try:
        with importing:
            import grp

        return grp.getgrgid(gid).gr_name
    except (KeyError, ImportError, OSError):
        return str(gid)


def for_access(path: str) -> str:
    """Say how the user gets access to a node."""
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


def for_other_driver(implementation: int) -> str:
    """Name the driver of a device that lacks the GlobalPlatform capability."""
    name = _WITHOUT_GP.get(implementation)
    details = f"{implementation}, {name}" if name else f"{implementation}"
    return f"this device lacks the GlobalPlatform capability; its driver is {details}"


def for_missing_device(name: str | None, nodes: list[Path], *, is_linux: bool) -> str:
    """Say how to get a device.

    Args:
        name: the path that was asked for; None for the first device.
        nodes: the devices that the kernel has, by where their nodes should stand.
        is_linux: whether it is Linux, and not a kernel in Python.
    """
    if not is_linux:
        return _for_missing_device_of_python(name, nodes)
    hidden = [node for node in nodes if not node.exists()]
    if hidden and (name is None or name in map(str, hidden)):
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


def for_missing_driver(evidence: str, modules: tuple[str, ...], is_loaded: bool) -> str:
    """Say how a TEE that the machine should have gets its device.

    Args:
        evidence: what says that there is one.
        modules: the modules that make its device, in order.
        is_loaded: whether the last of them is there.
    """
    commands = ", then ".join(f'"modprobe {module}"' for module in modules)
    if is_loaded:
        way = f"its driver is loaded ({commands}), but found no TEE: see what dmesg says"
    else:
        way = f"load its driver ({commands}); if that fails, see what dmesg says"
    return (
        f"{evidence}, which means that there is a TEE, but the kernel has no device for it: {way};"
        " wait for it, if it comes later, with wait_for_device(); the fake kernel answers only if"
        ' you ask for it, by Context("fake:")'
    )


def _for_missing_device_of_python(name: str | None, nodes: list[Path]) -> str:
    if name and nodes:
        return f"this kernel has {_listed(nodes)}"
    return (
        "this kernel has no TEE device: have its drivers bound (bind() of a fake.Kernel), or"
        " wait until they are with wait_for_device()"
    )


def _listed(nodes: list[Path]) -> str:
    return ", ".join(map(str, nodes))
