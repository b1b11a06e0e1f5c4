# SPDX-License-Identifier: BSD-2-Clause
"""Where the kernel's own shared memory is mapped in the program."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..structures import page_multiple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..structures import SharedMemory
    from .mapping_request import MappingRequest

__all__ = ["Mappings"]

# Not Python's own mapping: of that no part can be ended, and it has no end but its own.
_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_FAILED: Final = ctypes.c_void_p(-1).value

# Of a page in /proc/PID/pagemap.
_ENTRY: Final = struct.Struct("=Q")
_OF_A_FILE: Final = 1 << 61
_PRESENT: Final = 1 << 63


@dataclass(slots=True)
class _Mapping:
    """A mapping, or what is left of one after others were cut out of it."""

    memory: SharedMemory
    start: int
    end: int
    is_private: bool


class Mappings:
    """The mappings of a program; not safe without the kernel's lock."""

    def __init__(self) -> None:
        self._mappings: list[_Mapping] = []

    def map(self, memory: SharedMemory, fd: int, request: MappingRequest) -> int:
        """Map memory from its start, which takes a reference; return where."""
        # Linux has memory without a file here, on which no file system's word is "noexec".
        protection = request.protection & ~mmap.PROT_EXEC
        # Who may write may read, with any processor; only a system call that looks at another
        # process's memory, as the fake looks at this one's, would know a difference.
        if protection & mmap.PROT_WRITE:
            protection |= mmap.PROT_READ
        start: int | None = _libc.mmap(
            request.address, request.length, protection, request.flags, fd, 0
        )
        if start is None or start == _FAILED:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        memory.references += 1
        end = start + page_multiple(request.length)
        self._mappings.append(_Mapping(memory, start, end, request.is_private))
        return start

    def unmap(self, address: int, length: int) -> Iterator[SharedMemory]:
        """End what is mapped in a range; yield the memory that loses a reference, for each.

        What else the program has there stays.
        """
        end = address + page_multiple(length)
        for mapping in [m for m in self._mappings if m.start < end and address < m.end]:
            first, last = max(address, mapping.start), min(end, mapping.end)
            _libc.munmap(first, last - first)
            self._mappings.remove(mapping)
            rest = [
                _Mapping(mapping.memory, start, beyond, mapping.is_private)
                for start, beyond in ((mapping.start, first), (last, mapping.end))
                if start < beyond
            ]
            self._mappings += rest
            mapping.memory.references += len(rest)
            yield mapping.memory

    def memory(self) -> list[SharedMemory]:
        """Return the memory of each mapping."""
        return [mapping.memory for mapping in self._mappings]

    def has(self, address: int, length: int) -> bool:
        """Return whether a range begins in a mapping, and does not end with it or is the kernel's.

        The pages of a private mapping that were written to are the program's own.
        """
        for mapping in self._mappings:
            if mapping.start <= address < mapping.end:
                is_within = mapping.is_private and address + length <= mapping.end
                return not (is_within and _were_written(address, length))
        return False


def _were_written(address: int, length: int) -> bool:
    """Return whether Linux has copied all pages of a range of a private mapping."""
    first, last = address // mmap.PAGESIZE, (address + length - 1) // mmap.PAGESIZE
    try:
        with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            data = os.pread(pagemap.fileno(), _ENTRY.size * (last + 1 - first), _ENTRY.size * first)
    except OSError:
        return False
    return all(entry & (_PRESENT | _OF_A_FILE) == _PRESENT for (entry,) in _ENTRY.iter_unpack(data))
