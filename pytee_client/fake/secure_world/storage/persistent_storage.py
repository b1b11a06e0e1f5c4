# SPDX-License-Identifier: BSD-2-Clause
"""The trusted storage: the persistent objects of each Trusted Application (GPD_SPE_010 5.7)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Final
from uuid import UUID

from ...._process import renewed
from ....enums import Result
from ....supplicant.file_system import FileSystem
from ..results import PanicError, ResultError
from .persistent_object import DataFlag, ObjectInfo, PersistentObject

__all__ = ["STORAGE_PRIVATE", "PersistentStorage"]

STORAGE_PRIVATE: Final = 1
"""The private storage of each application (TEE_STORAGE_PRIVATE); there is no other."""

_MAX_OBJECT_ID: Final = 64
_PREFIX: Final = "id-"


class _StoredObject:
    """An open object, which its handles share."""

    def __init__(
        self, storage: PersistentStorage, owner: UUID, object_id: bytes, file: int, data_size: int
    ) -> None:
        self.object_id = object_id
        self.data_size: int = data_size
        self.owner = owner
        self.handles: list[PersistentObject] = []
        self._storage = storage
        self._files = storage.file_system
        self._file = file

    def read(self, offset: int, size: int) -> bytes:
        """Read data."""
        with self._storage.lock:
            return self._files.read(self._file, offset, max(min(size, self.data_size - offset), 0))

    def write(self, offset: int, data: bytes) -> None:
        """Write data."""
        with self._storage.lock:
            self._files.write(self._file, offset, data)
            self.data_size = max(self.data_size, offset + len(data))

    def truncate(self, length: int) -> None:
        """Shorten the data, or extend it with zeros."""
        with self._storage.lock:
            self._files.truncate(self._file, length)
            self.data_size = length

    def rename(self, object_id: bytes) -> None:
        """Rename the object."""
        self._storage.rename(self, object_id)

    def close(self, handle: PersistentObject, delete: bool) -> None:
        """Close a handle, and delete the object if wanted."""
        with self._storage.lock:
            self.handles.remove(handle)
            if not self.handles:
                self._storage.forget(self)
                self._files.close(self._file)
            if delete:
                self._files.remove(_name(self.owner, self.object_id))


class PersistentStorage:
    """Keep the persistent objects of applications in files.

    A file contains the data of its object, and nothing else. Unlike in a TEE it is neither
    encrypted nor protected. Its name is UUID/id-HEX: the UUID of the application and the name of
    the object in hexadecimal digits.

    Args:
        file_system: returns the file system to use; called at each use.

    Attributes:
        lock: held while an object changes.

    Threads: may be used from any.
    """

    def __init__(self, file_system: Callable[[], FileSystem]) -> None:
        self._file_system = file_system
        self.lock: threading.RLock = renewed(threading.RLock())
        self._open: dict[tuple[UUID, bytes], _StoredObject] = {}

    @property
    def file_system(self) -> FileSystem:
        """The file system."""
        return self._file_system()

    def open(
        self, owner: UUID, object_id: bytes, flags: DataFlag, storage_id: int
    ) -> PersistentObject:
        """Open an object (TEE_OpenPersistentObject).

        Raises:
            ResultError: ITEM_NOT_FOUND; ACCESS_CONFLICT if it is open with flags that exclude
                these; see may_share().
            PanicError: the name is longer than 64 bytes.
        """
        name = _name(owner, object_id)
        _check_storage(storage_id)
        with self.lock:
            stored = self._open.get((owner, object_id))
            if stored is None:
                file = self.file_system.open(name)
                stored = self._add(owner, object_id, file)
            elif not all(may_share(flags, handle.flags) for handle in stored.handles):
                raise ResultError(Result.ACCESS_CONFLICT)
            return _add_handle(stored, flags)

    def create(
        self, owner: UUID, object_id: bytes, flags: DataFlag, data: bytes, storage_id: int
    ) -> PersistentObject:
        """Create an object with all of its initial data (TEE_CreatePersistentObject).

        Raises:
            ResultError: ITEM_NOT_FOUND if there is no such storage; ACCESS_CONFLICT if an
                object of this name is open, or exists and OVERWRITE is missing;
                STORAGE_NO_SPACE.
            PanicError: the name is longer than 64 bytes.
        """
        name = _name(owner, object_id)
        _check_storage(storage_id)
        with self.lock:
            overwrite = bool(flags & DataFlag.OVERWRITE)
            if (owner, object_id) in self._open or (not overwrite and self._exists(name)):
                raise ResultError(Result.ACCESS_CONFLICT)
            files, new = self.file_system, f"{owner}/.new"
            file = files.create(new)
            try:
                if data:
                    files.write(file, 0, data)
                files.rename(new, name, overwrite)
            except BaseException:
                files.close(file)
                with contextlib.suppress(ResultError):
                    files.remove(new)
                raise
            stored = self._add(owner, object_id, file, len(data))
            return _add_handle(stored, flags & ~DataFlag.OVERWRITE)

    def list(self, owner: UUID, storage_id: int) -> list[tuple[bytes, ObjectInfo]]:
        """Return the names of the objects of an application, with information about each."""
        _check_storage(storage_id)
        with self.lock:
            try:
                names = self.file_system.list(str(owner))
            except ResultError as code:
                if code.code == Result.ITEM_NOT_FOUND:
                    return []
                raise
            found = [(_object_id(name), name) for name in names]
            return [
                (object_id, ObjectInfo(self._size(owner, object_id)))
                for object_id, _ in found
                if object_id is not None
            ]

    def rename(self, stored: _StoredObject, object_id: bytes) -> None:
        """Rename an open object."""
        name = _name(stored.owner, object_id)
        with self.lock:
            if (stored.owner, object_id) in self._open:
                raise ResultError(Result.ACCESS_CONFLICT)
            self.file_system.rename(_name(stored.owner, stored.object_id), name, False)
            self.forget(stored)
            stored.object_id = object_id
            self._open[stored.owner, object_id] = stored

    def forget(self, stored: _StoredObject) -> None:
        """Remove an object from the open ones."""
        del self._open[stored.owner, stored.object_id]

    def _exists(self, name: str) -> bool:
        try:
            self.file_system.close(self.file_system.open(name))
        except ResultError as code:
            if code.code != Result.ITEM_NOT_FOUND:
                raise
            return False
        return True

    def _size(self, owner: UUID, object_id: bytes) -> int:
        stored = self._open.get((owner, object_id))
        if stored is not None:
            return stored.data_size
        file = self.file_system.open(_name(owner, object_id))
        try:
            return _size_of(self.file_system, file)
        finally:
            self.file_system.close(file)

    def _add(
        self, owner: UUID, object_id: bytes, file: int, data_size: int | None = None
    ) -> _StoredObject:
        if data_size is None:
            try:
                data_size = _size_of(self.file_system, file)
            except BaseException:
                self.file_system.close(file)
                raise
        stored = _StoredObject(self, owner, object_id, file, data_size)
        self._open[owner, object_id] = stored
        return stored


def may_share(one: DataFlag, other: DataFlag) -> bool:
    """Return whether handles with two sets of flags may be open at once (GPD_SPE_010 5.7.3).

    OP-TEE also requires that the SHARE flags of both are equal.
    """
    either, both = one | other, one & other
    return not (
        either & DataFlag.ACCESS_WRITE_META
        or (one ^ other) & (DataFlag.SHARE_READ | DataFlag.SHARE_WRITE)
        or (either & DataFlag.ACCESS_READ and not both & DataFlag.SHARE_READ)
        or (either & DataFlag.ACCESS_WRITE and not both & DataFlag.SHARE_WRITE)
    )


def _add_handle(stored: _StoredObject, flags: DataFlag) -> PersistentObject:
    handle = PersistentObject(stored, flags)
    stored.handles.append(handle)
    return handle


def _check_storage(storage_id: int) -> None:
    if storage_id != STORAGE_PRIVATE:
        raise ResultError(Result.ITEM_NOT_FOUND)


def _name(owner: UUID, object_id: bytes) -> str:
    """Return the name of the file of an object."""
    if len(object_id) > _MAX_OBJECT_ID:
        raise PanicError(Result.BAD_PARAMETERS)
    return f"{owner}/{_PREFIX}{object_id.hex()}"


def _object_id(name: str) -> bytes | None:
    """Return the name of the object in a file; None for any other file."""
    try:
        object_id = bytes.fromhex(name.removeprefix(_PREFIX))
    except ValueError:
        return None
    return object_id if name == _PREFIX + object_id.hex() else None


def _size_of(files: FileSystem, file: int) -> int:
    """Find the size of a file by reading, as there is no request for it."""
    low, high = 0, 1
    while files.read(file, high - 1, 1):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if files.read(file, middle - 1, 1):
            low = middle
        else:
            high = middle
    return low
