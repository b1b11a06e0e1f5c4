# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's pseudo applications for a secure element: SCP03 and APDU."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Final, TypeAlias
from uuid import UUID

from ..._optee_applications import secure_element as agreed
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

__all__ = ["Apdu", "Scp03"]

# What a smart card says of an instruction that it lacks (ISO/IEC 7816-4).
_NO_SUCH_INSTRUCTION: Final = b"\x6d\x00"


class Scp03(TrustedApplication):
    """Encrypt what is sent to a secure element (Secure Channel Protocol 03).

    ENABLE takes a value: 1 in a replaces the keys first, anything else does not. Other parameters
    are BAD_PARAMETERS, whatever the command.

    OP-TEE has it only where it has a driver for such an element. A fake has it when it is
    installed: fake.Kernel(applications=[fake.applications.Scp03]).
    """

    uuid: ClassVar[UUID] = UUID("be0e5821-e718-4f77-ab3e-8e6c73a9c735")
    pseudo = True

    class Command(IntEnum):
        """Its commands."""

        ENABLE = 0

    Keys: TypeAlias = agreed.Scp03Keys

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run the command."""
        parameters.expect(ParamType.VALUE_INPUT)
        if command_id != self.Command.ENABLE:
            raise ResultError(Result.NOT_IMPLEMENTED)
        self.enable(parameters.value(0).a == self.Keys.ROTATE)

    def enable(self, rotate_keys: bool) -> None:
        """Enable the channel; override it for an element that refuses.

        Args:
            rotate_keys: whether the keys are replaced first.
        """


class Apdu(TrustedApplication):
    """Send commands to a secure element (application protocol data units, ISO/IEC 7816-4).

    TXRX_RAW_FRAME takes the case of the command (0 to 7) in a value, the header, the data and an
    output for the response. Other parameters are BAD_PARAMETERS, whatever the command.

    OP-TEE has it only where it has a driver for such an element. A fake has it when it is
    installed: fake.Kernel(applications=[fake.applications.Apdu]). Override respond() for an
    element that does something.
    """

    uuid: ClassVar[UUID] = UUID("3f3eb880-3639-11ec-9b9d-0f3fc9468f50")
    pseudo = True

    class Command(IntEnum):
        """Its commands."""

        TXRX_RAW_FRAME = 0

    Case: TypeAlias = agreed.ApduCase

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run the command."""
        given = ParamType.MEMREF_INPUT
        parameters.expect(ParamType.VALUE_INPUT, given, given, ParamType.MEMREF_OUTPUT)
        if command_id != self.Command.TXRX_RAW_FRAME:
            raise ResultError(Result.NOT_IMPLEMENTED)
        if parameters.value(0).a not in list(self.Case):
            raise ResultError(Result.BAD_PARAMETERS)
        case = self.Case(parameters.value(0).a)
        header, data = (parameters.memref(slot).content() for slot in (1, 2))
        parameters.memref(3).put(self.respond(case, header, data))

    def respond(self, case: Apdu.Case, header: bytes, data: bytes) -> bytes:
        """Return the response of the element: here it has no instructions.

        Args:
            case: what the command has.
            header: its header.
            data: its data.
        """
        return _NO_SUCH_INSTRUCTION
