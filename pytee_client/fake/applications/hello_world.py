# SPDX-License-Identifier: BSD-2-Clause
"""The example application hello_world of OP-TEE, as of OP-TEE 4.5 and 4.10."""

from __future__ import annotations

from typing import ClassVar, Final
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

_UINT32: Final = 0xFFFFFFFF


class HelloWorld(TrustedApplication):
    """Increment a value (command 0), or decrement it (command 1)."""

    uuid: ClassVar[UUID] = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")

    unknown_command: ClassVar[int] = Result.BAD_PARAMETERS

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Accept any client. There are no parameters."""
        parameters.expect()

    @command(0)
    def increment(self, session: ClientSession, parameters: Parameters) -> None:
        """Increment the value in slot 0."""
        _add(parameters, 1)

    @command(1)
    def decrement(self, session: ClientSession, parameters: Parameters) -> None:
        """Decrement the value in slot 0."""
        _add(parameters, -1)


def _add(parameters: Parameters, number: int) -> None:
    parameters.expect(ParamType.VALUE_INOUT)
    value = parameters.value(0)
    value.a = (value.a + number) & _UINT32
