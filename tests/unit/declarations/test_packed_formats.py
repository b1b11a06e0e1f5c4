# SPDX-License-Identifier: BSD-2-Clause
"""Packed structures that a format describes: its letters, counts and orders, and what is wrong."""

from __future__ import annotations

import struct
import sys
from enum import IntEnum
from typing import Any

import pytest

from pytee_client import ta
from pytee_client.errors import ParameterRangeError, ParameterTypeError


class Mode(IntEnum):
    ECB = 1
    CBC = 2


def one_field(form: str, declared: Any) -> Any:
    """Return a packed structure with a field x."""
    return ta.packed(form)(type("One", (), {"__annotations__": {"x": declared}}))


@pytest.mark.parametrize("order", "<>!=")
@pytest.mark.parametrize("letter", "BHILQbhilqfd")
def test_a_letter_is_what_the_module_struct_makes_of_it(order: str, letter: str) -> None:
    declared = float if letter in "fd" else int
    made = one_field(order + letter, declared)
    expected = struct.pack(order + letter, 5)
    assert ta.pack(made(5)) == expected
    assert ta.unpack(made, expected) == made(5)
    assert ta.size_of(made) == struct.calcsize(order + letter)


def test_a_count_is_that_many_fields_and_x_is_left_free() -> None:
    @ta.packed("< 2H 3x B2x")
    class Counted:
        first: int
        second: int
        last: int

    content = struct.pack("<2H3xB2x", 1, 2, 3)
    assert ta.pack(Counted(1, 2, 3)) == content
    assert ta.unpack(Counted, content) == Counted(1, 2, 3)
    # What is free is not looked at.
    assert ta.unpack(Counted, content[:-2] + b"!!") == Counted(1, 2, 3)


def test_other_types_are_in_the_letters_that_they_fit() -> None:
    @ta.packed(">?Bi4s4sc")
    class Mixed:
        on: bool
        small: Mode
        mode: Mode
        name: str
        content: bytes
        letter: bytes

    given = Mixed(True, Mode.CBC, Mode.ECB, "abc", b"wxyz", b"!")
    content = b"\1\2\0\0\0\1abc\0wxyz!"
    assert ta.pack(given) == content
    assert ta.unpack(Mixed, content) == given


def test_a_choice_may_have_any_letter_of_a_whole_number() -> None:
    made = one_field("<I", bool)
    assert ta.pack(made(True)) == b"\1\0\0\0"
    assert ta.unpack(made, b"\0\0\0\x80") == made(True)


def test_the_order_of_this_machine_is_written_out() -> None:
    assert ta.pack(one_field("=H", int)(1)) == (1).to_bytes(2, sys.byteorder)


@pytest.mark.parametrize(
    ("form", "declared", "text"),
    [
        ("H", int, "is 'H', but is a str that begins with the order of bytes"),
        ("@H", int, "begins with the order of bytes"),
        ("", int, "begins with the order of bytes"),
        ("<", int, "has no item for the field x"),
        ("<HH", int, "more items than there are fields"),
        ("<H;", int, "has ';', which is no item"),
        ("<5", int, "has '5', which is no item"),
        ("<n", int, "has 'n': use the letters"),
        ("<P", int, "has 'P': use the letters"),
        ("<e", float, "has 'e': use the letters"),
        ("<H", str, r"One.x is str, which 'H' in the format is not"),
        ("<H", float, r"One.x is float, which 'H'"),
        ("<f", int, r"One.x is int, which 'f'"),
        ("<f", bool, "bool lies in a whole number, not in F32"),
        ("<f", Mode, "Mode lies in a whole number, not in F32"),
        ("<4s", int, r"One.x is int, which 's'"),
        ("<c", int, r"One.x is int, which 'c'"),
        ("<H", list[int], "which 'H' in the format is not"),
        (b"<H", int, "but is a str"),
        (7, int, "but is a str"),
    ],
)
def test_a_wrong_format_is_refused_when_the_class_is_made(
    form: Any, declared: Any, text: str
) -> None:
    with pytest.raises(ta.DeclarationError, match=text):
        one_field(form, declared)


def test_a_format_says_all_and_goes_with_no_other_choice() -> None:
    choices: list[Any] = [{"endian": "big"}, {"aligned": True}]
    for choice in choices:
        with pytest.raises(ta.DeclarationError, match="the format of One says the order"):
            ta.packed("<H", **choice)(type("One", (), {"__annotations__": {"x": int}}))


def test_a_member_that_does_not_fit_into_its_letter_is_refused_when_the_class_is_made() -> None:
    class Wide(IntEnum):
        LARGE = 256

    with pytest.raises(ta.DeclarationError, match=r"Wide.LARGE is 256, which does not fit into U8"):
        one_field("<B", Wide)


@pytest.mark.parametrize(
    ("form", "declared", "given", "error", "text"),
    [
        ("<H", int, 65536, ParameterRangeError, "One.x is 65536, but must be from 0 to"),
        ("<H", int, -1, ParameterRangeError, "One.x is -1"),
        ("<H", int, True, ParameterTypeError, "One.x must be an int, not True: write 1"),
        ("<H", int, "1", ParameterTypeError, "One.x must be an int, not str"),
        ("<H", int, 1.0, ParameterTypeError, "One.x must be an int, not 1.0"),
        ("<f", float, 1e39, ParameterRangeError, "One.x is too large for F32"),
        ("<f", float, "1", ParameterTypeError, "One.x must be a float"),
        ("<?", bool, 1, ParameterTypeError, "One.x must be True or False"),
        ("<B", Mode, 1, ParameterTypeError, "One.x must be a Mode, not 1"),
        ("<4s", str, "abcde", ParameterRangeError, "One.x is 5 bytes when encoded, but has room"),
        ("<4s", str, b"abcd", ParameterTypeError, "One.x must be a str, not bytes"),
        ("<4s", str, "a\0b", ParameterRangeError, "One.x has a zero, which would end it"),
        ("<4s", bytes, b"abc", ParameterRangeError, "One.x is 3 bytes, but must be 4"),
        ("<4s", bytes, "abcd", ParameterTypeError, "One.x must be bytes-like, not str"),
    ],
)
def test_a_wrong_content_is_refused_by_the_name_of_the_field(
    form: str, declared: Any, given: object, error: type[Exception], text: str
) -> None:
    made = one_field(form, declared)
    with pytest.raises(error, match=text):
        ta.pack(made(given))


def test_a_structure_has_exactly_its_size() -> None:
    made = one_field("<I", int)
    for content in (b"", b"\0" * 3, b"\0" * 5):
        with pytest.raises(ta.ContentError, match=f"{len(content)} bytes, but One has 4"):
            ta.unpack(made, content)
    for kind in (bytes, bytearray, memoryview):
        assert ta.unpack(made, kind(b"\1\0\0\0")) == made(1)


def test_only_packed_structures_are_packed() -> None:
    class Plain:
        pass

    for use in (lambda: ta.pack(Plain()), lambda: ta.size_of(Plain), lambda: ta.pack(3)):
        with pytest.raises(ta.DeclarationError, match="no packed structure: decorate it with"):
            use()
    with pytest.raises(ta.DeclarationError, match="Plain is no packed structure"):
        ta.unpack(Plain, b"")
