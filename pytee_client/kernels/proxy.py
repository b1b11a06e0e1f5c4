# SPDX-License-Identifier: BSD-2-Clause
"""A kernel that passes system calls on."""

from __future__ import annotations

from typing import Literal

from .._boundary import LinuxKernel, backend_name
from .._checks import check_kernel
from .._single import Single
from .kernel import Kernel

__all__ = ["ProxyKernel"]


class ProxyKernel(Single):
    """Pass every system call on to another kernel; the base of kernels that do more.

    Args:
        kernel: the other kernel; "linux" for the running kernel.

    Raises:
        ValueError: kernel is another string than "linux".
        ParameterTypeError: it is no kernel.

    Attributes:
        kernel: the other kernel.

    Threads: as for the other kernel.
    """

    def __init__(self, kernel: Kernel | Literal["linux"]) -> None:
        if isinstance(kernel, str):
            if kernel != "linux":
                raise ValueError(
                    f'{kernel!r} is no kernel: give "linux", or an object such as'
                    ' pytee_client.fake.Kernel("optee")'
                )
            kernel = LinuxKernel()
        check_kernel(kernel, "the kernel")
        self.kernel: Kernel = kernel

    @property
    def backend(self) -> str:
        """The name of the other kernel in Version.backend."""
        return backend_name(self.kernel)

    @property
    def has_supplicant(self) -> bool | None:
        """What the other kernel says: whether something serves its OP-TEE; None if unknown."""
        answer: bool | None = getattr(self.kernel, "has_supplicant", None)
        return answer

    def open(self, path: str) -> int:
        """Open a device and return a descriptor, closed on exec."""
        return self.kernel.open(path)

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve an ioctl, and return its result; argument is an address."""
        return self.kernel.ioctl(fd, request, argument)

    def mmap(self, fd: int, length: int) -> int:
        """Map shared memory from its start and return the address."""
        return self.kernel.mmap(fd, length)

    def munmap(self, address: int, length: int) -> None:
        """End a mapping."""
        self.kernel.munmap(address, length)

    def close(self, fd: int) -> None:
        """Close a descriptor that open() or ioctl() returned."""
        self.kernel.close(fd)

    def take_cause(self) -> BaseException | None:
        """Return, once, the exception behind the last result of this thread's call."""
        return self.kernel.take_cause()
