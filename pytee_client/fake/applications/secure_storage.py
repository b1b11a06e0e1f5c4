# SPDX-License-Identifier: BSD-2-Clause
"""The example application secure_storage of OP-TEE, as of OP-TEE 4.5 and 4.10: raw data by name."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar
from uuid import UUID

from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.session import ClientSession
from ..secure_world.storage.persistent_object import DataFlag
from ..secure_world.trusted_application import TrustedApplication

_REPLACE = (
    DataFlag.ACCESS_READ | DataFlag.ACCESS_WRITE | DataFlag.ACCESS_WRITE_META | DataFlag.OVERWRITE
)


class SecureStorage(TrustedApplication):
    """Store data under names of up to 64 bytes, for all clients.

    READ_RAW takes a name and fills an output. It is ITEM_NOT_FOUND without such data, and
    SHORT_BUFFER with the needed size if the output is too small. WRITE_RAW takes a name and
    data, and replaces older data. DELETE takes a name. A second session at a time is BUSY. A
    longer name is a panic.
    """

    uuid: ClassVar[UUID] = UUID("f4e750bb-1437-4fbf-8785-8d3580c34994")
    single_instance = True

    class Command(IntEnum):
        """Its commands."""

        READ_RAW = 0
        WRITE_RAW = 1
        DELETE = 2

    @command(Command.READ_RAW)
    def read_raw(self, session: ClientSession, parameters: Parameters) -> None:
        """Return data by its name."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
        flags = DataFlag.ACCESS_READ | DataFlag.SHARE_READ
        name = parameters.memref(0).content()
        with self.core.open_persistent_object(name, flags) as stored:
            parameters.memref(1).put(stored.read(stored.get_info().data_size))

    @command(Command.WRITE_RAW)
    def write_raw(self, session: ClientSession, parameters: Parameters) -> None:
        """Store data under a name."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_INPUT)
        name, data = parameters.memref(0).content(), parameters.memref(1).content()
        self.core.create_persistent_object(name, _REPLACE, data).close()

    @command(Command.DELETE)
    def delete(self, session: ClientSession, parameters: Parameters) -> None:
        """Delete data by its name."""
        parameters.expect(ParamType.MEMREF_INPUT)
        name = parameters.memref(0).content()
        flags = DataFlag.ACCESS_READ | DataFlag.ACCESS_WRITE_META
        self.core.open_persistent_object(name, flags).close_and_delete()
