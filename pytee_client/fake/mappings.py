# SPDX-License-Identifier: BSD-2-Clause
"""Where the kernel's own shared memory is mapped in the program."""

from __future__ import annotations

import ctypes
import mmap
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .drivers.driver import page_multiple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .drivers.driver import SharedMemory

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


@dataclass(slots=True)
class _Mapping:
    """A mapping, or what is left of one after others were cut out of it."""

    memory: SharedMemory
    start: int
    end: int


class Mappings:
    """The mappings of a program; not safe without the kernel's lock."""

    def __init__(self) -> None:
        self._mappings: list[_Mapping] = []

    def map(
        self,
        memory: SharedMemory,
        fd: int,
        length: int,
        protection: int,
        flags: int,
        address: int,
    ) -> int:
        """Map memory from its start, which takes a reference; return where."""
        # Linux has memory without a file here, on which no file system's word is "noexec".
        protection &= ~mmap.PROT_EXEC
        start: int | None = _libc.mmap(address, length, protection, flags, fd, 0)
        if start is None or start == _FAILED:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        memory.references += 1
        self._mappings.append(_Mapping(memory, start, start + page_multiple(length)))
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
                _Mapping(mapping.memory, start, beyond)
                for start, beyond in ((mapping.start, first), (last, mapping.end))
                if start < beyond
            ]
            self._mappings += rest
            mapping.memory.references += len(rest)
            yield mapping.memory

    def has(self, address: int) -> bool:
        """Return whether there is a mapping at an address."""
        return any(mapping.start <= address < mapping.end for mapping in self._mappings)

    def memory(self) -> list[SharedMemory]:
        """Return the memory of each mapping."""
        return [mapping.memory for mapping in self._mappings]
