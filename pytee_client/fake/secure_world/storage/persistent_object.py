# SPDX-License-Identifier: BSD-2-Clause
"""An open object of the trusted storage (GPD_SPE_010 5.7 and 5.9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from types import TracebackType
from typing import Final, Protocol

from ...._boundary import bytes_of
from ....enums import Result
from ..results import PanicError, ResultError

__all__ = ["DataFlag", "ObjectInfo", "PersistentObject", "Stored", "Whence"]

_MAX_POSITION: Final = 0xFFFFFFFF


class DataFlag(IntFlag):
    """The flags with which an object is opened (TEE_DATA_FLAG_*)."""

    ACCESS_READ = 0x01
    ACCESS_WRITE = 0x02
    ACCESS_WRITE_META = 0x04
    """Allows to delete and rename it; no other handle may be open."""
    SHARE_READ = 0x10
    """Other handles may be open for reading."""
    SHARE_WRITE = 0x20
    """Other handles may be open for writing."""
    OVERWRITE = 0x400
    """The new object replaces one of the same name."""


class Whence(IntEnum):
    """The origin of a seek (TEE_DATA_SEEK_*)."""

    SET = 0
    CUR = 1
    END = 2


_NO_FLAGS: Final = DataFlag(0)


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """Information about an object (TEE_ObjectInfo).

    Attributes:
        data_size: the size of its data in bytes.
        data_position: the position of the handle, where it reads or writes next.
        handle_flags: the flags of the handle; 0 in an enumeration.
    """

    data_size: int
    data_position: int = 0
    handle_flags: DataFlag = _NO_FLAGS


class Stored(Protocol):
    """The object in the storage, which its handles share.

    Attributes:
        object_id: its name.
        data_size: the size of its data in bytes.
    """

    object_id: bytes
    data_size: int

    def read(self, offset: int, size: int) -> bytes:
        """Read data."""
        ...

    def write(self, offset: int, data: bytes) -> None:
        """Write data."""

    def truncate(self, length: int) -> None:
        """Shorten the data, or extend it with zeros."""

    def rename(self, object_id: bytes) -> None:
        """Rename the object."""

    def close(self, handle: PersistentObject, delete: bool) -> None:
        """Close a handle, and delete the object if wanted."""


class PersistentObject:
    """A handle of a persistent object; InternalCore opens and creates it.

    It is a context manager that closes it. It is also closed when the instance of the
    application ends. PanicError reports misuse that panics in the Internal Core API: the handle
    is closed, or lacks the flag for the operation.

    As in OP-TEE, a handle keeps the size that the data had when it was opened, and updates it
    only by its own operations: it does not see what another handle appends.

    Threads: entry points run one at a time, and so do these methods.
    """

    def __init__(self, stored: Stored, flags: DataFlag) -> None:
        self._stored: Stored | None = stored
        self._flags = flags
        self._position = 0
        self._size = stored.data_size

    @property
    def flags(self) -> DataFlag:
        """The flags with which it was opened."""
        return self._flags

    @property
    def closed(self) -> bool:
        """Whether the handle is closed."""
        return self._stored is None

    def get_info(self) -> ObjectInfo:
        """Return information about the object (TEE_GetObjectInfo1)."""
        self._stored_for()
        return ObjectInfo(self._size, self._position, self._flags)

    def read(self, size: int) -> bytes:
        """Read at the position, fewer bytes at the end of the data (TEE_ReadObjectData)."""
        stored = self._stored_for(DataFlag.ACCESS_READ)
        data = stored.read(self._position, max(min(size, self._size - self._position), 0))
        self._position += len(data)
        return data

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write at the position (TEE_WriteObjectData); zeros fill a gap before it.

        Raises:
            ResultError: OVERFLOW, STORAGE_NO_SPACE.
        """
        stored = self._stored_for(DataFlag.ACCESS_WRITE)
        data = bytes_of(data, "the data")
        end = self._position + len(data)
        if end > _MAX_POSITION:
            raise ResultError(Result.OVERFLOW)
        if data:
            stored.write(self._position, data)
            self._size = max(self._size, end)
        self._position = end

    def truncate(self, size: int) -> None:
        """Shorten the data, or extend it with zeros (TEE_TruncateObjectData).

        The position stays.

        Raises:
            ResultError: STORAGE_NO_SPACE.
        """
        stored = self._stored_for(DataFlag.ACCESS_WRITE)
        if not 0 <= size <= _MAX_POSITION:
            raise PanicError(Result.BAD_PARAMETERS)
        stored.truncate(size)
        self._size = size

    def seek(self, offset: int, whence: Whence = Whence.SET) -> int:
        """Move the position, and return it (TEE_SeekObjectData).

        It may be beyond the end. A position before the start becomes the start.

        Raises:
            ResultError: OVERFLOW.
        """
        self._stored_for()
        base = {Whence.SET: 0, Whence.CUR: self._position, Whence.END: self._size}
        if whence not in base:
            raise PanicError(Result.BAD_PARAMETERS)
        position = max(base[whence] + offset, 0)
        if position > _MAX_POSITION:
            raise ResultError(Result.OVERFLOW)
        self._position = position
        return position

    def rename(self, object_id: bytes) -> None:
        """Rename the object (TEE_RenamePersistentObject).

        Raises:
            ResultError: ACCESS_CONFLICT; there is an object of this name.
        """
        self._stored_for(DataFlag.ACCESS_WRITE_META).rename(object_id)

    def close(self) -> None:
        """Close the handle, at most once (TEE_CloseObject)."""
        stored, self._stored = self._stored, None
        if stored is not None:
            stored.close(self, False)

    def close_and_delete(self) -> None:
        """Close the handle and delete the object (TEE_CloseAndDeletePersistentObject1)."""
        stored = self._stored_for(DataFlag.ACCESS_WRITE_META)
        self._stored = None
        stored.close(self, True)

    def _stored_for(self, needed: DataFlag = _NO_FLAGS) -> Stored:
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
