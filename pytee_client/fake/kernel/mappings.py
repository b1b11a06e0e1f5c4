# SPDX-License-Identifier: BSD-2-Clause
"""The mappings of shared memory in the program."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ..structures import SharedMemory, page_multiple
from .mapping_request import MappingRequest

__all__ = ["Mappings"]

# Python's own mmap objects can't be unmapped in part, or before the object is closed.
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

# The entry of a page in /proc/PID/pagemap.
_ENTRY: Final = struct.Struct("=Q")
_OF_A_FILE: Final = 1 << 61
_PRESENT: Final = 1 << 63


@dataclass(slots=True)
class _Mapping:
    """A mapping, or a part that is left of one."""

    memory: SharedMemory
    start: int
    end: int
    is_private: bool


class Mappings:
    """The mappings of the program. The caller must hold the lock of the kernel."""

    def __init__(self) -> None:
        self._mappings: list[_Mapping] = []

    def map(self, memory: SharedMemory, fd: int, request: MappingRequest) -> int:
        """Map memory from its start, take a reference to it, and return the address."""
        # In Linux this memory has no file system that could forbid execution (noexec).
        protection = request.protection & ~mmap.PROT_EXEC
        # On every processor, writable memory is readable. Only system calls that access memory
        # of a process, as the fake does, check the difference.
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
        """End the mappings in a range, and yield the memory of each, which loses a reference.

        Other mappings of the program in the range stay.
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
        """Return whether a range begins in a mapping, so that Linux can't register it.

        Pages of a private mapping that the program wrote to are memory of the program: a
        range of such pages is not counted.
        """
        for mapping in self._mappings:
            if mapping.start <= address < mapping.end:
                is_within = mapping.is_private and address + length <= mapping.end
                return not (is_within and _were_written(address, length))
        return False


def _were_written(address: int, length: int) -> bool:
    """Return whether all pages of a range in a private mapping were written to."""
    first, last = address // mmap.PAGESIZE, (address + length - 1) // mmap.PAGESIZE
    try:
        with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
            data = os.pread(pagemap.fileno(), _ENTRY.size * (last + 1 - first), _ENTRY.size * first)
    except OSError:
        return False
    return all(entry & (_PRESENT | _OF_A_FILE) == _PRESENT for (entry,) in _ENTRY.iter_unpack(data))
