# SPDX-License-Identifier: BSD-2-Clause
"""What lies in values beside numbers: choices, names, and two things in one."""

from __future__ import annotations

from enum import Enum, IntEnum, IntFlag
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import ta
from pytee_client._declarations.values import value_kind
from pytee_client.errors import ParameterRangeError, ParameterTypeError


class Mode(IntEnum):
    ECB = 0
    CBC = 0xFFFFFFFF


class Rights(IntFlag):
    READ = 1
    WRITE = 4


class Other(IntEnum):
    ECB = 0


def kind_of(declared: Any) -> Any:
    kind = value_kind(declared)
    assert kind is not None
    return kind


def test_a_choice_is_1_or_0_and_any_number_but_0_is_true() -> None:
    kind = kind_of(bool)
    assert kind.words(True, "it") == (1, 0)
    assert kind.words(False, "it") == (0, 0)
    assert kind.read(0, 5) is False
    assert kind.read(0x80000000, 0) is True
    for wrong in (1, 0, None, "yes"):
        with pytest.raises(ParameterTypeError, match="it must be True or False"):
            kind.words(wrong, "it")


def test_a_member_comes_back_as_a_member() -> None:
    kind = kind_of(Mode)
    assert kind.words(Mode.CBC, "it") == (0xFFFFFFFF, 0)
    assert kind.read(0, 0) is Mode.ECB
    for wrong in (0, Other.ECB, "ECB", None, True):
        with pytest.raises(ParameterTypeError, match="it must be a Mode, not"):
            kind.words(wrong, "it")


def test_a_number_without_a_member_is_none_and_is_not_shown() -> None:
    with pytest.raises(ta.ContentError, match="no member of Mode") as caught:
        kind_of(Mode).read(0x1234, 0)
    assert "1234" not in str(caught.value)
    assert "4660" not in str(caught.value)


def test_flags_are_any_of_them_and_unknown_ones_come_back() -> None:
    kind = kind_of(Rights)
    assert kind.words(Rights.READ | Rights.WRITE, "it") == (5, 0)
    assert kind.words(Rights(0), "it") == (0, 0)
    assert kind.read(5, 0) == Rights.READ | Rights.WRITE
    assert kind.read(9, 0) == 9
    with pytest.raises(ParameterRangeError, match="it is"):
        kind.words(Rights(1 << 40), "it")


def test_names_that_do_not_fit_are_refused_when_they_are_declared() -> None:
    class Wide(IntEnum):
        HUGE = 2**32

    class Negative(IntEnum):
        LOW = -1

    with pytest.raises(ta.DeclarationError, match=r"Wide.HUGE is 4294967296, which does not fit"):
        value_kind(Wide)
    with pytest.raises(ta.DeclarationError, match=r"Negative.LOW is -1"):
        value_kind(Negative)
    for empty in (IntEnum, IntFlag):
        with pytest.raises(ta.DeclarationError, match="has no members"):
            value_kind(empty)


def test_two_numbers_are_a_value_or_a_pair() -> None:
    kind = kind_of(tee.Value)
    for pair in (tee.Value(1, 2), (1, 2), [1, 2]):
        assert kind.words(pair, "it") == (1, 2)
    assert type(kind.read(1, 2)) is tee.Value
    for wrong in (1, (1,), (1, 2, 3), "ab", None):
        with pytest.raises(ParameterTypeError, match="it must be a Value or a pair"):
            kind.words(wrong, "it")
    with pytest.raises(ParameterRangeError, match="b of it is -1"):
        kind.words((0, -1), "it")


def test_both_words_can_hold_different_things() -> None:
    kind: Any = ta.Both(Mode, ta.I16)
    assert kind.words((Mode.CBC, -2), "it") == (0xFFFFFFFF, 0xFFFFFFFE)
    assert kind.read(0, 0xFFFFFFFE) == (Mode.ECB, -2)
    with pytest.raises(ParameterTypeError, match="b of it must be an int"):
        kind.words((Mode.CBC, "x"), "it")
    for wrong in (1, (Mode.ECB,), None):
        with pytest.raises(ParameterTypeError, match="it must be a tuple of two"):
            kind.words(wrong, "it")
    choices: Any = ta.Both(bool, ta.F32)
    assert choices.read(*choices.words((True, 0.5), "it")) == (True, 0.5)


def test_b_alone_leaves_a_0() -> None:
    kind: Any = ta.OnlyB(ta.U32)
    assert kind.words(7, "it") == (0, 7)
    assert kind.read(9, 7) == 7
    names: Any = ta.OnlyB(Rights)
    assert names.words(Rights.WRITE, "it") == (0, 4)
    assert names.read(9, 4) is Rights.WRITE


@pytest.mark.parametrize(
    "wrong", [ta.U64, ta.F64, ta.I64, tee.Value, bytes, str, int, ta.Both(bool, bool), ta.Uuid]
)
def test_a_word_holds_no_more_than_32_bits(wrong: Any) -> None:
    for make in (ta.OnlyB, lambda kind: ta.Both(kind, bool), lambda kind: ta.Both(bool, kind)):
        with pytest.raises(ta.DeclarationError, match="takes what"):
            make(wrong)


@pytest.mark.parametrize("wrong", [int, float, bytes, str, Enum, object, 3, "U32", None])
def test_other_types_lie_in_no_value(wrong: Any) -> None:
    assert value_kind(wrong) is None
