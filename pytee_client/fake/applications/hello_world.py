# SPDX-License-Identifier: BSD-2-Clause
"""The example application hello_world of OP-TEE."""

from __future__ import annotations

from typing import ClassVar, Final
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import Parameters, ValueParameter
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

_UINT32: Final = 0xFFFFFFFF


class HelloWorld(TrustedApplication):
    """Increment a value (command 0), or decrement it (command 1)."""

    uuid: ClassVar[UUID] = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Change the value in slot 0."""
        value, *others = parameters
        if (
            not isinstance(value, ValueParameter)
            or value.type is not ParamType.VALUE_INOUT
            or any(others)
            or command_id not in (0, 1)
        ):
            raise ResultError(Result.BAD_PARAMETERS)
        value.a = (value.a + (1 if command_id == 0 else -1)) & _UINT32
