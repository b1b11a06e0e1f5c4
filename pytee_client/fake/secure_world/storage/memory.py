# SPDX-License-Identifier: BSD-2-Clause
"""Files in memory, for the secure world."""

from __future__ import annotations

import itertools
import threading

from ...._process import renewed
from ....enums import Result
from ....supplicant.file_system import FileSystem, parts_of
from ..results import ResultError

__all__ = ["MemoryFileSystem"]


class MemoryFileSystem(FileSystem):
    """Keep files in the memory of the program.

    Args:
        capacity: how many bytes all files may have in total. More is STORAGE_NO_SPACE.
    """

    def __init__(self, capacity: int = 64 << 20) -> None:
        self._capacity = capacity
        self._lock = renewed(threading.RLock())
        self._files: dict[tuple[str, ...], bytearray] = {}
        self._handles: dict[int, bytearray] = {}

    def open(self, name: str) -> int:
        """Open an existing file."""
        with self._lock:
            return self._add_handle(self._file(name))

    def create(self, name: str) -> int:
        """Create a file, or open and empty an existing one."""
        parts = parts_of(name)
        with self._lock:
            self._check_place(parts)
            data = self._files.setdefault(parts, bytearray())
            data.clear()
            return self._add_handle(data)

    def close(self, handle: int) -> None:
        """Close a file."""
        with self._lock:
            self._data(handle)
            del self._handles[handle]

    def read(self, handle: int, offset: int, size: int) -> bytes:
        """Read bytes, fewer than wanted at the end of the file."""
        with self._lock:
            return bytes(self._data(handle)[offset : offset + size])

    def write(self, handle: int, offset: int, data: bytes) -> None:
        """Write all of the data."""
        with self._lock:
            content = self._data(handle)
            if not data:
                return
            if offset + len(data) > len(content):
                self._resize(content, offset + len(data))
            content[offset : offset + len(data)] = data

    def truncate(self, handle: int, length: int) -> None:
        """Shorten a file, or extend it with zeros."""
        with self._lock:
            self._resize(self._data(handle), length)

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._lock:
            self._file(name)
            del self._files[parts_of(name)]

    def rename(self, old: str, new: str, overwrite: bool) -> None:
        """Rename a file."""
        parts = parts_of(new)
        with self._lock:
            data = self._file(old)
            if parts in self._files and not overwrite:
                raise ResultError(Result.ACCESS_CONFLICT)
            self._check_place(parts)
            del self._files[parts_of(old)]
            self._files[parts] = data

    def list(self, name: str) -> list[str]:
        """Return the names in a folder, sorted."""
        folder = parts_of(name)
        depth = len(folder)
        with self._lock:
            found = {
                parts[depth]
                for parts in self._files
                if len(parts) > depth and parts[:depth] == folder
            }
        names = sorted(each for each in found if not each.startswith("."))
        if not names:
            raise ResultError(Result.ITEM_NOT_FOUND)
        return names

    def _file(self, name: str) -> bytearray:
        try:
            return self._files[parts_of(name)]
        except (KeyError, ResultError):
            raise ResultError(Result.ITEM_NOT_FOUND) from None

    def _data(self, handle: int) -> bytearray:
        data = self._handles.get(handle)
        if data is None:
            raise ResultError(Result.GENERIC)
        return data

    def _add_handle(self, data: bytearray) -> int:
        handle = next(number for number in itertools.count(1) if number not in self._handles)
        self._handles[handle] = data
        return handle

    def _check_place(self, parts: tuple[str, ...]) -> None:
        """Refuse a file where a folder is, and a folder where a file is."""
        for other in self._files:
            shorter = min(len(parts), len(other))
            if other != parts and parts[:shorter] == other[:shorter]:
                raise ResultError(Result.GENERIC)

    def _resize(self, data: bytearray, length: int) -> None:
        more = length - len(data)
        used = sum(len(each) for each in self._files.values())
        if more > 0 and used + more > self._capacity:
            raise ResultError(Result.STORAGE_NO_SPACE)
        if more > 0:
            data.extend(bytes(more))
        else:
            del data[length:]
