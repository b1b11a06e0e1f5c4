# SPDX-License-Identifier: BSD-2-Clause
"""The twin of tests/ta/wallet."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytee_client as tee
from pytee_client import fake

from ..wallet import Entry, Reason, Receipt, Transfer, Wallet, WalletResult

_MOST = 16
_U64_MAX = 2**64 - 1


@dataclass
class _State:
    amount: int
    is_frozen: bool = False
    entries: list[Entry] = field(default_factory=list)


class FakeWallet(fake.TrustedApplication, implements=Wallet):
    def opening(self, session: fake.ClientSession, amount: int) -> None:
        session.data = _State(amount)

    def count(self, session: fake.ClientSession) -> int:
        return len(session.data.entries)

    def add(self, session: fake.ClientSession, amount: int) -> int:
        state: _State = session.data
        if amount > _U64_MAX - state.amount:
            raise fake.ResultError(tee.Result.OVERFLOW)
        state.amount += amount
        return state.amount

    def transfer(self, session: fake.ClientSession, transfer: Transfer) -> Receipt:
        state: _State = session.data
        if state.is_frozen:
            raise fake.ResultError(WalletResult.FROZEN)
        if transfer.amount > state.amount:
            raise fake.ResultError(WalletResult.OVERDRAWN)
        if len(state.entries) == _MOST:
            raise fake.ResultError(WalletResult.FULL)
        state.amount -= transfer.amount
        number = len(state.entries) + 1
        halves = transfer.amount >> 32, transfer.amount & 0xFFFFFFFF
        name = transfer.reason.name.lower()
        is_gift = transfer.reason is Reason.GIFT
        state.entries.append(Entry(number, transfer, state.amount, halves, name, is_gift))
        return Receipt(number, state.amount)

    def freeze(self, session: fake.ClientSession, frozen: bool) -> None:
        session.data.is_frozen = frozen

    def get(self, name: str) -> bytes:
        return b"hello " + name.encode()

    def list(self, session: fake.ClientSession) -> tuple[list[Entry], int]:
        entries: list[Entry] = session.data.entries
        return entries, sum(entry.transfer.amount for entry in entries) & _U64_MAX
