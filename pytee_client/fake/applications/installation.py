# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's pseudo application that installs Trusted Applications in the secure storage."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.application_image import application_in
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

__all__ = ["Installation"]


class Installation(TrustedApplication):
    """Install a Trusted Application from its image (secstor_ta_mgmt).

    BOOTSTRAP takes an image; see secure_world.application_image(). One that this TEE does not
    trust is SECURITY.
    """

    uuid: ClassVar[UUID] = UUID("6e256cba-fc4d-4941-ad09-2ca1860342dd")
    pseudo = True

    class Command(IntEnum):
        """Its commands."""

        BOOTSTRAP = 0

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run the command."""
        if command_id != self.Command.BOOTSTRAP:
            raise ResultError(Result.NOT_IMPLEMENTED)
        parameters.expect(ParamType.MEMREF_INPUT)
        application = application_in(parameters.memref(0).content())
        self.core.world.install(application)
        self.core.world.notes.add("installed %s", application.uuid)
