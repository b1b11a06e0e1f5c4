# SPDX-License-Identifier: BSD-2-Clause
"""The client of Android Verified Boot, on a fake that has replay protected memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import aio, fake
from pytee_client.fake import applications
from pytee_client.ta import optee

from ....support.loops import run

if TYPE_CHECKING:
    from collections.abc import Iterator

HIGH = (1 << 40) + 7


@pytest.fixture
def kernel() -> fake.Kernel:
    return fake.Kernel(applications=[applications.Avb])


@pytest.fixture
def avb(kernel: fake.Kernel) -> Iterator[optee.Avb]:
    with tee.Context(backend=kernel) as context, optee.Avb(context) as opened:
        yield opened


def test_a_rollback_index_has_64_bits_and_each_slot_its_own(avb: optee.Avb) -> None:
    avb.write_rollback_index(255, HIGH)
    avb.write_rollback_index(0, 3)
    assert [avb.read_rollback_index(slot) for slot in (0, 1, 254, 255)] == [3, 0, 0, HIGH]


def test_an_index_never_goes_back(avb: optee.Avb) -> None:
    avb.write_rollback_index(1, HIGH)
    with pytest.raises(tee.SecurityError) as caught:
        avb.write_rollback_index(1, HIGH - 1)
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    avb.write_rollback_index(1, HIGH)
    assert avb.read_rollback_index(1) == HIGH


def test_there_are_256_slots(avb: optee.Avb) -> None:
    with pytest.raises(tee.BadParametersError):
        avb.read_rollback_index(256)
    with pytest.raises(tee.BadParametersError):
        avb.write_rollback_index(256, 1)


def test_another_state_of_the_lock_resets_the_indexes_and_the_same_does_not(avb: optee.Avb) -> None:
    assert avb.read_lock_state() is False
    avb.write_rollback_index(9, 5)
    avb.write_lock_state(False)
    assert avb.read_rollback_index(9) == 5
    avb.write_lock_state(True)
    assert avb.read_lock_state() is True
    assert avb.read_rollback_index(9) == 0
    avb.write_rollback_index(9, 1)
    avb.write_lock_state(True)
    assert avb.read_rollback_index(9) == 1


def test_a_value_comes_back_by_its_name_and_is_replaced(avb: optee.Avb) -> None:
    avb.write_persist_value("avb.key\0", b"a value")
    avb.write_persist_value("avb.key", b"")
    avb.write_persist_value("avb.key", b"shorter")
    assert avb.read_persist_value("avb.key\0", 100) == b"a value"
    assert avb.read_persist_value("avb.key", 100) == b"shorter"
    with pytest.raises(tee.ItemNotFoundError):
        avb.read_persist_value("avb.other", 100)


@pytest.mark.parametrize(("room", "expected"), [(0, b""), (3, b"a v"), (7, b"a value")])
def test_what_does_not_fit_of_a_value_is_cut_off(
    avb: optee.Avb, room: int, expected: bytes
) -> None:
    avb.write_persist_value("name", b"a value")
    assert avb.read_persist_value("name", room) == expected


def test_a_name_that_is_too_long_is_refused_before_anything_is_sent(avb: optee.Avb) -> None:
    avb.write_persist_value("n" * 52, b"value")
    for call in (
        lambda: avb.write_persist_value("n" * 53, b"value"),
        lambda: avb.read_persist_value("\N{EURO SIGN}" * 18, 10),
    ):
        with pytest.raises(tee.ParameterRangeError, match="must be from 0 to 52"):
            call()


@pytest.mark.parametrize("room", [-1, 1 << 24 | 1, 1 << 70])
def test_a_room_that_cannot_be_is_refused_before_anything_is_sent(
    avb: optee.Avb, room: int
) -> None:
    with pytest.raises(tee.ParameterRangeError, match=r"argument 2 of Avb.read_persist_value\(\)"):
        avb.read_persist_value("name", room)


def test_what_is_kept_outlives_the_sessions(kernel: fake.Kernel, avb: optee.Avb) -> None:
    avb.write_rollback_index(4, 44)
    avb.close()

    async def read() -> int:
        async with aio.Context(backend=kernel) as context, context.client(optee.Avb) as other:
            assert await other.read_lock_state() is False
            return await other.read_rollback_index(4)

    assert run(read()) == 44
