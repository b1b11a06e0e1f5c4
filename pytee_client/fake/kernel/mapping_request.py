# SPDX-License-Identifier: BSD-2-Clause
"""The arguments of mmap(2), and the reasons to refuse them."""

from __future__ import annotations

import errno
import mmap
import os
from dataclasses import dataclass
from typing import Final

from ..structures import SharedMemory, page_multiple
from .argument import END_OF_ADDRESSES

__all__ = ["MappingRequest"]

_UINT64_MAX: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class MappingRequest:
    """The arguments of mmap(2) without the descriptor.

    Attributes:
        length: the length in bytes.
        offset: the offset in the file, in bytes.
        protection: what the program may do there (PROT_*).
        flags: whether it is shared (MAP_*).
        address: the wanted address; another one is used if it is not free.
    """

    length: int
    offset: int = 0
    protection: int = mmap.PROT_READ | mmap.PROT_WRITE
    flags: int = mmap.MAP_SHARED
    address: int = 0

    @property
    def is_private(self) -> bool:
        """Whether what the program writes is not shared."""
        return bool(self.flags & mmap.MAP_PRIVATE)

    def check(self, memory: SharedMemory | None, *, is_open: bool, may_execute: bool) -> None:
        """Raise OSError if the kernel refuses the mapping, with the checks of Linux in its order.

        Args:
            memory: the memory of the descriptor; None for a device.
            is_open: whether the descriptor is open.
            may_execute: whether the kernel allows to execute memory without a file system.
        """
        if self.offset % mmap.PAGESIZE:
            raise OSError(errno.EINVAL, "the offset is not a multiple of the page size")
        if not is_open:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if not self.length:
            raise OSError(errno.EINVAL, "the length is 0")
        if self.length >= END_OF_ADDRESSES:
            raise OSError(errno.ENOMEM, "the length exceeds the address space")
        end = self.offset + page_multiple(self.length)
        if end > _UINT64_MAX:
            raise OSError(errno.EOVERFLOW, "the range exceeds the size of any file")
        if not self.flags & (mmap.MAP_SHARED | mmap.MAP_PRIVATE):
            raise OSError(errno.EINVAL, "the mapping is neither shared nor private")
        if self.protection & mmap.PROT_EXEC and not may_execute:
            raise OSError(errno.EPERM, "this memory must not be executed")
        if memory is None:
            raise OSError(errno.ENODEV, "a device can't be mapped")
        if self._is_too_much():
            raise OSError(errno.ENOMEM, "the machine lacks the memory for a copy")
        if memory.pages is None or end > memory.size:
            raise OSError(errno.EINVAL, "the range exceeds the memory, or is memory of the program")

    def _is_too_much(self) -> bool:
        """Return whether a private mapping is larger than the memory of the machine.

        Linux refuses a private writable mapping that could never be copied. It counts all
        memory and swap space; this counts memory only.
        """
        if not (self.is_private and self.protection & mmap.PROT_WRITE):
            return False
        return self.length > os.sysconf("SC_PHYS_PAGES") * mmap.PAGESIZE
