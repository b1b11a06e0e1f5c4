# SPDX-License-Identifier: BSD-2-Clause
"""The fake kernels of the process, which Context("fake:...") uses."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Final

from .._process import renewed
from .drivers.application_driver import ApplicationDriver
from .kernel.kernel import Kernel
from .kernel.release import LinuxRelease
from .profiles import DEFAULT_PROFILE, parse_profile
from .secure_world.trusted_application import TrustedApplication

__all__ = ["default_kernel", "standing_in"]

_default_kernels: Final[dict[tuple[str, LinuxRelease], Kernel]] = {}
# What was installed in the kernels of the parent process.
_of_parent: Final[dict[tuple[str, LinuxRelease], tuple[type[TrustedApplication], ...]]] = {}
_lock: Final = renewed(threading.RLock())


def default_kernel(profile: str = DEFAULT_PROFILE) -> Kernel:
    """Return the kernel that Context("fake:PROFILE") uses in this process.

    There is one for each profile and release of Linux: "optee", "optee@6.12" and the full
    version of that release name the same kernel. A program that opens Context("fake:") itself
    meets what is installed there:

        with fake.default_kernel().installed(Counter):
            ...

    A child of a fork has kernels of its own, with the applications that its parent's had.

    Args:
        profile: as for Kernel, which makes a kernel of its own.

    Raises:
        ValueError: no such profile or release is known, or the release lacks the driver.
    """
    key = _key_of(profile)
    with _lock:
        if key not in _default_kernels:
            # A signal's handler may have made one meanwhile.
            inherited = _of_parent.get(key, ())
            made = Kernel(key[0], release=key[1], applications=inherited)
            _default_kernels.setdefault(key, made)
        return _default_kernels[key]


@contextlib.contextmanager
def standing_in(profile: str, kernel: Kernel) -> Iterator[None]:
    """Have another kernel as that of a profile while the context manager is open.

    Args:
        profile: as for default_kernel(), which then returns the kernel.
        kernel: the kernel.
    """
    key = _key_of(profile)
    with _lock:
        before = _default_kernels.get(key)
        _default_kernels[key] = kernel
    try:
        yield
    finally:
        with _lock:
            if before is None:
                _default_kernels.pop(key, None)
            else:
                _default_kernels[key] = before


def _key_of(profile: str) -> tuple[str, LinuxRelease]:
    name, release = parse_profile(profile)
    return name, release or LinuxRelease.default()


def _enter_child() -> None:
    """Have kernels of its own in a child of a fork, with the applications of its parent's.

    The parent's have sessions and threads that the child lacks.
    """
    for key, kernel in _default_kernels.items():
        _of_parent[key] = tuple(
            application
            for driver in kernel.drivers
            if isinstance(driver, ApplicationDriver)
            for application in driver.world.applications()
        )
    _default_kernels.clear()


os.register_at_fork(after_in_child=_enter_child)
