# SPDX-License-Identifier: BSD-2-Clause
"""Remedies for calls of OP-TEE that take long: they may be waiting for its supplicant."""

from __future__ import annotations

import math
import os
import re
import time
from enum import Enum, auto

from ._boundary import backend_name
from .enums import ImplementationId

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from .kernels.kernel import Kernel

__all__ = [
    "Sight",
    "find_supplicants",
    "for_slow_command",
    "for_slow_opening",
    "is_in_first_namespace",
    "look_for_supplicant",
]

# Seconds for which a look at the processes is enough: it takes some milliseconds, and many calls
# can have the same deadline.
FRESH = 1.0
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


class _Last:
    """When the last look at the processes was, and what was seen."""

    when = -math.inf
    sight = Sight.NONE_SEEN


def _look_on_linux() -> Sight:
    if time.monotonic() - _Last.when >= FRESH:
        _Last.sight = _look_at_processes()
        _Last.when = time.monotonic()
    return _Last.sight


def _sees_all() -> bool:
    """Return whether this process may see those of all users, and is in no container."""
    return is_in_first_namespace() and not os.geteuid()


def is_in_first_namespace(proc: str = "/proc") -> bool:
    """Return whether this process sees those of the machine, and not of a container alone."""
    try:
        return os.readlink(f"{proc}/self/ns/pid") == _FIRST_NAMESPACE
    except OSError:
        return False


def _look_at_processes() -> Sight:
    sees_all = _sees_all()
    try:
        for _, device in find_supplicants():
            if device is not None:
                return Sight.SERVES
            sees_all = False
    except OSError:
        return Sight.NONE_SEEN
    return Sight.NONE if sees_all else Sight.NONE_SEEN


def find_supplicants(proc: str = "/proc") -> Iterator[tuple[int, str | None]]:
    """Yield each process that has a supplicant's device open, with the path of the device.

    For one whose descriptors are hidden the path is None. Nothing is opened but folders.

    Raises:
        OSError: the processes can't be listed.
    """
    for process in [int(name) for name in os.listdir(proc) if name.isdigit()]:
        try:
            with os.scandir(f"{proc}/{process}/fd") as descriptors:
                device = next(filter(None, map(_device_of_supplicant, descriptors)), None)
        except PermissionError:
            yield process, None
        except OSError:
            # It has ended.
            continue
        else:
            if device is not None:
                yield process, device


def _device_of_supplicant(descriptor: os.DirEntry[str]) -> str | None:
    try:
        target = os.readlink(descriptor.path)
    except FileNotFoundError:
        return None
    return target if _DEVICE.fullmatch(target) else None


def for_slow_opening(implementation: int, kernel: Kernel | None) -> str | None:
    """Return what may help if the opening of a session takes long.

    Args:
        implementation: the driver.
        kernel: the kernel that answers; None for Linux.
    """
    if implementation != ImplementationId.OPTEE:
        return None
    sight = look_for_supplicant(kernel)
    if sight is Sight.NEEDLESS:
        return None
    purpose = "to load the file of the Trusted Application"
    if sight is Sight.SERVES:
        return (
            f"if OP-TEE needs its supplicant {purpose}, look at that: it runs, but may be stuck;"
            " or else the Trusted Application takes long itself, or the TEE is busy"
        )
    return _how_to_serve(kernel, sight, purpose)


def for_slow_command(implementation: int, kernel: Kernel | None) -> str | None:
    """Return what may help if a command takes long, unless it is likely to be something else.

    The arguments are those of for_slow_opening().
    """
    if implementation != ImplementationId.OPTEE:
        return None
    if backend_name(kernel) == "linux" and not _sees_all():
        # Most commands need no supplicant.
        return None
    if look_for_supplicant(kernel) is not Sight.NONE:
        return None
    return _how_to_serve(kernel, Sight.NONE, "for the Trusted Application's persistent objects")


def _how_to_serve(kernel: Kernel | None, sight: Sight, purpose: str) -> str:
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
