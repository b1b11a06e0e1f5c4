# SPDX-License-Identifier: BSD-2-Clause
"""Parameters as a command line gives them."""

from __future__ import annotations

import io
import random
import sys
from pathlib import Path
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.cli._errors import CommandLineError, InputError
from pytee_client.cli._invoking.files import Inputs
from pytee_client.cli._invoking.forms import form_of, forms_of


def made(word: str, *, grow: bool = False) -> Any:
    return form_of(word, Inputs()).make(grow)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "content").write_bytes(b"\0\xff\n")
    (tmp_path / "a:b").write_bytes(b"colon")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,2", (1, 2)),
        ("0x10,0b11", (16, 3)),
        ("7", (7, 0)),
        ("-1,-2147483648", (2**32 - 1, 2**31)),
        ("4294967295,0", (2**32 - 1, 0)),
        ("0o17, 1_000", (15, 1000)),
    ],
)
def test_a_value_is_two_numbers_of_32_bits(text: str, numbers: tuple[int, int]) -> None:
    value = made(f"value:{text}")
    assert isinstance(value, tee.ValueInput)
    assert (value.a, value.b) == numbers
    both = made(f"value-inout:{text}")
    assert isinstance(both, tee.ValueInOut)
    assert (both.a, both.b) == numbers


def test_what_has_no_content_is_a_word_alone() -> None:
    assert made("none") is None
    assert isinstance(made("value-out"), tee.ValueOutput)
    for word, kind in (
        ("null", tee.MemrefTempInput),
        ("null-out", tee.MemrefTempOutput),
        ("null-inout", tee.MemrefTempInOut),
    ):
        form = form_of(word, Inputs())
        assert isinstance(form.make(False), kind)
        assert form.make(False).buffer is None
        assert form.is_null


@pytest.mark.parametrize(
    ("word", "content"),
    [
        ("hex:00ff", b"\0\xff"),
        ("hex:00 fF", b"\0\xff"),
        ("hex:", b""),
        ("str:Zoë: a:b", "Zoë: a:b".encode()),
        ("str:", b""),
        ("str:\udcff", b"\xff"),
        ("in:content", b"\0\xff\n"),
        ("in:a:b", b"colon"),
    ],
)
def test_an_input_is_bytes(folder: Path, word: str, content: bytes) -> None:
    parameter = made(word)
    assert isinstance(parameter, tee.MemrefTempInput)
    assert parameter.buffer == content
    form = form_of(
        f"inout{'' if word.startswith('in:') else '-'}{word.removeprefix('in')}", Inputs()
    )
    assert form.comes_back
    first, second = form.make(False), form.make(False)
    assert isinstance(first, tee.MemrefTempInOut)
    assert first.buffer == content
    # A run may change it, and the next one gives the same once more.
    assert first.buffer is not second.buffer


@pytest.mark.parametrize(
    ("text", "size"), [("64", 64), ("0", 0), ("0x40", 64), ("4K", 4096), ("1M", 1 << 20)]
)
def test_an_output_is_a_number_of_bytes(text: str, size: int) -> None:
    parameter = made(f"out:{text}")
    assert isinstance(parameter, tee.MemrefTempOutput)
    assert (parameter.buffer, parameter.grow) == (size, False)
    grows = made(f"out:{text}", grow=True)
    assert (grows.buffer, grows.grow) == (size, True)


def test_an_output_may_begin_larger_than_outputs_grow_to() -> None:
    assert made("out:32M", grow=True).max_size == 32 << 20


def test_an_output_may_have_a_file_whose_name_has_colons() -> None:
    assert form_of("out:5:a:b", Inputs()).file == "a:b"
    assert form_of("out:5:-", Inputs()).file == "-"
    assert form_of("out:5", Inputs()).file is None


WRONG = {
    "": "'' is no parameter: a parameter is one of value:1,2 value-out",
    "value": "'value' is no parameter: value:1,0x2 has more",
    "values:1,2": "'values:1,2' is no parameter: a parameter is one of",
    "value:": "write it as value:1,0x2",
    "value:1,": "write it as value:1,0x2",
    "value:,1": "write it as value:1,0x2",
    "value:1,2,3": "write it as value:1,0x2",
    "value:010": "write it as value:1,0x2",
    "value:1.5": "write it as value:1,0x2",
    "value:4294967296": "the numbers of a value have 32 bits",
    "value:0,-2147483649": "the numbers of a value have 32 bits",
    "value-inout": "value-inout:1,0x2 has more",
    "value-inout:x": "write it as value-inout:1,0x2",
    "value-out:1": "value-out stands alone",
    "none:": "none stands alone",
    "null:5": "null stands alone",
    "hex": "hex:00ff has more",
    "hex:0": "write it as hex:00ff",
    "hex:zz": "write it as hex:00ff",
    "inout-hex:q": "write it as inout-hex:00ff",
    "out": "out:64 or out:64:FILE has more",
    "out:": "write it as out:64 or out:64:FILE",
    "out:-1": "write it as out:64 or out:64:FILE",
    "out:K": "write it as out:64 or out:64:FILE",
    "out:5T": "write it as out:64 or out:64:FILE",
    "out:4G": "an output has less than 4G",
    "out:5G": "an output has less than 4G",
    "out:file": "write it as out:64 or out:64:FILE",
    "out:64:": "write it as out:64 or out:64:FILE",
    "out:4096M": "an output has less than 4G",
    "in:": "a file has no name: give its path, or - for the standard input",
    "inout:": "a file has no name",
    "00ff": "a parameter is one of",
}


@pytest.mark.parametrize("word", WRONG)
def test_a_form_that_is_wrong_is_told_in_one_line(word: str) -> None:
    with pytest.raises(CommandLineError) as caught:
        made(word)
    text = str(caught.value)
    assert WRONG[word] in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("word", "reason"),
    [("in:nothing", "No such file"), ("in:.", "Is a directory"), ("inout:nothing", "No such file")],
)
def test_a_file_that_can_t_be_read_is_wrong_input(folder: Path, word: str, reason: str) -> None:
    with pytest.raises(InputError, match=f"can't be read: {reason}") as caught:
        made(word)
    assert not isinstance(caught.value, CommandLineError)


def test_an_operation_has_four_parameters() -> None:
    assert len(forms_of(["none"] * 4, Inputs())) == 4
    with pytest.raises(CommandLineError, match="5 parameters, but an operation has at most 4"):
        forms_of(["none"] * 5, Inputs())


def test_the_standard_input_is_for_one_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\0given")))
    inputs = Inputs()
    assert form_of("in:-", inputs).make(False).buffer == b"\xff\0given"
    with pytest.raises(CommandLineError, match="the standard input can be read once"):
        form_of("inout:-", inputs)
    inputs.begin_again()
    assert form_of("in:-", inputs).make(False).buffer == b"\xff\0given"


def test_any_words_are_parameters_or_told_to_be_wrong(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"given")))
    chance = random.Random(17)
    names = ["value", "value-out", "value-inout", "in", "hex", "str", "out", "inout", "inout-hex"]
    names += ["inout-str", "none", "null", "null-out", "null-inout", "x", ""]
    alphabet = "0123456789abcdefKMx,-:_ .\0ÿ\udc80content"
    parameters = 0
    for _ in range(3000):
        # Whatever else it raised, a user would see as a traceback.
        word = chance.choice(names) + chance.choice(["", ":"])
        word += "".join(chance.choices(alphabet, k=chance.randrange(8)))
        try:
            made(word, grow=chance.random() < 0.5)
            parameters += 1
        except InputError:
            pass
    assert 200 < parameters < 2800
