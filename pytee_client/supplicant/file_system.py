# SPDX-License-Identifier: BSD-2-Clause
"""Where the secure world keeps files: the interface, shaped like OP-TEE's requests for it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from ..enums import Result
from .results import ResultError

__all__ = ["FileSystem", "parts_of"]


class FileSystem(ABC):
    """Files by name, for the secure world.

    A name is relative, with slashes between its parts. A file is used by a handle, a
    small number; offsets and sizes are in bytes. A file that is removed or renamed stays
    what it was for those that have it open.

    Failures are ResultError: ITEM_NOT_FOUND, ACCESS_CONFLICT, STORAGE_NO_SPACE, or GENERIC,
    for a bad handle or name too.

    Source: the requests that OP-TEE has its supplicant serve (OPTEE_RPC_CMD_FS).
    Threads: may be used from any.
    """

    @abstractmethod
    def open(self, name: str) -> int:
        """Open a file that exists; any failure is ITEM_NOT_FOUND."""

    @abstractmethod
    def create(self, name: str) -> int:
        """Open a new file, or an old one emptied, and make the folders for it."""

    @abstractmethod
    def close(self, handle: int) -> None:
        """Close a file."""

    @abstractmethod
    def read(self, handle: int, offset: int, size: int) -> bytes:
        """Read; fewer bytes than wanted are what there is up to the end."""

    @abstractmethod
    def write(self, handle: int, offset: int, data: bytes) -> None:
        """Write all of the data; a gap before it becomes zeros."""

    @abstractmethod
    def truncate(self, handle: int, length: int) -> None:
        """Cut a file, or extend it with zeros."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file, and the folders that are empty then."""

    @abstractmethod
    def rename(self, old: str, new: str, overwrite: bool) -> None:
        """Rename a file; ACCESS_CONFLICT if the new name is taken and is not to be overwritten."""

    @abstractmethod
    def list(self, name: str) -> list[str]:
        """Return what is in a folder, sorted; ITEM_NOT_FOUND if it is empty or there is none.

        Names that begin with a dot are left out.
        """


def parts_of(name: str) -> tuple[str, ...]:
    """Return the parts of a name; ResultError(GENERIC) if it does not stay in its folder."""
    parts = tuple(name.split("/"))
    if "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise ResultError(Result.GENERIC)
    return parts
