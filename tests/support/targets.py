# SPDX-License-Identifier: BSD-2-Clause
"""The TEEs that the contract suite runs on."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

import pytest

import pytee_client as tee
from pytee_client.fake import Kernel, LinuxRelease, default_kernel
from pytee_client.fake.applications import Conformance, HelloWorld

from ..fidelity.properties import Findings, find
from .applications import TWINS, Exclusive
from .linux_kernel import LinuxKernel

if TYPE_CHECKING:
    from uuid import UUID

    from pytee_client import kernels
    from pytee_client.typing import Backend


_VARIANT = "-no-reg-mem"


@dataclass(frozen=True)
class Target:
    """One TEE: a device on a kernel.

    Attributes:
        name: what the test's id shows.
        device: the path of the device.
        backend: the kernel.
        is_real: whether there is a TEE behind it.
        reg_mem: whether it has the REG_MEM capability.
        is_variant: whether it is another target, less the REG_MEM capability.
        implementation: its driver.
    """

    name: str
    device: str
    backend: Backend
    is_real: bool
    reg_mem: bool
    is_variant: bool = False
    implementation: tee.ImplementationId = tee.ImplementationId.OPTEE

    CONFORMANCE: ClassVar[UUID] = Conformance.uuid
    HELLO_WORLD: ClassVar[UUID] = HelloWorld.uuid
    EXCLUSIVE: ClassVar[UUID] = Exclusive.uuid

    @property
    def kernel(self) -> kernels.Kernel | None:
        """The kernel, if it is one in Python, and None for Linux."""
        return None if isinstance(self.backend, str | None) else self.backend

    def open_context(self, device: str | None = None) -> tee.Context:
        """Open a context on the device, or on another one of the same kernel."""
        return tee.Context(device or self.device, backend=self.backend)

    @property
    def supplicant_device(self) -> str:
        """The device of the supplicant."""
        return str(PurePath(self.device).with_name("teepriv0"))

    @functools.cached_property
    def findings(self) -> Findings:
        """What the kernel answered to the probes of its properties."""
        return find(self.kernel if isinstance(self.kernel, Kernel) else LinuxKernel(), self.device)

    @functools.cached_property
    def release(self) -> LinuxRelease:
        """The release of Linux that the kernel is, as probes find it."""
        return self.findings.release()

    def surprises(self) -> list[str]:
        """Return what probes found that the nearest known release has otherwise, if any ran."""
        return list(self.findings.surprises()) if "findings" in vars(self) else []

    def __str__(self) -> str:
        return self.name


def first_device(name: str) -> str:
    """Return the path of the machine's first device, which is called linux."""
    if name != "linux":
        raise pytest.UsageError(f"the contract suite does not run on {name}")
    devices = [device for device in tee.enumerate_devices("linux") if not device.is_privileged]
    if not devices:
        raise pytest.UsageError("this machine has no TEE device")
    return devices[0].path


@functools.cache
def targets_of(name: str) -> list[Target]:
    """Return the targets that a name of the option --tee stands for, always the same ones.

    Fixtures are shared between tests that have the same target.
    """
    if name.startswith("fake:"):
        kernel = default_kernel(name.removeprefix("fake:"))
        kernel.install(*TWINS)
        with tee.Context("/dev/tee0", backend=kernel) as context:
            version = context.version
        reg_mem = tee.GenericCapabilities.REG_MEM in version.generic_capabilities
        is_variant = _VARIANT in name
        implementation = tee.ImplementationId(version.implementation_id)
        return [Target(name, "/dev/tee0", kernel, False, reg_mem, is_variant, implementation)]
    if not name.startswith("/"):
        name = first_device(name)
    without = LinuxKernel(hidden=tee.GenericCapabilities.REG_MEM)
    return [
        Target(name, name, "linux", True, True),
        Target(f"{name}{_VARIANT}", name, without, True, False, is_variant=True),
    ]
