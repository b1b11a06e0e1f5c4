# SPDX-License-Identifier: BSD-2-Clause
"""The pseudo Trusted Applications that are part of every OP-TEE, as of 4.5."""

from __future__ import annotations

import threading
import time
from enum import IntEnum
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from ..._conditions import Condition
from ..._process import renewed
from ...enums import Result
from ...kernels.uapi import ParamType
from ..devices.enumeration import DEVICE_ENUMERATION, EnumerationCommand
from ..secure_world.parameters import MemrefParameter, Parameters, ValueParameter
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication
from .installation import Installation
from .statistics import Statistics
from .system import Socket, System

__all__ = [
    "PSEUDO_APPLICATIONS",
    "DeviceEnumeration",
    "Installation",
    "InvokeTests",
    "Socket",
    "Statistics",
    "System",
]

_UINT32: Final = 0xFFFFFFFF


class InvokeTests(TrustedApplication):
    """Add up parameters, to test how they are passed."""

    uuid: ClassVar[UUID] = UUID("d96a5b40-c3e5-21e3-8794-1002a5d5c61b")
    pseudo = True
    device_enum = True

    class Command(IntEnum):
        """Its commands."""

        TRACE = 0
        PARAMS = 1
        SELF_TESTS = 2
        HASH_TREE_TESTS = 6
        MUTEX = 7
        LOCK_ORDER_TESTS = 8
        MEMREF_NULL = 10
        DEVICE_TREE_TESTS = 11

    # Tests of the core of OP-TEE, which the fake lacks, so they always pass.
    _DONE_BY_DOING_NOTHING: Final = (
        Command.TRACE,
        Command.SELF_TESTS,
        Command.DEVICE_TREE_TESTS,
    )
    _idle: ClassVar[threading.Condition] = renewed(Condition())
    _callers: ClassVar[int] = 0
    _readers: ClassVar[int] = 0
    _writers: ClassVar[int] = 0

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run one of the commands."""
        if command_id == self.Command.PARAMS:
            _sum(parameters)
        elif command_id == self.Command.MUTEX:
            parameters.expect(ParamType.VALUE_INPUT, ParamType.VALUE_OUTPUT)
            wish = parameters.value(0)
            if wish.a > 1:
                raise ResultError(Result.BAD_PARAMETERS)
            self._hold_mutex(wish, parameters.value(1))
        elif command_id == self.Command.HASH_TREE_TESTS:
            parameters.expect()
        elif command_id == self.Command.LOCK_ORDER_TESTS:
            raise ResultError(Result.NOT_SUPPORTED)
        elif command_id == self.Command.MEMREF_NULL:
            parameters.expect(ParamType.MEMREF_INOUT)
            if parameters.memref(0).buffer is not None:
                raise ResultError(Result.BAD_PARAMETERS)
        elif command_id not in self._DONE_BY_DOING_NOTHING:
            raise ResultError(Result.BAD_PARAMETERS)

    @classmethod
    def _hold_mutex(cls, wish: ValueParameter, seen: ValueParameter) -> None:
        """Take a mutex, and report how many calls wanted it, and how many hold it."""
        with cls._idle:
            cls._callers += 1
            seen.a = cls._callers
            if wish.a:
                cls._idle.wait_for(lambda: not cls._writers)
                cls._readers += 1
            else:
                cls._idle.wait_for(lambda: not cls._writers and not cls._readers)
                cls._writers += 1
            seen.b = cls._readers + cls._writers
        try:
            for _ in range(wish.b):
                time.sleep(0)
        finally:
            with cls._idle:
                cls._callers -= 1
                if wish.a:
                    cls._readers -= 1
                else:
                    cls._writers -= 1
                cls._idle.notify_all()


def _sum(parameters: Parameters) -> None:
    """Write the sum of the inputs to the only output."""
    outputs = [p for p in parameters if p is not None and p.type.is_output]
    if len(outputs) != 1:
        raise ResultError(Result.BAD_PARAMETERS)
    (output,) = outputs
    if isinstance(output, MemrefParameter):
        if output.type is not ParamType.MEMREF_INOUT or any(
            p is not None and p is not output for p in parameters
        ):
            raise ResultError(Result.BAD_PARAMETERS)
        # As in OP-TEE nothing checks for an empty memref, which crashes a real TEE.
        assert output.buffer is not None
        output.buffer[0] = sum(output.buffer) & 0xFF
        return
    inputs = [p for p in parameters if isinstance(p, ValueParameter) and p.type.is_input]
    expected = 1 if output.type is ParamType.VALUE_INOUT else 3
    if len(inputs) != expected:
        raise ResultError(Result.BAD_PARAMETERS)
    if expected == 1:
        output.a = (output.a + output.b) & _UINT32
    else:
        output.a = sum(p.a for p in inputs) & _UINT32
        output.b = sum(p.b for p in inputs) & _UINT32


class DeviceEnumeration(TrustedApplication):
    """List the applications that a kernel can use as devices."""

    uuid: ClassVar[UUID] = DEVICE_ENUMERATION
    pseudo = True

    Command: TypeAlias = EnumerationCommand

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Return the UUIDs of a list, big-endian as in RFC 9562."""
        if command_id not in list(self.Command):
            raise ResultError(Result.NOT_IMPLEMENTED)
        parameters.expect(ParamType.MEMREF_OUTPUT)
        devices = [
            application.uuid.bytes
            for application in self.core.world.applications()
            if self._is_listed(application, command_id)
        ]
        parameters.memref(0).put(b"".join(devices))

    def _is_listed(self, application: type[TrustedApplication], command_id: int) -> bool:
        if command_id == self.Command.DEVICES:
            return application.device_enum
        # The fake stores data through the supplicant, so no device waits for RPMB.
        return command_id == self.Command.DEVICES_WITH_SUPPLICANT and (
            application.device_enum_supp or application.device_enum_tee_storage_private
        )


PSEUDO_APPLICATIONS: Final[tuple[type[TrustedApplication], ...]] = (
    InvokeTests,
    DeviceEnumeration,
    Statistics,
    System,
    Socket,
    Installation,
)
"""Those of OP-TEE 4.5; see pseudo_applications_of() for others."""
