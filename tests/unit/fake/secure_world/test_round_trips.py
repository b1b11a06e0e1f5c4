# SPDX-License-Identifier: BSD-2-Clause
"""What is declared reaches a fake's method as it was given, and what it returns comes back."""

from __future__ import annotations

import math
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import numpy as np
import pytest

import pytee_client as tee
from pytee_client import fake, ta

if TYPE_CHECKING:
    from collections.abc import Iterator

ECHO = UUID("0b3c6f6e-93b8-4c7d-9a51-6f0f0a8b7d11")
MANY = UUID(int=0x0102030405060708090A0B0C0D0E0F10)


class Mode(IntEnum):
    SLOW = 3
    FAST = 0xFFFFFFFF


class Rights(IntFlag):
    READ = 1
    WRITE = 0x80000000


@ta.packed("<HHQ")
class Transfer:
    kind: int
    flags: int
    amount: int


@ta.packed(aligned=True)
class Account:
    mode: Annotated[Mode, ta.U32]
    transfer: Transfer
    name: Annotated[str, 5]
    codes: Annotated[tuple[ta.U16, ...], 3]
    balance: ta.F64


@ta.packed(endian="big")
class Message:
    number: ta.U32
    rest: bytes


ACCOUNT = Account(Mode.SLOW, Transfer(1, 2, 3), "Ada", (1, 2, 0xFFFF), -0.5)
OTHER = Account(Mode.FAST, Transfer(0xFFFF, 0, 2**64 - 1), "Grace", (0, 0, 0), math.inf)

VALUES: list[tuple[Any, Any, Any]] = [
    (ta.U8, 0, 255),
    (ta.U16, 1, 2**16 - 1),
    (ta.U32, 2, 2**32 - 1),
    (ta.U64, 2**32, 2**64 - 1),
    (ta.I8, -128, 127),
    (ta.I16, -1, 2**15 - 1),
    (ta.I32, -(2**31), 2**31 - 1),
    (ta.I64, -(2**63), 2**63 - 1),
    (ta.F32, -1.5, math.inf),
    (ta.F64, 0.1, -1e300),
    (bool, True, False),
    (Mode, Mode.SLOW, Mode.FAST),
    (Rights, Rights.READ | Rights.WRITE, Rights(0)),
    (tee.Value, tee.Value(1, 2), tee.Value(2**32 - 1, 0)),
    (ta.LowFirst(ta.U64), 2**40 + 1, 7),
    (ta.OverTwo(ta.U64), 2**40 + 1, 7),
    (ta.OverTwo(ta.LowFirst(ta.I64)), -2, 2**40),
    (ta.OnlyB(ta.U16), 5, 2**16 - 1),
    (ta.Both(ta.U8, Mode), (255, Mode.FAST), (0, Mode.SLOW)),
]
FIXED: list[tuple[Any, Any, Any]] = [
    (ta.Bytes(4), b"abcd", bytes(4)),
    (Transfer, Transfer(1, 2, 3), Transfer(0, 0xFFFF, 2**64 - 1)),
    (Account, ACCOUNT, OTHER),
    (ta.List(ta.U16, 3), [1, 2, 3], [0xFFFF, 0, 1]),
    (ta.List(Account, 2), [ACCOUNT, OTHER], [OTHER, ACCOUNT]),
    (ta.Memory(ta.U64), 1, 2**64 - 1),
    (ta.Memory(Mode), Mode.SLOW, Mode.FAST),
    (ta.Memory(bool), True, False),
    (ta.Uuid, MANY, ECHO),
    (ta.TeeUuid, MANY, ECHO),
    (UUID, MANY, ECHO),
]
VARYING: list[tuple[Any, Any, Any]] = [
    (bytes, b"some bytes", b"other"),
    (str, "Zoë", "Bo"),
    (ta.Text("utf-16-le"), "Zoë", "B"),
    (ta.Text(nul=True), "with a zero", ""),
    (Message, Message(1, b"rest"), Message(2**32 - 1, b"")),
    (ta.List(ta.I32), [-1, 2, 3], [4]),
    (ta.List(Mode), [Mode.FAST, Mode.FAST], [Mode.SLOW]),
    (list[Transfer], [Transfer(1, 2, 3)] * 3, [Transfer(4, 5, 6)]),
    (ta.NDArray(np.float32), np.array([1, 2, 3], np.float32), np.array([0.5], np.float32)),
    (ta.BUFFER, bytearray(b"some bytes"), b"other"),
]
KINDS = [(declared, False, *values) for declared, *values in VALUES + FIXED]
KINDS += [(declared, True, *values) for declared, *values in VARYING]


