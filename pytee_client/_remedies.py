# SPDX-License-Identifier: BSD-2-Clause
"""Remedies: what may help against an error, by what was asked and which TEE answered."""

from __future__ import annotations

import errno
import os
import stat

from ._firmware import amdtee_firmware
from .enums import ImplementationId, Login, Origin, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Final
    from uuid import UUID

    from ._teec_error import TeecError
    from .version import Version

__all__ = [
    "for_access",
    "for_descriptor",
    "for_login",
    "for_memory",
    "for_missing_device",
    "for_opening",
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


def for_opening(error: TeecError, version: Version, destination: UUID, login: int) -> str | None:
    """Return what may help if a session can't be opened.

    Args:
        error: why. There is no remedy for errors of the Trusted Application itself.
        version: which TEE it is.
        destination: the Trusted Application.
        login: who the client said it is.
    """
    if error.origin == Origin.TRUSTED_APP:
        return None
    if error.errno in (errno.EPERM, errno.EINVAL):
        return for_refused_login(login, error.errno, version.implementation_id)
    is_fake = version.backend != "linux"
    if version.implementation_id == ImplementationId.AMDTEE:
        remedy = _for_opening_of_amdtee(error, is_fake, destination)
        if remedy is not None:
            return remedy
    if error.origin != Origin.TEE:
        return None
    if version.implementation_id == ImplementationId.OPTEE and error.code in _OF_OPTEE:
        return _OF_OPTEE[error.code](is_fake, destination)
    if error.code == Result.ITEM_NOT_FOUND:
        return _how_to_install(is_fake)
    return None


def _how_to_install(is_fake: bool) -> str:
    if is_fake:
        return "install it in the fake kernel: kernel.install(YourTrustedApplication)"
    return "check that the Trusted Application is installed for this device"


def _how_to_install_for_optee(is_fake: bool, destination: UUID) -> str:
    if is_fake:
        return _how_to_install(is_fake)
    return (
        f"install it: {destination}.ta must lie in /lib/optee_armtz (or where tee-supplicant"
        " looks) and be signed for this device"
    )


def _how_to_serve(is_fake: bool, destination: UUID) -> str:
    if is_fake:
        return (
            "if it needs a supplicant, have a supplicant.Supplicant(kernel, ...) while it is used"
        )
    return (
        "OP-TEE may have had no answer from its supplicant: check that tee-supplicant runs, and"
        " keeps running"
    )


def _how_to_fit(is_fake: bool, destination: UUID) -> str:
    # OP-TEE gets the memory for requests to its supplicant from the supplicant.
    if is_fake:
        served = "that there is a supplicant.Supplicant(kernel, ...) as long as it is used"
    else:
        served = "that tee-supplicant runs, and keeps running"
    return (
        "the Trusted Application does not fit into the secure memory that is free: make its"
        " TA_DATA_SIZE (heap) or TA_STACK_SIZE smaller, close sessions with others, or give"
        f" OP-TEE more secure memory; if it does fit, check that {destination}.ta is not empty,"
        f" and {served}"
    )


def _how_to_sign(is_fake: bool, destination: UUID) -> str:
    if is_fake:
        return (
            f"{destination}.ta is damaged, or no image of this Trusted Application: write what"
            " fake.secure_world.application_image() returns in this process"
        )
    return (
        f"{destination}.ta is not signed with a key that this OP-TEE trusts, or is damaged, or is"
        " another application's: sign it with the key of this OP-TEE's build (TA_SIGN_KEY), and"
        " install it anew; with a subkey, also check that its version is not older than one that"
        " was used before"
    )


def _how_to_update(is_fake: bool, destination: UUID) -> str:
    return (
        f"OP-TEE may have loaded a newer version of {destination}.ta before, and loads none that"
        " is older: install that version, or a newer one"
    )


def _how_to_build(is_fake: bool, destination: UUID) -> str:
    return (
        f"{destination}.ta is signed, but is no Trusted Application for this OP-TEE: build it"
        " with the kit (TA_DEV_KIT_DIR) of this OP-TEE, for its architecture"
    )


def _how_to_find_out(is_fake: bool, destination: UUID) -> str:
    if is_fake:
        return "the supplicant may have failed: look at what its file system raises"
    return (
        "OP-TEE may know no more than that its supplicant failed: check that tee-supplicant can"
        " read and write all in its folder (/var/lib/tee); the secure world's log says more"
    )


def _how_to_reach_the_storage(is_fake: bool, destination: UUID) -> str:
    if is_fake:
        return "give the supplicant a storage: supplicant.Supplicant(kernel, storage=folder)"
    return (
        "OP-TEE can't reach its secure storage: check that tee-supplicant runs and can write to"
        " its folder (/var/lib/tee), or, if it is in an RPMB, that its key is written"
    )


def _how_to_repair_the_storage(is_fake: bool, destination: UUID) -> str:
    place = "the storage of the Supplicant" if is_fake else "tee-supplicant's /var/lib/tee"
    return (
        f"OP-TEE's secure storage is damaged, or another device's: restore {place}, or remove"
        " what is there, which loses all that Trusted Applications keep in it"
    )


_OF_OPTEE: Final[dict[int, Callable[[bool, UUID], str]]] = {
    Result.ITEM_NOT_FOUND: _how_to_install_for_optee,
    Result.COMMUNICATION: _how_to_serve,
    Result.OUT_OF_MEMORY: _how_to_fit,
    Result.SECURITY: _how_to_sign,
    Result.ACCESS_CONFLICT: _how_to_update,
    Result.BAD_FORMAT: _how_to_build,
    Result.GENERIC: _how_to_find_out,
    Result.STORAGE_NOT_AVAILABLE: _how_to_reach_the_storage,
    Result.STORAGE_NOT_AVAILABLE_2: _how_to_reach_the_storage,
    Result.CORRUPT_OBJECT: _how_to_repair_the_storage,
    Result.CORRUPT_OBJECT_2: _how_to_repair_the_storage,
}


def _for_opening_of_amdtee(error: TeecError, is_fake: bool, destination: UUID) -> str | None:
    """Return what helps on AMD-TEE, whose driver leaves the origin of a refused file unset."""
    name = amdtee_firmware(destination)
    place = f"/lib/firmware/{name}"
    if is_fake:
        place = f"{name} of the fake's folder for firmware, if it has one, and installed"
    if error.errno == errno.ENOMEM:
        return (
            f"AMD-TEE says so if there is no such Trusted Application, which must be {place};"
            " or if the context has 32 sessions with it"
        )
    if error.code == Result.SECURITY:
        return (
            "AMD-TEE refuses the file of the Trusted Application, which must be signed for"
            f" this processor, and be {place}"
        )
    return None


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
    if error == errno.EFAULT:
        return "all of the memory must be mapped, and an output's must be writable"
    if code != Result.OUT_OF_MEMORY:
        return None
    if registers:
        return (
            "the kernel or the TEE has no room for it: share less at a time, and close blocks"
            " that are no longer used"
        )
    return (
        "this device lacks the capability REG_MEM: all that is shared comes from its driver,"
        " which has little, and gives at most 4 MiB at once with pages of 4 KiB; share less at a"
        " time, and close blocks that are no longer used"
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


def _for_missing_device_of_python(name: str | None, nodes: list[Path]) -> str:
    if name and nodes:
        return f"this kernel has {_listed(nodes)}"
    return (
        "this kernel has no TEE device: have its drivers bound (bind() of a fake.Kernel), or"
        " wait until they are with wait_for_device()"
    )


def _listed(nodes: list[Path]) -> str:
    return ", ".join(map(str, nodes))
