# SPDX-License-Identifier: BSD-2-Clause
"""Remedies for calls of OP-TEE that take long: they may be waiting for its supplicant."""

from __future__ import annotations

import os
import re
from enum import Enum, auto

from ._boundary import backend_name
from .enums import ImplementationId

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final
    from uuid import UUID

    from .kernels.kernel import Kernel

__all__ = ["Sight", "for_slow_command", "for_slow_opening", "look_for_supplicant"]

_DEVICE: Final = re.compile(r"(?:/.*)?/teepriv\d+")
# Of the processes that the kernel starts; see include/linux/proc_ns.h of Linux.
_FIRST_NAMESPACE: Final = "pid:[4026531836]"


class Sight(Enum):
    """What is known of a supplicant."""

    SERVES = auto()
    """There is one."""

    NONE = auto()
    """There is none."""

    NONE_SEEN = auto()
    """There is none among the processes that this one can look at."""

    NEEDLESS = auto()
    """The kernel needs none, or does not say."""


def look_for_supplicant(kernel: Kernel | None) -> Sight:
    """Return what can be known without disturbing one; kernel is None for Linux.

    Opening the supplicant's device would say it too, but closing it again ends the requests of
    calls that wait. So this looks for the process that has it open. Root sees all processes,
    others see their user's, and a container sees its own.
    """
    if backend_name(kernel) == "linux":
        return _look_on_linux()
    has_supplicant: bool | None = getattr(kernel, "has_supplicant", None)
    if has_supplicant is None:
        return Sight.NEEDLESS
    return Sight.SERVES if has_supplicant else Sight.NONE


def _look_on_linux() -> Sight:
    try:
        sees_all = os.readlink("/proc/self/ns/pid") == _FIRST_NAMESPACE
        processes = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return Sight.NONE_SEEN
    for process in processes:
        try:
            with os.scandir(f"/proc/{process}/fd") as descriptors:
                if any(map(_is_of_supplicant, descriptors)):
                    return Sight.SERVES
        except PermissionError:
            sees_all = False
        except OSError:
            # It has ended.
            continue
    return Sight.NONE if sees_all else Sight.NONE_SEEN


def _is_of_supplicant(descriptor: os.DirEntry[str]) -> bool:
    try:
        return _DEVICE.fullmatch(os.readlink(descriptor.path)) is not None
    except FileNotFoundError:
        return False


def for_slow_opening(implementation: int, kernel: Kernel | None, destination: UUID) -> str | None:
    """Return what may help if the opening of a session takes long.

    Args:
        implementation: the driver.
        kernel: the kernel that answers; None for Linux.
        destination: the Trusted Application.
    """
    is_linux = backend_name(kernel) == "linux"
    what = f"{destination}.ta" if is_linux else "the Trusted Application"
    return _for_slow_call(implementation, kernel, f"to load {what}")


def for_slow_command(implementation: int, kernel: Kernel | None) -> str | None:
    """Return what may help if a command takes long; see for_slow_opening()."""
    return _for_slow_call(implementation, kernel, "for the application's persistent objects")


def _for_slow_call(implementation: int, kernel: Kernel | None, purpose: str) -> str | None:
    if implementation != ImplementationId.OPTEE:
        return None
    sight = look_for_supplicant(kernel)
    if sight is Sight.NEEDLESS:
        return None
    if sight is Sight.SERVES:
        return (
            f"if OP-TEE needs its supplicant {purpose}, look at that: it runs, but may be stuck;"
            " or else the Trusted Application takes long itself, or the TEE is busy"
        )
    waits = f"OP-TEE waits for its supplicant if it needs it {purpose}, and "
    if backend_name(kernel) != "linux":
        return (
            f"{waits}nothing serves this kernel: have a supplicant.Supplicant(kernel, ...) while"
            " it is used"
        )
    start = "start tee-supplicant (systemctl start tee-supplicant), and the call goes on"
    if sight is Sight.NONE:
        return f"{waits}no process has its device /dev/teepriv0 open: {start}"
    return (
        f"{waits}no process that this one can see has its device /dev/teepriv0 open: find out"
        " whether one has, as root and outside of any container (fuser -v /dev/teepriv0); if none"
        f" has, {start}"
    )