def name_of(case: tuple[Any, ...]) -> str:
    return getattr(case[0], "__name__", str(case[0]))


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return bool(np.array_equal(one, other))
    return bool(one == other)


def copy(given: Any) -> Any:
    """Return a copy of memory, which a method must not keep, and anything else as it is."""
    if isinstance(given, np.ndarray):
        return given.copy()
    return bytes(given) if isinstance(given, memoryview) else given


@pytest.fixture(params=["optee", "optee-no-reg-mem", "amdtee"])
def profile(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=KINDS, ids=name_of)
def case(request: pytest.FixtureRequest, profile: str) -> Iterator[tuple[Any, list[Any], Any, Any]]:
    """A client of an application that takes and gives one kind; what this got; and two of it."""
    declared, varies, sent, answered = request.param
    got: list[Any] = []

    class Echo(ta.Client, uuid=ECHO):
        take = ta.command(0, declared)
        give = ta.command(1, returns=ta.Variable(declared, 1) if varies else declared)
        both = ta.command(2, ta.InOut[declared])
        mixed = ta.command(3, ta.U8, declared, returns=ta.U32, slots=_slots(declared))

    class FakeEcho(fake.TrustedApplication, implements=Echo):
        def take(self, given: Any) -> None:
            got.append(copy(given))

        def give(self) -> Any:
            return answered

        def both(self, given: Any) -> Any:
            got.append(copy(given))
            return answered

        def mixed(self, number: int, given: Any) -> int:
            got.append((number, copy(given)))
            return 77

    kernel = fake.Kernel(profile, applications=[FakeEcho])
    with tee.Context(backend=kernel) as context, Echo(context) as client:
        yield client, got, sent, answered
    kernel.assert_no_leaks()


def _slots(declared: Any) -> tuple[int, ...]:
    return (3, 2, 1, 0) if isinstance(declared, ta.OverTwo) else (3, 2, 0)


def test_an_argument_reaches_the_method(case: tuple[Any, list[Any], Any, Any]) -> None:
    client, got, sent, answered = case
    assert client.take(sent) is None
    assert client.take(answered) is None
    assert equal(got[0], sent)
    assert equal(got[1], answered)
    assert type(got[0]) is type(copy(memoryview(sent) if isinstance(sent, bytearray) else sent))


def test_a_result_comes_back(case: tuple[Any, list[Any], Any, Any]) -> None:
    client, _, _, answered = case
    result = client.give()
    assert equal(result, answered)
    if not isinstance(result, memoryview):
        assert type(result) is type(answered)


def test_an_argument_comes_back_as_what_the_method_returns(
    case: tuple[Any, list[Any], Any, Any],
) -> None:
    client, got, sent, answered = case
    given = sent.copy() if isinstance(sent, np.ndarray | bytearray) else sent
    assert equal(client.both(given), answered)
    assert equal(got[0], sent)


def test_arguments_and_results_are_found_in_other_slots(
    case: tuple[Any, list[Any], Any, Any],
) -> None:
    client, got, sent, _ = case
    assert client.mixed(9, sent) == 77
    ((number, given),) = got
    assert number == 9
    assert equal(given, sent)
