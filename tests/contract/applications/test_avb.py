# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's application for Android Verified Boot, on a TEE without replay protected memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client.ta import optee

from ...support.waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.optee_only, pytest.mark.timeout(LIMIT)]

SLOT, TOO_HIGH_A_SLOT = 255, 256


@pytest.fixture(scope="module")
def avb(context: tee.Context) -> Iterator[optee.Avb]:
    with optee.Avb(context) as opened:
        yield opened


CALLS: dict[str, Callable[[optee.Avb], object]] = {
    "read_rollback_index": lambda avb: avb.read_rollback_index(SLOT),
    "write_rollback_index": lambda avb: avb.write_rollback_index(SLOT, 1 << 40),
    "read_lock_state": lambda avb: avb.read_lock_state(),
    "write_lock_state": lambda avb: avb.write_lock_state(True),
    "read_persist_value": lambda avb: avb.read_persist_value("name", 16),
    "write_persist_value": lambda avb: avb.write_persist_value("n" * 52, b"value"),
}


@pytest.mark.parametrize("name", CALLS)
def test_without_replay_protected_memory_nothing_is_found(avb: optee.Avb, name: str) -> None:
    with pytest.raises(tee.ItemNotFoundError) as caught:
        CALLS[name](avb)
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    assert name in caught.value.doing


WRONG: dict[str, tuple[int, Any, Any]] = {
    "a slot to read": (0, (TOO_HIGH_A_SLOT, 0), tee.ValueOutput()),
    "a slot to write": (1, (TOO_HIGH_A_SLOT, 0), (0, 1)),
    "a name to read": (4, b"n" * 53, tee.MemrefTempInOut(bytearray(16))),
    "a name to write": (5, b"n" * 53, b"value"),
    "the direction that the header says": (4, b"name", tee.MemrefTempOutput(16)),
    "a value too many": (2, tee.ValueOutput(), (0, 0)),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_parameters_are_refused_before_the_storage_is_looked_at(
    avb: optee.Avb, what: str
) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        avb.session.invoke_command(*WRONG[what])
    assert caught.value.origin == tee.Origin.TRUSTED_APP


def test_a_command_that_it_lacks_is_not_supported(avb: optee.Avb) -> None:
    with pytest.raises(tee.NotSupportedError) as caught:
        avb.session.invoke_command(6)
    assert caught.value.origin == tee.Origin.TRUSTED_APP


def test_several_sessions_can_be_open_with_whatever_parameters(
    context: tee.Context, avb: optee.Avb
) -> None:
    with context.open_session(optee.Avb.uuid, (1, 2), login=tee.Login.USER) as other:
        assert not other.closed
        assert not avb.closed
