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
from typing import TYPE_CHECKING, TypeAlias

from ..kernels.uapi import ParamType
from ..supplicant import Supplicant
from ..supplicant.file_system import FileSystem
from ..supplicant.folder_file_system import FolderFileSystem
from .devices.bus import Bus, BusFailure
from .devices.client_context import LOGIN_REE_KERNEL, ClientContext
from .devices.client_device import ClientDevice
from .devices.client_driver import ClientDriver
from .devices.uevents import Uevent, UeventAction, UeventMonitor
from .drivers.amdtee import AmdTee
from .drivers.application_driver import ApplicationDriver
from .drivers.optee.driver import Optee
from .drivers.optee.rpc import MissingSupplicantError
from .drivers.optee.supplicant_use import SupplicantUse
from .drivers.qtee.client_objects import CallbackObject, MemoryObject
from .drivers.qtee.driver import Qtee
from .drivers.qtee.object import (
    OutputBuffer,
    QteeArguments,
    QteeError,
    QteeObject,
    QteeReference,
    QteeResult,
)
from .drivers.tstee import SecurePartition, TrustedService, TsTee
from .kernel.kernel import Kernel
from .kernel.release import LinuxRelease
from .kernel.resources import Resources
from .secure_world.application_image import application_image
from .secure_world.clock import Time
from .secure_world.internal_core import InternalCore
from .secure_world.notifications import Notifications
from .secure_world.parameters import MemrefParameter, Parameters, ValueParameter
from .secure_world.properties import PropertyNotFoundError, PropertySet
from .secure_world.results import PanicError, ResultError
from .secure_world.session import LOGIN_TRUSTED_APP, ClientSession, Identity
from .secure_world.storage.memory import MemoryFileSystem
from .secure_world.storage.persistent_object import DataFlag, ObjectInfo, PersistentObject, Whence
from .secure_world.ta_session import TaToTaError, TaToTaSession
from .secure_world.trusted_application import TrustedApplication
from .secure_world.world import SecureWorld

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from .structures import Driver

__all__ = [
    "LOGIN_REE_KERNEL",
    "LOGIN_TRUSTED_APP",
    "AmdTee",
    "Bus",
    "BusFailure",
    "CallbackObject",
    "ClientContext",
    "ClientDevice",
    "ClientDriver",
    "ClientSession",
    "DataFlag",
    "FileSystem",
    "FolderFileSystem",
    "Identity",
    "InternalCore",
    "Kernel",
    "LinuxRelease",
    "MemoryFileSystem",
    "MemoryObject",
    "MemrefParameter",
    "MissingSupplicantError",
    "Notifications",
    "ObjectInfo",
    "Optee",
    "OutputBuffer",
    "PanicError",
    "ParamType",
    "Parameters",
    "PersistentObject",
    "PropertyNotFoundError",
    "PropertySet",
    "Qtee",
    "QteeArguments",
    "QteeError",
    "QteeObject",
    "QteeReference",
    "QteeResult",
    "Resources",
    "ResultError",
    "SecurePartition",
    "SecureWorld",
    "Supplicant",
    "SupplicantUse",
    "TaToTaError",
    "TaToTaSession",
    "Time",
    "TrustedApplication",
    "TrustedService",
    "TsTee",
    "Uevent",
    "UeventAction",
    "UeventMonitor",
    "ValueParameter",
    "Whence",
    "application_image",
    "default_kernel",
    "new_kernel",
]


def _qtee() -> Driver:
    from .applications.qtee_services import QTEE_SERVICES

    return Qtee(QTEE_SERVICES)


def _tstee() -> Driver:
    from .applications.trusted_services import ECHO_PARTITION

    return TsTee(ECHO_PARTITION)


_Storage: TypeAlias = "str | os.PathLike[str] | None"
_PROFILES: dict[str, Callable[[_Storage], Driver]] = {
    "optee": lambda storage: Optee(storage=storage),
    "optee-no-reg-mem": lambda storage: Optee(reg_mem=False, storage=storage),
    "amdtee": lambda storage: AmdTee(storage=storage),
    "tstee": lambda storage: _tstee(),
    "qtee": lambda storage: _qtee(),
}
_kernels: dict[str, Kernel] = {}
_lock = threading.Lock()


def new_kernel(
    profile: str = "optee", *, storage: _Storage = None, release: LinuxRelease | None = None
) -> Kernel:
    """Make a kernel of a profile, with the bundled Trusted Applications installed.

    Args:
        profile: "optee", "optee-no-reg-mem" for OP-TEE without dynamic shared memory, or
            "amdtee" for AMD-TEE. "@7.2.13" or "@7.2" after it names another release of Linux
            than the newest known 6.12, see LinuxRelease.named(). "tstee" and "qtee@7.2" are
            devices without Trusted Applications, that the TEE Client API does not take;
            Linux 6.12 lacks the driver of the latter.
        storage: a folder for what Trusted Applications store; without one it is in memory.
        release: a release of Linux that has no name, instead of one in the profile.

    Raises:
        ValueError: there is no such profile, or not with this release of Linux, or it has
            nothing to store.
        OSError: the folder can't be made.
    """
    from .applications import BUNDLED, PSEUDO_APPLICATIONS

    name, _, version = profile.partition("@")
    if name not in _PROFILES:
        raise ValueError(
            f"there is no fake TEE {profile!r}; there are {', '.join(_PROFILES)}, each with"
            " @ and a release of Linux, such as @7.2, if you want another than the newest known"
            f" {LinuxRelease.default().series}"
        )
    if version:
        if release is not None:
            raise ValueError(f"both the profile {profile!r} and the argument name a release")
        release = LinuxRelease.named(version)
    driver = _PROFILES[name](storage)
    kernel = Kernel(driver, release=release)
    if isinstance(driver, ApplicationDriver):
        kernel.install(*BUNDLED)
    elif storage is not None:
        raise ValueError(f"the fake TEE {profile!r} has no Trusted Applications to store anything")
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
