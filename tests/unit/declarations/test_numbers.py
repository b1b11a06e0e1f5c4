# SPDX-License-Identifier: BSD-2-Clause
"""Numbers in values: each kind in both words, its limits, and what does not fit."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest

from pytee_client import ta
from pytee_client.errors import ParameterRangeError, ParameterTypeError

ALL_ONES = 2**32 - 1
# To type checkers they are int and float.
NAMES = ("U8", "U16", "U32", "U64", "I8", "I16", "I32", "I64", "F32", "F64")
KINDS: dict[str, Any] = {name: getattr(ta, name) for name in NAMES}
LIMITS = {
    name: (0 if name[0] == "U" else -(2 ** (bits - 1)), 2 ** (bits - (name[0] == "I")) - 1)
    for name, bits in ((name, int(name[1:])) for name in KINDS if name[0] != "F")
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_whole_number_comes_back_from_its_words_at_its_limits(name: str) -> None:
    kind = KINDS[name]
    for number in {*LIMITS[name], 0, 1, LIMITS[name][1] // 2}:
        assert kind.read(*kind.words(number, "it")) == number


@pytest.mark.parametrize("name", LIMITS)
def test_a_number_beyond_its_limits_is_refused_by_name(name: str) -> None:
    low, high = LIMITS[name]
    for number in (low - 1, high + 1):
        with pytest.raises(ParameterRangeError, match=r"^it is -?\d+, but must be from"):
            KINDS[name].words(number, "it")


@pytest.mark.parametrize("wrong", [True, 1.0, "1", None, np.bool_(True), b"1", [1]])
@pytest.mark.parametrize("name", LIMITS)
def test_what_is_no_whole_number_is_refused(name: str, wrong: object) -> None:
    with pytest.raises(ParameterTypeError, match=r"^it must be an int"):
        KINDS[name].words(wrong, "it")


def test_the_high_half_of_64_bits_is_in_a() -> None:
    assert KINDS["U64"].words(0x1_0000_0002, "it") == (1, 2)
    assert KINDS["I64"].words(-2, "it") == (ALL_ONES, ALL_ONES - 1)
    assert KINDS["U64"].read(1, 2) == 0x1_0000_0002
    low_first: Any = ta.LowFirst(ta.U64)
    assert low_first.words(0x1_0000_0002, "it") == (2, 1)
    assert low_first.read(2, 1) == 0x1_0000_0002


def test_a_small_negative_number_fills_its_word_and_b_stays_0() -> None:
    for name in ("I8", "I16", "I32"):
        assert KINDS[name].words(-1, "it") == (ALL_ONES, 0)
        assert KINDS[name].read(ALL_ONES, 7) == -1


@pytest.mark.parametrize("name", ["U8", "U16", "I8", "I16"])
def test_a_word_beyond_a_small_number_is_none_of_it_and_is_not_shown(name: str) -> None:
    for word in (0x12345678, LIMITS[name][1] + 1):
        with pytest.raises(ta.ContentError) as caught:
            KINDS[name].read(word, 0)
        assert name in str(caught.value)
        assert str(word) not in str(caught.value)


def test_a_float_has_the_bits_that_c_has() -> None:
    (word,) = struct.unpack("<I", struct.pack("<f", 1.5))
    assert KINDS["F32"].words(1.5, "it") == (word, 0)
    (bits,) = struct.unpack("<Q", struct.pack("<d", -0.1))
    assert KINDS["F64"].words(-0.1, "it") == (bits >> 32, bits & ALL_ONES)
    assert KINDS["F64"].read(*KINDS["F64"].words(-0.1, "it")) == -0.1
    low_first: Any = ta.LowFirst(ta.F64)
    assert low_first.words(-0.1, "it") == (bits & ALL_ONES, bits >> 32)


@pytest.mark.parametrize("name", ["F32", "F64"])
def test_a_float_may_be_infinite_or_nan_and_a_whole_number_is_one(name: str) -> None:
    kind = KINDS[name]
    for number in (math.inf, -math.inf, -0.0, 3, np.float32(0.5)):
        assert kind.read(*kind.words(number, "it")) == number
    assert math.isnan(kind.read(*kind.words(math.nan, "it")))


def test_a_float_that_is_too_large_is_refused_with_the_remedy() -> None:
    with pytest.raises(ParameterRangeError, match="it is too large for F32: use F64"):
        KINDS["F32"].words(1e39, "it")
    with pytest.raises(ParameterRangeError, match="it is too large for a float"):
        KINDS["F64"].words(10**400, "it")
    with pytest.raises(ParameterTypeError, match="it must be a float, not str"):
        KINDS["F64"].words("1.0", "it")


@pytest.mark.parametrize("number", [0, 1, 2**32, 2**64 - 1])
def test_64_bits_over_two_values_have_their_halves_in_a_of_each(number: int) -> None:
    high, low = number >> 32, number & ALL_ONES
    over: Any = ta.OverTwo(ta.U64)
    assert over.words(number, "it") == (high, 0, low, 0)
    assert over.read(high, 9, low, 9) == number
    turned: Any = ta.OverTwo(ta.LowFirst(ta.U64))
    assert turned.words(number, "it") == (low, 0, high, 0)
    assert turned.read(low, 9, high, 9) == number


def test_a_kind_is_also_a_function_that_checks() -> None:
    assert ta.U16(3) == 3
    assert ta.F32(1.5) == 1.5
    with pytest.raises(ParameterRangeError, match="the number is 256"):
        ta.U8(256)


@pytest.mark.parametrize("wrong", [ta.U32, ta.F32, bool, bytes, ta.Bytes(8), ta.Uuid, int])
@pytest.mark.parametrize("outer", [ta.LowFirst, ta.OverTwo])
def test_only_64_bits_have_halves(outer: Any, wrong: Any) -> None:
    with pytest.raises(ta.DeclarationError, match="takes U64, I64"):
        outer(wrong)
