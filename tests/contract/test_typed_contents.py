# SPDX-License-Identifier: BSD-2-Clause
"""What a declared application takes and returns: each kind of content, in each direction."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import ta

from ..support.conformance import Command, checksum, declare, filled, xored

MANY = UUID(int=0x0102030405060708090A0B0C0D0E0F10)


class Mode(IntEnum):
    ON = 5
    OFF = 5 ^ 0xFFFFFFFF


class Rights(IntFlag):
    READ = 1
    WRITE = 0x80000000


@ta.packed("<HHQ")
class Transfer:
    kind: int
    flags: int
    amount: int


@ta.packed(endian="big")
class Message:
    number: ta.U16
    rest: bytes


def name_of(given: object) -> str:
    """Return the name of a kind, for the id of a test."""
    return given.__name__ if isinstance(given, type) else str(given)


# What is sent, and what it is if each bit of both words is the other one.
VALUES: list[tuple[Any, Any, Any]] = [
    (ta.U32, 7, 7 ^ 0xFFFFFFFF),
    (ta.U64, 0x0123456789ABCDEF, 0xFEDCBA9876543210),
    (ta.I8, 127, -128),
    (ta.I16, -1, 0),
    (ta.I32, 2**31 - 1, -(2**31)),
    (ta.I64, -2, 1),
    (ta.F32, -2.0, 1.9999998807907104),
    (ta.F64, -2.0, 1.9999999999999998),
    (bool, False, True),
    (Mode, Mode.ON, Mode.OFF),
    (Rights, Rights(0x7FFFFFFE), Rights.READ | Rights.WRITE),
    (tee.Value, tee.Value(1, 2), tee.Value(1 ^ 0xFFFFFFFF, 2 ^ 0xFFFFFFFF)),
    (ta.LowFirst(ta.U64), 0x0123456789ABCDEF, 0xFEDCBA9876543210),
    (ta.OnlyB(ta.I32), 5, -6),
    (ta.Both(ta.I8, Mode), (1, Mode.OFF), (-2, Mode.ON)),
    (ta.OverTwo(ta.U64), 0x0123456789ABCDEF, 0xFEDCBA9876543210),
    (ta.OverTwo(ta.LowFirst(ta.I64)), -2, 1),
]


@pytest.mark.parametrize(("kind", "sent", "inverted"), VALUES, ids=name_of)
def test_what_lies_in_values_goes_both_ways(
    session: tee.Session, kind: Any, sent: Any, inverted: Any
) -> None:
    client = declare(Command.VALUES, ta.InOut[kind]).on(session)
    result = client.run(sent)
    assert result == inverted
    assert type(result) is type(inverted)
    if kind is not bool:
        assert client.run(inverted) == sent


@pytest.mark.parametrize(("kind", "sent", "other"), VALUES[:-2], ids=name_of)
def test_what_lies_in_a_value_is_copied_into_an_output(
    session: tee.Session, kind: Any, sent: Any, other: Any
) -> None:
    # The application adds the number of the output's slot.
    client = declare(Command.VALUES, kind, returns=kind, slots=(3, 0)).on(session)
    assert client.run(sent) == sent
    assert client.run(other) == other


@pytest.mark.parametrize(
    ("kind", "given"), [(ta.U8, 1), (ta.U16, 1), (ta.I8, None), (Mode, None)], ids=name_of
)
def test_an_answer_that_is_not_as_declared_is_a_bad_format(
    session: tee.Session, kind: Any, given: Any
) -> None:
    # 1 becomes 0xFFFFFFFE, and what is not given 0x11111111.
    client = declare(Command.VALUES, ta.InOut[kind]).on(session)
    call, arguments = client.run, (given,)
    if given is None:
        client = declare(Command.SET_SIZE, ta.U32, returns=kind).on(session)
        call, arguments = client.run, (0,)
    with pytest.raises(tee.BadFormatError, match="something else than is declared") as caught:
        call(*arguments)
    assert caught.value.origin == tee.Origin.API


SENT: list[tuple[Any, Any, bytes]] = [
    (bytes, b"abc", b"abc"),
    (ta.Bytes(4), bytearray(b"abcd"), b"abcd"),
    (ta.BUFFER, memoryview(b"abcd"), b"abcd"),
    (str, "Zoë", b"Zo\xc3\xab"),
    (ta.Text("utf-16-le", nul=True), "Zoë", b"Z\0o\0\xeb\0\0\0"),
    (Transfer, Transfer(1, 2, 3), b"\x01\0\x02\0\x03\0\0\0\0\0\0\0"),
    (Message, Message(1, b"rest"), b"\0\x01rest"),
    (ta.List(ta.I16), [-1, 2], b"\xff\xff\x02\0"),
    (list[Transfer], [Transfer(1, 2, 3)] * 2, b"\x01\0\x02\0\x03\0\0\0\0\0\0\0" * 2),
    (ta.Memory(ta.U64), 3, b"\x03\0\0\0\0\0\0\0"),
    (ta.Memory(Mode), Mode.ON, b"\x05\0\0\0"),
    (ta.Uuid, MANY, MANY.bytes),
    (ta.TeeUuid, MANY, MANY.bytes_le),
    (ta.Nullable(bytes), b"abc", b"abc"),
]


@pytest.mark.parametrize(("kind", "given", "content"), SENT, ids=name_of)
def test_memory_has_the_bytes_of_its_kind(
    session: tee.Session, kind: Any, given: Any, content: bytes
) -> None:
    client = declare(Command.MEMREF_CHECKSUM, kind, returns=tee.Value, slots=(2, 1)).on(session)
    assert client.run(given) == checksum(content)


# The bytes are 0, 1, 2 and so on.
RETURNED: list[tuple[Any, Any]] = [
    (ta.Bytes(4), b"\0\1\2\3"),
    (Transfer, Transfer(0x0100, 0x0302, 0x0B0A090807060504)),
    (ta.List(ta.U16, 2), [0x0100, 0x0302]),
    (ta.List(Transfer, 1), [Transfer(0x0100, 0x0302, 0x0B0A090807060504)]),
    (ta.Memory(ta.I64), 0x0706050403020100),
    (ta.Uuid, UUID(bytes=bytes(range(16)))),
    (ta.TeeUuid, UUID(bytes_le=bytes(range(16)))),
]
GROWN: list[tuple[Any, int, Any]] = [
    (bytes, 5000, filled(1, 5000)),
    (str, 3, "\x10\x11\x12"),
    (ta.Text(nul=True), 5, "\x10\x11\x12\x13\x14"),
    (Message, 4, Message(0x1011, b"\x12\x13")),
    (ta.List(ta.U16), 4, [0x1110, 0x1312]),
]


@pytest.mark.parametrize(("kind", "returned"), RETURNED, ids=name_of)
def test_a_result_of_a_fixed_size_is_made_of_its_bytes(
    session: tee.Session, kind: Any, returned: Any
) -> None:
    assert declare(Command.MEMREF_FILL, returns=kind).on(session).run() == returned


@pytest.mark.parametrize(("kind", "size", "returned"), GROWN, ids=name_of)
@pytest.mark.parametrize("room", [0, 2, 5000])
def test_a_result_of_a_size_that_varies_grows(
    session: tee.Session, kind: Any, size: int, returned: Any, room: int
) -> None:
    variable = ta.Variable(kind, room)
    both = ta.Both(ta.U32, ta.U32)
    client = declare(Command.FILL_AND_SET_SIZE, both, returns=variable).on(session)
    assert client.run((0, size)) == returned
    assert client.run((0, size), room=1) == returned


def test_a_command_that_may_not_run_again_says_what_it_needs(session: tee.Session) -> None:
    client = declare(
        Command.FILL_AND_SET_SIZE,
        ta.Both(ta.U32, ta.U32),
        returns=ta.Variable(bytes, 16),
        retry=False,
    ).on(session)
    for code in (tee.Result.SUCCESS, tee.Result.SHORT_BUFFER):
        with pytest.raises(tee.ShortBufferError) as caught:
            client.run((code, 17))
        assert caught.value.required == 17
    assert client.run((0, 17), room=17) == filled(1, 17)


def test_memory_that_goes_both_ways_comes_back(session: tee.Session) -> None:
    client = declare(
        Command.MEMREF_XOR, ta.InOut[ta.Bytes(3)], ta.InOut[Transfer], ta.InOut[bytes]
    ).on(session)
    key = 0xA6A6A6A6A6A6A6A6
    given = Transfer(1, 2, 3)
    inverted = Transfer(1 ^ key & 0xFFFF, 2 ^ key & 0xFFFF, 3 ^ key)
    assert client.run(b"abc", given, b"text") == (xored(0, b"abc"), inverted, xored(2, b"text"))


def test_memory_that_comes_back_as_another_kind_has_room_for_it(session: tee.Session) -> None:
    client = declare(Command.MEMREF_XOR, ta.InOut[ta.Bytes(2), ta.Bytes(5)]).on(session)
    assert client.run(b"ab") == xored(0, b"ab\0\0\0")
