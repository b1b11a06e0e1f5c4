# SPDX-License-Identifier: BSD-2-Clause
"""The protocol of kernels in Python."""

from __future__ import annotations

from typing import Protocol


class Kernel(Protocol):
    """A kernel in Python that serves the system calls of the library instead of Linux.

    Each method raises OSError if its system call fails. It is called from any thread that uses
    a context of the kernel.
    """

    def open(self, path: str) -> int:
        """Open a device and return a descriptor, closed on exec."""
        ...

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve an ioctl, and return its result; argument is an address."""
        ...

    def mmap(self, fd: int, length: int) -> int:
        """Map shared memory from its start and return the address."""
        ...

    def munmap(self, address: int, length: int) -> None:
        """End a mapping."""
        ...

    def close(self, fd: int) -> None:
        """Close a descriptor that open() or ioctl() returned."""
        ...

    def take_cause(self) -> BaseException | None:
        """Return, once, the exception behind the last result of this thread's call."""
        ...
