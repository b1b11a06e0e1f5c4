# SPDX-License-Identifier: BSD-2-Clause
"""Arguments of declared commands, from the words of a command line."""

from __future__ import annotations

import io
import random
import sys
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pytee_client as tee
from pytee_client._declarations.application import declaration_of
from pytee_client.cli._errors import CommandLineError, InputError
from pytee_client.cli._invoking.arguments import arguments_of
from pytee_client.cli._invoking.files import Inputs

from .shapes import Color, Inner, Mode, Plain, Rest, Shapes

COMMANDS = declaration_of(Shapes).commands
UUID_TEXT = "8aaaf200-2450-11e4-abe2-0002a5d5c51b"
PLAIN = Plain(-3, Mode.READ | Mode.WRITE, True, b"\1\2", "abc", Inner(7, Color.RED), (1, 2), 1.5)


def given(name: str, *words: str) -> list[Any]:
    return arguments_of(COMMANDS[name], words, Inputs())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two").write_bytes(b"\1\2")
    (tmp_path / "inner").write_bytes(b"\7\0\2\0\0\0")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "word", "content"),
    [
        ("u8", "255", 255),
        ("u8", "0x10", 16),
        ("i64", "-9223372036854775808", -(2**63)),
        ("f64", "1.5e3", 1500.0),
        ("f64", "0x1p-1", 0.5),
        ("f64", "inf", float("inf")),
        ("choice", "true", True),
        ("choice", "No", False),
        ("choice", "1", True),
        ("color", "RED", Color.RED),
        ("color", "dark_blue", Color.DARK_BLUE),
        ("color", "0x2", Color.DARK_BLUE),
        ("mode", "READ", Mode.READ),
        ("mode", "read+WRITE", Mode.READ | Mode.WRITE),
        ("mode", "READ|2", Mode.READ | Mode.WRITE),
        ("mode", "0", Mode(0)),
        ("pair", "1,0x2", (1, 2)),
        ("pair", '{"a": 1, "b": 2}', (1, 2)),
        ("pair", "[1, 2]", (1, 2)),
        ("low", "5", 5),
        ("over", "5", 5),
        ("only", "RED", Color.RED),
        ("both", "3,RED", (3, Color.RED)),
        ("blob", "hex:00ff", b"\0\xff"),
        ("blob", "str:Zoë", "Zoë".encode()),
        ("blob", "@two", b"\1\2"),
        ("blob", "hex:", b""),
        ("digest", "@two", b"\1\2"),
        ("text", "Zoë", "Zoë"),
        ("text", "", ""),
        ("text", "str:@two", "@two"),
        ("text", "@two", "\1\2"),
        ("text", "hex:4142", "AB"),
        ("text", "to=you", "to=you"),
        ("wide", "str:Zoë", "Zoë"),
        ("wide", "hex:41004200", "AB"),
        ("numbers", "[1, 2, 0]", [1, 2, 0]),
        ("numbers", '["0x10"]', [16]),
        ("numbers", "[]", []),
        ("numbers", "@two", [0x201]),
        ("items", '[{"number": 7, "color": "red"}]', [Inner(7, Color.RED)]),
        ("items", '["@inner"]', [Inner(7, Color.DARK_BLUE)]),
        ("memory", "7", 7),
        ("uuid_", UUID_TEXT, uuid.UUID(UUID_TEXT)),
        ("uuid_", "hello_world", uuid.UUID(UUID_TEXT)),
        ("maybe", "null", None),
        ("maybe", "str:null", b"null"),
        ("maybe_plain", "null", None),
        ("maybe_plain", "@inner", Inner(7, Color.DARK_BLUE)),
        ("buffer", "hex:00", bytearray(b"\0")),
        ("room", "3", bytearray(3)),
        ("room", "1K", bytearray(1024)),
        ("both_ways", "hex:01", bytearray(b"\1")),
    ],
)  # fmt: skip
def test_a_word_is_the_content_of_its_kind(
    folder: Path, name: str, word: str, content: object
) -> None:
    (argument,) = given(name, word)
    assert argument == content
    assert type(argument) is type(content)


def test_a_structure_is_a_word_for_each_field() -> None:
    words = "small=-3 mode=read+write is_on=yes digest=hex:0102 name=abc inner.number=7"
    more = "inner.color=RED pair=[1,2] ratio=1.5"
    assert given("plain", *words.split(), *more.split()) == [PLAIN]
    assert given("plain", *more.split(), *words.split()) == [PLAIN]


def test_a_structure_is_json_too_and_its_defaults_may_be_left_out() -> None:
    text = (
        '{"small": -3, "mode": 3, "is_on": true, "digest": "hex:0102", "name": "abc",'
        ' "inner": {"number": 7, "color": 1}, "pair": [1, 2]}'
    )
    plain = Plain(**{**vars(PLAIN), "ratio": 0.5})
    assert given("plain", text) == [plain]


def test_a_structure_may_end_with_any_number_of_items(folder: Path) -> None:
    expected = [Rest(1, [Inner(7, Color.DARK_BLUE)])]
    assert given("rest", "count=1", 'items=[{"number": 7, "color": 2}]') == expected
    assert given("rest", "count=1", "items=@inner") == expected
    assert given("rest", "hex:01070002000000") == expected


def test_a_field_that_comes_again_begins_the_next_structure() -> None:
    words = "number=1 color=RED color=DARK_BLUE number=2"
    assert given("two", *words.split()) == [Inner(1, Color.RED), Inner(2, Color.DARK_BLUE)]


