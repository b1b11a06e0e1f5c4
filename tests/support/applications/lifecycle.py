# SPDX-License-Identifier: BSD-2-Clause
"""Applications that say one thing, whatever they are asked."""

from __future__ import annotations

from uuid import UUID

import pytee_client as tee
from pytee_client import fake


class CreateFail(fake.TrustedApplication):
    uuid = UUID("c3f6e2c0-3548-11e1-b86c-0800200c9a66")

    def create(self) -> None:
        raise fake.ResultError(tee.Result.GENERIC)


class Large(fake.TrustedApplication):
    uuid = UUID("25497083-a58a-4fc5-8a72-1ad7b69b8562")

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        raise fake.ResultError(tee.Result.GENERIC)


class _SubKey(fake.TrustedApplication):
    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        pass


class SubKey1(_SubKey):
    uuid = UUID("5c206987-16a3-59cc-ab0f-64b9cfc9e758")


class SubKey2(_SubKey):
    uuid = UUID("a720ccbb-51da-417d-b82e-e5445d474a7a")
