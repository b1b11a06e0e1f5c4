# SPDX-License-Identifier: BSD-2-Clause
"""What of OP-TEE's cryptographic test application needs no secret."""

from __future__ import annotations

import hashlib
import os
from enum import IntEnum
from typing import TYPE_CHECKING
from uuid import UUID

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications.pseudo_applications import System

if TYPE_CHECKING:
    from pytee_client.fake.secure_world.ta_session import Argument


class CryptCommand(IntEnum):
    SHA256 = 2
    AES256_ECB_ENCRYPT = 3
    AES256_ECB_DECRYPT = 4
    ALLOCATE_OPERATION = 5
    DIGEST_DO_FINAL = 13
    RANDOM = 32
    SET_GLOBAL = 40
    GET_GLOBAL = 41
    SEED_RNG_POOL = 45
    DERIVE_UNIQUE_KEY = 77
    DERIVE_UNIQUE_KEY_IN_SHARED_MEMORY = 78


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
        elif command_id == CryptCommand.SEED_RNG_POOL:
            parameters.expect(fake.ParamType.MEMREF_INPUT)
            self.ask_the_system(System.Command.ADD_RNG_ENTROPY, parameters[0])
        elif command_id == CryptCommand.DERIVE_UNIQUE_KEY:
            parameters.expect()
            self.derive_keys()
        elif command_id == CryptCommand.DERIVE_UNIQUE_KEY_IN_SHARED_MEMORY:
            parameters.expect(fake.ParamType.MEMREF_INPUT, fake.ParamType.MEMREF_OUTPUT)
            self.ask_the_system(System.Command.DERIVE_TA_UNIQUE_KEY, *parameters[:2])
        else:
            raise fake.ResultError(tee.Result.BAD_PARAMETERS)

    def ask_the_system(self, command: System.Command, *parameters: Argument) -> None:
        with self.core.open_ta_session(System.uuid) as session:
            session.invoke_command(command, *parameters)

    def derive_keys(self) -> None:
        """Keys are the same each time, and others for other data."""
        keys = []
        for data in (b"", b"", b"data"):
            key = bytearray(32)
            room = fake.MemrefParameter(fake.ParamType.MEMREF_OUTPUT, key)
            self.ask_the_system(System.Command.DERIVE_TA_UNIQUE_KEY, data, room)
            keys.append(bytes(key))
        if keys[0] != keys[1] or keys[0] == keys[2]:
            raise fake.ResultError(tee.Result.GENERIC)
