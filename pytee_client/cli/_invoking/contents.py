# SPDX-License-Identifier: BSD-2-Clause
"""Contents of declared kinds, from the words of a command line and from JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from enum import IntFlag
from typing import Any, Final
from uuid import UUID

from ..._declarations.fields import (
    ArrayField,
    BoolField,
    BytesField,
    EnumField,
    NumberField,
    TextField,
    UuidField,
)
from ..._declarations.kinds import ContentError, MemoryKind
from ..._declarations.layout import Layout, NestedField, Tail
from ..._declarations.memory import List, Memory, NDArray, Nullable, PackedKind, Text, Variable
from ..._declarations.numbers import IntKind, NumberKind
from ..._declarations.uuids import UuidKind
from ..._declarations.values import (
    BoolKind,
    Both,
    EnumKind,
    LowFirst,
    OnlyB,
    OverTwo,
    PairKind,
)
from ..._process import importing
from ...errors import TeecError
from ...ta.optee.names import uuid_of
from .._errors import CommandLineError, InputError
from .files import Inputs
from .numbers import BYTES, bytes_of, number_of
from .usage import usage_of

__all__ = ["Contents"]

_BOOLS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_FLAGS: Final = re.compile(r"[|+]")
_IS_RAW: Final = re.compile(r"(hex|str):|@")


class Contents:
    """Makes contents of what a command line gives.

    Its methods take a word, or what JSON has in its place; what is its name in texts. They raise
    CommandLineError if it can't be, and InputError if a file can't be read.
    """

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs

    def of(self, part: Any, given: Any, what: str) -> Any:
        """Return the content of a kind, a field or a layout."""
        try:
            return self._of(part, given, what)
        except InputError:
            raise
        except (LookupError, RecursionError, TeecError, TypeError, ValueError) as error:
            if isinstance(error, TeecError):
                # It has the name already, and says what is wrong.
                raise CommandLineError(error.doing) from None
            hint = f": {error}" if isinstance(error, ContentError) else ""
            raise CommandLineError(
                f"{what} is {_shown(given)}, but must be {usage_of(part)}{hint}"
            ) from None

    def of_fields(self, layout: Layout, given: Mapping[str, Any], what: str) -> Any:
        """Make a structure of its fields."""
        parts: dict[str, Any] = {**layout.fields}
        if layout.tail is not None:
            parts[layout.tail[0]] = layout.tail[1]
        other = [name for name in given if name not in parts]
        if other:
            raise CommandLineError(
                f"{what} has no field {other[0]}; {layout.name} has {', '.join(parts)}"
            )
        made = {name: self.of(parts[name], one, f"{what}.{name}") for name, one in given.items()}
        needed = [
            one.name
            for one in fields(layout.cls)
            if one.default is MISSING and one.default_factory is MISSING
        ]
        lacking = [name for name in needed if name not in made]
        if lacking:
            raise CommandLineError(
                f"{what} lacks {', '.join(lacking)}: give"
                f" {' '.join(f'{name}={usage_of(parts[name])}' for name in lacking)}"
            )
        try:
            return layout.cls(**made)
        except ValueError as error:
            raise CommandLineError(f"{what} can't be: {error}") from None

    def _of(self, part: Any, given: Any, what: str) -> Any:
        if isinstance(part, Variable):
            part = part.kind
        if isinstance(part, Nullable):
            is_null = given is None or given == "null"
            return None if is_null else self._of(part.inner, given, what)
        if isinstance(part, NumberKind | NumberField | BoolKind | BoolField | EnumKind | EnumField):
            return self._of_number(part, given, what)
        if isinstance(part, PairKind | Both | LowFirst | OverTwo | OnlyB):
            return self._of_value(part, given, what)
        if isinstance(part, Layout | PackedKind | NestedField):
            return self._of_structure(part, given, what)
        if isinstance(part, List | ArrayField | NDArray) or (
            isinstance(part, Tail) and not isinstance(part.kind, type)
        ):
            return self._of_list(part, given, what)
        return self._of_bytes(part, given, what)

    def _of_number(self, part: Any, given: Any, what: str) -> Any:
        if isinstance(part, NumberKind | NumberField):
            kind = part.kind if isinstance(part, NumberField) else part
            return kind.check(_number(kind, given), what)
        if isinstance(part, BoolKind | BoolField):
            return given if isinstance(given, bool) else _BOOLS[_text(given).lower()]
        names = part.names if isinstance(part, EnumField) else part
        return _member(names.members, given)

    def _of_value(self, part: Any, given: Any, what: str) -> Any:
        if isinstance(part, LowFirst | OverTwo | OnlyB):
            return self._of(part.inner, given, what)
        if isinstance(given, str) and given[:1] in ("[", "{"):
            given = json.loads(given)
        if isinstance(given, Mapping):
            given = [given["a"], given["b"]]
        a, b = given.split(",") if isinstance(given, str) else _sequence(given)
        if isinstance(part, PairKind):
            return tuple(number_of(one) if isinstance(one, str) else one for one in (a, b))
        first, second = part.kinds
        return self._of(first, a, f"a of {what}"), self._of(second, b, f"b of {what}")

    def _of_structure(self, part: Any, given: Any, what: str) -> Any:
        layout: Layout = part if isinstance(part, Layout) else part.layout
        if isinstance(given, str):
            content = bytes_of(given, self.inputs)
            if content is not None:
                return layout.read(content)
            given = json.loads(given)
        if not isinstance(given, Mapping):
            raise TypeError
        return self.of_fields(layout, given, what)

    def _of_list(self, part: Any, given: Any, what: str) -> Any:
        if isinstance(given, str) and _IS_RAW.match(given):
            if isinstance(part, ArrayField):
                raise ValueError
            content = bytes_of(given, self.inputs) or b""
            made: Any = part.read(memoryview(content))
            # An array of bytes can't be written.
            return made.copy() if isinstance(part, NDArray) else made
        items = _sequence(json.loads(given) if isinstance(given, str) else given)
        if isinstance(part, NDArray):
            with importing:
                import numpy

            return numpy.array(items, part.dtype)
        tail: Any = part.tail if isinstance(part, List) else part
        item = tail.item if isinstance(tail, ArrayField) else tail.kind
        found = [self.of(item, one, f"{what}[{place}]") for place, one in enumerate(items)]
        return tuple(found) if isinstance(part, ArrayField) else found

    def _of_bytes(self, part: Any, given: Any, what: str) -> Any:
        is_text = isinstance(part, Text | TextField) or (
            isinstance(part, Tail) and part.kind is str
        )
        python = getattr(part, "python", None)
        if isinstance(part, Memory):
            return self._of(part.field, given, what)
        if isinstance(part, UuidKind | UuidField):
            return _uuid(_text(given))
        if python is int and not isinstance(given, str):
            return given
        text = _text(given)
        if is_text or python is str:
            return self._text_of(part, text)
        if python is int:
            return number_of(text)
        content = bytes_of(text, self.inputs)
        if content is None:
            raise CommandLineError(f"{what} is {_shown(given)}, but is bytes: give {BYTES}")
        if isinstance(part, MemoryKind) and part.in_place:
            return bytearray(content)
        if isinstance(part, BytesField | Tail) or python is bytes:
            return content
        if isinstance(part, MemoryKind):
            # A kind of the program's own says what bytes are.
            return part.read(content)
        raise TypeError

    def _text_of(self, part: Any, text: str) -> str:
        if text.startswith("str:"):
            return text.removeprefix("str:")
        if not _IS_RAW.match(text):
            return text
        content = bytes_of(text, self.inputs) or b""
        encoding = getattr(part, "encoding", "utf-8")
        return str(content, encoding)


def _number(kind: NumberKind, given: Any) -> Any:
    if not isinstance(given, str):
        return given
    if isinstance(kind, IntKind):
        return number_of(given)
    return float.fromhex(given) if given.lstrip("+-")[:2].lower() == "0x" else float(given)


def _member(members: Any, given: Any) -> Any:
    """Return a member of an enumeration by its name or number, or some of an IntFlag."""
    if not isinstance(given, str):
        if isinstance(given, bool):
            raise TypeError
        return members(given)
    names = {name.lower(): one for name, one in members.__members__.items()}
    parts = _FLAGS.split(given) if issubclass(members, IntFlag) else [given]
    found = 0
    for part in parts:
        name = part.strip()
        exact = members.__members__.get(name, names.get(name.lower()))
        found |= number_of(name) if exact is None else int(exact)
    return members(found)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        pass
    try:
        return uuid_of(text)
    except LookupError:
        raise ValueError from None


def _sequence(given: Any) -> Sequence[Any]:
    if not isinstance(given, list | tuple):
        raise TypeError
    return given


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError
    return given


def _shown(given: Any) -> str:
    """Return what was given, cut short: it may be long."""
    text = repr(given) if isinstance(given, str) else json.dumps(given)
    return text if len(text) <= 60 else f"{text[:57]}..."
