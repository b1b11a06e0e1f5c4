# SPDX-License-Identifier: BSD-2-Clause
"""Applications that differ only in what their sessions share."""

from __future__ import annotations

from enum import IntEnum
from uuid import UUID

import pytee_client as tee
from pytee_client import fake


class SimsCommand(IntEnum):
    READ = 1
    WRITE = 2
    COUNTER = 3
    PANIC = 4


class _Sims(fake.TrustedApplication):
    SLOTS = 9

    def create(self) -> None:
        self.slots: dict[int, bytes] = {}
        self.opened = 0

    def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        session.data = self.opened
        self.opened += 1

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        if command_id == SimsCommand.READ:
            parameters.expect(fake.ParamType.VALUE_INPUT, fake.ParamType.MEMREF_OUTPUT)
            self._read(self._slot(parameters), parameters.memref(1))
        elif command_id == SimsCommand.WRITE:
            parameters.expect(fake.ParamType.VALUE_INPUT, fake.ParamType.MEMREF_INPUT)
            self.slots[self._slot(parameters)] = parameters.memref(1).content()
        elif command_id == SimsCommand.COUNTER:
            parameters.expect(fake.ParamType.VALUE_OUTPUT)
            parameters.value(0).a = session.data
        elif command_id == SimsCommand.PANIC:
            parameters.expect(fake.ParamType.MEMREF_INPUT)
            if parameters.memref(0).buffer is not None:
                raise fake.ResultError(tee.Result.BAD_PARAMETERS)
            session.panic(0)
        else:
            raise fake.ResultError(tee.Result.BAD_PARAMETERS)

    def _slot(self, parameters: fake.Parameters) -> int:
        slot = parameters.value(0).a
        if slot >= self.SLOTS:
            raise fake.ResultError(tee.Result.BAD_PARAMETERS)
        return slot

    def _read(self, slot: int, output: fake.MemrefParameter) -> None:
        data = self.slots[slot]
        if output.size < len(data):
            raise fake.ResultError(tee.Result.OVERFLOW)
        if output.buffer is not None:
            output.buffer[: len(data)] = data


class Sims(_Sims):
    uuid = UUID("e6a33ed4-562b-463a-bb7e-ff5e15a493c8")
    single_instance = True
    multi_session = True


class SimsKeepAlive(_Sims):
    uuid = UUID("a4c04d50-f180-11e8-8eb2-f2801f1b9fd1")
    single_instance = True
    multi_session = True
    keep_alive = True


class Miss(_Sims):
    uuid = UUID("528938ce-fc59-11e8-8eb2-f2801f1b9fd1")
