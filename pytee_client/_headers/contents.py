# SPDX-License-Identifier: BSD-2-Clause
"""What lies in slots and in fields, in words, and what of it C has a type for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntFlag
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
from .._declarations.kinds import MemoryKind, ValueKind
from .._declarations.layout import Layout, NestedField, Tail
from .._declarations.memory import BUFFER, Bytes, List, Memory, NDArray, Nullable, PackedKind, Text
from .._declarations.numbers import NumberKind
from .._declarations.signature import Signature
from .._declarations.slots import RawKind, Slot
from .._declarations.uuids import UuidKind
from .._declarations.values import BoolKind, Both, EnumKind, LowFirst, OnlyB, OverTwo, PairKind

__all__ = [
    "C_NUMBERS",
    "content_of",
    "enumerations",
    "field_in_words",
    "layouts",
    "parts_of",
    "said_of_size",
    "said_of_slot",
]

C_NUMBERS: Final = {
    **{f"U{bits}": f"uint{bits}_t" for bits in (8, 16, 32, 64)},
    **{f"I{bits}": f"int{bits}_t" for bits in (8, 16, 32, 64)},
    "F32": "float",
    "F64": "double",
}


def _parts(part: Any) -> Iterator[Any]:
    """Yield what a kind, a field or a layout is made of, itself last."""
    inner: list[Any] = []
    if isinstance(part, PackedKind):
        inner = [part.layout]
    elif isinstance(part, Nullable | LowFirst | OverTwo | OnlyB):
        inner = [part.inner]
    elif isinstance(part, Both):
        inner = [*part.kinds]
    elif isinstance(part, List):
        inner = [part.tail]
    elif isinstance(part, Memory):
        inner = [part.field]
    elif isinstance(part, Layout):
        inner = [*part.fields.values(), *(part.tail[1:] if part.tail else ())]
    elif isinstance(part, Tail):
        inner = [part.kind]
    elif isinstance(part, NestedField):
        inner = [part.layout]
    elif isinstance(part, ArrayField):
        inner = [part.item]
    elif isinstance(part, EnumField):
        inner = [part.names]
    for one in inner:
        yield from _parts(one)
    yield part


def parts_of(signatures: Iterable[Signature]) -> Iterator[Any]:
    """Yield all that commands are made of: kinds, fields and layouts, what is in one before it."""
    for signature in signatures:
        for slot in signature.slots:
            if slot is not None:
                yield from _parts(slot.taken)
                yield from _parts(slot.given)


def enumerations(parts: Iterable[Any]) -> Iterable[Any]:
    """Return all enumerations among the parts, each once."""
    return dict.fromkeys(part.members for part in parts if isinstance(part, EnumKind))


def layouts(parts: Iterable[Any]) -> Iterable[Layout]:
    """Return all packed structures among the parts, each once."""
    return {part.cls: part for part in parts if isinstance(part, Layout)}.values()


def _words_of(kind: ValueKind[Any, Any], slot: Slot) -> str:
    """Say what lies in a and b of a value."""
    if isinstance(kind, OverTwo):
        halves = ["low", "high"] if isinstance(kind.inner, LowFirst) else ["high", "low"]
        return f"a: the {halves[slot.words]} half of {_number(kind.inner)}"
    if isinstance(kind, LowFirst):
        return f"a: the low half of {_number(kind)}, b: its high half"
    if isinstance(kind, NumberKind) and kind.size == 8:
        return f"a: the high half of {_number(kind)}, b: its low half"
    if isinstance(kind, OnlyB):
        return f"b: {_one_word(kind.inner)}"
    if isinstance(kind, Both):
        a, b = kind.kinds
        return f"a: {_one_word(a)}, b: {_one_word(b)}"
    if isinstance(kind, PairKind):
        return "a and b: two numbers"
    return f"a: {_one_word(kind)}"


def _number(kind: Any) -> str:
    inner: Any = kind.inner if isinstance(kind, LowFirst) else kind
    return _one_of(C_NUMBERS[inner.name])


def _one_of(name: str) -> str:
    return f"{'an' if name[0] == 'i' else 'a'} {name}"


def _one_word(kind: Any) -> str:
    if isinstance(kind, EnumKind):
        return _enumeration(kind)
    if isinstance(kind, NumberKind):
        return f"{'the bits of ' * (kind.python is float)}{_number(kind)}"
    if isinstance(kind, BoolKind):
        return "0 or 1, a bool"
    return f"{kind}"


def _enumeration(kind: EnumKind) -> str:
    return f"{'flags of ' * issubclass(kind.members, IntFlag)}{kind.name}"


def content_of(kind: Any, slot: Slot) -> str:
    """Say what a slot holds."""
    if isinstance(kind, ValueKind):
        return _words_of(kind, slot)
    if isinstance(kind, RawKind):
        return f"a {kind}"
    assert isinstance(kind, MemoryKind)
    return _memory(kind)


def _memory(kind: Any) -> str:
    if isinstance(kind, Nullable):
        return f"{_memory(kind.inner)}, or a null memref"
    if isinstance(kind, PackedKind):
        return kind.name if kind.size is None else f"{kind.name}, {said_of_size(kind.size)}"
    if isinstance(kind, Text):
        return f"text in {kind.encoding}{', with a zero after it' * kind.nul}"
    if kind is BUFFER:
        return "bytes"
    if isinstance(kind, Bytes):
        return "bytes" if kind.size is None else said_of_size(kind.size)
    if isinstance(kind, List):
        count = "" if kind.size is None else f", {said_of_size(kind.size)}"
        return f"an array of {_item(kind.tail.kind)}{count}"
    if isinstance(kind, Memory):
        return _item(kind.field)
    if isinstance(kind, UuidKind):
        return _item(kind.field)
    if isinstance(kind, NDArray):
        return f"an array of {kind.dtype}"
    return f"{kind}" if kind.size is None else f"{kind}, {said_of_size(kind.size)}"


def said_of_size(count: int) -> str:
    """Say how many bytes there are."""
    return "1 byte" if count == 1 else f"{count} bytes"


def _item(field: Any) -> str:
    """Say what one item in memory is."""
    if isinstance(field, NestedField):
        return field.layout.name
    if isinstance(field, ArrayField):
        return f"{field.count} of {_item(field.item)}"
    if isinstance(field, EnumField):
        return f"{_enumeration(field.names)}, {_one_of(C_NUMBERS[field.kind.name])}"
    if isinstance(field, NumberField):
        return _number(field.kind)
    if isinstance(field, UuidField):
        return "a TEE_UUID" if field.is_struct else "a UUID, 16 octets in their order"
    if isinstance(field, BoolField):
        return f"a bool, {_one_of(C_NUMBERS[field.kind.name])}"
    if isinstance(field, TextField):
        return f"text in {field.encoding}, {said_of_size(field.length)}"
    assert isinstance(field, BytesField)
    return said_of_size(field.length)


def field_in_words(field: Field | Tail | type) -> str | None:
    """Say of a field what its type in C does not, None if that says it all."""
    if isinstance(field, ArrayField):
        return field_in_words(field.item)
    if isinstance(field, BoolField):
        return "bool: 0 or not 0"
    if isinstance(field, EnumField):
        return _enumeration(field.names)
    if isinstance(field, TextField):
        usual = "" if field.encoding == "utf-8" else f"text in {field.encoding}, "
        return f"{usual}zeros fill it up"
    if isinstance(field, UuidField) and not field.is_struct:
        return "UUID: its octets in their order"
    if isinstance(field, Tail):
        if isinstance(field.kind, Field):
            return field_in_words(field.kind)
        if field.kind is str and field.encoding != "utf-8":
            return f"text in {field.encoding}"
    return None


def said_of_slot(number: int, signature: Signature, retry: bool) -> str:
    """Say what a slot that is used is for; number is which."""
    slot = signature.slots[number]
    assert slot is not None
    taken = None if slot.taken is None else content_of(slot.taken, slot)
    given = None if slot.given is None else content_of(slot.given, slot)
    if slot.argument is None:
        returned = [one.slots for one in signature.results if one.argument is None]
        places = [place for place, slots in enumerate(returned) if number in slots]
        text = f"{'the result' if len(returned) == 1 else f'result {places[0] + 1}'}: {given}"
    else:
        only = len(signature.arguments) == 1
        text = f"{'the argument' if only else f'argument {slot.argument + 1}'}: {taken}"
        if given is not None and given != taken:
            text += f"; comes back as {given}"
    if slot.varies:
        text += ". If it does not fit: TEE_ERROR_SHORT_BUFFER, and the size that it needs"
        if slot.argument is None and retry:
            text += "; the command then runs again"
    return text
