# SPDX-License-Identifier: BSD-2-Clause
"""Packed structures as structures of C, which lie in memory in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from .._declarations.fields import (
    ArrayField,
    BoolField,
    BytesField,
    EnumField,
    Field,
    NumberField,
    TextField,
    UuidField,
)
from .._declarations.layout import Layout, NestedField, Tail
from .contents import C_NUMBERS, field_in_words
from .names import field_in_c

__all__ = ["CStructure", "structure_of"]

# What aligns 8 bytes to 8: both processors that OP-TEE runs on. Others in C align them to 4.
_ALIGNED_TO_8: Final = " __attribute__((aligned(8)))"


@dataclass(frozen=True)
class _Member:
    """A member of a structure.

    Attributes:
        name: its name.
        type: its type in C.
        dimensions: how many there are, each in brackets.
        size: its size in bytes; 0 of what has no fixed one.
        alignments: where C aligns it: for most processors, and at least.
        comment: what the type does not say.
        attribute: what makes it lie where it should.
    """

    name: str
    type: str
    dimensions: str
    size: int
    alignments: tuple[int, int]
    comment: str | None
    attribute: str = ""

    def __str__(self) -> str:
        comment = f" /* {self.comment} */" if self.comment else ""
        return f"\t{self.type} {self.name}{self.dimensions}{self.attribute};{comment}"


@dataclass(frozen=True)
class CStructure:
    """A structure of C.

    Attributes:
        tag: its name.
        alignments: where C aligns it: for most processors, and at least.
        lines: its definition, and what it asserts.
    """

    tag: str
    alignments: tuple[int, int]
    lines: Sequence[str]


def structure_of(
    layout: Layout, tag: str, others: Mapping[type[Any], CStructure]
) -> CStructure | None:
    """Return the structure of C that lies as a packed structure does.

    Args:
        layout: how that lies.
        tag: its name in C.
        others: the structures that it has in it, by their classes.

    Returns:
        None if C can have none: there is no field before what takes all that is left.
    """
    members = [
        _member(field_in_c(name), field, field.size, others)
        for name, field in layout.fields.items()
    ]
    offsets = list(layout.offsets.values())
    if layout.tail is not None:
        if not members:
            return None
        members.append(_tail_member(*layout.tail, others))
        offsets.append(layout.size)
    is_packed = not _fits(members, offsets, layout, 0)
    if is_packed:
        members = _with_gaps(members, offsets, layout)
    elif not _fits(members, offsets, layout, 1):
        members = [_on_8(one) for one in members]
    alignments = (1, 1) if is_packed else _alignments(members)
    lines = [
        f"struct {tag} {{",
        *map(str, members),
        "} __attribute__((packed));" if is_packed else "};",
        *_assertions(layout, tag),
    ]
    return CStructure(tag, alignments, lines)


def _alignments(members: Sequence[_Member]) -> tuple[int, int]:
    return (
        max(one.alignments[0] for one in members),
        max(one.alignments[1] for one in members),
    )


def _fits(members: Sequence[_Member], offsets: Sequence[int], layout: Layout, which: int) -> bool:
    """Return whether C by itself has all members where they should be."""
    end = 0
    for member, offset in zip(members, offsets, strict=True):
        end += -end % member.alignments[which]
        if end != offset:
            return False
        end += member.size
    end += -end % _alignments(members)[which]
    return layout.tail is not None or end == layout.size


def _on_8(member: _Member) -> _Member:
    high, low = member.alignments
    if high == low:
        return member
    return replace(member, alignments=(high, high), attribute=_ALIGNED_TO_8)


def _with_gaps(members: Sequence[_Member], offsets: Sequence[int], layout: Layout) -> list[_Member]:
    """Return the members of a packed structure, with others for what is left free."""
    names = {member.name for member in members}
    placed: list[_Member] = []
    end = 0

    def fill(until: int) -> None:
        if until > end:
            name = f"padding_{end}"
            while name in names:
                name += "_"
            placed.append(_Member(name, "uint8_t", f"[{until - end}]", 0, (1, 1), "left free"))

    for member, offset in zip(members, offsets, strict=True):
        fill(offset)
        placed.append(member)
        end = offset + member.size
    fill(layout.size)
    return placed


def _assertions(layout: Layout, tag: str) -> list[str]:
    claims = {
        f"offsetof(struct {tag}, {field_in_c(name)}) == {offset}": f"{name} lies elsewhere"
        for name, offset in layout.offsets.items()
    }
    if layout.tail is None:
        claims[f"sizeof(struct {tag}) == {layout.size}"] = f"{tag} has another size"
    else:
        name = layout.tail[0]
        claims[f"offsetof(struct {tag}, {field_in_c(name)}) == {layout.size}"] = (
            f"{name} lies elsewhere"
        )
    lines = []
    for claim, text in claims.items():
        line = f'_Static_assert({claim}, "{text}");'
        lines += [line] if len(line) <= 80 else [f"_Static_assert({claim},", f'\t       "{text}");']
    return lines


def _member(
    name: str, field: Field, size: int, others: Mapping[type[Any], CStructure], dimensions: str = ""
) -> _Member:
    """Return the member of a field, or of the items of an array."""
    if isinstance(field, ArrayField):
        return _member(name, field.item, size, others, f"{dimensions}[{field.count}]")
    alignments = (field.alignment, min(field.alignment, 4))
    if isinstance(field, NestedField):
        structure = others[field.layout.cls]
        type_, alignments = f"struct {structure.tag}", structure.alignments
    elif isinstance(field, NumberField | BoolField | EnumField):
        type_ = C_NUMBERS[field.kind.name]
    elif isinstance(field, BytesField | TextField):
        type_ = "char" if isinstance(field, TextField) else "uint8_t"
        dimensions += f"[{field.length}]"
    elif isinstance(field, UuidField) and field.is_struct:
        type_ = "TEE_UUID"
    else:
        type_, dimensions = "uint8_t", f"{dimensions}[16]"
    return _Member(name, type_, dimensions, size, alignments, field_in_words(field))


def _tail_member(name: str, tail: Tail, others: Mapping[type[Any], CStructure]) -> _Member:
    name = field_in_c(name)
    if isinstance(tail.kind, Field):
        return _member(name, tail.kind, 0, others, "[]")
    type_ = "char" if tail.kind is str else "uint8_t"
    return _Member(name, type_, "[]", 0, (1, 1), field_in_words(tail))
