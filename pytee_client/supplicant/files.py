# SPDX-License-Identifier: BSD-2-Clause
"""The files of the secure world, as a supplicant serves them."""

from __future__ import annotations

import itertools
from typing import Final, final

from ..enums import Result
from ..kernels.uapi import ParamType
from .device import RequestParam, SupplicantDevice
from .file_system import FileSystem
from .results import ResultError
from .rpc_command import FsOperation

__all__ = ["FileService"]

_HEAD: Final = ParamType.VALUE_INPUT
_NAME: Final = ParamType.MEMREF_INPUT
_SHAPES: Final = {
    FsOperation.OPEN: [_HEAD, _NAME, ParamType.VALUE_OUTPUT],
    FsOperation.CREATE: [_HEAD, _NAME, ParamType.VALUE_OUTPUT],
    FsOperation.CLOSE: [_HEAD],
    FsOperation.READ: [_HEAD, ParamType.MEMREF_OUTPUT],
    FsOperation.WRITE: [_HEAD, ParamType.MEMREF_INPUT],
    FsOperation.TRUNCATE: [_HEAD],
    FsOperation.REMOVE: [_HEAD, _NAME],
    FsOperation.RENAME: [_HEAD, _NAME, _NAME],
    FsOperation.OPENDIR: [_HEAD, _NAME, ParamType.VALUE_OUTPUT],
    FsOperation.CLOSEDIR: [_HEAD],
    FsOperation.READDIR: [_HEAD, ParamType.MEMREF_OUTPUT],
}


@final
class FileService:
    """Serve the request FS.

    Args:
        device: the device, with the memory of requests.
        files: the files.

    Source: the request FS of OP-TEE to its supplicant (OPTEE_RPC_CMD_FS).
    """

    def __init__(self, device: SupplicantDevice, files: FileSystem) -> None:
        self._device = device
        self._files = files
        self._folders: dict[int, list[str]] = {}

    def serve(self, params: list[RequestParam]) -> None:
        """Serve a request; ResultError for any result but SUCCESS."""
        operation = params[0].a if params else None
        if operation not in _SHAPES or [p.attr for p in params] != _SHAPES[FsOperation(operation)]:
            raise ResultError(Result.BAD_PARAMETERS)
        head, *others = params
        if operation in (FsOperation.READDIR, FsOperation.CLOSEDIR):
            self._serve_folder(FsOperation(operation), head.b, others)
        elif others and others[0].attr == _NAME and operation != FsOperation.WRITE:
            self._serve_name(FsOperation(operation), head, others)
        else:
            self._serve_file(FsOperation(operation), head, others)

    def _serve_name(
        self, operation: FsOperation, head: RequestParam, others: list[RequestParam]
    ) -> None:
        name = self._name(others[0])
        if operation is FsOperation.OPEN:
            others[1].a = self._files.open(name)
        elif operation is FsOperation.CREATE:
            others[1].a = self._files.create(name)
        elif operation is FsOperation.REMOVE:
            self._files.remove(name)
        elif operation is FsOperation.RENAME:
            self._files.rename(name, self._name(others[1]), bool(head.b))
        else:
            entries = self._files.list(name)
            others[1].a = next(n for n in itertools.count() if n not in self._folders)
            self._folders[others[1].a] = entries

    def _serve_file(
        self, operation: FsOperation, head: RequestParam, others: list[RequestParam]
    ) -> None:
        handle, number = head.b, head.c
        if operation is FsOperation.READ:
            self._device.write(others[0], self._files.read(handle, number, others[0].b))
        elif operation is FsOperation.WRITE:
            self._files.write(handle, number, self._device.read(others[0]))
        elif operation is FsOperation.TRUNCATE:
            self._files.truncate(handle, number)
        else:
            self._files.close(handle)

    def _serve_folder(
        self, operation: FsOperation, handle: int, others: list[RequestParam]
    ) -> None:
        entries = self._folders.get(handle)
        if entries is None:
            raise ResultError(Result.BAD_PARAMETERS)
        if operation is FsOperation.CLOSEDIR:
            del self._folders[handle]
        elif not entries:
            raise ResultError(Result.ITEM_NOT_FOUND)
        else:
            # As in tee-supplicant, a name that does not fit is lost.
            self._device.write(others[0], entries.pop(0).encode() + b"\0")

    def _name(self, param: RequestParam) -> str:
        data, _, _ = self._device.read(param).partition(b"\0")
        try:
            name = data.decode()
        except UnicodeDecodeError:
            raise ResultError(Result.BAD_PARAMETERS) from None
        # A slash at the start of a name of OP-TEE has no meaning.
        return "/".join(part for part in name.split("/") if part)
