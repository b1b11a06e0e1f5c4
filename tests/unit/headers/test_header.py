# SPDX-License-Identifier: BSD-2-Clause
"""The header of a declaration, as compilers of C see it."""

from __future__ import annotations

import random
import subprocess
import types
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import pytest

from pytee_client import ta
from pytee_client._declarations.application import declaration_of
from pytee_client._declarations.kinds import DeclarationError
from pytee_client._headers.writer import c_header
from pytee_client.kernels.uapi import ParamType
from pytee_client.ta import optee

from .declarations import Everything, Mode, Rights
from .generated import COMPILERS, PARAM_TYPES, header_of, run_compiler

OPTEE = sorted(
    name
    for name in dir(optee)
    if isinstance(value := getattr(optee, name), type) and issubclass(value, ta.Client)
)


def of(**commands: Any) -> str:
    """Return the header of an application Some."""
    uuid = "00112233-4455-6677-8899-aabbccddeeff"
    return header_of(types.new_class("Some", (ta.Client,), {"uuid": uuid}, vars_of(commands)))


def vars_of(commands: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    """Return what puts commands into the names of a class."""
    return lambda names: names.update(commands)


@pytest.mark.parametrize("compiler", COMPILERS, ids=" ".join)
def test_it_compiles_without_a_warning_and_may_be_included_twice(
    compiler: tuple[str, ...], tmp_path: Path
) -> None:
    header = header_of(Everything)
    run_compiler(tmp_path, f"{header}\n{header}", *compiler, "-fsyntax-only")


@pytest.mark.parametrize("name", OPTEE)
def test_those_of_op_tees_own_applications_compile(name: str, tmp_path: Path) -> None:
    header = header_of(getattr(optee, name))
    for compiler in COMPILERS:
        run_compiler(tmp_path, header, *compiler, "-fsyntax-only")


def test_it_is_the_same_each_time() -> None:
    assert header_of(Everything) == header_of(Everything)


def printed(tmp_path: Path, header: str, expressions: list[str]) -> list[int]:
    """Return the numbers that expressions are in C."""
    lines = "".join(f'\tprintf("%lu\\n", (unsigned long)({one}));\n' for one in expressions)
    source = (
        f"{PARAM_TYPES}\n{header}\n#include <stdio.h>\nint main(void)\n{{\n{lines}\treturn 0;\n}}\n"
    )
    run_compiler(tmp_path, source, "cc", "-std=c11", "-o", str(tmp_path / "program"))
    done = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
    return list(map(int, done.stdout.split()))


def test_commands_have_their_numbers_and_the_types_of_their_parameters(tmp_path: Path) -> None:
    declaration = declaration_of(Everything)
    expressions, expected = [], []
    for name, command in declaration.commands.items():
        if name == "blocks":
            continue
        expressions += [f"EVERYTHING_CMD_{name.upper()}{end}" for end in ("", "_PARAM_TYPES")]
        types = [slot.type if slot is not None else 0 for slot in command.signature.slots]
        assert command.number is not None
        expected.append(int(command.number))
        expected.append(sum(int(one or 0) << 4 * place for place, one in enumerate(types)))
    expressions.append("EVERYTHING_OPEN_PARAM_TYPES")
    expected.append(ParamType.VALUE_INPUT * 0x11)
    assert printed(tmp_path, header_of(Everything), expressions) == expected


def test_the_direction_of_a_block_is_given_to_the_macro(tmp_path: Path) -> None:
    call = "EVERYTHING_CMD_BLOCKS_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INOUT, 6)"
    assert printed(tmp_path, header_of(Everything), [call]) == [0x567]


def test_the_uuid_initialises_a_structure_of_c(tmp_path: Path) -> None:
    header = f"{header_of(Everything)}static const TEE_UUID uuid = EVERYTHING_UUID;\n"
    names = ["timeLow", "timeMid", "timeHiAndVersion", *(f"clockSeqAndNode[{n}]" for n in range(8))]
    found = printed(tmp_path, header, [f"uuid.{name}" for name in names])
    assert found[:3] == [0x00112233, 0x4455, 0x6677]
    assert bytes(found[3:]).hex() == "8899aabbccddeeff"


def test_codes_and_enumerations_have_their_numbers(tmp_path: Path) -> None:
    names = ["CODE_BUSY_WITH_OTHERS", "CODE_LATE", "MODE_SLOWEST", "RIGHTS_ALL", "RIGHTS_WRITE"]
    found = printed(tmp_path, header_of(Everything), [f"EVERYTHING_{name}" for name in names])
    assert found == [0x80000001, 7, 2, 0x80000000, 2]


KINDS: list[Any] = [
    *(ta.U8, ta.U16, ta.U32, ta.U64, ta.I8, ta.I16, ta.I32, ta.I64, ta.F32, ta.F64),
    *(ta.Uuid, ta.TeeUuid, Mode, Rights, bool),
    *(Annotated[bytes, 3], Annotated[str, 5], Annotated[Mode, ta.U8], Annotated[bool, ta.U64]),
]


def array_of(kind: Any, count: int) -> Any:
    """Return the annotation of an array."""
    return Annotated[types.GenericAlias(tuple, (kind, ...)), count]


def structures(chance: random.Random, count: int) -> list[type[Any]]:
    """Return structures of any fields, aligned or not, and in one another."""
    made: list[type[Any]] = []
    for number in range(count):
        kinds: list[Any] = []
        for _ in range(chance.randint(1, 6)):
            kind: Any = chance.choice([*KINDS, *made])
            is_array = chance.random() < 0.2
            kinds.append(array_of(kind, chance.randint(1, 3)) if is_array else kind)
        fields = {f"field{place}": kind for place, kind in enumerate(kinds)}
        cls: Any = type(f"Made{number}", (), {"__annotations__": fields})
        made.append(ta.packed(aligned=chance.random() < 0.6)(cls))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_any_structures_lie_in_c_as_in_python(seed: int, tmp_path: Path) -> None:
    """The header asserts their sizes, and where each field is."""
    made = structures(random.Random(seed), 24)
    some = of(**{f"take{number}": ta.command(number, one) for number, one in enumerate(made)})
    assert some.count("== ") > 48
    for compiler in COMPILERS:
        run_compiler(tmp_path, some, *compiler, "-fsyntax-only")


def test_a_size_that_differs_does_not_compile(tmp_path: Path) -> None:
    header = header_of(Everything)
    wrong = header.replace("uint16_t flags;", "uint32_t flags;")
    assert wrong != header
    with pytest.raises(AssertionError, match="everything_tight has another size"):
        run_compiler(tmp_path, wrong, "cc", "-fsyntax-only")


def test_comments_say_what_is_in_which_slot_and_in_which_half() -> None:
    header = " ".join(header_of(Everything).replace("\n * ", " ").split())
    for said in (
        "orders(U64, LowFirst(U64), OverTwo(I64))",
        "Slot 0, VALUE_INPUT: argument 1: a: the high half of a uint64_t, b: its low half.",
        "Slot 1, VALUE_INPUT: argument 2: a: the low half of a uint64_t, b: its high half.",
        "Slot 2, VALUE_INPUT: argument 3: a: the high half of an int64_t.",
        "Slot 3, VALUE_INPUT: argument 1: a: Mode, b: a uint16_t.",
        "Slot 2, MEMREF_INOUT: argument 3: Tight, 12 bytes; comes back as Network, 6 bytes.",
        "Slot 3, MEMREF_INPUT: argument 4: bytes, or a null memref.",
        "Network: 6 bytes, big-endian. Convert its numbers",
        "Words: 1 byte and the items of words, little-endian.",
        "uint8_t mode; /* Mode */",
        "char old[4]; /* text in latin-1, zeros fill it up */",
    ):
        assert said in header


def test_a_declaration_whose_names_are_one_in_c_is_refused() -> None:
    with pytest.raises(DeclarationError, match="key and KEY of Some would both be SOME_CMD_KEY"):
        of(key=ta.command(0), KEY=ta.command(1))


def test_a_name_that_c_has_no_letters_for_is_refused() -> None:
    with pytest.raises(DeclarationError, match="schlüssel of Some can't be named"):
        of(schlüssel=ta.command(0))


def test_what_is_declared_can_not_end_a_comment() -> None:
    class Mode(IntEnum):
        A = 1

    Mode.__name__ = "*/ #error"
    header = of(take=ta.command(0, ta.Text("utf-8", nul=True)))
    assert "*/ #error" not in header
    with pytest.raises(DeclarationError, match="can't be named"):
        of(take=ta.command(0, Mode))
    source = c_header(declaration_of(Everything), "*/ #error")
    assert "*/ #error" not in source
