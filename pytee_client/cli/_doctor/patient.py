# SPDX-License-Identifier: BSD-2-Clause
"""What is examined: a machine, or a kernel in Python, and its devices."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from typing import TYPE_CHECKING, Final

from ..._backend import open_native
from ..._boundary import ask_version
from ..._expected_tee import ExpectedTee, find_expected_tee
from ...devices import Device, enumerate_devices, find_application_files, usual_folders
from ...enums import GenericCapabilities, ImplementationId
from ...errors import TeecError
from .containers import container_of
from .kernel_log import tee_messages
from .supplicant_folders import folders_of_supplicants

if TYPE_CHECKING:
    from ...devices import ApplicationFile
    from ...kernels.kernel import Kernel
    from .machine import Machine

__all__ = ["NAMES_OF_DRIVERS", "Patient"]

NAMES_OF_DRIVERS: Final[dict[int, str]] = {
    ImplementationId.OPTEE: "OP-TEE",
    ImplementationId.AMDTEE: "AMD-TEE",
    ImplementationId.TSTEE: "Trusted Services (TS-TEE)",
    ImplementationId.QTEE: "Qualcomm's TEE",
}
_CLIENT_NODE: Final = re.compile(r"tee\d+")


class Patient:
    """A TEE's machine, or a kernel in Python.

    Attributes:
        machine: the machine; None for a kernel in Python.
        kernel: the kernel in Python; None for Linux.
        path: the device that was asked for; None for all.
    """

    def __init__(self, machine: Machine | None, kernel: Kernel | None, path: str | None) -> None:
        self.machine = machine if kernel is None else None
        self.kernel = kernel
        self.path = path

    @functools.cached_property
    def all_devices(self) -> tuple[Device, ...]:
        """All that sysfs has, a supplicant's too.

        Raises:
            OSError, TeecError: sysfs can't be read, or an attribute is wrong.
        """
        if self.machine is None or self.machine.is_this:
            return enumerate_devices("linux" if self.kernel is None else self.kernel)
        return enumerate_devices(sysfs=self.machine.path("/sys"))

    @functools.cached_property
    def devices(self) -> tuple[Device, ...]:
        """Those for clients, as far as they are known; of one path, if one was asked for."""
        try:
            devices = self.all_devices
        except (OSError, TeecError):
            devices = ()
        known = {device.path for device in devices}
        clients = [device for device in devices if not device.is_privileged]
        for name in [] if self.machine is None else self.machine.names("/dev"):
            if _CLIENT_NODE.fullmatch(name) and f"/dev/{name}" not in known:
                # In a container sysfs may be missing.
                clients.append(self._asked(f"/dev/{name}"))
        if self.path is None:
            return tuple(clients)
        named = [one for one in clients if one.path == self.path]
        return tuple(named) or self._unlisted(self.path)

    def _unlisted(self, path: str) -> tuple[Device, ...]:
        """Return a device that sysfs does not list, as that of a link, if it is one for clients."""
        machine = self.machine
        if machine is None or not machine.exists(path) or self.is_privileged(path):
            return ()
        return (self._asked(path),)

    def _asked(self, path: str) -> Device:
        """Return a device that sysfs does not show, as far as it says itself what it is."""
        implementation, capabilities = 0, None
        if self.machine is not None and self.machine.is_this:
            with contextlib.suppress(TeecError):
                version = ask_version(path, None)
                if version is not None:
                    implementation, capabilities = version[0], GenericCapabilities(version[2])
        name = path.rpartition("/")[2]
        return Device(name, path, implementation, False, capabilities, None, None)

    def is_privileged(self, path: str) -> bool:
        """Return whether a path leads to a supplicant's device, without opening it."""
        real = path if self.machine is None else os.path.realpath(self.machine.path(path))
        return real.rpartition("/")[2].startswith("teepriv")

    @functools.cached_property
    def privileged_devices(self) -> tuple[Device, ...]:
        """Those of supplicants."""
        try:
            return tuple(device for device in self.all_devices if device.is_privileged)
        except (OSError, TeecError):
            return ()

    @property
    def has_optee(self) -> bool:
        """Whether one of the devices is OP-TEE's."""
        return any(one.implementation_id == ImplementationId.OPTEE for one in self.devices)

    @functools.cached_property
    def expected(self) -> ExpectedTee | None:
        """The TEE that a machine should have."""
        return None if self.machine is None else find_expected_tee(self.machine.sysfs)

    @functools.cached_property
    def container(self) -> str | None:
        """The kind of container that this process is in, if it is in one."""
        return None if self.machine is None else container_of(self.machine)

    @functools.cached_property
    def messages(self) -> list[tuple[int, str]] | None:
        """The kernel's messages about TEEs, with their levels; None if they can't be read."""
        return None if self.machine is None else tee_messages(self.machine)

    @functools.cached_property
    def folders(self) -> list[str]:
        """The folders with applications: the usual ones, and those that a supplicant has."""
        if self.machine is None:
            return []
        folders = list(usual_folders(self.machine.root))
        known = set(map(os.path.realpath, folders))
        for folder in map(self.machine.path, folders_of_supplicants(self.machine)):
            if os.path.isdir(folder) and os.path.realpath(folder) not in known:
                known.add(os.path.realpath(folder))
                folders.append(folder)
        return folders

    @functools.cached_property
    def files(self) -> dict[str, tuple[ApplicationFile, ...]]:
        """Files with applications, by their folders."""
        return {folder: find_application_files([folder]) for folder in self.folders}

    @functools.cached_property
    def has_applications(self) -> bool:
        """Whether there are files that a supplicant of OP-TEE loads."""
        return any(file.path.endswith(".ta") for files in self.files.values() for file in files)

    def can_open(self, device: Device) -> bool:
        """Return whether this process may open a device, as far as its file says."""
        if self.machine is None:
            return True
        path = self.machine.path(device.path)
        return self.machine.exists(device.path) and self.machine.may_use(path)

    def opening_error(self, device: Device) -> TeecError | None:
        """Open a device, and return what that raises."""
        if self.machine is not None and not self.machine.is_this:
            return None
        try:
            open_native(device.path, self.kernel).finalize()
        except TeecError as error:
            return error
        return None
