# SPDX-License-Identifier: BSD-2-Clause
"""What a program asks of mmap(2), and why it may be refused."""

from __future__ import annotations

import errno
import mmap
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..structures import page_multiple
from .argument import END_OF_ADDRESSES

if TYPE_CHECKING:
    from ..structures import SharedMemory

__all__ = ["MappingRequest"]

_UINT64_MAX: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class MappingRequest:
    """The arguments of mmap(2), but for the descriptor.

    Attributes:
        length: in bytes.
        offset: in bytes, from which on to map.
        protection: what the program may do there (PROT_*).
        flags: whether it is shared (MAP_*).
        address: where it shall be, if there is room.
    """

    length: int
    offset: int = 0
    protection: int = mmap.PROT_READ | mmap.PROT_WRITE
    flags: int = mmap.MAP_SHARED
    address: int = 0

    @property
    def is_private(self) -> bool:
        """Whether what is written stays the program's own."""
        return bool(self.flags & mmap.MAP_PRIVATE)

    def check(self, memory: SharedMemory | None, *, is_open: bool, may_execute: bool) -> None:
        """Raise OSError, as Linux does and in its order, for what can't be mapped.

        Args:
            memory: what the descriptor is of, None if not of memory.
            is_open: whether there is such a descriptor.
            may_execute: whether the kernel lets programs execute memory of no file system.
        """
        if self.offset % mmap.PAGESIZE:
            raise OSError(errno.EINVAL, "not a multiple of pages")
        if not is_open:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if not self.length:
            raise OSError(errno.EINVAL, "nothing to map")
        if self.length >= END_OF_ADDRESSES:
            raise OSError(errno.ENOMEM, "more than there are addresses")
        end = self.offset + page_multiple(self.length)
        if end > _UINT64_MAX:
            raise OSError(errno.EOVERFLOW, "more than a file can have")
        if not self.flags & (mmap.MAP_SHARED | mmap.MAP_PRIVATE):
            raise OSError(errno.EINVAL, "neither shared nor private")
        if self.protection & mmap.PROT_EXEC and not may_execute:
            raise OSError(errno.EPERM, "nothing to be executed")
        if memory is None:
            raise OSError(errno.ENODEV, "not mappable")
        if self._is_too_much():
            raise OSError(errno.ENOMEM, "more than the machine could copy")
        if memory.pages is None or end > memory.size:
            raise OSError(errno.EINVAL, "not a mapping of this memory")

    def _is_too_much(self) -> bool:
        """Return whether Linux sees at once that there is not the memory.

        What is private and may be written to may come to need as much again. All that the
        machine has counts, in use or not; here without what it could swap out.
        """
        if not (self.is_private and self.protection & mmap.PROT_WRITE):
            return False
        return self.length > os.sysconf("SC_PHYS_PAGES") * mmap.PAGESIZE
