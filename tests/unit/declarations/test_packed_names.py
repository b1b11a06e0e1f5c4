# SPDX-License-Identifier: BSD-2-Clause
"""Packed structures whose annotations are text, wherever the classes are made."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated

import pytest

from pytee_client import ta

if TYPE_CHECKING:
    from decimal import Decimal


@ta.packed
class Point:
    x: ta.I16
    y: ta.I16


def test_names_are_those_of_the_module() -> None:
    @ta.packed("<hh")
    class Formatted:
        x: int
        y: int

    assert ta.pack(Point(1, 2)) == ta.pack(Formatted(1, 2)) == b"\1\0\2\0"


def test_names_are_those_of_the_function_that_makes_the_class() -> None:
    @ta.packed
    class Local:
        x: ta.U8

    @ta.packed(endian="big")
    class Two:
        number: ta.U16
        digest: Annotated[bytes, 2]

    @ta.packed
    class Holder:
        local: Local
        all: Annotated[tuple[Local, ...], 2]

    assert ta.pack(Holder(Local(1), (Local(2), Local(3)))) == b"\1\2\3"
    assert ta.pack(Two(1, b"ab")) == b"\0\1ab"


def test_a_derived_class_takes_the_fields_of_a_base_of_another_function() -> None:
    def make() -> type[Point]:
        @ta.packed
        class Local(Point):
            z: Annotated[ta.U8, "metres"]

        return Local

    @ta.packed
    class Derived(make()):  # type: ignore[misc]
        w: ta.U8

    assert ta.pack(Derived(1, 2, 3, 4)) == b"\1\0\2\0\3\4"


def test_a_default_value_does_not_hide_what_its_field_is_named_after() -> None:
    number = uuid.UUID(int=1)

    @ta.packed
    class Owner:
        uuid: uuid.UUID = number

    assert ta.pack(Owner()) == number.bytes


def test_what_only_type_checkers_know_is_refused_by_name() -> None:
    with pytest.raises(ta.DeclarationError, match=r"Price has an annotation .* 'Decimal'"):

        @ta.packed
        class Price:
            amount: Decimal
