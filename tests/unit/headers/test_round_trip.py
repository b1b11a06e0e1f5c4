# SPDX-License-Identifier: BSD-2-Clause
"""A declaration that is printed as a header, and generated again, is the same."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from types import ModuleType
from typing import Any

import pytest

from pytee_client import ta
from pytee_client._declarations.application import declaration_of
from pytee_client.ta import optee

from ...support import wallet
from . import declarations
from .generated import declared_in, generated, header_of, layout, numbers_of
from .test_header import OPTEE

APPLICATIONS = {"Wallet": wallet, "Everything": declarations}
STRUCTURES = [
    *((wallet, name) for name in ("Transfer", "Receipt", "Entry")),
    *(
        (declarations, name)
        for name in ("Tight", "Eight", "Outer", "Network", "Frame", "Table", "Words", "Said")
    ),
]


def again(module: ModuleType) -> ModuleType:
    """Return what is generated from the header of an application of a module."""
    (name,) = (name for name, one in APPLICATIONS.items() if one is module)
    return generated(header_of(getattr(module, name)), "other.h")


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application_keeps_its_name_its_uuid_and_its_commands(name: str) -> None:
    before = declaration_of(getattr(APPLICATIONS[name], name))
    after = declared_in(again(APPLICATIONS[name]))[name]
    assert after.name == name
    assert after.uuid == before.uuid
    assert numbers_of(after) == numbers_of(before)
    assert before.results is not None
    assert after.results is not None
    assert after.results.__name__ == before.results.__name__
    assert dict(after.results.__members__) == dict(before.results.__members__)


@pytest.mark.parametrize("name", OPTEE)
def test_so_do_op_tees_own_applications(name: str) -> None:
    before = declaration_of(getattr(optee, name))
    after = declared_in(generated(header_of(getattr(optee, name))))[name]
    assert after.uuid == before.uuid
    assert numbers_of(after) == numbers_of(before)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (wallet, "Reason"),
        (declarations, "Mode"),
        (declarations, "Rights"),
        (declarations, "MACKind"),
    ],
)
def test_an_enumeration_keeps_its_name_its_members_and_their_aliases(
    module: ModuleType, name: str
) -> None:
    before, after = getattr(module, name), getattr(again(module), name)
    kind = IntFlag if issubclass(before, IntFlag) else IntEnum
    assert issubclass(after, kind)
    assert list(after.__members__) == list(before.__members__)
    assert list(map(int, after.__members__.values())) == list(map(int, before.__members__.values()))


def of_one(structure: type[Any]) -> str:
    """Return the header of an application of which one command takes a structure."""

    class Everything(ta.Client, uuid="00112233-4455-6677-8899-aabbccddeeff"):
        take = ta.command(0, structure)

    return header_of(Everything)


@pytest.mark.parametrize(("module", "name"), STRUCTURES)
def test_a_structure_keeps_its_name_its_fields_and_how_they_lie(
    module: ModuleType, name: str
) -> None:
    before, after = getattr(module, name), getattr(again(module), name)
    assert layout(after).offsets == layout(before).offsets
    assert of_one(after) == of_one(before)


def test_what_a_format_leaves_free_becomes_a_field_of_its_own() -> None:
    before, after = declarations.Gapped, again(declarations).Gapped
    offsets = layout(after).offsets
    assert {name: offsets[name] for name in layout(before).offsets} == layout(before).offsets
    assert set(offsets) - set(layout(before).offsets) == {"padding_1", "padding_8"}
    assert ta.size_of(after) == ta.size_of(before)
