# SPDX-License-Identifier: BSD-2-Clause
"""The example application secure_storage of OP-TEE: raw data by name."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.storage.persistent_object import DataFlag
from ..secure_world.trusted_application import TrustedApplication
from ._parameters import content, expect, put

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

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run one of the commands."""
        if command_id == self.Command.READ_RAW:
            expect(parameters, ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
            flags = DataFlag.ACCESS_READ | DataFlag.SHARE_READ
            with self.core.open_persistent_object(content(parameters, 0), flags) as stored:
                put(parameters, 1, stored.read(stored.get_info().data_size))
        elif command_id == self.Command.WRITE_RAW:
            expect(parameters, ParamType.MEMREF_INPUT, ParamType.MEMREF_INPUT)
            name, data = content(parameters, 0), content(parameters, 1)
            self.core.create_persistent_object(name, _REPLACE, data).close()
        elif command_id == self.Command.DELETE:
            expect(parameters, ParamType.MEMREF_INPUT)
            name = content(parameters, 0)
            flags = DataFlag.ACCESS_READ | DataFlag.ACCESS_WRITE_META
            self.core.open_persistent_object(name, flags).close_and_delete()
        else:
            raise ResultError(Result.NOT_SUPPORTED)
