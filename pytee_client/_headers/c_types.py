# SPDX-License-Identifier: BSD-2-Clause
"""The types that members of structures in C have, and what declarations call them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

__all__ = ["USUAL_TYPES", "CType", "Enumeration", "Member", "Structure", "annotation"]


@dataclass(frozen=True)
class Enumeration:
    """An enumeration.

    Attributes:
        tag: its name in C; "" if it has none.
        members: the members, with their numbers and lines.
        line: where it begins.
        comment: what is said above it.
        prefix: what the names of its members begin with, if that is known.
    """

    tag: str
    members: Sequence[tuple[str, int, int]]
    line: int
    comment: str
    prefix: str = ""


@dataclass(frozen=True)
class CType:
    """A type of a fixed size.

    Attributes:
        python: how a declaration writes it; "" of what the header itself defines.
        alignment: where C aligns it, in bytes.
        items: "bytes" or "str" if an array of it is that.
        is_big_endian: whether it says so.
        defined: the structure or the enumeration that it is.
    """

    python: str
    alignment: int
    items: str = ""
    is_big_endian: bool = False
    defined: Structure | Enumeration | None = None


@dataclass(frozen=True)
class Member:
    """A member of a structure.

    Attributes:
        name: its name.
        type: its type.
        dimensions: how many there are; None for as many as there is room for.
        comment: what is said beside it.
        aligned: where an attribute aligns it, in bytes.
    """

    name: str
    type: CType
    dimensions: Sequence[int | None]
    comment: str
    aligned: int = 1


@dataclass(frozen=True)
class Structure:
    """A structure.

    Attributes:
        tag: its name in C.
        line: where it begins.
        comment: what is said above it.
        members: its members.
        is_packed: whether they lie one right after the other.
        problem: why no declaration can have it; "" if one can.
    """

    tag: str
    line: int
    comment: str
    members: Sequence[Member] = field(default_factory=list)
    is_packed: bool = False
    problem: str = ""

    @property
    def alignment(self) -> int:
        """Where C aligns it."""
        if self.is_packed:
            return 1
        return max((member.type.alignment for member in self.members), default=1)


def _numbers() -> dict[str, CType]:
    found: dict[str, CType] = {}
    for bits in (8, 16, 32, 64):
        size = bits // 8
        items = "bytes" if bits == 8 else ""
        for name in (f"uint{bits}_t", f"u{bits}", f"__u{bits}", f"__le{bits}"):
            found[name] = CType(f"ta.U{bits}", size, items)
        found[f"__be{bits}"] = CType(f"ta.U{bits}", size, is_big_endian=True)
        for name in (f"int{bits}_t", f"s{bits}", f"__s{bits}"):
            found[name] = CType(f"ta.I{bits}", size)
    return found


USUAL_TYPES: Final = {
    **_numbers(),
    "unsigned char": CType("ta.U8", 1, "bytes"),
    "signed char": CType("ta.I8", 1),
    "char": CType("ta.U8", 1, "str"),
    "short": CType("ta.I16", 2),
    "unsigned short": CType("ta.U16", 2),
    "int": CType("ta.I32", 4),
    "unsigned int": CType("ta.U32", 4),
    "long long": CType("ta.I64", 8),
    "unsigned long long": CType("ta.U64", 8),
    "float": CType("ta.F32", 4),
    "double": CType("ta.F64", 8),
    "bool": CType("bool", 1),
    "_Bool": CType("bool", 1),
    "TEE_UUID": CType("ta.TeeUuid", 4),
    "TEEC_UUID": CType("ta.TeeUuid", 4),
    "TEE_Result": CType("ta.U32", 4),
    "TEEC_Result": CType("ta.U32", 4),
}
"""Types that mean the same on 32 and on 64 bits."""


def annotation(kind: str, items: str, dimensions: Sequence[int | None]) -> str:
    """Return the annotation of a member: of one, an array, or all that is left.

    Args:
        kind: how a declaration writes the type.
        items: "bytes" or "str" if an array of it is that.
        dimensions: how many there are.
    """
    counts = list(dimensions)
    if counts and items:
        last = counts.pop()
        kind = items if last is None else f"Annotated[{items}, {last}]"
    for count in reversed(counts):
        kind = f"list[{kind}]" if count is None else f"Annotated[tuple[{kind}, ...], {count}]"
    return kind
