# SPDX-License-Identifier: BSD-2-Clause
"""What of OP-TEE's cryptographic test application needs no secret."""

from __future__ import annotations

import hashlib
import os
from enum import IntEnum
from uuid import UUID

import pytee_client as tee
from pytee_client import fake


class CryptCommand(IntEnum):
    SHA256 = 2
    AES256_ECB_ENCRYPT = 3
    AES256_ECB_DECRYPT = 4
    ALLOCATE_OPERATION = 5
    DIGEST_DO_FINAL = 13
    RANDOM = 32
    SET_GLOBAL = 40
    GET_GLOBAL = 41


class Crypt(fake.TrustedApplication):
    uuid = UUID("cb3e5ba0-adf1-11e0-998b-0002a5d5c51b")

    def create(self) -> None:
        self.value = 0

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        if command_id == CryptCommand.SHA256:
            parameters.expect(fake.ParamType.MEMREF_INPUT, fake.ParamType.MEMREF_OUTPUT)
            # It leaves the size of a larger output alone, and asks for no larger one.
            digest = parameters.memref(1).buffer
            if digest is None or len(digest) < 32:
                raise fake.ResultError(tee.Result.BAD_PARAMETERS)
            digest[:32] = hashlib.sha256(parameters.memref(0).content()).digest()
        elif command_id == CryptCommand.RANDOM:
            parameters.expect(fake.ParamType.MEMREF_OUTPUT)
            output = parameters.memref(0)
            if not output.buffer:
                session.panic(0)
            output.buffer[:] = os.urandom(output.size)
        elif command_id == CryptCommand.SET_GLOBAL:
            parameters.expect(fake.ParamType.VALUE_INPUT)
            self.value = parameters.value(0).a
        elif command_id == CryptCommand.GET_GLOBAL:
            parameters.expect(fake.ParamType.VALUE_OUTPUT)
            parameters.value(0).a = self.value
        else:
            raise fake.ResultError(tee.Result.BAD_PARAMETERS)
