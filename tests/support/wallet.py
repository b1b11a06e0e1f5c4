# SPDX-License-Identifier: BSD-2-Clause
"""A wallet: an application that is declared once, for its clients, its fake and its C.

tests/ta/wallet is the application in C. Its header is made of this declaration.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

import pytee_client as tee
from pytee_client import ta

__all__ = [
    "Entry",
    "FrozenError",
    "FullError",
    "OverdrawnError",
    "Reason",
    "Receipt",
    "Transfer",
    "Wallet",
    "WalletResult",
]


class WalletResult(IntEnum):
    """The wallet's own codes."""

    FROZEN = 0x80000001
    OVERDRAWN = 0x80000002
    FULL = 0x80000003


class FrozenError(Exception):
    """Nothing can be taken out of the wallet."""


class OverdrawnError(tee.TeecError):
    """The wallet does not have so much."""


class FullError(Exception):
    """The wallet remembers no more transfers."""


class Reason(IntEnum):
    """What a transfer is for."""

    GIFT = 1
    BILL = 2


@ta.packed("<HHQ")
class Transfer:
    """What is to be taken out of the wallet."""

    reason: Reason
    flags: int
    amount: int


@ta.packed
class Receipt:
    """What a transfer made of the wallet."""

    number: ta.U32
    left: ta.U64


@ta.packed(aligned=True)
class Entry:
    """A transfer that the wallet remembers."""

    number: ta.U32
    transfer: Transfer
    left: ta.U64
    halves: Annotated[tuple[ta.U32, ...], 2]
    name: Annotated[str, 6]
    is_gift: bool


class Wallet(
    ta.Client,
    uuid="0c9a37f2-6b1e-4d58-a0c4-93e7b8d2f615",
    results=WalletResult,
    errors={
        WalletResult.FROZEN: FrozenError,
        WalletResult.OVERDRAWN: OverdrawnError,
        WalletResult.FULL: FullError,
    },
):
    """An amount, from which transfers take. Each session has its own."""

    opening = ta.opening(ta.U64)
    """What the wallet has at first."""
    count = ta.command(0, returns=ta.U64)
    """How many transfers it remembers."""
    add = ta.command(1, ta.InOut[ta.U64])
    """Put so much into it. It comes back as what is there then."""
    transfer = ta.command(2, Transfer, returns=Receipt)
    """Take something out."""
    freeze = ta.command(3, bool)
    """Whether nothing can be taken out from now on."""
    get = ta.command(4, str, returns=ta.Variable(bytes, 4))
    """A greeting for somebody."""
    list = ta.command(
        5, returns=(ta.Variable(ta.List(Entry), 64), ta.LowFirst(ta.U64)), slots=(3, 1)
    )
    """The transfers that it remembers, and what they took together."""
