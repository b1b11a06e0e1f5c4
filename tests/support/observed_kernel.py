# SPDX-License-Identifier: BSD-2-Clause
"""A kernel between the library and a target's own: it notes each call, and fails it if told to."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytee_client._boundary import copy_to_user
from pytee_client.faults import Fail, Fault, FaultyKernel, Plan, SystemCall
from pytee_client.kernels import uapi

if TYPE_CHECKING:
    from pytee_client.kernels import ObservedCall

    from .targets import Target


@dataclass(frozen=True)
class Device:
    """What a node shall say of itself in place of what the target's device says."""

    implementation_id: int = uapi.TEE_IMPL_ID_OPTEE
    implementation_capabilities: int = uapi.TEE_OPTEE_CAP_TZ
    generic_capabilities: int = uapi.TEE_GEN_CAP_GP | uapi.TEE_GEN_CAP_MEMREF_NULL


class ObservedKernel(FaultyKernel):
    """Passes calls on to a target's kernel.

    Attributes:
        opened: the paths that were tried, in order.
        on_close: called before a descriptor is closed.
    """

    def __init__(self, target: Target, nodes: Mapping[str, Device | int] | None = None) -> None:
        """Take nodes for what stands in /dev: the target's device, another one, or an errno."""
        super().__init__(target.kernel or "linux")
        self._device = target.device
        self._nodes = nodes
        self._versions: dict[int, Device] = {}
        self.opened: list[str] = []
        self.on_close: Callable[[], object] = lambda: None

    @property
    def ioctls(self) -> list[ObservedCall]:
        """The requests, in order."""
        return [call for call in self.calls if call.request]

    def fail(self, request: int, *errors: int) -> None:
        """Fail the next requests of a kind; 0 lets one pass."""
        kind = SystemCall.of_request(request)
        struck = [strike.fault for strike in self.strikes]
        others = [fault for fault in self.plan.faults if fault not in struck]
        faults = [Fault(kind, Fail(error), nth) for nth, error in enumerate(errors, 1) if error]
        self.arm(Plan([*others, *faults]))

    def forget(self) -> None:
        """Start anew, except for what is open."""
        self.disarm()
        self.opened.clear()
        self.calls.clear()

    def requests(self, request: int) -> list[ObservedCall]:
        """Return those of one kind."""
        return [ioctl for ioctl in self.ioctls if ioctl.request == request]

    def open(self, path: str) -> int:
        self.opened.append(path)
        node = None if self._nodes is None else self._nodes.get(path, errno.ENOENT)
        if isinstance(node, int):
            raise OSError(node, os.strerror(node), path)
        fd = super().open(path if self._nodes is None else self._device)
        if node is not None:
            self._versions[fd] = node
        return fd

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        result = super().ioctl(fd, request, argument)
        if request == uapi.TEE_IOC_VERSION and fd in self._versions:
            version = self._versions[fd]
            said = (
                version.implementation_id,
                version.implementation_capabilities,
                version.generic_capabilities,
            )
            copy_to_user(argument, uapi.VERSION_DATA.pack(*said))
        return result

    def close(self, fd: int) -> None:
        self.on_close()
        self._versions.pop(fd, None)
        super().close(fd)
