# SPDX-License-Identifier: BSD-2-Clause
"""The secure world's files, where the supplicant keeps them."""

from __future__ import annotations

from typing import Final, final

from ....enums import Result
from ....kernels.uapi import ParamType
from ....supplicant.file_system import FileSystem
from ....supplicant.rpc_command import FsOperation, RpcCommand
from ...secure_world.results import ResultError
from ...structures import Param, SharedMemory
from .rpc import Rpc

__all__ = ["SupplicantFileSystem"]

# Every device has this much shared memory at a time.
_MOST_AT_ONCE: Final = 1 << 20
# Longer than any name of a file in Linux.
_NAME_SIZE: Final = 4096


@final
class SupplicantFileSystem(FileSystem):
    """Access files of the supplicant with the request FS.

    Besides the results of any file system there are COMMUNICATION, if no supplicant answers,
    and OUT_OF_MEMORY, if the supplicant shares no memory.

    Args:
        rpc: the requests to the supplicant.
    """

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def open(self, name: str) -> int:
        """Open an existing file."""
        return self._open(FsOperation.OPEN, name)

    def create(self, name: str) -> int:
        """Create a file, or open and empty an existing one."""
        return self._open(FsOperation.CREATE, name)

    def _open(self, operation: FsOperation, name: str) -> int:
        data = _encoded(name)
        handle = Param(ParamType.VALUE_OUTPUT)
        with self._rpc.shared(len(data), data) as memory:
            self._request(operation, _input(memory, len(data)), handle)
        return handle.a

    def close(self, handle: int) -> None:
        """Close a file."""
        self._request(FsOperation.CLOSE, b=handle)

    def read(self, handle: int, offset: int, size: int) -> bytes:
        """Read bytes, fewer than wanted at the end of the file."""
        parts = []
        while size:
            wanted = min(size, _MOST_AT_ONCE)
            with self._rpc.shared(wanted) as memory:
                place = Param(ParamType.MEMREF_OUTPUT, b=wanted, memory=memory)
                self._request(FsOperation.READ, place, b=handle, c=offset)
                parts.append(memory.read(0, min(place.b, wanted)))
            if len(parts[-1]) < wanted:
                break
            offset += wanted
            size -= wanted
        return b"".join(parts)

    def write(self, handle: int, offset: int, data: bytes) -> None:
        """Write all of the data."""
        for start in range(0, len(data), _MOST_AT_ONCE):
            part = data[start : start + _MOST_AT_ONCE]
            with self._rpc.shared(len(part), part) as memory:
                content = _input(memory, len(part))
                self._request(FsOperation.WRITE, content, b=handle, c=offset + start)

    def truncate(self, handle: int, length: int) -> None:
        """Shorten a file, or extend it with zeros."""
        self._request(FsOperation.TRUNCATE, b=handle, c=length)

    def remove(self, name: str) -> None:
        """Remove a file, and the folders that become empty."""
        data = _encoded(name)
        with self._rpc.shared(len(data), data) as memory:
            self._request(FsOperation.REMOVE, _input(memory, len(data)))

    def rename(self, old: str, new: str, overwrite: bool) -> None:
        """Rename a file."""
        names = _encoded(old), _encoded(new)
        with (
            self._rpc.shared(len(names[0]), names[0]) as first,
            self._rpc.shared(len(names[1]), names[1]) as second,
        ):
            places = _input(first, len(names[0])), _input(second, len(names[1]))
            self._request(FsOperation.RENAME, *places, b=int(overwrite))

    def list(self, name: str) -> list[str]:
        """Return the names in a folder, sorted."""
        handle = self._open(FsOperation.OPENDIR, name)
        names = []
        try:
            with self._rpc.shared(_NAME_SIZE) as memory:
                while (entry := self._next_entry(handle, memory)) is not None:
                    names.append(entry)
        finally:
            self._request(FsOperation.CLOSEDIR, b=handle)
        return sorted(names)

    def _next_entry(self, handle: int, memory: SharedMemory) -> str | None:
        place = Param(ParamType.MEMREF_OUTPUT, b=_NAME_SIZE, memory=memory)
        try:
            self._request(FsOperation.READDIR, place, b=handle)
        except ResultError as code:
            if code.code != Result.ITEM_NOT_FOUND:
                raise
            return None
        return memory.read(0, min(place.b, _NAME_SIZE)).rstrip(b"\0").decode()

    def _request(self, operation: FsOperation, *others: Param, b: int = 0, c: int = 0) -> None:
        head = Param(ParamType.VALUE_INPUT, a=operation, b=b, c=c)
        self._rpc.request(RpcCommand.FS, [head, *others])


def _encoded(name: str) -> bytes:
    """Encode a name, with a NUL at its end."""
    data = name.encode()
    if b"\0" in data:
        raise ResultError(Result.GENERIC)
    return data + b"\0"


def _input(memory: SharedMemory, size: int) -> Param:
    return Param(ParamType.MEMREF_INPUT, b=size, memory=memory)
