# SPDX-License-Identifier: BSD-2-Clause
"""The interface of file systems for the secure world; it follows the requests of OP-TEE."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..enums import Result
from .results import ResultError

__all__ = ["FileSystem", "parts_of"]


class FileSystem(ABC):
    """The base of file systems for the secure world.

    A name is relative, with slashes between its parts. A handle is a small number. Offsets and
    sizes are in bytes. Open handles of a file stay valid when the file is removed or renamed.

    Failures are ResultError: ITEM_NOT_FOUND, ACCESS_CONFLICT, STORAGE_NO_SPACE, or GENERIC,
    also for a bad handle or name.

    Source: the requests of OP-TEE to its supplicant (OPTEE_RPC_CMD_FS).
    Threads: may be used from any.
    """

    @abstractmethod
    def open(self, name: str) -> int:
        """Open an existing file; any failure is ITEM_NOT_FOUND."""

    @abstractmethod
    def create(self, name: str) -> int:
        """Create a file and its folders, or open and empty an existing file."""

    @abstractmethod
    def close(self, handle: int) -> None:
        """Close a file."""

    @abstractmethod
    def read(self, handle: int, offset: int, size: int) -> bytes:
        """Read bytes, fewer than wanted at the end of the file."""

    @abstractmethod
    def write(self, handle: int, offset: int, data: bytes) -> None:
        """Write all of the data; zeros fill a gap before it."""

    @abstractmethod
    def truncate(self, handle: int, length: int) -> None:
        """Shorten a file, or extend it with zeros."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file, and the folders that become empty."""

    @abstractmethod
    def rename(self, old: str, new: str, overwrite: bool) -> None:
        """Rename a file; ACCESS_CONFLICT if the new name exists and overwrite is false."""

    @abstractmethod
    def list(self, name: str) -> list[str]:
        """Return the names in a folder, sorted, without those that start with a dot.

        An empty or missing folder is ITEM_NOT_FOUND.
        """


def parts_of(name: str) -> tuple[str, ...]:
    """Return the parts of a name; ResultError(GENERIC) if it could leave its folder."""
    parts = tuple(name.split("/"))
    if "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise ResultError(Result.GENERIC)
    return parts
