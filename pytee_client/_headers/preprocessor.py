# SPDX-License-Identifier: BSD-2-Clause
"""What the preprocessor of C does with a header by itself: it includes no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from .expressions import ExpressionError, evaluate
from .tokens import Comments, Token, tokens_of

__all__ = ["HeaderError", "Macro", "Source", "preprocess"]

# What headers of OP-TEE take from others.
_USUAL: Final = """\
#define BIT(n) (1 << (n))
#define BIT32(n) (1 << (n))
#define BIT64(n) (1 << (n))
#define SHIFT_U32(v, n) ((v) << (n))
#define U(n) n
#define UL(n) n
#define ULL(n) n
#define INT32_C(n) n
#define UINT8_C(n) n
#define UINT16_C(n) n
#define UINT32_C(n) n
#define UINT64_C(n) n
#define __packed __attribute__((packed))
#define __PACKED __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
"""


_MOST_TOKENS: Final = 10_000


class HeaderError(ValueError):
    """This is no header that declares an application."""


@dataclass(frozen=True)
class Macro:
    """A macro.

    Attributes:
        name: its name.
        parameters: the names of what it takes; None if it has no parentheses.
        body: what it stands for.
        line: the line of its name.
        is_usual: whether it is none of the header's.
    """

    name: str
    parameters: tuple[str, ...] | None
    body: tuple[Token, ...]
    line: int
    is_usual: bool = False


class Source:
    """A header after the preprocessor.

    Attributes:
        macros: the macros that it leaves defined, in order.
        tokens: the rest, with macros in it expanded; #pragma is a token of its own kind.
        comments: the comments.
    """

    def __init__(self, comments: Comments) -> None:
        self.macros: dict[str, Macro] = {}
        self.tokens: list[Token] = []
        self.comments = comments

    def expand(self, tokens: Sequence[Token], hidden: frozenset[str] = frozenset()) -> list[Token]:
        """Return tokens with macros in them expanded."""
        done: list[Token] = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            at += 1
            macro = self.macros.get(token.text) if token.kind == "name" else None
            if macro is None or macro.name in hidden:
                done.append(token)
                continue
            body = list(macro.body)
            if macro.parameters is not None:
                given, after = _arguments(tokens, at)
                if given is None:
                    done.append(token)
                    continue
                at = after
                given = [self.expand(one, hidden) for one in given]
                body = _substituted(body, dict(zip(macro.parameters, given, strict=False)))
            # Each lies where the macro is used.
            moved = [replace(one, line=token.line) for one in body]
            made = self.expand(moved, hidden | {macro.name})
            done += made
            if len(made) > _MOST_TOKENS:
                raise HeaderError(f"the macro {macro.name} (line {macro.line}) grows without end")
        return done


def _arguments(tokens: Sequence[Token], at: int) -> tuple[list[list[Token]] | None, int]:
    """Return what is in the parentheses after a macro, and where that ends; None without them."""
    if at >= len(tokens) or tokens[at].text != "(":
        return None, at
    depth = 0
    given: list[list[Token]] = [[]]
    for end in range(at, len(tokens)):
        token = tokens[end]
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            return given, end + 1
        if token.text == "," and depth == 1:
            given.append([])
        elif end > at:
            given[-1].append(token)
    return None, at


def _substituted(body: Sequence[Token], given: Mapping[str, list[Token]]) -> list[Token]:
    return [one for token in body for one in given.get(token.text, [token])]


def preprocess(text: str) -> Source:
    """Return a header after the preprocessor."""
    usual = _preprocessed(_USUAL, {})
    macros = {name: replace(macro, is_usual=True) for name, macro in usual.macros.items()}
    return _preprocessed(text, macros)


def _preprocessed(text: str, macros: Mapping[str, Macro]) -> Source:
    tokens, comments = tokens_of(text)
    source = Source(comments)
    source.macros.update(macros)
    conditions: list[_Condition] = []
    plain: list[Token] = []
    for line in _lines(tokens):
        if line[0].text != "#":
            if all(condition.is_active for condition in conditions):
                plain += line
        elif len(line) > 1:
            _directive(source, line[1], line[2:], conditions, plain)
    source.tokens = source.expand(plain)
    return source


def _lines(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    line: list[Token] = []
    for token in tokens:
        if token.kind != "newline":
            line.append(token)
        elif line:
            yield line
            line = []


class _Condition:
    """An #if that has not ended."""

    def __init__(self, is_active: bool) -> None:
        self.is_active = is_active
        self._was_active = is_active

    def otherwise(self, holds: bool) -> None:
        """Go to the next branch."""
        self.is_active = holds and not self._was_active
        self._was_active |= self.is_active


def _directive(
    source: Source,
    word: Token,
    rest: list[Token],
    conditions: list[_Condition],
    plain: list[Token],
) -> None:
    name = word.text
    if name in ("if", "ifdef", "ifndef"):
        conditions.append(_Condition(_holds(source, name, rest)))
    elif name in ("elif", "else") and conditions:
        conditions[-1].otherwise(name == "else" or _holds(source, "if", rest))
    elif name == "endif" and conditions:
        conditions.pop()
    elif not all(condition.is_active for condition in conditions):
        return
    elif name == "define" and rest:
        _define(source, rest)
    elif name == "undef" and rest:
        source.macros.pop(rest[0].text, None)
    elif name == "pragma":
        plain.append(Token("pragma", " ".join(one.text for one in rest), word.line))


def _holds(source: Source, name: str, rest: list[Token]) -> bool:
    if name != "if":
        return (bool(rest) and rest[0].text in source.macros) == (name == "ifdef")
    asked: list[Token] = []
    at = 0
    while at < len(rest):
        token = rest[at]
        if token.text == "defined":
            at += 1
            if is_in_parentheses := rest[at : at + 1] and rest[at].text == "(":
                at += 1
            is_defined = at < len(rest) and rest[at].text in source.macros
            asked.append(Token("number", str(int(is_defined)), token.line))
            at += 2 if is_in_parentheses else 1
            continue
        asked.append(token)
        at += 1
    try:
        # What is not defined is 0 there.
        return bool(
            evaluate(
                [
                    replace(one, kind="number", text="0") if one.kind == "name" else one
                    for one in source.expand(asked)
                ]
            )
        )
    except ExpressionError:
        return False


def _define(source: Source, rest: list[Token]) -> None:
    name, body = rest[0], rest[1:]
    parameters: tuple[str, ...] | None = None
    if body and body[0].text == "(" and body[0].is_glued:
        inside, end = _arguments(rest, 1)
        if inside is not None:
            parameters = tuple(one[0].text for one in inside if one)
            body = rest[end:]
    source.macros.pop(name.text, None)
    source.macros[name.text] = Macro(name.text, parameters, tuple(body), name.line)
