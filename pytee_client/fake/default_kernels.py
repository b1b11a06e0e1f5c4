# SPDX-License-Identifier: BSD-2-Clause
"""The fake kernels of the process, which Context("fake:...") uses."""

from __future__ import annotations

import os
import threading
from typing import Final

from .._process import renewed
from .kernel.kernel import Kernel
from .kernel.release import LinuxRelease
from .profiles import DEFAULT_PROFILE, parse_profile

__all__ = ["default_kernel"]

_default_kernels: Final[dict[tuple[str, LinuxRelease], Kernel]] = {}
_lock: Final = renewed(threading.RLock())


def default_kernel(profile: str = DEFAULT_PROFILE) -> Kernel:
    """Return the kernel that Context("fake:PROFILE") uses in this process.

    There is one for each profile and release of Linux: "optee", "optee@6.12" and the full
    version of that release name the same kernel. A program that opens Context("fake:") itself
    meets what is installed there:

        with fake.default_kernel().installed(Counter):
            ...

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
            _default_kernels.setdefault(key, Kernel(name, release=key[1]))
        return _default_kernels[key]


# A child of a fork has kernels of its own: its parent's have sessions and threads that it lacks.
os.register_at_fork(after_in_child=_default_kernels.clear)
