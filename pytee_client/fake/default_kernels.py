# SPDX-License-Identifier: BSD-2-Clause
"""The fake kernels of the process, which Context("fake:...") uses."""

from __future__ import annotations

import os
import threading
from typing import Final

from .._process import renewed
from .drivers.application_driver import ApplicationDriver
from .kernel.kernel import Kernel
from .kernel.release import LinuxRelease
from .profiles import DEFAULT_PROFILE, parse_profile
from .secure_world.trusted_application import TrustedApplication

__all__ = ["default_kernel"]

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
    name, release = parse_profile(profile)
    key = name, release or LinuxRelease.default()
    with _lock:
        if key not in _default_kernels:
            # A signal's handler may have made one meanwhile.
            inherited = _of_parent.get(key, ())
            made = Kernel(name, release=key[1], applications=inherited)
            _default_kernels.setdefault(key, made)
        return _default_kernels[key]


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
