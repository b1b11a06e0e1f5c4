# SPDX-License-Identifier: BSD-2-Clause
"""The fake kernels of the process, which Context("fake:...") uses."""

from __future__ import annotations

import threading
from typing import Final

from .kernel.kernel import Kernel
from .kernel.release import LinuxRelease
from .profiles import DEFAULT_PROFILE, parse_profile

__all__ = ["default_kernel"]

_default_kernels: Final[dict[tuple[str, LinuxRelease], Kernel]] = {}
_lock: Final = threading.Lock()


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
            _default_kernels[key] = Kernel(name, release=key[1])
        return _default_kernels[key]
