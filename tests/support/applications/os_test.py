# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's test application for the TEE itself, as far as there is a TEE here."""

from __future__ import annotations

import hashlib
from enum import IntEnum
from uuid import UUID

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.secure_world import DataFlag, TaToTaError, Time
from pytee_client.kernels.uapi import ParamType

from .crypt import Crypt, CryptCommand

IN, OUT, INOUT = ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT, ParamType.MEMREF_INOUT


class OsTestCommand(IntEnum):
    INIT = 0
    CLIENT_WITH_TIMEOUT = 1
    BASIC = 5
    PANIC = 6
    CLIENT = 7
    WAIT = 9
    BAD_MEMORY_ACCESS = 10
    MEMREF_MIX = 12
    PARAMS = 13
    CALL_LIBRARY = 14
    CALL_LIBRARY_PANIC = 15
    CALL_LOADED_LIBRARY = 16
    CALL_LOADED_LIBRARY_PANIC = 17
    GET_GLOBAL = 18
    NULL_MEMREFS = 19
    CLIENT_IDENTITY = 20
    EMPTY_MEMREFS = 37


class OsTest(fake.TrustedApplication):
    uuid = UUID("5b9e0e40-2636-11e1-ad9e-0002a5d5c51b")

    def create(self) -> None:
        self.value = 21

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        match command_id:
            case OsTestCommand.CLIENT_WITH_TIMEOUT:
                self._wait_with_time_limit(parameters.value(0).a)
            case OsTestCommand.BASIC:
                self._use_the_core()
            case OsTestCommand.CLIENT:
                self._be_a_client()
            case OsTestCommand.PANIC:
                session.panic(0)
            case OsTestCommand.WAIT:
                parameters.expect(ParamType.VALUE_INPUT)
                session.unmask_cancellation()
                session.wait(parameters.value(0).a)
            case OsTestCommand.BAD_MEMORY_ACCESS:
                if 1 <= parameters.value(0).a <= 7:
                    raise MemoryError("an address that is not the application's")
            case OsTestCommand.MEMREF_MIX:
                _mix(parameters)
            case OsTestCommand.PARAMS:
                parameters.expect(IN, IN, OUT, OUT)
            case OsTestCommand.CALL_LIBRARY:
                parameters.expect()
            case OsTestCommand.CALL_LIBRARY_PANIC | OsTestCommand.CALL_LOADED_LIBRARY_PANIC:
                session.panic(0)
            case OsTestCommand.CALL_LOADED_LIBRARY:
                parameters.expect()
                self.value = 213
            case OsTestCommand.GET_GLOBAL:
                parameters.expect(ParamType.VALUE_OUTPUT)
                parameters.value(0).a = self.value
            case OsTestCommand.NULL_MEMREFS:
                parameters.expect(IN, IN, OUT, OUT)
                _expect_empty(parameters, null=[False, True, False, True])
            case OsTestCommand.EMPTY_MEMREFS:
                parameters.expect(IN, INOUT, OUT)
                _expect_empty(parameters, null=[False] * 3)
            case OsTestCommand.CLIENT_IDENTITY:
                parameters.expect(ParamType.VALUE_OUTPUT, OUT)
                parameters.memref(1).put(session.identity.uuid.bytes_le)
                parameters.value(0).a = session.identity.login
            case _:
                raise fake.ResultError(tee.Result.BAD_PARAMETERS)

    def _wait_with_time_limit(self, milliseconds: int) -> None:
        with self.core.open_ta_session(self.uuid) as other:
            try:
                limit = milliseconds // 2
                other.invoke_command(OsTestCommand.WAIT, (milliseconds, 0), timeout=limit)
            except TaToTaError as error:
                if error.code == tee.Result.CANCEL:
                    return
                raise
        raise fake.ResultError(tee.Result.GENERIC)

    def _use_the_core(self) -> None:
        assert self.core.propset_current_ta.get_as("gpd.ta.appID", UUID) == self.uuid
        assert len(self.core.generate_random(20)) == 20
        flags = DataFlag.ACCESS_READ | DataFlag.ACCESS_WRITE_META
        stored = self.core.create_persistent_object(b"os_test", flags, b"data")
        assert stored.read(10) == b"data"
        stored.close_and_delete()
        self.core.set_ta_persistent_time(Time(100))
        assert self.core.get_ta_persistent_time() >= Time(100)

    def _be_a_client(self) -> None:
        digest = bytearray(32)
        output = fake.MemrefParameter(OUT, memoryview(digest), len(digest))
        with self.core.open_ta_session(Crypt.uuid) as crypt:
            crypt.invoke_command(CryptCommand.SHA256, b"abc", output)
        assert digest == hashlib.sha256(b"abc").digest()


def _mix(parameters: fake.Parameters) -> None:
    parameters.expect(IN, INOUT, OUT)
    source, changed, total = (parameters.memref(slot) for slot in range(3))
    if not source.size == changed.size == total.size:
        raise fake.ResultError(tee.Result.BAD_PARAMETERS)
    if changed.buffer is None or total.buffer is None:
        return
    incremented = [(byte + 1) % 256 for byte in changed.buffer]
    sums = zip(incremented, parameters.memref(0).content(), strict=True)
    changed.buffer[:] = bytes(incremented)
    total.buffer[:] = bytes((a + b) % 256 for a, b in sums)


def _expect_empty(parameters: fake.Parameters, null: list[bool]) -> None:
    memrefs = [parameters.memref(slot) for slot in range(len(null))]
    if any(each.size for each in memrefs) or null != [each.buffer is None for each in memrefs]:
        raise fake.ResultError(tee.Result.BAD_PARAMETERS)
