# SPDX-License-Identifier: BSD-2-Clause
"""The UUIDs that a header in C defines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from .c_declarations import Declarations
from .expressions import ExpressionError, evaluate
from .preprocessor import Source
from .statements import Cursor, parts
from .tokens import Token

__all__ = ["uuids"]

_TYPES: Final = re.compile(r"(?:TEEC?_UUID|\w*uuid\w*|\w*guid\w*)\Z", re.IGNORECASE)
_OCTETS: Final = 8
_BITS: Final = (32, 16, 16, *[8] * 8)


def uuids(source: Source, declared: Declarations) -> Iterator[tuple[str, UUID, int]]:
    """Yield the names of UUIDs in C, the UUIDs, and their lines."""
    for macro in source.macros.values():
        if not macro.is_usual and macro.parameters is None:
            found = _uuid(source.expand(macro.body), declared.constants)
            if found is not None:
                yield macro.name, found, macro.line
    for type_, name, value in declared.variables:
        if _TYPES.match(type_):
            found = _uuid(value, declared.constants)
            if found is not None:
                yield name.text, found, name.line


def _uuid(tokens: Sequence[Token], constants: Mapping[str, int]) -> UUID | None:
    """Return the UUID of an initialiser, or of a text; None if it is none."""
    tokens = list(tokens)
    if len(tokens) == 1 and tokens[0].kind == "string":
        try:
            return UUID(tokens[0].text[1:-1])
        except ValueError:
            return None
    try:
        numbers = list(_numbers(tokens, constants))
    except ExpressionError:
        return None
    if len(numbers) != len(_BITS) or any(
        not 0 <= number < 2**bits for number, bits in zip(numbers, _BITS, strict=True)
    ):
        return None
    octets = b"".join(
        number.to_bytes(bits // 8, "big") for number, bits in zip(numbers, _BITS, strict=True)
    )
    return UUID(bytes=octets)


def _numbers(tokens: Sequence[Token], constants: Mapping[str, int]) -> Iterator[int]:
    """Yield the numbers in braces, or in the parentheses of a macro that is not known."""
    cursor = Cursor(tokens)
    if cursor.text == "(":
        inside = cursor.bracketed()
        if cursor.is_over:
            # Around all of it.
            yield from _numbers(inside, constants)
            return
        # A cast.
    elif cursor.text != "{":
        cursor.name()
    if cursor.text not in ("{", "("):
        raise ExpressionError("there are no braces")
    inside = cursor.bracketed()
    if not cursor.is_over:
        raise ExpressionError("something follows")
    for part in parts(inside, ","):
        if part and part[0].text in (".", "["):
            # The name of a member is before it.
            *_, value = parts(part, "=")
        else:
            value = part
        if value and value[0].text == "{":
            octets = list(_numbers(value, constants))
            # Those that are left out are 0.
            yield from octets + [0] * (_OCTETS - len(octets))
        elif value:
            yield evaluate(value, constants)
