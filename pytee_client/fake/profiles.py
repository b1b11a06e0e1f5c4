# SPDX-License-Identifier: BSD-2-Clause
"""The kernels that have a name, such as "optee@7.2"."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final, TypeAlias

from .drivers.amdtee import AmdTee
from .drivers.application_driver import ApplicationDriver
from .drivers.optee.driver import Optee
from .kernel.kernel import Kernel
from .kernel.release import LinuxRelease
from .structures import Driver

__all__ = ["default_kernel", "new_kernel"]

_Storage: TypeAlias = str | os.PathLike[str] | None


def _new_qtee() -> Driver:
    from .applications.qtee_services import QTEE_SERVICES
    from .drivers.qtee.driver import Qtee

    return Qtee(QTEE_SERVICES)


def _new_tstee() -> Driver:
    from .applications.trusted_services import ECHO_PARTITION
    from .drivers.tstee import TsTee

    return TsTee(ECHO_PARTITION)


_PROFILES: Final[dict[str, Callable[[_Storage], Driver]]] = {
    "optee": lambda storage: Optee(storage=storage),
    "optee-no-reg-mem": lambda storage: Optee(reg_mem=False, storage=storage),
    "amdtee": lambda storage: AmdTee(storage=storage),
    "tstee": lambda storage: _new_tstee(),
    "qtee": lambda storage: _new_qtee(),
}
_default_kernels: Final[dict[tuple[str, LinuxRelease], Kernel]] = {}
_lock: Final = threading.Lock()


def new_kernel(
    profile: str = "optee", *, storage: _Storage = None, release: LinuxRelease | None = None
) -> Kernel:
    """Make a kernel of a profile, with the bundled Trusted Applications installed.

    Args:
        profile: "optee"; "optee-no-reg-mem", an OP-TEE without dynamic shared memory; or
            "amdtee". Append "@7.2.13" or "@7.2" for another release of Linux than the newest
            known 6.12; see LinuxRelease.named(). "tstee" and "qtee@7.2" are devices without
            Trusted Applications, which the TEE Client API can't use. Linux 6.12 lacks the
            driver of QTEE.
        storage: a folder for the persistent objects of Trusted Applications. By default they
            are in memory.
        release: a release of Linux without a name, in place of one in the profile.

    Raises:
        ValueError: no such profile or release is known, the release lacks the driver, or the
            profile stores nothing.
        OSError: the folder can't be made.
    """
    name, named_release = _parse(profile)
    if release is None:
        release = named_release or LinuxRelease.default()
    elif named_release is not None:
        raise ValueError(f"both the profile {profile!r} and the argument name a release")
    return _make(name, release, storage)


def default_kernel(profile: str = "optee") -> Kernel:
    """Return the kernel that Context("fake:PROFILE") uses in this process.

    There is one for each profile and release of Linux: "optee", "optee@6.12" and the full
    version of that release name the same kernel. Install Trusted Applications in it to use
    them there.

    Args:
        profile: as for new_kernel().

    Raises:
        ValueError: no such profile or release is known, or the release lacks the driver.
    """
    name, release = _parse(profile)
    key = name, release or LinuxRelease.default()
    with _lock:
        if key not in _default_kernels:
            _default_kernels[key] = _make(*key, None)
        return _default_kernels[key]


def _parse(profile: str) -> tuple[str, LinuxRelease | None]:
    """Return the TEE that a profile names, and the release if it names one."""
    name, _, version = profile.partition("@")
    if name not in _PROFILES:
        raise ValueError(
            f"there is no fake TEE {profile!r}; there are {', '.join(_PROFILES)}, each with"
            " @ and a release of Linux, such as @7.2, if you want another than the newest known"
            f" {LinuxRelease.default().series}"
        )
    return name, LinuxRelease.named(version) if version else None


def _make(name: str, release: LinuxRelease, storage: _Storage) -> Kernel:
    from .applications import BUNDLED, PSEUDO_APPLICATIONS

    driver = _PROFILES[name](storage)
    kernel = Kernel(driver, release=release)
    if isinstance(driver, ApplicationDriver):
        kernel.install(*BUNDLED)
    elif storage is not None:
        raise ValueError(f"the fake TEE {name!r} has no Trusted Applications to store anything")
    if isinstance(driver, Optee):
        kernel.install(*PSEUDO_APPLICATIONS)
    return kernel