def test_words_before_and_after_a_structure_are_other_arguments() -> None:
    assert given("mixed", "1", "color=RED", "number=2", "text") == [1, Inner(2, Color.RED), "text"]
    json = '{"color": 1, "number": 2}'
    assert given("mixed", "1", json, "a=b") == [1, Inner(2, Color.RED), "a=b"]


def test_arrays_have_their_type(folder: Path) -> None:
    (array,) = given("array", "[1, 2.5]")
    assert array.dtype == np.float32
    assert array.tolist() == [1, 2.5]
    (array,) = given("array", "hex:0000803f")
    assert array.tolist() == [1]
    assert array.flags.writeable


def test_parameters_as_they_are_have_their_forms() -> None:
    value, output = given("raw", "value:1,2", "out:8")
    assert isinstance(value, tee.ValueInput)
    assert isinstance(output, tee.MemrefTempOutput)


def test_the_standard_input_is_bytes_or_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"given")))
    assert given("blob", "@-") == [b"given"]


WRONG = {
    ("nothing", "1"): "nothing does not take '1': nothing",
    ("u8",): "u8 needs more: u8 U8",
    ("u8", "1", "2"): "u8 does not take '2': u8 U8",
    ("u8", "x"): "u8 is 'x', but must be U8",
    ("u8", "010"): "u8 is '010', but must be U8",
    ("u8", "256"): "u8 is 256, but must be from 0 to 2**8 - 1",
    ("u8", "amount=5"): "u8 is 'amount=5', but must be U8",
    ("f64", "x"): "f64 is 'x', but must be F64",
    ("choice", "maybe"): "choice is 'maybe', but must be true|false",
    ("color", "GREEN"): "color is 'GREEN', but must be RED|DARK_BLUE",
    ("color", "9"): "color is '9', but must be RED|DARK_BLUE",
    ("mode", "READ,WRITE"): "mode is 'READ,WRITE', but must be READ+WRITE",
    ("pair", "1"): "pair is '1', but must be U32,U32",
    ("pair", "0,4294967296"): "b of pair is 4294967296, but must be from 0",
    ("both", "3"): "both is '3', but must be U8,RED|DARK_BLUE",
    ("both", "3,x"): "both is '3,x', but must be U8,RED|DARK_BLUE",
    ("blob", "00ff"): "blob is '00ff', but is bytes: give hex:00ff, str:text or @FILE",
    ("blob", "hex:0"): "blob is 'hex:0', but must be BYTES",
    ("digest", "hex:00"): "digest is 1 byte",
    ("text", "hex:ff"): "text is 'hex:ff', but must be TEXT",
    ("plain", "{}"): "plain lacks small, mode, is_on, digest, name, inner, pair: give small=I8",
    ("plain", "[]"): "plain is '[]', but must be {",
    ("plain", "{"): "plain is '{', but must be {",
    ("plain", "x"): "plain is 'x', but must be {",
    ("plain", "small=1", "x=2"): "plain has no field x; Plain has small, mode,",
    ("plain", "inner.number=1", "inner=2"): "plain.inner lacks color",
    ("plain", "inner=2", "inner.number=1"): "plain has inner twice",
    ("two", "number=1", "color=RED"): "argument 2 of two lacks number, color",
    ("two", "number=x", "color=RED"): "argument 1 of two.number is 'x', but must be U16",
    ("numbers", "1"): "numbers is '1', but must be [U16, ...]",
    ("numbers", "[1"): "numbers is '[1', but must be [U16, ...]",
    ("numbers", "[70000]"): "numbers[0] is 70000, but must be from 0 to 2**16 - 1",
    ("numbers", '["x"]'): "numbers[0] is 'x', but must be U16",
    ("numbers", "[true]"): "numbers[0] must be an int, not True",
    ("numbers", "hex:00"): "numbers is 'hex:00', but must be [U16, ...]: 1 bytes are no whole",
    ("uuid_", "hello"): "uuid_ is 'hello', but must be UUID",
    ("maybe", "none"): "maybe is 'none', but is bytes: give",
    ("array", "[x]"): "array is '[x]', but must be [float32, ...]",
    ("room", "-1"): "room is '-1', but is room for an output: give a number of bytes",
    ("raw", "out:4", "out:4"): "argument 1 of raw is 'out:4', but must be a ValueInput",
    ("raw", "x", "out:4"): "'x' is no parameter",
    ("block", "hex:00"): "block is 'hex:00', but must be a SharedMemory",
}


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_is_wrong_is_told_in_one_line_with_the_name(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandLineError) as caught:
        given(*words)
    text = str(caught.value)
    assert WRONG[words] in text
    assert "\n" not in text


def test_a_long_word_is_cut_in_texts() -> None:
    with pytest.raises(CommandLineError) as caught:
        given("numbers", "x" * 1000)
    assert len(str(caught.value)) < 200


def test_any_words_are_arguments_or_told_to_be_wrong(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"given")))
    chance = random.Random(17)
    pieces = ["hex:", "str:", "@", "two", "{", "}", "[", "]", '"a"', ":", ",", "1", "-", "x", "="]
    pieces += ["number", "RED", "null", "true", "1e400", ".", "+", "\0", "\udc80", "ÿ", "NaN", " "]
    for name in list(COMMANDS) * 60:
        words = [
            "".join(chance.choices(pieces, k=chance.randrange(6)))
            for _ in range(chance.randrange(4))
        ]
        # Whatever else it raised, a user would see as a traceback.
        try:
            arguments = given(name, *words)
        except InputError:
            continue
        assert len(arguments) == len(COMMANDS[name].signature.arguments)


def test_json_that_is_nested_too_deep_is_told_to_be_wrong() -> None:
    with pytest.raises(CommandLineError, match="but must be"):
        given("numbers", "[" * 100_000)
