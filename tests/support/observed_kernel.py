# SPDX-License-Identifier: BSD-2-Clause
"""A kernel between the library and a target's own: it notes each call, and fails it if told to."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytee_client._boundary import copy_from_user, copy_to_user
from pytee_client.fake import uapi

from .linux_kernel import LinuxKernel

if TYPE_CHECKING:
    from pytee_client._boundary import Kernel

    from .targets import Target


@dataclass(frozen=True)
class Device:
    """What a node shall say of itself in place of what the target's device says."""

    implementation_id: int = uapi.TEE_IMPL_ID_OPTEE
    implementation_capabilities: int = uapi.TEE_OPTEE_CAP_TZ
    generic_capabilities: int = uapi.TEE_GEN_CAP_GP | uapi.TEE_GEN_CAP_MEMREF_NULL


@dataclass(frozen=True)
class Ioctl:
    """A request as the kernel saw it.

    Attributes:
        request: its number.
        argument: the structure behind its pointer.
        buffer: of OPEN_SESSION and INVOKE, the bytes that the structure points to.
    """

    request: int
    argument: bytes
    buffer: bytes = b""

    @property
    def params(self) -> list[tuple[int, int, int, int]]:
        """attr, a, b and c of the parameters in the buffer."""
        layouts = {
            uapi.TEE_IOC_OPEN_SESSION: uapi.OPEN_SESSION_ARG,
            uapi.TEE_IOC_INVOKE: uapi.INVOKE_ARG,
        }
        return list(uapi.PARAM.iter_unpack(self.buffer[layouts[self.request].size :]))


class ObservedKernel:
    """Passes calls on to a target's kernel.

    Attributes:
        opened: the paths that were tried, in order.
        ioctls: the requests, in order.
        descriptors: those that are open now.
        registered_part: how many bytes of a registered block the kernel says that it took.
        on_close: called before a descriptor is closed.
    """

    def __init__(self, target: Target, nodes: Mapping[str, Device | int] | None = None) -> None:
        """Take nodes for what stands in /dev: the target's device, another one, or an errno."""
        self._inner: Kernel = target.kernel or LinuxKernel()
        self._device = target.device
        self._nodes = nodes
        self._versions: dict[int, Device] = {}
        self._failures: dict[int, list[int]] = {}
        self.opened: list[str] = []
        self.ioctls: list[Ioctl] = []
        self.descriptors: set[int] = set()
        self.registered_part: int | None = None
        self.on_close: Callable[[], object] = lambda: None

    def fail(self, request: int, *errors: int) -> None:
        """Fail the next requests of a kind; 0 lets one pass."""
        self._failures[request] = list(errors)

    def forget(self) -> None:
        """Start anew, except for what is open."""
        self._failures.clear()
        self.opened.clear()
        self.ioctls.clear()

    def requests(self, request: int) -> list[Ioctl]:
        """Return those of one kind."""
        return [ioctl for ioctl in self.ioctls if ioctl.request == request]

    def open(self, path: str) -> int:
        self.opened.append(path)
        node = None if self._nodes is None else self._nodes.get(path, errno.ENOENT)
        if isinstance(node, int):
            raise OSError(node, os.strerror(node), path)
        fd = self._inner.open(path if self._nodes is None else self._device)
        self.descriptors.add(fd)
        if node is not None:
            self._versions[fd] = node
        return fd

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        self.ioctls.append(_seen(request, argument))
        failures = self._failures.get(request)
        error = failures.pop(0) if failures else 0
        if error:
            raise OSError(error, os.strerror(error))
        result = self._inner.ioctl(fd, request, argument)
        if request == uapi.TEE_IOC_VERSION and fd in self._versions:
            version = self._versions[fd]
            said = (
                version.implementation_id,
                version.implementation_capabilities,
                version.generic_capabilities,
            )
            copy_to_user(argument, uapi.VERSION_DATA.pack(*said))
        if request == uapi.TEE_IOC_SHM_REGISTER and self.registered_part is not None:
            copy_to_user(argument + 8, self.registered_part.to_bytes(8, sys.byteorder))
        if request in (uapi.TEE_IOC_SHM_ALLOC, uapi.TEE_IOC_SHM_REGISTER):
            self.descriptors.add(result)
        return result

    def mmap(self, fd: int, length: int) -> int:
        return self._inner.mmap(fd, length)

    def munmap(self, address: int, length: int) -> None:
        self._inner.munmap(address, length)

    def close(self, fd: int) -> None:
        self.on_close()
        self.descriptors.discard(fd)
        self._versions.pop(fd, None)
        self._inner.close(fd)

    def take_cause(self) -> BaseException | None:
        return self._inner.take_cause()


def _seen(request: int, argument: int) -> Ioctl:
    data = copy_from_user(argument, request >> 16 & 0x3FFF) if argument else b""
    if request not in (uapi.TEE_IOC_OPEN_SESSION, uapi.TEE_IOC_INVOKE):
        return Ioctl(request, data)
    return Ioctl(request, data, copy_from_user(*uapi.BUF_DATA.unpack(data)))
