# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's test applications for persistent objects, as far as they use data."""

from __future__ import annotations

import itertools
from enum import IntEnum
from typing import TYPE_CHECKING
from uuid import UUID

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.secure_world import DataFlag, ObjectInfo, PersistentObject, Whence
from pytee_client.kernels.uapi import ParamType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MAX_OBJECT_ID = 64
_IN, _OUT = ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT
_VALUE, _SET, _BOTH = ParamType.VALUE_INPUT, ParamType.VALUE_OUTPUT, ParamType.VALUE_INOUT


class StorageCommand(IntEnum):
    OPEN = 0
    CLOSE = 1
    READ = 2
    WRITE = 3
    CREATE = 4
    SEEK = 5
    UNLINK = 6
    RENAME = 7
    TRUNCATE = 8
    ALLOCATE_ENUMERATOR = 9
    FREE_ENUMERATOR = 10
    START_ENUMERATOR = 12
    NEXT_OF_ENUMERATOR = 13
    CREATE_OVERWRITE = 14


def _signed(number: int) -> int:
    return number - (1 << 32) if number >> 31 else number


class Storage(fake.TrustedApplication):
    uuid = UUID("b689f2a7-8adf-477a-9f99-32e90c0ad0a2")

    def create(self) -> None:
        self.handles = itertools.count(1)
        self.objects: dict[int, PersistentObject] = {}
        self.enumerators: dict[int, Iterator[tuple[bytes, ObjectInfo]]] = {}

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        run = self._COMMANDS.get(command_id)
        if run is None:
            raise fake.ResultError(tee.Result.BAD_PARAMETERS)
        run(self, parameters)

    def _add(self, opened: PersistentObject) -> int:
        handle = next(self.handles)
        self.objects[handle] = opened
        return handle

    def _open(self, parameters: fake.Parameters) -> None:
        parameters.expect(_IN, _BOTH, _VALUE)
        flags = parameters.value(1)
        opened = self.core.open_persistent_object(
            parameters.memref(0).content(),
            DataFlag(flags.a),
            storage_id=parameters.value(2).a,
        )
        flags.b = self._add(opened)

    def _create(self, parameters: fake.Parameters) -> None:
        parameters.expect(_IN, _BOTH, _VALUE, _IN)
        flags = parameters.value(1)
        created = self.core.create_persistent_object(
            parameters.memref(0).content(),
            DataFlag(flags.a),
            parameters.memref(3).content(),
            storage_id=parameters.value(2).b,
        )
        flags.b = self._add(created)

    def _create_overwrite(self, parameters: fake.Parameters) -> None:
        parameters.expect(_IN, _VALUE)
        self.core.create_persistent_object(
            parameters.memref(0).content(),
            DataFlag.OVERWRITE,
            storage_id=parameters.value(1).a,
        ).close()

    def _close(self, parameters: fake.Parameters) -> None:
        parameters.expect(_VALUE)
        self.objects.pop(parameters.value(0).a).close()

    def _unlink(self, parameters: fake.Parameters) -> None:
        parameters.expect(_VALUE)
        self.objects.pop(parameters.value(0).a).close_and_delete()

    def _read(self, parameters: fake.Parameters) -> None:
        parameters.expect(_OUT, _BOTH)
        output, count = parameters.memref(0), parameters.value(1)
        data = self.objects[count.a].read(output.size)
        if output.buffer is not None:
            output.buffer[:] = data.ljust(output.size, b"\0")
        count.b = len(data)

    def _write(self, parameters: fake.Parameters) -> None:
        parameters.expect(_IN, _VALUE)
        self.objects[parameters.value(1).a].write(parameters.memref(0).content())

    def _seek(self, parameters: fake.Parameters) -> None:
        parameters.expect(_VALUE, _BOTH)
        wish, whence = parameters.value(0), parameters.value(1)
        whence.b = self.objects[wish.a].seek(_signed(wish.b), Whence(whence.a))

    def _rename(self, parameters: fake.Parameters) -> None:
        parameters.expect(_VALUE, _IN)
        self.objects[parameters.value(0).a].rename(parameters.memref(1).content())

    def _truncate(self, parameters: fake.Parameters) -> None:
        parameters.expect(_VALUE)
        wish = parameters.value(0)
        self.objects[wish.a].truncate(wish.b)

    def _allocate_enumerator(self, parameters: fake.Parameters) -> None:
        parameters.expect(_SET)
        parameters.value(0).a = handle = next(self.handles)
        self.enumerators[handle] = iter(())

    def _free_enumerator(self, parameters: fake.Parameters) -> None:
        parameters.expect(_VALUE)
        del self.enumerators[parameters.value(0).a]

    def _start_enumerator(self, parameters: fake.Parameters) -> None:
        parameters.expect(_VALUE)
        wish = parameters.value(0)
        found = list(self.core.persistent_objects(storage_id=wish.b))
        if not found:
            raise fake.ResultError(tee.Result.ITEM_NOT_FOUND)
        self.enumerators[wish.a] = iter(found)

    def _next_of_enumerator(self, parameters: fake.Parameters) -> None:
        parameters.expect(_VALUE, ParamType.NONE, _OUT)
        if parameters.memref(2).size < _MAX_OBJECT_ID:
            raise fake.ResultError(tee.Result.SHORT_BUFFER)
        found = next(self.enumerators[parameters.value(0).a], None)
        if found is None:
            raise fake.ResultError(tee.Result.ITEM_NOT_FOUND)
        parameters.memref(2).put(found[0])

    _COMMANDS: dict[int, Callable[[Storage, fake.Parameters], None]] = {  # noqa: RUF012
        StorageCommand.OPEN: _open,
        StorageCommand.CLOSE: _close,
        StorageCommand.READ: _read,
        StorageCommand.WRITE: _write,
        StorageCommand.CREATE: _create,
        StorageCommand.SEEK: _seek,
        StorageCommand.UNLINK: _unlink,
        StorageCommand.RENAME: _rename,
        StorageCommand.TRUNCATE: _truncate,
        StorageCommand.ALLOCATE_ENUMERATOR: _allocate_enumerator,
        StorageCommand.FREE_ENUMERATOR: _free_enumerator,
        StorageCommand.START_ENUMERATOR: _start_enumerator,
        StorageCommand.NEXT_OF_ENUMERATOR: _next_of_enumerator,
        StorageCommand.CREATE_OVERWRITE: _create_overwrite,
    }


class Storage2(Storage):
    uuid = UUID("731e279e-aafb-4575-a771-38caa6f0cca6")
