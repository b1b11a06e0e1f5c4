# SPDX-License-Identifier: BSD-2-Clause
"""What a header in C declares: structures, enumerations and other names of types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from .c_types import USUAL_TYPES, CType, Enumeration, Member, Structure
from .expressions import ExpressionError, evaluate
from .preprocessor import Source
from .statements import Cursor, parts, statements
from .tokens import Token

__all__ = ["Declarations"]

_QUALIFIERS: Final = (
    "const",
    "volatile",
    "extern",
    "static",
    "__extension__",
    "inline",
    "constexpr",
)
_NO_NAMES: Final = frozenset(
    {*_QUALIFIERS, "typedef", "struct", "union", "enum", "__attribute__", "__attribute"}
)
_WORDS: Final = frozenset({"unsigned", "signed", "char", "short", "int", "long", "float", "double"})
_LARGEST: Final = 2**24
_DEPENDS: Final = frozenset(
    {"long", "unsigned long", "size_t", "ssize_t", "uintptr_t", "intptr_t", "time_t"}
)


class _ProblemError(Exception):
    """A declaration can't have this; the text says why."""


class Declarations:
    """What a header declares.

    Attributes:
        structures: the structures in order, what one has in it before it.
        enumerations: the enumerations in order.
        constants: their members.
        variables: the initialisers of variables: the type, the name and the tokens.
        left_out: the members of enumerations whose numbers are not known, and why.
    """

    def __init__(self, source: Source) -> None:
        self.structures: list[Structure] = []
        self.enumerations: list[Enumeration] = []
        self.constants: dict[str, int] = {}
        self.variables: list[tuple[str, Token, Sequence[Token]]] = []
        self.left_out: list[str] = []
        self._comments = source.comments
        self._types = dict(USUAL_TYPES)
        self._pack = [False]
        for statement in statements(source.tokens):
            if statement[0].kind == "pragma":
                self._pragma(statement[0].text)
            else:
                self._statement(statement)

    def _pragma(self, text: str) -> None:
        """Heed #pragma pack."""
        if not text.startswith("pack"):
            return
        if "pop" in text:
            self._pack = self._pack[:-1] or [False]
            return
        if "push" in text:
            self._pack.append(self._pack[-1])
        number = re.search(r"\d+", text)
        if number is not None or "push" not in text:
            self._pack[-1] = number is not None and number[0] == "1"

    def _statement(self, statement: Sequence[Token]) -> None:
        cursor = Cursor(statement)
        while cursor.skip(*_QUALIFIERS):
            pass
        is_typedef = cursor.skip("typedef")
        type_text = "" if cursor.is_over else cursor.text
        try:
            type_ = self._type(cursor, _last_name(statement), self._comments.of(statement[0].line))
        except _ProblemError:
            type_ = None
        if is_typedef:
            name = cursor.name()
            if name is not None and type_ is not None and cursor.is_over:
                self._types.setdefault(name.text, type_)
            return
        if type_ is None and "=" not in [token.text for token in statement]:
            return
        name = cursor.name()
        if cursor.text == "[":
            cursor.bracketed()
        if name is not None and cursor.skip("="):
            self.variables.append((type_text, name, cursor.rest))

    def _type(self, cursor: Cursor, anonymous: str, comment: str) -> CType:
        """Take a type.

        Args:
            cursor: where it is.
            anonymous: the name of one that has none.
            comment: what is said above it.

        Raises:
            _ProblemError: it is not known, or depends on the processor.
        """
        while cursor.skip(*_QUALIFIERS):
            pass
        for word in ("struct", "union", "enum"):
            if cursor.text == word:
                return self._tagged(cursor, anonymous, comment)
        words: list[str] = []
        while cursor.text in _WORDS or cursor.text in _QUALIFIERS:
            text = cursor.take().text
            words += [text] * (text not in _QUALIFIERS)
        if not words:
            name = cursor.name()
            if name is None:
                raise _ProblemError("has no type")
            words = [name.text]
        text = _usual_name(words)
        found = self._types.get(text)
        if found is None:
            why = "whose size depends on the processor" if text in _DEPENDS else "which is unknown"
            raise _ProblemError(f"is of the type {text}, {why}")
        while cursor.skip(*_QUALIFIERS):
            pass
        return found

    def _tagged(self, cursor: Cursor, anonymous: str, comment: str) -> CType:
        word = cursor.take()
        cursor.is_packed = False
        cursor.attributes()
        name = cursor.name()
        tag = name.text if name is not None else ""
        cursor.attributes()
        key = f"{word.text} {tag}"
        if cursor.text != "{":
            if key not in self._types:
                raise _ProblemError(f"is a {key}, which is unknown")
            return self._types[key]
        body = cursor.bracketed()
        cursor.attributes()
        if word.text == "enum":
            type_ = self._enumeration(body, tag or anonymous, word.line, comment)
        else:
            is_packed = cursor.is_packed or self._pack[-1]
            problem = "it is a union" if word.text == "union" else ""
            if cursor.aligned > 1:
                problem = problem or "an attribute aligns it"
            structure = Structure(tag or anonymous, word.line, comment, (), is_packed, problem)
            type_ = self._structure(structure, body)
        if tag:
            self._types[key] = type_
        return type_

    def _enumeration(self, body: Sequence[Token], tag: str, line: int, comment: str) -> CType:
        members: list[tuple[str, int, int]] = []
        number = 0
        for part in parts(body, ","):
            cursor = Cursor(part)
            name = cursor.name()
            if name is None:
                continue
            if cursor.skip("="):
                try:
                    number = evaluate(cursor.rest, self.constants)
                except ExpressionError as error:
                    # What follows can't be known either.
                    self.left_out.append(f"{name.text} and what follows it was left out: {error}.")
                    break
            members.append((name.text, number, name.line))
            self.constants[name.text] = number
            number += 1
        made = Enumeration(tag, members, line, comment)
        self.enumerations.append(made)
        return CType("", 4, defined=made)

    def _structure(self, structure: Structure, body: Sequence[Token]) -> CType:
        members: list[Member] = []
        problem = structure.problem
        for part in parts(body, ";"):
            if not part or part[0].kind == "pragma" or part[0].text == "_Static_assert":
                continue
            try:
                members += self._members(part, structure.tag)
            except _ProblemError as error:
                problem = problem or f"its member {_last_name(part) or '?'} {error}"
        if any(None in one.dimensions for one in members[:-1]):
            problem = problem or "something follows what takes all that is left"
        if not members:
            problem = problem or "it has no members"
        for member in members:
            if not structure.is_packed and member.aligned > member.type.alignment:
                problem = problem or f"an attribute aligns its member {member.name}"
        made = replace(structure, members=members, problem=problem)
        self.structures.append(made)
        return CType("", made.alignment, defined=made)

    def _members(self, part: Sequence[Token], owner: str) -> Iterator[Member]:
        cursor = Cursor(part)
        line = part[0].line
        cursor.attributes()
        type_ = self._type(cursor, f"{owner}_{_last_name(part)}", self._comments.of(line))
        defined = type_.defined
        if isinstance(defined, Structure) and defined.problem:
            raise _ProblemError(f"is a struct {defined.tag}, which was left out too")
        if cursor.is_over:
            raise _ProblemError("has no name")
        for declarator in parts(cursor.rest, ","):
            inner = Cursor(declarator)
            inner.attributes()
            if inner.text in ("*", "("):
                raise _ProblemError("is a pointer")
            name = inner.name()
            if name is None:
                raise _ProblemError("has no name")
            dimensions: list[int | None] = []
            while inner.text == "[":
                dimensions.append(self._dimension(inner.bracketed()))
            if inner.text == ":":
                raise _ProblemError("is some of the bits of a number")
            inner.attributes()
            if None in dimensions[1:] or (isinstance(defined, Structure) and _is_open(defined)):
                raise _ProblemError("has no fixed size")
            comment = self._comments.beside(declarator[-1].line)
            yield Member(name.text, type_, dimensions, comment, max(cursor.aligned, inner.aligned))

    def _dimension(self, tokens: Sequence[Token]) -> int | None:
        if not tokens:
            return None
        try:
            # GNU C writes what takes all that is left with a 0 too.
            count = evaluate(tokens, self.constants) or None
        except ExpressionError as error:
            raise _ProblemError(f"has a size that is unknown: {error}") from None
        if count is not None and not 0 < count <= _LARGEST:
            raise _ProblemError("has a size that is too large")
        return count


def _is_open(structure: Structure) -> bool:
    return bool(structure.members) and None in structure.members[-1].dimensions


def _usual_name(words: Sequence[str]) -> str:
    """Return one way to write a type of C that can be written in several."""
    if len(words) == 1 and words[0] not in ("unsigned", "signed"):
        return words[0]
    is_unsigned = "unsigned" in words
    if "char" in words:
        sign = "signed " if "signed" in words else ""
        return f"{'unsigned ' if is_unsigned else sign}char"
    core = "long long" if list(words).count("long") > 1 else "long" if "long" in words else ""
    core = core or ("short" if "short" in words else "int")
    if "double" in words or "float" in words:
        return " ".join(words)
    return f"unsigned {core}" if is_unsigned else core


def _last_name(tokens: Sequence[Token]) -> str:
    """Return the name that a declaration ends with, before its array and its attributes."""
    depth = 0
    found = ""
    for token in tokens:
        if depth == 0 and token.kind == "name" and token.text not in _NO_NAMES:
            found = token.text
        if depth == 0 and token.text in ("=", ":"):
            break
        depth += (token.text in "([{") - (token.text in ")]}")
    return found
