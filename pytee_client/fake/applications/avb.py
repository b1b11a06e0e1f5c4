# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's application for Android Verified Boot (AVB)."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import ClassVar, Final
from uuid import UUID

from ..._optee_applications.avb import MAX_NAME_SIZE, NAME_PREFIX
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.storage.persistent_object import DataFlag, PersistentObject
from ..secure_world.trusted_application import TrustedApplication

__all__ = ["Avb"]

_SLOTS: Final = 256
_STATE: Final = b"rb_state\0"
_LOCK: Final = struct.Struct("<I")
_INDEX: Final = struct.Struct("<Q")
_READ_WRITE: Final = DataFlag.ACCESS_READ | DataFlag.ACCESS_WRITE


class Avb(TrustedApplication):
    """Keep rollback indexes, the state of the lock and values by name, for a boot loader.

    READ_ROLLBACK_INDEX takes a slot below 256 in a, and returns the index: its high half in a,
    its low half in b. WRITE_ROLLBACK_INDEX takes both; a lower index than the slot has is SECURITY.
    READ_LOCK_STATE and WRITE_LOCK_STATE have it in a; another state than before sets all indexes
    to 0. READ_PERSIST_VALUE takes a name of up to 52 bytes, and memory for both directions: what
    does not fit there is cut off. WRITE_PERSIST_VALUE takes a name and a value.

    It stores them in replay protected memory (RPMB) alone. Debian's OP-TEE has the application,
    but no such memory, so all but wrong parameters is ITEM_NOT_FOUND: set has_rpmb to False for
    that. A fake has it when it is installed: fake.Kernel(applications=[fake.applications.Avb]).

    By its source, OP-TEE's application writes another state while it has the old one open, which
    its storage would refuse. The fake does as its header file says.

    Attributes:
        has_rpmb: whether the TEE has replay protected memory.
    """

    uuid: ClassVar[UUID] = UUID("023f8f1a-292a-432b-8fc4-de8471358067")
    single_instance = True
    multi_session = True
    has_rpmb: ClassVar[bool] = True

    class Command(IntEnum):
        """Its commands."""

        READ_ROLLBACK_INDEX = 0
        WRITE_ROLLBACK_INDEX = 1
        READ_LOCK_STATE = 2
        WRITE_LOCK_STATE = 3
        READ_PERSIST_VALUE = 4
        WRITE_PERSIST_VALUE = 5

    @command(Command.READ_ROLLBACK_INDEX)
    def read_rollback_index(self, session: ClientSession, parameters: Parameters) -> None:
        """Return the index of a slot; 0 if none was written."""
        parameters.expect(ParamType.VALUE_INPUT, ParamType.VALUE_OUTPUT)
        place = _place(parameters.value(0).a)
        with self._open_state() as state:
            index = _index_at(state, place)
        answer = parameters.value(1)
        answer.a, answer.b = index >> 32, index & 0xFFFFFFFF

    @command(Command.WRITE_ROLLBACK_INDEX)
    def write_rollback_index(self, session: ClientSession, parameters: Parameters) -> None:
        """Set the index of a slot, unless it has a higher one."""
        parameters.expect(ParamType.VALUE_INPUT, ParamType.VALUE_INPUT)
        place = _place(parameters.value(0).a)
        given = parameters.value(1)
        index = given.a << 32 | given.b
        with self._open_state() as state:
            if index < _index_at(state, place):
                raise ResultError(Result.SECURITY)
            state.seek(place)
            state.write(_INDEX.pack(index))

    @command(Command.READ_LOCK_STATE)
    def read_lock_state(self, session: ClientSession, parameters: Parameters) -> None:
        """Return the state of the lock; 0 if none was written."""
        parameters.expect(ParamType.VALUE_OUTPUT)
        with self._open_state() as state:
            (parameters.value(0).a,) = _LOCK.unpack(state.read(_LOCK.size))

    @command(Command.WRITE_LOCK_STATE)
    def write_lock_state(self, session: ClientSession, parameters: Parameters) -> None:
        """Set the state of the lock, and all indexes to 0 if it was another."""
        parameters.expect(ParamType.VALUE_INPUT)
        wanted = parameters.value(0).a
        with self._open_state(wanted) as state:
            (lock,) = _LOCK.unpack(state.read(_LOCK.size))
        if lock != wanted:
            self._create(_STATE, _LOCK.pack(wanted)).close()

    @command(Command.READ_PERSIST_VALUE)
    def read_persistent_value(self, session: ClientSession, parameters: Parameters) -> None:
        """Return as much of a value as fits."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_INOUT)
        name = _name(parameters.memref(0).content())
        output = parameters.memref(1)
        self._check_storage()
        with self.core.open_persistent_object(name, _READ_WRITE) as stored:
            output.put(stored.read(output.size))

    @command(Command.WRITE_PERSIST_VALUE)
    def write_persistent_value(self, session: ClientSession, parameters: Parameters) -> None:
        """Set a value."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_INPUT)
        name = _name(parameters.memref(0).content())
        self._create(name, parameters.memref(1).content()).close()

    def _check_storage(self) -> None:
        if not self.has_rpmb:
            raise ResultError(Result.ITEM_NOT_FOUND)

    def _create(self, name: bytes, content: bytes) -> PersistentObject:
        self._check_storage()
        flags = _READ_WRITE | DataFlag.OVERWRITE
        return self.core.create_persistent_object(name, flags, content)

    def _open_state(self, default_lock: int = 0) -> PersistentObject:
        self._check_storage()
        try:
            return self.core.open_persistent_object(_STATE, _READ_WRITE)
        except ResultError as error:
            if error.code != Result.ITEM_NOT_FOUND:
                raise
        self._create(_STATE, _LOCK.pack(default_lock)).close()
        return self.core.open_persistent_object(_STATE, _READ_WRITE)


def _place(slot: int) -> int:
    if slot >= _SLOTS:
        raise ResultError(Result.BAD_PARAMETERS)
    return _LOCK.size + slot * _INDEX.size


def _index_at(state: PersistentObject, place: int) -> int:
    state.seek(place)
    content = state.read(_INDEX.size)
    # What was never written, or not to its end.
    if len(content) < _INDEX.size:
        return 0
    (index,) = _INDEX.unpack(content)
    return int(index)


def _name(given: bytes) -> bytes:
    if len(given) > MAX_NAME_SIZE:
        raise ResultError(Result.BAD_PARAMETERS)
    return NAME_PREFIX + given
