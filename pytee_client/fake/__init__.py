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
from .profiles import default_kernel, new_kernel
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
