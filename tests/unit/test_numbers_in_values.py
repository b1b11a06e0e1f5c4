# SPDX-License-Identifier: BSD-2-Clause
"""Numbers of 64 bits, signed ones and floats in the two words of a value."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import pytee_client as tee

KINDS: list[Any] = [tee.ValueInput, tee.ValueInOut]
INDEX = 0x0102030405060708
HALVES = (0x01020304, 0x05060708)


def value_of(parameter: tee.ValueInput | tee.ValueInOut) -> tee.Value:
    return tee.Value(parameter.a, parameter.b)


@pytest.mark.parametrize("kind", KINDS)
def test_high_says_which_word_has_the_high_half(kind: type[tee.ValueInput]) -> None:
    assert kind.from_u64(INDEX, high="a") == kind(*HALVES)
    assert kind.from_u64(INDEX, high="b") == kind(*HALVES[::-1])
    assert tee.Value(*HALVES).u64(high="a") == tee.Value(*HALVES[::-1]).u64(high="b") == INDEX
    assert tee.Value(1, 0).u64(high="a") == 2**32
    assert tee.Value(1, 0).u64(high="b") == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("high", ["a", "b"])
def test_what_is_written_is_read_again(kind: Any, high: Any) -> None:
    for number in (0, 1, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1):
        assert value_of(kind.from_u64(number, high=high)).u64(high=high) == number
    for number in (0, -1, 2**63 - 1, -(2**63), -(2**32), 2**31):
        assert value_of(kind.from_i64(number, high=high)).i64(high=high) == number
    for real in (0.0, -1.5, 0.1, math.inf, 5e-324, 1e308):
        assert value_of(kind.from_f64(real, high=high)).f64(high=high) == real
    assert math.isnan(value_of(kind.from_f64(math.nan, high=high)).f64(high=high))
    for pair in ((0, -1), (-(2**31), 2**31 - 1), (5, 6)):
        assert value_of(kind.from_i32(*pair)).i32() == pair
    for reals in ((0.0, -1.5), (math.inf, 2.0**-149), (0.25, 3.0)):
        assert value_of(kind.from_f32(*reals)).f32() == reals


def test_the_bits_are_those_of_c() -> None:
    assert tee.ValueInput.from_i32(-1, -2) == tee.ValueInput(0xFFFFFFFF, 0xFFFFFFFE)
    assert tee.ValueInput.from_i32(-1) == tee.ValueInput(0xFFFFFFFF, 0)
    assert tee.ValueInput.from_i64(-2, high="a") == tee.ValueInput(0xFFFFFFFF, 0xFFFFFFFE)
    assert tee.ValueInput.from_f32(1.0, -2.0) == tee.ValueInput(0x3F800000, 0xC0000000)
    assert tee.ValueInput.from_f32(1) == tee.ValueInput(0x3F800000, 0)
    assert tee.ValueInput.from_f64(-2.5, high="b") == tee.ValueInput(0, 0xC0040000)


def test_a_float_of_32_bits_is_the_nearest_one() -> None:
    assert tee.ValueInput.from_f32(0.1) == tee.ValueInput(0x3DCCCCCD)
    (read, _) = tee.Value(0x3DCCCCCD, 0).f32()
    assert read == pytest.approx(0.1, abs=1e-8)
    assert read != 0.1


class Index:
    def __index__(self) -> int:
        return 7


def test_what_stands_for_a_number_is_one() -> None:
    assert tee.ValueInput.from_u64(Index(), high="b") == tee.ValueInput(7)  # type: ignore[arg-type]
    assert tee.ValueInput.from_i32(tee.Login.USER) == tee.ValueInput(1)


V = tee.ValueInOut
WRONG: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: V.from_u64(-1, high="a"), tee.ParameterRangeError, r"number is -1.*2\*\*64"),
    (lambda: V.from_u64(2**64, high="b"), tee.ParameterRangeError, r"2\*\*64 - 1"),
    (lambda: V.from_u64(True, high="a"), tee.ParameterTypeError, "not True"),
    (lambda: V.from_u64(1.0, high="a"), tee.ParameterTypeError, "not 1.0"),  # type: ignore[arg-type]
    (lambda: V.from_i64(2**63, high="a"), tee.ParameterRangeError, r"2\*\*63 - 1"),
    (lambda: V.from_i32(2**31), tee.ParameterRangeError, "a is 2147483648"),
    (lambda: V.from_i32(0, -(2**31) - 1), tee.ParameterRangeError, "b is -2147483649"),
    (lambda: V.from_i32("1"), tee.ParameterTypeError, "a must be an int"),  # type: ignore[arg-type]
    (lambda: V.from_f32(1e39), tee.ParameterRangeError, "a is 1e[+]39.*from_f64"),
    (lambda: V.from_f32(0, 1j), tee.ParameterTypeError, "b must be a float"),  # type: ignore[arg-type]
    (lambda: V.from_f32("1.5"), tee.ParameterTypeError, "not str"),  # type: ignore[arg-type]
    (lambda: V.from_f64(10**400, high="a"), tee.ParameterRangeError, "too large"),
    (lambda: V.from_f64(False, high="a"), tee.ParameterTypeError, "not False"),
    (lambda: V.from_u64(1, high="A"), ValueError, 'must be "a" or "b".*not \'A\''),  # type: ignore[arg-type]
    (lambda: V.from_u64(1, high=1), ValueError, "not 1"),  # type: ignore[arg-type]
    (lambda: tee.Value(1, 2).u64(high="ab"), ValueError, "high half"),  # type: ignore[arg-type]
    (lambda: tee.Value(1, 2).f64(high=None), ValueError, "not None"),  # type: ignore[arg-type]
    (lambda: V.from_u64(1), TypeError, "high"),  # type: ignore[call-arg]
]


@pytest.mark.parametrize(("make", "kind", "text"), WRONG)
def test_what_does_not_fit_is_refused_when_it_is_made(
    make: Callable[[], object], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        make()


def test_a_derived_class_makes_its_own_objects() -> None:
    class Rollback(tee.ValueInput):
        """A rollback index."""

    assert type(Rollback.from_u64(1, high="a")) is Rollback


def test_a_value_is_still_a_pair() -> None:
    value = tee.Value(1, 2)
    assert value == (1, 2)
    assert pickle.loads(pickle.dumps(value)) == copy.copy(value) == value
