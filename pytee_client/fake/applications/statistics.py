# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's pseudo application for statistics."""

from __future__ import annotations

import struct
import time
from enum import IntEnum
from typing import ClassVar
from uuid import UUID

from ..._optee_applications.statistics import Statistics as Agreed
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

__all__ = ["Statistics", "Statistics47"]


class Statistics(TrustedApplication, Agreed):
    """Report memory and time, as OP-TEE 4.5 does; the pools of memory of the fake are empty."""

    uuid: ClassVar[UUID] = UUID("d96a5b40-e2c7-b1af-8794-1002a5d5c61b")
    pseudo = True

    class Command(IntEnum):
        """Its commands."""

        PAGER = 0
        MEMORY = 1
        MEMORY_LEAKS = 2
        APPLICATIONS = 3
        TIME = 4
        DRIVERS = 5

    # Name, allocated bytes, maximum of these, size, number of failed allocations, size of the
    # largest one, and how much was allocated then.
    _POOL: ClassVar[struct.Struct] = struct.Struct("<32s24x")
    _POOLS: ClassVar[dict[int, bytes]] = {
        Agreed.Allocator.HEAP: b"Heap",
        Agreed.Allocator.PUBLIC_DDR: b"",
        Agreed.Allocator.TA_RAM: b"Physical TA memory",
        Agreed.Allocator.NEXUS_HEAP: b"",
        Agreed.Allocator.RPMB: b"",
    }

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run one of the commands."""
        if command_id == self.Command.PAGER:
            parameters.expect(*[ParamType.VALUE_OUTPUT] * 3)
        elif command_id == self.Command.MEMORY:
            self._memory(parameters)
        elif command_id == self.Command.MEMORY_LEAKS:
            parameters.expect()
        elif command_id == self.Command.APPLICATIONS:
            parameters.expect(ParamType.MEMREF_OUTPUT)
            raise ResultError(Result.NOT_SUPPORTED)
        elif command_id == self.Command.TIME:
            parameters.expect(*[ParamType.VALUE_OUTPUT] * 2)
            for slot, seconds in enumerate((time.time(), time.monotonic())):
                answer = parameters.value(slot)
                answer.a, answer.b = int(seconds), int(seconds * 1000) % 1000
        elif command_id == self.Command.DRIVERS:
            # It writes to the console of OP-TEE, which the fake lacks.
            parameters.expect(ParamType.VALUE_INPUT)
            if parameters.value(0).a not in list(Agreed.DriverType):
                raise ResultError(Result.BAD_PARAMETERS)
        else:
            raise ResultError(Result.BAD_PARAMETERS)

    def _memory(self, parameters: Parameters) -> None:
        parameters.expect(ParamType.VALUE_INPUT, ParamType.MEMREF_OUTPUT)
        pool = parameters.value(0).a
        if pool not in list(Agreed.Allocator):
            raise ResultError(Result.BAD_PARAMETERS)
        names = self._POOLS.values() if pool == Agreed.Allocator.ALL else [self._POOLS[pool]]
        parameters.memref(1).put(b"".join(map(self._POOL.pack, names)))


class Statistics47(Statistics):
    """Report memory and time, as OP-TEE 4.10 does.

    Each pool of memory has a name, also one that is not used, and one number more after it: the
    sum of the squares of the sizes of what is free. OP-TEE has it since 4.7.
    """

    _POOL = struct.Struct("<32s8x24x")
    _POOLS: ClassVar[dict[int, bytes]] = {
        Agreed.Allocator.HEAP: b"Heap",
        Agreed.Allocator.PUBLIC_DDR: b"Public DDR (deprecated)",
        Agreed.Allocator.TA_RAM: b"Physical TA memory",
        Agreed.Allocator.NEXUS_HEAP: b"KHeap (disabled)",
        Agreed.Allocator.RPMB: b"RPMB secure storage (no data)",
    }
