# SPDX-License-Identifier: BSD-2-Clause
"""The running kernel, with the methods of a kernel in Python."""

from __future__ import annotations

import os

from .._native import ffi, lib
from .checks import to_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..kernels.kernel import Kernel

__all__ = ["LinuxKernel", "backend_name", "is_privileged", "read_mapping"]


class LinuxKernel:
    """The running kernel as an object; it makes the same system calls as the C library.

    Threads: may be called from any; other Python threads run meanwhile.
    """

    def open(self, path: str) -> int:
        """Open a device and return a descriptor, closed on exec."""
        name = ffi.new("char[]", to_path(path))
        return _checked(lib.linux_open(name), path)

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Make an ioctl whose argument is the address given."""
        return _checked(lib.linux_ioctl(fd, request, ffi.cast("void *", argument)))

    def mmap(self, fd: int, length: int) -> int:
        """Map shared memory from its start and return the address."""
        address = ffi.new("void **")
        _checked(lib.tee_device_linux.mmap(ffi.NULL, fd, length, address))
        return int(ffi.cast("uintptr_t", address[0]))

    def munmap(self, address: int, length: int) -> None:
        """End a mapping."""
        _checked(lib.tee_device_linux.munmap(ffi.NULL, ffi.cast("void *", address), length))

    def close(self, fd: int) -> None:
        """Close a descriptor that open or ioctl returned."""
        _checked(lib.linux_close(fd))

    def take_cause(self) -> None:
        """Return None: a Trusted Application is not in this process."""


def is_privileged() -> bool:
    """Return whether this process has more rights than who started it, and its environment."""
    answer: bool = lib.is_privileged()
    return answer


def read_mapping(address: int, size: int) -> bytes:
    """Read mapped memory directly: Linux can't copy from a device's mapping.

    OSError(EFAULT) if it is not mapped.
    """
    start = ffi.cast("char *", address)
    _checked(lib.tee_pages_check(start, size, False))
    content: bytes = ffi.buffer(start, size)[:]
    return content


def _checked(result: int, path: str | None = None) -> int:
    if result < 0:
        raise OSError(-result, os.strerror(-result), path)
    return result


def backend_name(kernel: Kernel | None) -> str:
    """Return what Version.backend says of a kernel, None for Linux."""
    if kernel is None or isinstance(kernel, LinuxKernel):
        return "linux"
    # A kernel that passes calls on has the name of the other kernel.
    name = getattr(kernel, "backend", None)
    if isinstance(name, str):
        return name
    if type(kernel).__module__.startswith("pytee_client.fake"):
        return "fake"
    return type(kernel).__qualname__
