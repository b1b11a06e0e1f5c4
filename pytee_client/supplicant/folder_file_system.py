# SPDX-License-Identifier: BSD-2-Clause
"""Files of the secure world in a folder of this machine."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from .._checks import to_path_text
from .._process import renewed
from ..enums import Result
from .file_system import FileSystem, parts_of
from .results import ResultError

__all__ = ["FolderFileSystem"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_RESULTS = {
    errno.ENOSPC: Result.STORAGE_NO_SPACE,
    errno.EDQUOT: Result.STORAGE_NO_SPACE,
    errno.EFBIG: Result.STORAGE_NO_SPACE,
    errno.ENOENT: Result.ITEM_NOT_FOUND,
}


class FolderFileSystem(FileSystem):
    """Keep files in a folder, also after the kernel is gone. No name or link leads out of it.

    Files that are still open are closed when the object is no longer used.

    Args:
        path: the folder; it and its parents are made if they are missing.

    Raises:
        OSError: the folder can't be made, or is not a folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(to_path_text(path, "the folder"))
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = renewed(threading.RLock())
        self._files: dict[int, int] = {}

    def open(self, name: str) -> int:
        """Open a file that exists; what may only be read too."""
        try:
            with self._folder_of(name) as (folder, file):
                try:
                    fd = os.open(file, os.O_RDWR | _FILE, dir_fd=folder)
                except OSError:
                    fd = os.open(file, os.O_RDONLY | _FILE, dir_fd=folder)
                if stat.S_ISDIR(os.fstat(fd).st_mode):
                    os.close(fd)
                    raise ResultError(Result.ITEM_NOT_FOUND)
                return self._add_handle(fd)
        except (OSError, ResultError):
            raise ResultError(Result.ITEM_NOT_FOUND) from None

    def create(self, name: str) -> int:
        """Create a file and its folders, or open and empty an existing file."""
        with _results(), self._folder_of(name, make=True) as (folder, file):
            flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | _FILE
            return self._add_handle(os.open(file, flags, 0o600, dir_fd=folder))

    def close(self, handle: int) -> None:
        """Close a file."""
        with self._lock:
            fd = self._fd(handle)
            del self._files[handle]
            os.close(fd)

    def read(self, handle: int, offset: int, size: int) -> bytes:
        """Read bytes, fewer than wanted at the end of the file."""
        with self._lock, _results():
            fd = self._fd(handle)
            # Limit the wanted size, so that it can't exhaust the memory.
            return os.pread(fd, min(size, max(os.fstat(fd).st_size - offset, 0)), offset)

    def write(self, handle: int, offset: int, data: bytes) -> None:
        """Write all of the data."""
        with self._lock, _results():
            fd, rest = self._fd(handle), memoryview(data)
            while rest:
                count = os.pwrite(fd, rest, offset)
                rest, offset = rest[count:], offset + count

    def truncate(self, handle: int, length: int) -> None:
        """Shorten a file, or extend it with zeros."""
        with self._lock, _results():
            os.ftruncate(self._fd(handle), length)

    def remove(self, name: str) -> None:
        """Remove a file, and the folders that become empty."""
        with self._lock, _results():
            with self._folder_of(name) as (folder, file):
                os.unlink(file, dir_fd=folder)
            parts = parts_of(name)
            for depth in range(len(parts) - 1, 0, -1):
                name = "/".join(parts[:depth])
                with contextlib.suppress(OSError), self._folder_of(name) as (folder, file):
                    os.rmdir(file, dir_fd=folder)

    def rename(self, old: str, new: str, overwrite: bool) -> None:
        """Rename a file."""
        with (
            self._lock,
            _results(),
            self._folder_of(old) as (source, file),
            self._folder_of(new, make=True) as (target, renamed),
        ):
            os.stat(file, dir_fd=source, follow_symlinks=False)
            if not overwrite and _exists(renamed, target):
                raise ResultError(Result.ACCESS_CONFLICT)
            os.rename(file, renamed, src_dir_fd=source, dst_dir_fd=target)

    def list(self, name: str) -> list[str]:
        """Return the names in a folder, sorted."""
        with _results(), self._folder_of(name) as (parent, last):
            folder = os.open(last, _FOLDER, dir_fd=parent)
            try:
                names = sorted(each for each in os.listdir(folder) if not each.startswith("."))
            finally:
                os.close(folder)
        if not names:
            raise ResultError(Result.ITEM_NOT_FOUND)
        return names

    @contextlib.contextmanager
    def _folder_of(self, name: str, make: bool = False) -> Iterator[tuple[int, str]]:
        """Yield the folder that a name is in, opened, and the name's last part."""
        *parents, last = parts_of(name)
        fd = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for parent in parents:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(parent, 0o700, dir_fd=fd)
                below = os.open(parent, _FOLDER, dir_fd=fd)
                os.close(fd)
                fd = below
            yield fd, last
        finally:
            os.close(fd)

    def _fd(self, handle: int) -> int:
        fd = self._files.get(handle)
        if fd is None:
            raise ResultError(Result.GENERIC)
        return fd

    def _add_handle(self, fd: int) -> int:
        with self._lock:
            handle = next(number for number in itertools.count(1) if number not in self._files)
            self._files[handle] = fd
            return handle

    def __del__(self) -> None:
        """Close all files."""
        for fd in getattr(self, "_files", {}).values():
            os.close(fd)


def _exists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


@contextlib.contextmanager
def _results() -> Iterator[None]:
    """Convert errors of the machine to results."""
    try:
        yield
    except (OSError, OverflowError) as error:
        _fail(error)


def _fail(error: OSError | OverflowError) -> NoReturn:
    number = error.errno if isinstance(error, OSError) else None
    raise ResultError(_RESULTS.get(number or 0, Result.GENERIC)) from error
