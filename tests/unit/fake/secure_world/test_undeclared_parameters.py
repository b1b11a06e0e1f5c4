# SPDX-License-Identifier: BSD-2-Clause
"""What arrives otherwise than declared is BAD_PARAMETERS, and no method sees it."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import pytest

import pytee_client as tee
from pytee_client import fake, ta
from pytee_client.fake.secure_world import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytee_client.typing import Parameter

OWN = UUID("6a0f9e0b-0a39-4c4e-b0a7-6d3c0d6f5e11")


class Mode(IntEnum):
    SLOW = 3


@ta.packed("<HHQ")
class Transfer:
    kind: int
    flags: int
    amount: int


class Careful(ta.Client, uuid=OWN):
    byte = ta.command(0, ta.U8)
    small = ta.command(1, ta.I16)
    mode = ta.command(2, Mode)
    transfer = ta.command(3, Transfer)
    text = ta.command(4, str)
    nothing = ta.command(5)
    answer = ta.command(6, ta.U8, returns=(ta.U64, Transfer), slots=(2, 0, 1))
    items = ta.command(7, ta.List(ta.U32))
    both = ta.command(8, ta.InOut[Transfer])
    grown = ta.command(9, ta.InOut[ta.Bytes(2), ta.Bytes(4)])
    array = ta.command(10, ta.Out[ta.NDArray(np.uint32)])
    names = ta.command(11, ta.List(Mode))
    value = ta.command(12, ta.OverTwo(ta.U64), ta.OnlyB(ta.U8))
    block = ta.command(13, tee.SharedMemory)
    memory = ta.command(14, ta.BUFFER)
    varies = ta.command(15, ta.InOut[ta.Bytes(2), ta.Variable(bytes, 8)])


class FakeCareful(fake.TrustedApplication, implements=Careful):
    calls = 0

    def _count(self, *_: Any) -> None:
        type(self).calls += 1

    byte = small = mode = transfer = text = nothing = items = _count
    names = value = block = memory = array = _count

    def answer(self, number: int) -> tuple[int, Transfer]:
        self._count()
        return number, Transfer(1, 2, 3)

    def both(self, transfer: Transfer) -> Transfer:
        self._count()
        return transfer

    def grown(self, given: bytes) -> bytes:
        self._count()
        return given * 2

    varies = grown


SESSION = fake.ClientSession(Identity(tee.Login.PUBLIC, UUID(int=0)))
COMMANDS = Careful.__pytee_declaration__.commands


@pytest.fixture
def session() -> Iterator[tee.Session]:
    FakeCareful.calls = 0
    kernel = fake.Kernel(applications=[FakeCareful])
    with tee.Context(backend=kernel) as context, context.open_session(OWN) as opened:
        yield opened
    kernel.assert_no_leaks()


def number_of(command: str) -> int:
    number = COMMANDS[command].number
    assert number is not None
    return number


V = tee.ValueInput


@pytest.mark.parametrize(
    ("command", "parameters", "why"),
    [
        ("byte", [], "slot 0 has NONE, but is declared as VALUE_INPUT"),
        ("byte", [tee.ValueInOut(1)], "slot 0 has VALUE_INOUT, but is declared as VALUE_INPUT"),
        ("byte", [b"1"], "slot 0 has MEMREF_INPUT, but is declared as VALUE_INPUT"),
        ("byte", [V(1), V(1)], "slot 1 has VALUE_INPUT, but is declared as NONE"),
        ("byte", [None, V(1)], "slot 0 has NONE"),
        ("nothing", [V(1)], "slot 0 has VALUE_INPUT, but is declared as NONE"),
        ("answer", [V(1), tee.ValueOutput(), tee.MemrefTempOutput(12)], "slot 0 has VALUE_INPUT"),
        ("block", [V(1)], "slot 0 has VALUE_INPUT, but is declared as a memory reference"),
        ("byte", [V(256)], "argument 1: the value U8 is out of its range"),
        ("byte", [V(2**32 - 1)], "argument 1: the value U8 is out of its range"),
        ("small", [V(2**15)], "argument 1: the value I16 is out of its range"),
        ("small", [V(0xFFFF)], "argument 1: the value I16 is out of its range"),
        ("mode", [V(4)], "argument 1: the number is no member of Mode"),
        ("value", [V(0), V(0), V(0, 256)], "argument 2: the value U8 is out of its range"),
        ("transfer", [bytes(11)], "argument 1: 11 bytes, but Transfer has 12"),
        ("transfer", [bytes(13)], "argument 1: 13 bytes, but Transfer has 12"),
        ("transfer", [b""], "argument 1: 0 bytes, but Transfer has 12"),
        ("transfer", [tee.MemrefTempInput(None)], "argument 1: a null memory reference is no"),
        ("text", [tee.MemrefTempInput(None)], "argument 1: a null memory reference is no str"),
        ("memory", [tee.MemrefTempInput(None)], "argument 1: a null memory reference is no"),
        ("text", [b"\xff"], "argument 1: it is no text in utf-8"),
        ("items", [bytes(5)], "argument 1: 5 bytes are no whole number of 4"),
        ("names", [bytes(4)], "argument 1: the number is no member of Mode"),
        ("both", [tee.MemrefTempInOut(bytearray(11))], "argument 1: 11 bytes, but Transfer has"),
        ("both", [tee.MemrefTempInOut(bytearray(13))], "argument 1: 13 bytes, but there"),
        ("both", [tee.MemrefTempInOut(None)], "argument 1: a null memory reference is no"),
        ("grown", [tee.MemrefTempInOut(bytearray(1))], "argument 1: 1 bytes, but there should be"),
        ("grown", [tee.MemrefTempInOut(bytearray(5))], "argument 1: 5 bytes, but there should be"),
        ("varies", [tee.MemrefTempInOut(bytearray(1))], "argument 1: 1 bytes, but there should"),
        ("array", [tee.MemrefTempOutput(5)], "argument 1: 5 bytes are no whole number of uint32"),
        ("array", [tee.MemrefTempOutput(None)], "argument 1: a null memory reference is no"),
    ],
)
def test_what_is_not_as_declared_is_refused(
    session: tee.Session, command: str, parameters: list[Parameter], why: str
) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        session.invoke_command(number_of(command), *parameters)
    assert (caught.value.code, caught.value.origin) == (
        tee.Result.BAD_PARAMETERS,
        tee.Origin.TRUSTED_APP,
    )
    assert f"Careful.{command}(): {why}" in str(caught.value.__cause__)
    assert FakeCareful.calls == 0
    assert session.invoke_command(number_of("nothing")) == ()


@pytest.mark.parametrize(
    ("command", "parameters"),
    [
        ("byte", [V(255, 7)]),
        ("mode", [V(Mode.SLOW, 2**32 - 1)]),
        ("small", [V(0xFFFF8000, 1)]),
        ("value", [V(1, 9), V(2, 9), V(9, 3)]),
    ],
)
def test_the_word_that_a_declared_number_is_not_in_may_be_anything(
    session: tee.Session, command: str, parameters: list[Parameter]
) -> None:
    session.invoke_command(number_of(command), *parameters)
    assert FakeCareful.calls == 1


@pytest.mark.parametrize("room", [0, 11, None])
def test_an_output_that_is_too_small_is_told_its_size_and_no_method_runs(
    session: tee.Session, room: int | None
) -> None:
    number = number_of("answer")
    with pytest.raises(tee.ShortBufferError) as caught:
        session.invoke_command(number, tee.ValueOutput(), tee.MemrefTempOutput(room), V(1))
    assert caught.value.required == 12
    assert FakeCareful.calls == 0
    amount, receipt = session.invoke_command(
        number, tee.ValueOutput(), tee.MemrefTempOutput(100), V(1)
    )
    assert (amount, receipt) == ((0, 1), ta.pack(Transfer(1, 2, 3)))


def test_room_for_the_argument_alone_is_too_little_for_what_comes_back(
    session: tee.Session,
) -> None:
    for command in ("grown", "varies"):
        with pytest.raises(tee.ShortBufferError) as caught:
            session.invoke_command(number_of(command), tee.MemrefTempInOut(bytearray(b"ab")))
        assert caught.value.required == 4
        (view,) = session.invoke_command(
            number_of(command), tee.MemrefTempInOut(bytearray(b"ab\0\0"))
        )
        assert isinstance(view, memoryview)
        assert bytes(view) == b"abab"


def test_a_null_output_is_too_small_whatever_size_it_has() -> None:
    FakeCareful.calls = 0
    null = fake.MemrefParameter(fake.ParamType.MEMREF_OUTPUT, None, 100)
    parameters = fake.Parameters(
        [
            fake.ValueParameter(fake.ParamType.VALUE_OUTPUT),
            null,
            fake.ValueParameter(fake.ParamType.VALUE_INPUT, 1),
            None,
        ]
    )
    with pytest.raises(fake.ResultError) as caught:
        FakeCareful().invoke_command(SESSION, number_of("answer"), parameters)
    assert (caught.value.code, null.size) == (tee.Result.SHORT_BUFFER, 12)
    assert FakeCareful.calls == 0


def test_memory_that_is_not_mapped_as_a_whole_is_a_panic() -> None:
    FakeCareful.calls = 0
    for command in ("memory", "text"):
        part = fake.MemrefParameter(fake.ParamType.MEMREF_INPUT, b"abc", 5)
        with pytest.raises(fake.PanicError):
            FakeCareful().invoke_command(
                SESSION, number_of(command), fake.Parameters([part, None, None, None])
            )
    assert FakeCareful.calls == 0
