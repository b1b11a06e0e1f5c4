# SPDX-License-Identifier: BSD-2-Clause
"""Values in every slot and direction."""

from __future__ import annotations

import itertools
from typing import Literal

import pytest

import pytee_client as tee
from pytee_client.typing import Parameter

from ..support.conformance import Command

A, B = 0x01020304, 0xFFFFFFFE


def in_slot(slot: int, parameter: Parameter) -> list[Parameter]:
    parameters: list[Parameter] = [None] * 4
    parameters[slot] = parameter
    return parameters


@pytest.mark.assertion("IV-07")
def test_a_value_is_delivered_from_every_slot(session: tee.Session) -> None:
    for slot in range(4):
        out = (slot + 1) % 4
        parameters = in_slot(slot, tee.ValueInput(A, B))
        parameters[out] = tee.ValueOutput()
        (value,) = session.invoke_command(Command.VALUES, *parameters)
        assert ((A + out) % 2**32, (B + out) % 2**32) == value


@pytest.mark.assertion("IV-08")
def test_a_value_comes_back_changed_in_every_slot(session: tee.Session) -> None:
    for slot in range(4):
        parameters = in_slot(slot, tee.ValueInOut(A, B))
        (value,) = session.invoke_command(Command.VALUES, *parameters)
        assert tee.Value(A ^ 0xFFFFFFFF, B ^ 0xFFFFFFFF) == value


KINDS = {
    "none": None,
    "in": tee.ValueInput(3, 5),
    "out": tee.ValueOutput(),
    "inout": tee.ValueInOut(7, 11),
}


@pytest.mark.assertion("PT-06", "IV-07", "IV-08")
def test_any_mix_of_values_works(session: tee.Session) -> None:
    for kinds in itertools.product(KINDS, repeat=4):
        a = 3 * kinds.count("in") + 7 * kinds.count("inout")
        b = 5 * kinds.count("in") + 11 * kinds.count("inout")
        expected = {
            slot: (a + slot, b + slot) if kind == "out" else (7 ^ 0xFFFFFFFF, 11 ^ 0xFFFFFFFF)
            for slot, kind in enumerate(kinds)
            if kind in ("out", "inout")
        }
        outputs = session.invoke_command(Command.VALUES, *(KINDS[kind] for kind in kinds))
        assert tuple(expected.values()) == outputs, kinds


def test_a_pair_of_ints_is_an_input_value(session: tee.Session) -> None:
    (value,) = session.invoke_command(Command.VALUES, (1, 2), tee.ValueOutput(), [3, 4])
    assert tee.Value(1 + 3 + 1, 2 + 4 + 1) == value


@pytest.mark.assertion("IV-10")
def test_an_output_value_that_is_not_set_is_zero(session: tee.Session) -> None:
    assert (tee.Value(0, 0),) == session.invoke_command(Command.NOTHING, tee.ValueOutput())


@pytest.mark.assertion("IV-03")
def test_a_command_without_parameters_returns_nothing(session: tee.Session) -> None:
    assert session.invoke_command(Command.NOTHING) == ()


@pytest.mark.assertion("IV-02")
@pytest.mark.parametrize("command_id", [0xFFFFFFFF, 0x80000000, 1000])
def test_any_command_id_is_delivered(session: tee.Session, command_id: int) -> None:
    with pytest.raises(tee.NotSupportedError) as caught:
        session.invoke_command(command_id)
    assert caught.value.origin == tee.Origin.TRUSTED_APP


@pytest.mark.parametrize("bad", [-1, 2**32, 2**64])
def test_a_number_out_of_32_bits_is_refused(session: tee.Session, bad: int) -> None:
    for parameter in (tee.ValueInput(bad), tee.ValueInput(0, bad), tee.ValueInOut(bad), (bad, 0)):
        with pytest.raises(tee.ParameterRangeError, match=r"parameter 0, [ab] is .* 2\*\*32"):
            session.invoke_command(Command.VALUES, parameter)
    with pytest.raises(tee.ParameterRangeError, match="command id"):
        session.invoke_command(bad)


@pytest.mark.parametrize("bad", ["x", 1.5, None, b"1"])
def test_what_is_no_number_is_refused(session: tee.Session, bad: object) -> None:
    with pytest.raises(tee.ParameterTypeError, match="must be an int"):
        session.invoke_command(Command.VALUES, tee.ValueInput(bad))  # type: ignore[arg-type]


@pytest.mark.assertion("PT-09")
def test_more_than_four_parameters_are_refused(session: tee.Session) -> None:
    with pytest.raises(tee.BadParametersError, match="5 parameters given") as caught:
        session.invoke_command(Command.NOTHING, *[None] * 5)
    assert caught.value.origin == tee.Origin.API


@pytest.mark.parametrize(
    ("parameter", "hint"),
    [
        ("text", "encode it"),
        (7, "pair of ints"),
        ((1, 2, 3), "pair of ints"),
        (object(), "bytes-like"),
        (tee.MemrefTempInput("text"), "encode it"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_parameter_is_refused_with_a_hint(
    session: tee.Session, parameter: object, hint: str
) -> None:
    with pytest.raises(tee.ParameterTypeError, match=hint):
        session.invoke_command(Command.NOTHING, parameter)  # type: ignore[call-overload]


@pytest.mark.parametrize("high", ["a", "b"])
def test_64_bits_reach_the_application_with_the_half_where_it_was_asked_for(
    session: tee.Session, high: Literal["a", "b"]
) -> None:
    number, all_bits = 0xFEDCBA9876543210, 2**64 - 1
    upper = {"a": 0xFEDCBA98, "b": 0x76543210}[high]
    (copied,) = session.invoke_command(
        Command.VALUES, tee.ValueOutput(), tee.ValueInput.from_u64(number, high=high)
    )
    assert copied.a == upper
    assert copied.u64(high=high) == number
    (inverted,) = session.invoke_command(Command.VALUES, tee.ValueInOut.from_u64(number, high=high))
    assert inverted.u64(high=high) == number ^ all_bits
    (negative,) = session.invoke_command(Command.VALUES, tee.ValueInOut.from_i64(5, high=high))
    assert negative.i64(high=high) == ~5
    (real,) = session.invoke_command(
        Command.VALUES, tee.ValueOutput(), tee.ValueInput.from_f64(-0.1, high=high)
    )
    assert real.f64(high=high) == -0.1


def test_signed_numbers_and_floats_of_32_bits_come_back_as_they_were_sent(
    session: tee.Session,
) -> None:
    (inverted,) = session.invoke_command(Command.VALUES, tee.ValueInOut.from_i32(-5, 7))
    assert inverted.i32() == (~-5, ~7)
    (copied,) = session.invoke_command(
        Command.VALUES, tee.ValueOutput(), tee.ValueInput.from_f32(-1.5, 2.0**-20)
    )
    assert copied.f32() == (-1.5, 2.0**-20)
