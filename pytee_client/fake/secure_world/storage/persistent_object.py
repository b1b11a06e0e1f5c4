# SPDX-License-Identifier: BSD-2-Clause
"""An open object of the trusted storage (GPD_SPE_010 5.7 and 5.9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Final, Protocol

from ....enums import Result
from ..results import PanicError, ResultError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["DataFlag", "ObjectInfo", "PersistentObject", "Stored", "Whence"]

_MAX_POSITION: Final = 0xFFFFFFFF


class DataFlag(IntFlag):
    """How an object is opened (TEE_DATA_FLAG_*)."""

    ACCESS_READ = 0x01
    ACCESS_WRITE = 0x02
    ACCESS_WRITE_META = 0x04
    """To delete and rename it, with nobody else having it open."""
    SHARE_READ = 0x10
    """Others may have it open to read."""
    SHARE_WRITE = 0x20
    """Others may have it open to write."""
    OVERWRITE = 0x400
    """An object of the same name is replaced by the one that is created."""


class Whence(IntEnum):
    """Where a seek counts from (TEE_DATA_SEEK_*)."""

    SET = 0
    CUR = 1
    END = 2


_NO_FLAGS: Final = DataFlag(0)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What is known of an object (TEE_ObjectInfo).

    Attributes:
        data_size: how long its data is, in bytes.
        data_position: where the handle reads and writes next.
        handle_flags: how the handle was opened; 0 in an enumeration.
    """

    data_size: int
    data_position: int = 0
    handle_flags: DataFlag = _NO_FLAGS


class Stored(Protocol):
    """The object that handles share, in the storage.

    Attributes:
        object_id: its name.
        data_size: how long its data is, in bytes.
    """

    object_id: bytes
    data_size: int

    def read(self, offset: int, size: int) -> bytes:
        """Read data."""
        ...

    def write(self, offset: int, data: bytes) -> None:
        """Write data."""

    def truncate(self, length: int) -> None:
        """Cut the data, or extend it with zeros."""

    def rename(self, object_id: bytes) -> None:
        """Give it another name."""

    def close(self, handle: PersistentObject, delete: bool) -> None:
        """Close one of its handles, and delete it if asked to."""


class PersistentObject:
    """A handle of an object with data; InternalCore opens and creates them.

    A context manager that closes it. What is still open when the application's instance ends is
    closed then. The misuse that panics in the Internal Core API raises PanicError: a handle that
    is closed, or was not opened for what is wanted.

    As in OP-TEE a handle goes by the size that the data had when it was opened, and by what it
    did to that itself: it does not see what another handle appends.

    Threads: for one entry point at a time, as the application itself.
    """

    def __init__(self, stored: Stored, flags: DataFlag) -> None:
        self._stored: Stored | None = stored
        self._flags = flags
        self._position = 0
        self._size = stored.data_size

    @property
    def flags(self) -> DataFlag:
        """How it was opened."""
        return self._flags

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._stored is None

    def get_info(self) -> ObjectInfo:
        """Tell what is known of it (TEE_GetObjectInfo1)."""
        self._open()
        return ObjectInfo(self._size, self._position, self._flags)

    def read(self, size: int) -> bytes:
        """Read from the position on, fewer bytes at the end (TEE_ReadObjectData)."""
        stored = self._open(DataFlag.ACCESS_READ)
        data = stored.read(self._position, max(min(size, self._size - self._position), 0))
        self._position += len(data)
        return data

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write at the position, with zeros before it if it is beyond the end.

        TEE_WriteObjectData. Raises ResultError: OVERFLOW, STORAGE_NO_SPACE.
        """
        stored = self._open(DataFlag.ACCESS_WRITE)
        end = self._position + len(data)
        if end > _MAX_POSITION:
            raise ResultError(Result.OVERFLOW)
        if data:
            stored.write(self._position, bytes(data))
            self._size = max(self._size, end)
        self._position = end

    def truncate(self, size: int) -> None:
        """Cut the data, or extend it with zeros; the position stays (TEE_TruncateObjectData).

        Raises ResultError: STORAGE_NO_SPACE.
        """
        stored = self._open(DataFlag.ACCESS_WRITE)
        if not 0 <= size <= _MAX_POSITION:
            raise PanicError(Result.BAD_PARAMETERS)
        stored.truncate(size)
        self._size = size

    def seek(self, offset: int, whence: Whence = Whence.SET) -> int:
        """Move the position, also beyond the end, but not before the start; return it.

        TEE_SeekObjectData. Raises ResultError: OVERFLOW.
        """
        self._open()
        base = {Whence.SET: 0, Whence.CUR: self._position, Whence.END: self._size}
        if whence not in base:
            raise PanicError(Result.BAD_PARAMETERS)
        position = max(base[whence] + offset, 0)
        if position > _MAX_POSITION:
            raise ResultError(Result.OVERFLOW)
        self._position = position
        return position

    def rename(self, object_id: bytes) -> None:
        """Give it another name (TEE_RenamePersistentObject).

        Raises ResultError: ACCESS_CONFLICT if there is an object of that name.
        """
        self._open(DataFlag.ACCESS_WRITE_META).rename(object_id)

    def close(self) -> None:
        """Close it (TEE_CloseObject); a second time does nothing."""
        stored, self._stored = self._stored, None
        if stored is not None:
            stored.close(self, False)

    def close_and_delete(self) -> None:
        """Delete it (TEE_CloseAndDeletePersistentObject1)."""
        stored = self._open(DataFlag.ACCESS_WRITE_META)
        self._stored = None
        stored.close(self, True)

    def _open(self, needed: DataFlag = _NO_FLAGS) -> Stored:
        if self._stored is None:
            raise PanicError(Result.BAD_STATE)
        if needed & ~self._flags:
            raise PanicError(Result.ACCESS_CONFLICT)
        return self._stored

    def __enter__(self) -> PersistentObject:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        name = "closed" if self._stored is None else self._stored.object_id.hex()
        return f"<PersistentObject {name}>"
