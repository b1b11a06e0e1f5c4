# SPDX-License-Identifier: BSD-2-Clause
"""Applications that count, in memory of the client's, how many of them run at once."""

from __future__ import annotations

import hashlib
from enum import IntEnum
from uuid import UUID

import pytee_client as tee
from pytee_client import fake

_RUNNING = (fake.ParamType.MEMREF_INOUT, fake.ParamType.VALUE_INOUT)
_WITH_DIGEST = (*_RUNNING, fake.ParamType.MEMREF_INPUT, fake.ParamType.MEMREF_OUTPUT)


class ConcurrentCommand(IntEnum):
    BUSY_LOOP = 0
    SHA256 = 1


class Concurrent(fake.TrustedApplication):
    uuid = UUID("e13010e0-2ae1-11e5-896a-0002a5d5c51b")

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        if command_id == ConcurrentCommand.BUSY_LOOP:
            parameters.expect(*_RUNNING)
        elif command_id == ConcurrentCommand.SHA256:
            parameters.expect(*_WITH_DIGEST)
        else:
            raise fake.ResultError(tee.Result.BAD_PARAMETERS)
        counter = parameters.memref(0).buffer
        if counter is None or len(counter) != 4:
            raise fake.ResultError(tee.Result.BAD_PARAMETERS)
        # The fake gives every command a copy of the counter, so this one sees itself alone.
        running = parameters.value(1)
        running.b = int.from_bytes(counter, "little") + 1
        if command_id == ConcurrentCommand.SHA256:
            parameters.memref(3).put(hashlib.sha256(parameters.memref(2).content()).digest())


class ConcurrentLarge(Concurrent):
    uuid = UUID("5ce0c432-0ab0-40e5-a056-782ca0e6aba2")
