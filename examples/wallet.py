# SPDX-License-Identifier: BSD-2-Clause
"""Declare an application once, and have its client, the same to await, and its fake."""

import asyncio
from enum import IntEnum

import pytee_client as tee
from pytee_client import aio, fake, ta

UUID = "5e1f0f1d-8a4e-4c7e-9d7e-8f1a2b3c4d5e"


class Code(IntEnum):
    FROZEN = 0x80000001


class FrozenError(Exception): ...


@ta.packed("<HHQ")
class Transfer:
    kind: int
    flags: int
    amount: int


@ta.packed
class Receipt:
    number: ta.U32
    balance: ta.U64


class Wallet(ta.Client, uuid=UUID, results=Code, errors={Code.FROZEN: FrozenError}):
    count = ta.command(0, returns=ta.U64)
    add = ta.command(1, ta.InOut[ta.U64])
    transfer = ta.command(2, Transfer, returns=Receipt)
    freeze = ta.command(3, bool)
    get = ta.command(4, str, returns=ta.Variable(bytes, 64))
    list = ta.command(5, returns=ta.Variable(ta.List(Receipt)), retry=False)


class FakeWallet(fake.TrustedApplication, implements=Wallet):
    def create(self) -> None:
        self.frozen, self.receipts = False, [Receipt(0, 100)]

    def count(self) -> int:
        return len(self.receipts)

    def add(self, amount: int) -> int:
        return self.receipts[-1].balance + amount

    def transfer(self, transfer: Transfer) -> Receipt:
        if self.frozen:
            raise FrozenError
        balance = self.receipts[-1].balance - transfer.amount
        self.receipts.append(Receipt(self.count(), balance))
        return self.receipts[-1]

    def freeze(self, frozen: bool) -> None:
        self.frozen = frozen

    def get(self, name: str) -> bytes:
        return name.encode() * 30

    def list(self) -> list[Receipt]:
        return self.receipts


def main() -> None:
    with (
        fake.default_kernel().installed(FakeWallet),
        tee.Context("fake:") as context,
        Wallet(context, timeout=5) as wallet,
    ):
        print(wallet.add(100), wallet.transfer(Transfer(1, 0, 30)))
        print(len(wallet.get("Ada")), wallet.count(), wallet.list())
        wallet.freeze(True)
        try:
            wallet.transfer(Transfer(1, 0, 30))
        except FrozenError as error:
            print(error)
        asyncio.run(awaiting())


async def awaiting() -> None:
    async with aio.Context("fake:") as context, context.client(Wallet) as wallet:
        await wallet.add(7)
        receipt = await wallet.transfer(Transfer(1, 0, 3))
        print(receipt.balance)


if __name__ == "__main__":
    main()
