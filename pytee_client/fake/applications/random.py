# SPDX-License-Identifier: BSD-2-Clause
"""The example application random of OP-TEE, as of OP-TEE 4.5 and 4.10: random numbers."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.results import PanicError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication


class Random(TrustedApplication):
    """Fill a buffer with random bytes (command 0). A buffer of no bytes is a panic."""

    uuid: ClassVar[UUID] = UUID("b6c53aba-9669-4668-a7f2-205629d00f86")

    unknown_command: ClassVar[int] = Result.BAD_PARAMETERS

    class Command(IntEnum):
        """Its commands."""

        GENERATE = 0

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Accept any client. There are no parameters."""
        parameters.expect()

    @command(Command.GENERATE)
    def generate(self, session: ClientSession, parameters: Parameters) -> None:
        """Fill the output in slot 0."""
        parameters.expect(ParamType.MEMREF_OUTPUT)
        output = parameters.memref(0)
        if output.buffer is None or not output.size:
            raise PanicError(Result.BAD_PARAMETERS)
        output.buffer[:] = self.core.generate_random(output.size)
