# SPDX-License-Identifier: BSD-2-Clause
"""The twin of tests/ta/exclusive."""

from __future__ import annotations

from uuid import UUID

import pytee_client as tee
from pytee_client import fake


class Exclusive(fake.TrustedApplication):
    """One instance for one session at a time; it counts its commands, or waits."""

    uuid = UUID("4b0d2c1e-7a35-4d6e-9f12-3c8e5a7b9d04")
    single_instance = True

    def create(self) -> None:
        self.count = 0

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        value = parameters[0]
        if not isinstance(value, fake.ValueParameter):
            raise fake.ResultError(tee.Result.BAD_PARAMETERS)
        if value.type is fake.ParamType.VALUE_INPUT:
            session.wait(value.a)
            return
        if value.type is not fake.ParamType.VALUE_OUTPUT:
            raise fake.ResultError(tee.Result.BAD_PARAMETERS)
        self.count += 1
        value.a, value.b = self.count, 0
