# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's test application that is a client of others."""

from __future__ import annotations

from enum import IntEnum
from uuid import UUID

import pytee_client as tee
from pytee_client import fake
from pytee_client.kernels.uapi import ParamType

from .crypt import Crypt, CryptCommand


class RpcTestCommand(IntEnum):
    SHA256 = 2
    SHA256_PRIVATE = 7


class RpcTest(fake.TrustedApplication):
    uuid = UUID("d17f73a0-36ef-11e1-984a-0002a5d5c51b")

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        if command_id not in tuple(RpcTestCommand):
            raise fake.ResultError(tee.Result.BAD_PARAMETERS)
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
        source, output = parameters.memref(0), parameters.memref(1)
        digest = bytearray(output.size)
        with self.core.open_ta_session(Crypt.uuid) as crypt:
            if command_id == RpcTestCommand.SHA256:
                crypt.invoke_command(CryptCommand.SHA256, source, output)
                return
            private = fake.MemrefParameter(output.type, memoryview(digest), len(digest))
            crypt.invoke_command(CryptCommand.SHA256, parameters.memref(0).content(), private)
        if output.buffer is not None:
            output.buffer[:] = digest
