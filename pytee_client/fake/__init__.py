# SPDX-License-Identifier: BSD-2-Clause
"""A kernel in Python, with a TEE and Trusted Applications in Python, for tests and laptops.

    from pytee_client import Context, fake

    class Doubler(fake.TrustedApplication):
        uuid = UUID("...")

        def invoke_command(self, session, command_id, parameters):
            parameters[0].a *= 2

    kernel = fake.Kernel()
    kernel.install(Doubler)
    with Context(backend=kernel) as context:
        ...

It answers at the level of system calls, below all of the library's own code. It
protects nothing: what it runs is as secure as the program itself.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .drivers.amdtee import AmdTee
from .drivers.optee import Optee
from .drivers.tstee import SecurePartition, TrustedService, TsTee
from .kernel import Kernel, LinuxRelease
from .secure_world import SecureWorld
from .trusted_application import (
    Identity,
    MemrefParameter,
    Parameters,
    ResultCode,
    TrustedApplication,
    TrustedApplicationSession,
    ValueParameter,
)
from .uapi import ParamType

if TYPE_CHECKING:
    from collections.abc import Callable

    from .drivers.driver import Driver

__all__ = [
    "AmdTee",
    "Identity",
    "Kernel",
    "LinuxRelease",
    "MemrefParameter",
    "Optee",
    "ParamType",
    "Parameters",
    "ResultCode",
    "SecurePartition",
    "SecureWorld",
    "TrustedApplication",
    "TrustedApplicationSession",
    "TrustedService",
    "TsTee",
    "ValueParameter",
    "default_kernel",
    "new_kernel",
]

_PROFILES: dict[str, Callable[[], Driver]] = {
    "optee": Optee,
    "optee-no-reg-mem": lambda: Optee(reg_mem=False),
    "amdtee": AmdTee,
}
_kernels: dict[str, Kernel] = {}
_lock = threading.Lock()


def new_kernel(profile: str = "optee") -> Kernel:
    """Make a kernel of a profile, with the bundled Trusted Applications installed.

    Args:
        profile: "optee", "optee-no-reg-mem" for OP-TEE without dynamic shared memory, or
            "amdtee" for AMD-TEE; followed by "@7.2" for another release of Linux than
            6.12, see LinuxRelease.

    Raises:
        ValueError: there is no such profile.
    """
    from .applications import BUNDLED, PSEUDO_APPLICATIONS

    name, _, version = profile.partition("@")
    releases = {release.value: release for release in LinuxRelease}
    release = releases.get(version or LinuxRelease.LINUX_6_12.value)
    if name not in _PROFILES or release is None:
        raise ValueError(
            f"there is no fake TEE {profile!r}; there are {', '.join(_PROFILES)}, each with"
            f" @{' or @'.join(releases)} for a release of Linux"
        )
    driver = _PROFILES[name]()
    kernel = Kernel(driver, release=release)
    kernel.install(*BUNDLED)
    if isinstance(driver, Optee):
        kernel.install(*PSEUDO_APPLICATIONS)
    return kernel


def default_kernel(profile: str = "optee") -> Kernel:
    """Return the kernel that Context("fake:profile") uses: one a process for each profile.

    Install Trusted Applications in it to have them there.
    """
    with _lock:
        if profile not in _kernels:
            _kernels[profile] = new_kernel(profile)
        return _kernels[profile]
