# SPDX-License-Identifier: BSD-2-Clause
"""An application with commands of all forms, and its declaration."""

from __future__ import annotations

from enum import IntEnum
from uuid import UUID

import pytee_client as tee
from pytee_client import fake, ta
from pytee_client.fake import ClientSession, Parameters
from pytee_client.fake import ParamType as Type

ID = UUID("6b1f3a52-9f42-4d52-8a0e-3c1f5d0a7b11")


class BankResult(IntEnum):
    FROZEN = 0x80000001
    EMPTY = 0x80000002


class FrozenError(Exception):
    pass


class EmptyError(tee.TeecError):
    pass


@ta.packed("<HHQ")
class Transfer:
    kind: int
    flags: int
    amount: int


@ta.packed
class Receipt:
    number: ta.U32
    amount: ta.U64


class Bank(
    ta.Client,
    uuid=ID,
    results=BankResult,
    errors={BankResult.FROZEN: FrozenError, BankResult.EMPTY: EmptyError},
):
    count = ta.command(0, returns=ta.U64)
    add = ta.command(1, ta.InOut[ta.U64])
    transfer = ta.command(2, Transfer, returns=Receipt)
    get = ta.command(4, str, returns=ta.Variable(bytes, 4))
    once = ta.command(5, returns=ta.Variable(bytes, 8), retry=False)
    fail = ta.command(6, ta.U32)
    wait = ta.command(7, returns=bool)
    nothing = ta.command(8)


class FakeBank(fake.TrustedApplication):
    """Command 4 counts its runs, and 7 waits until it is cancelled."""

    uuid = ID
    runs = 0

    @fake.command(0)
    def count(self, session: ClientSession, parameters: Parameters) -> None:
        parameters.expect(Type.VALUE_OUTPUT)
        parameters.value(0).a, parameters.value(0).b = 1, 7

    @fake.command(1)
    def add(self, session: ClientSession, parameters: Parameters) -> None:
        parameters.expect(Type.VALUE_INOUT)
        parameters.value(0).b += 1

    @fake.command(2)
    def transfer(self, session: ClientSession, parameters: Parameters) -> None:
        parameters.expect(Type.MEMREF_INPUT, Type.MEMREF_OUTPUT)
        transfer = ta.unpack(Transfer, parameters.memref(0).content())
        if transfer.kind == 9:
            raise fake.ResultError(BankResult.FROZEN)
        if transfer.kind == 8:
            raise fake.ResultError(BankResult.EMPTY)
        size = 3 if transfer.kind == 7 else None
        parameters.memref(1).put(ta.pack(Receipt(1, transfer.amount))[:size])

    @fake.command(4)
    def get(self, session: ClientSession, parameters: Parameters) -> None:
        type(self).runs += 1
        parameters.memref(1).put(b"hello " + parameters.memref(0).content())

    @fake.command(5)
    def once(self, session: ClientSession, parameters: Parameters) -> None:
        type(self).runs += 1
        parameters.memref(0).put(bytes(20))

    @fake.command(6)
    def fail(self, session: ClientSession, parameters: Parameters) -> None:
        raise fake.ResultError(parameters.value(0).a)

    @fake.command(7)
    def wait(self, session: ClientSession, parameters: Parameters) -> None:
        session.unmask_cancellation()
        session.wait(0xFFFFFFFF)

    @fake.command(8)
    def nothing(self, session: ClientSession, parameters: Parameters) -> None:
        parameters.expect()
