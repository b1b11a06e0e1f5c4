# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's pseudo application for a hardware random number generator."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

__all__ = ["Rng"]


class Rng(TrustedApplication):
    """Give random bytes to a client, such as Linux's driver optee-rng.

    GET_ENTROPY fills a memory reference for both directions; an empty one is BAD_PARAMETERS.
    GET_RNG_INFO returns the rate and the quality in a value.

    OP-TEE has it only where it has a driver for such hardware, and so not for QEMU. A fake has it
    when it is installed: fake.Kernel(applications=[fake.applications.Rng]). It is a device of the
    TEE bus.

    Attributes:
        rate: how many bytes the hardware makes in a second; 0 if that is unknown.
        quality: how many of 1024 bits are random.
    """

    uuid: ClassVar[UUID] = UUID("ab7a617c-b8e7-4d8f-8301-d09b61036b64")
    pseudo = True
    device_enum = True
    rate: ClassVar[int] = 0
    quality: ClassVar[int] = 1024

    class Command(IntEnum):
        """Its commands."""

        GET_ENTROPY = 0
        GET_RNG_INFO = 1

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run one of the commands."""
        if command_id == self.Command.GET_ENTROPY:
            parameters.expect(ParamType.MEMREF_INOUT)
            output = parameters.memref(0)
            if output.buffer is None:
                raise ResultError(Result.BAD_PARAMETERS)
            output.buffer[:] = self.core.generate_random(len(output.buffer))
        elif command_id == self.Command.GET_RNG_INFO:
            parameters.expect(ParamType.VALUE_OUTPUT)
            answer = parameters.value(0)
            answer.a, answer.b = self.rate, self.quality
        else:
            raise ResultError(Result.NOT_IMPLEMENTED)
