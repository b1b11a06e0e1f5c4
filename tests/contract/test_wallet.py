# SPDX-License-Identifier: BSD-2-Clause
"""One declaration, and the applications that follow it: in Python, and in C by its header."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import aio

from ..support.wallet import (
    Entry,
    FrozenError,
    FullError,
    OverdrawnError,
    Reason,
    Receipt,
    Transfer,
    Wallet,
    WalletResult,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..support.targets import Target

_START = 2**40 + 7


@pytest.fixture
def wallet(context: tee.Context) -> Iterator[Wallet]:
    with Wallet.opening(context, _START) as opened:
        yield opened


def test_what_an_opening_takes_reaches_the_application(wallet: Wallet) -> None:
    assert wallet.add(0) == _START


def test_a_number_of_64_bits_goes_both_ways_in_a_value(wallet: Wallet) -> None:
    assert wallet.add(2**33 + 1) == _START + 2**33 + 1
    with pytest.raises(tee.TeecError) as caught:
        wallet.add(2**64 - 1)
    assert caught.value.code == tee.Result.OVERFLOW


def test_packed_structures_go_in_and_come_out(wallet: Wallet) -> None:
    receipt = wallet.transfer(Transfer(Reason.BILL, 0xABCD, 2**32 + 3))
    assert receipt == Receipt(1, _START - 2**32 - 3)
    assert wallet.count() == 1


def test_structures_in_structures_arrays_and_padding_lie_as_declared(wallet: Wallet) -> None:
    gift, bill = Transfer(Reason.GIFT, 1, 2**32 + 3), Transfer(Reason.BILL, 0xFFFF, 5)
    wallet.transfer(gift)
    wallet.transfer(bill)
    assert wallet.list() == (
        [
            Entry(1, gift, _START - 2**32 - 3, (1, 3), "gift", True),
            Entry(2, bill, _START - 2**32 - 8, (0, 5), "bill", False),
        ],
        2**32 + 8,
    )


@pytest.mark.parametrize("count", [0, 1, 2, 16])
def test_an_output_grows_to_what_the_application_asks_for(wallet: Wallet, count: int) -> None:
    for number in range(count):
        wallet.transfer(Transfer(Reason.GIFT, number, number))
    entries, total = wallet.list()
    assert [entry.number for entry in entries] == list(range(1, count + 1))
    assert total == sum(range(count))


@pytest.mark.parametrize("name", ["", "you", "somebody whose name is long", "Zoë"])
def test_text_goes_in_and_bytes_come_out(wallet: Wallet, name: str) -> None:
    assert wallet.get(name) == b"hello " + name.encode()


def test_codes_of_the_application_are_the_exceptions_that_are_declared(wallet: Wallet) -> None:
    wallet.freeze(True)
    with pytest.raises(FrozenError, match="FROZEN"):
        wallet.transfer(Transfer(Reason.GIFT, 0, 1))
    wallet.freeze(False)
    with pytest.raises(OverdrawnError) as caught:
        wallet.transfer(Transfer(Reason.GIFT, 0, 2**63))
    assert caught.value.code == WalletResult.OVERDRAWN
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    for _ in range(16):
        wallet.transfer(Transfer(Reason.GIFT, 0, 1))
    with pytest.raises(FullError):
        wallet.transfer(Transfer(Reason.GIFT, 0, 1))


def test_what_is_not_declared_is_refused(wallet: Wallet, context: tee.Context) -> None:
    session = wallet.session
    wrong = [
        (0, ()),
        (1, ((1, 2),)),
        (2, (bytes(11), tee.MemrefTempOutput(12))),
        (2, (b"\3" + bytes(11), tee.MemrefTempOutput(12))),
        (5, (tee.ValueOutput(), None, None, tee.MemrefTempOutput(64))),
    ]
    for command_id, parameters in wrong:
        with pytest.raises(tee.BadParametersError) as caught:
            session.invoke_command(command_id, *parameters)
        assert caught.value.origin == tee.Origin.TRUSTED_APP
    with pytest.raises(tee.NotSupportedError):
        session.invoke_command(6)
    with pytest.raises(tee.BadParametersError):
        context.open_session(Wallet.uuid)


def test_an_awaitable_client_gets_the_same(target: Target) -> None:
    async def run() -> tuple[object, ...]:
        async with (
            aio.Context(target.device, backend=target.backend) as context,
            Wallet.opening(context, _START) as wallet,
        ):
            receipt = await wallet.transfer(Transfer(Reason.GIFT, 0, 7))
            return receipt, await wallet.count(), await wallet.get("you"), await wallet.list()

    receipt, count, text, listed = asyncio.run(run())
    assert (receipt, count, text) == (Receipt(1, 2**40), 1, b"hello you")
    assert listed == (
        [Entry(1, Transfer(Reason.GIFT, 0, 7), 2**40, (0, 7), "gift", True)],
        7,
    )
