# SPDX-License-Identifier: BSD-2-Clause
"""What declared commands return, as data and as text."""

from __future__ import annotations

import json
import math
import uuid
from typing import Any

import numpy as np
import pytest

from pytee_client import ta
from pytee_client._declarations.application import declaration_of
from pytee_client._outputs import RequiredSize, Value
from pytee_client.cli._invoking.results import data_of, lines_of
from pytee_client.cli._invoking.usage import command_data, lines_of_commands
from pytee_client.ta import optee

from .shapes import Color, Inner, Mode, Rest, Shapes

LONG = bytes(range(20))


@pytest.mark.parametrize(
    ("result", "data"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (0.5, 0.5),
        ("Zoë", "Zoë"),
        (b"\0\xff", "00ff"),
        (bytearray(b"\1"), "01"),
        (memoryview(b"\1\2"), "0102"),
        (Color.RED, "RED"),
        (Mode.READ | Mode.WRITE, "READ+WRITE"),
        (Mode(0), 0),
        (Mode(5), 5),
        (Value(1, 2), {"a": 1, "b": 2}),
        (RequiredSize(9), {"required": 9}),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (math.inf, "inf"),
        ((1, Color.RED), [1, "RED"]),
        (Rest(1, [Inner(2, Color.RED)]), {"count": 1, "items": [{"number": 2, "color": "RED"}]}),
        (np.array([1.5, math.nan], np.float32), [1.5, "nan"]),
    ],
)
def test_a_result_is_data_that_json_has(result: object, data: object) -> None:
    assert data_of(result) == data
    assert json.loads(json.dumps(data_of(result), allow_nan=False)) == data


def text(result: object, name: str = "") -> str:
    return "\n".join(lines_of(result, name))


def test_what_is_one_thing_is_one_line() -> None:
    assert text(7) == "7"
    assert text("Zoë", "result 1") == "result 1: Zoë"
    assert text(b"ab\0") == "61 62 00  |ab.|"
    assert text(b"") == "0 bytes"
    assert text(Color.RED) == "RED (1)"
    assert text(Value(1, 2)) == "1, 2"
    assert text(RequiredSize(1), "x") == "x: needs 1 byte"
    assert text([1, 2], "x") == "x: 1, 2"


def test_text_does_not_control_the_terminal() -> None:
    assert text("\x1b[31mred\n\u202eÿ\x07") == "\\x1b[31mred\n\\u202eÿ\\x07"


def test_long_bytes_are_a_hex_dump() -> None:
    assert text(memoryview(LONG), "x").splitlines() == [
        "x: 20 bytes",
        "  00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f   |................|",
        "  00000010  10 11 12 13                                        |....|",
    ]


def test_a_structure_is_a_line_for_each_field() -> None:
    rest = Rest(1, [Inner(2, Color.RED)])
    fields = ["count: 1", "items: 1 item", "[0]:", "  number: 2", "  color: RED (1)"]
    assert text(rest).splitlines() == fields
    assert text(rest, "result 1").splitlines() == ["result 1:", *(f"  {one}" for one in fields)]


def commands() -> dict[str, Any]:
    return {
        name: command_data(command) for name, command in declaration_of(Shapes).commands.items()
    }


@pytest.mark.parametrize(
    ("name", "takes", "returns"),
    [
        ("nothing", [], []),
        ("u8", ["U8"], []),
        ("low", ["U64"], []),
        ("mode", ["READ+WRITE"], []),
        ("both", ["U8,RED|DARK_BLUE"], []),
        ("digest", ["BYTES(2)"], []),
        ("rest", ['count=U8 items=[{"number": U16, "color": RED|DARK_BLUE}, ...]'], []),
        ("maybe", ["BYTES or null"], []),
        ("maybe_plain", ["number=U16 color=RED|DARK_BLUE or null"], []),
        ("memory", ["U32"], []),
        ("uuid_", ["UUID"], []),
        ("array", ["[float32, ...]"], []),
        ("buffer", ["BYTES"], ["BYTES"]),
        ("room", ["SIZE"], ["BYTES"]),
        ("raw", ["value:A,B", "out:SIZE"], ["out:SIZE"]),
        ("block", ["a SharedMemory"], []),
        ("both_ways", ["BYTES"], ["BYTES", "U8", "Plain"]),
    ],
)
def test_a_command_says_what_it_takes_and_returns(
    name: str, takes: list[str], returns: list[str]
) -> None:
    assert commands()[name] == {
        "name": name,
        "number": declaration_of(Shapes).commands[name].number,
        "takes": takes,
        "returns": returns,
    }


def test_every_client_of_the_library_can_be_listed() -> None:
    clients = [getattr(optee, name) for name in optee.__all__]
    clients = [one for one in clients if isinstance(one, type) and issubclass(one, ta.Client)]
    assert len(clients) > 15
    for client in clients:
        declared = declaration_of(client)
        lines = lines_of_commands(declared)
        assert len(lines) > len(declared.commands)
        # Only what has no space may need more.
        assert all(len(line) <= 80 or " " not in line.strip() for line in lines)


def test_the_commands_of_a_declaration_are_listed() -> None:
    lines = lines_of_commands(declaration_of(Shapes))
    assert lines[0] == "Shapes (6f1c7a4e-93f0-4f8b-8d0f-2f61a5f2b7c3)"
    assert "  both_ways BYTES -> BYTES, U8, Plain" in lines
    starts = [line for line in lines if not line.startswith("   ")]
    assert len(starts) == 1 + len(declaration_of(Shapes).commands)
