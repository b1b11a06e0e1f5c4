# SPDX-License-Identifier: BSD-2-Clause
"""The memory of a program that runs: at the same addresses each time, and looked at for changes."""

from __future__ import annotations

import ctypes
import mmap
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from .program import FORBIDDEN_PAGES, PAGE, READ_ONLY_PAGES, WRITABLE_PAGES

Change: TypeAlias = tuple[str, int, str]
Snapshot: TypeAlias = dict[tuple[str, int], bytes]

# Addresses can get into what a kernel or a Trusted Application reads: they must be the same on
# every kernel. Here no kernel puts anything that was not told to go here.
BASE = 0x10_0000_0000
CHILD_BASE = 0x11_0000_0000
_ROOM = 8 << 20

# How many pages of a mapping are looked at, from its start.
_LOOKED_AT = 4
_SHOWN = 64
_CHUNK = 32
_CONTENT = bytes(
    (7 * n + n // 256) & 0xFF for n in range((WRITABLE_PAGES + READ_ONLY_PAGES) * PAGE)
)
_WRITABLE_SIZE = WRITABLE_PAGES * PAGE
_SIZE = len(_CONTENT) + FORBIDDEN_PAGES * PAGE
_READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE
_MAP_FIXED_NOREPLACE = 0x100000

_libc = ctypes.CDLL(None, use_errno=True)
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
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


@dataclass
class Mapping:
    """What is left of a mapping.

    Attributes:
        start: where it begins, or began.
        size: how long it is, or was, in whole pages.
        protection: what the program may do there.
        pieces: from where to where there is something.
    """

    start: int
    size: int
    protection: int
    pieces: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pieces = [(self.start, self.start + self.size)]

    def has(self, address: int, size: int) -> bool:
        """Return whether a range was the mapping's once."""
        return self.start <= address and address + size <= self.start + self.size

    def cut(self, address: int, size: int) -> None:
        """Take a range away."""
        end = address + size
        self.pieces = [
            piece
            for start, beyond in self.pieces
            for piece in ((start, min(beyond, address)), (max(start, end), beyond))
            if piece[0] < piece[1]
        ]


class Memory:
    """Pages that the program may write, only read, and not touch at all; and its mappings.

    Attributes:
        places: where its own parts begin, by name.
        mappings: by the name of the step that made them.
    """

    def __init__(self, base: int = BASE) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_FIXED_NOREPLACE
        self._base = base
        if _libc.mmap(base, _SIZE, _READ_WRITE, flags, -1, 0) != base:
            raise OSError(ctypes.get_errno(), f"there is no room at {base:#x}")
        ctypes.memmove(base, _CONTENT, len(_CONTENT))
        self.places = {
            "writable": base,
            "read-only": base + _WRITABLE_SIZE,
            "forbidden": base + len(_CONTENT),
        }
        self.mappings: dict[str, Mapping] = {}
        self._mapped = 0
        _protect(self.places["forbidden"], FORBIDDEN_PAGES * PAGE, 0)
        self._protect(mmap.PROT_READ)

    def child(self) -> Memory:
        """Return the memory of a child: a copy elsewhere, and the same mappings."""
        child = Memory(CHILD_BASE)
        ctypes.memmove(CHILD_BASE, self._base, _WRITABLE_SIZE)
        child.mappings = {
            name: Mapping(mapping.start, mapping.size, mapping.protection)
            for name, mapping in self.mappings.items()
        }
        for name, mapping in child.mappings.items():
            mapping.pieces = list(self.mappings[name].pieces)
        return child

    def end(self) -> None:
        """Give its own pages back."""
        _libc.munmap(self._base, _SIZE)

    def next_place(self) -> int:
        """Return where the next mapping shall be."""
        self._mapped += 1
        return self._base + self._mapped * _ROOM

    def readable(self) -> Iterator[tuple[str, int, int, int]]:
        """Yield of what can be read: the name, where that begins, the range that is left."""
        yield "memory", self._base, self._base, self._base + len(_CONTENT)
        for name, mapping in self.mappings.items():
            # Who may write may read, on all processors that there are.
            if mapping.protection:
                for start, end in mapping.pieces:
                    yield name, mapping.start, start, end

    def read(self, address: int, size: int) -> bytes | None:
        """Read a range, if it can be read."""
        for _, _, start, end in self.readable():
            if start <= address and address + size <= end:
                return ctypes.string_at(address, size)
        return None

    def write(self, address: int, data: bytes) -> None:
        """Write what can be written; of its own, also what the program itself may only read."""
        beyond = address + len(data)
        for name, _, start, end in self.readable():
            first, last = max(start, address), min(end, beyond)
            if first >= last:
                continue
            if name != "memory":
                if not self.mappings[name].protection & mmap.PROT_WRITE:
                    continue
            elif last > self.places["read-only"]:
                self._protect(_READ_WRITE)
            ctypes.memmove(first, data[first - address : last - address], last - first)
            if name == "memory" and last > self.places["read-only"]:
                self._protect(mmap.PROT_READ)

    def _protect(self, protection: int) -> None:
        _protect(self.places["read-only"], READ_ONLY_PAGES * PAGE, protection)

    def snapshot(self) -> Snapshot:
        """Copy what can be read, of mappings the first pages."""
        found = {("memory", 0): ctypes.string_at(self._base, len(_CONTENT))}
        for name, mapping in self.mappings.items():
            for page in range(mapping.start, mapping.start + _LOOKED_AT * PAGE, PAGE):
                if mapping.protection and any(a <= page < b for a, b in mapping.pieces):
                    found[name, page - mapping.start] = ctypes.string_at(page, PAGE)
        return found

    def changes(self, before: Snapshot, of: str = "") -> tuple[Change, ...]:
        """Return what changed: in which part, from which offset on, and the bytes.

        These are in hexadecimal, or many of them as a checksum. What was not there before
        counts as changed where it is not zero.
        """
        after = self.snapshot()
        return tuple(
            (of + name, offset + start, shown)
            for (name, offset), data in after.items()
            for start, shown in _runs(before.get((name, offset)), data)
        )


def _protect(address: int, size: int, protection: int) -> None:
    if _libc.mprotect(address, size, protection):
        raise OSError(ctypes.get_errno(), "mprotect")


def _runs(before: bytes | None, after: bytes) -> list[tuple[int, str]]:
    if before == after:
        return []
    before = before or bytes(len(after))
    # From the coarse to the fine: an emulated processor has time for nothing else.
    chunks = [
        chunk
        for page in range(0, len(after), PAGE)
        if before[page : page + PAGE] != after[page : page + PAGE]
        for chunk in range(page, min(page + PAGE, len(after)), _CHUNK)
        if before[chunk : chunk + _CHUNK] != after[chunk : chunk + _CHUNK]
    ]
    # So many chunks have more than _SHOWN bytes, and only the ends of them all count.
    looked_at = chunks if len(chunks) <= _SHOWN else (chunks[0], chunks[-1])
    different = [
        offset
        for chunk in looked_at
        for offset in range(chunk, min(chunk + _CHUNK, len(after)))
        if before[offset] != after[offset]
    ]
    runs: list[tuple[int, int]] = []
    for offset in different:
        if runs and runs[-1][1] == offset:
            runs[-1] = (runs[-1][0], offset + 1)
        else:
            runs.append((offset, offset + 1))
    if runs and (len(different) > _SHOWN or looked_at is not chunks):
        # With many bytes some happen to be the same, which tears the runs apart.
        runs = [(runs[0][0], runs[-1][1])]
    return [(start, _shown(after[start:end])) for start, end in runs]


def _shown(data: bytes) -> str:
    if len(data) <= _SHOWN:
        return data.hex()
    return f"{len(data)} bytes, CRC {zlib.crc32(data):08x}"
