# SPDX-License-Identifier: BSD-2-Clause
"""What a kernel in Python is."""

from __future__ import annotations

from typing import Protocol


class Kernel(Protocol):
    """A kernel in Python that can answer in Linux's stead: the seam's system calls.

    Each raises OSError for what the system call would fail with. Called from any
    thread that uses a context of it.
    """

    def open(self, path: str) -> int:
        """Open a device and return a descriptor, closed on exec."""
        ...

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve an ioctl whose argument is the address given."""
        ...

    def mmap(self, fd: int, length: int) -> int:
        """Map shared memory from its start and return the address."""
        ...

    def munmap(self, address: int, length: int) -> None:
        """End a mapping."""
        ...

    def close(self, fd: int) -> None:
        """Close a descriptor that open or ioctl returned."""
        ...

    def take_cause(self) -> BaseException | None:
        """Return, once, the exception behind the last result of this thread's call."""
        ...
