# SPDX-License-Identifier: BSD-2-Clause
"""The tokens and the comments of a header in C."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Comments", "Token", "tokens_of"]

_PATTERN: Final = re.compile(
    r"""
    (?P<joined>\\\r?\n)
    | (?P<newline>\n)
    | (?P<space>[^\S\n]+)
    | (?P<comment>/\*.*?(?:\*/|\Z)|//(?:\\\r?\n|[^\n])*)
    | (?P<string>"(?:\\.|[^"\\\n])*")
    | (?P<char>'(?:\\.|[^'\\\n])+')
    | (?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)
    | (?P<name>[A-Za-z_$][\w$]*)
    | (?P<sign><<|>>|<=|>=|==|!=|&&|\|\||->|\.\.\.|\#\#|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_LEGAL: Final = re.compile(r"SPDX-|copyright|\(c\)|license", re.IGNORECASE)


@dataclass(frozen=True)
class Token:
    """A token.

    Attributes:
        kind: newline, string, char, number, name or sign.
        text: how it is written.
        line: the number of its line, from 1.
        is_glued: whether it follows right after another.
    """

    kind: str
    text: str
    line: int
    is_glued: bool = False


class Comments:
    """The comments of a header, by the lines that they are on."""

    def __init__(self) -> None:
        self._ending: dict[int, tuple[int, str]] = {}
        self._beside: dict[int, str] = {}

    def add(self, text: str, first: int, last: int, *, is_beside: bool) -> None:
        """Keep a comment; is_beside says whether something is before it on its line."""
        plain = _plain(text)
        if not plain or _LEGAL.search(plain):
            return
        if is_beside:
            self._beside[first] = (
                f"{self._beside[first]} {plain}" if first in self._beside else plain
            )
        else:
            self._ending[last] = first, plain

    def above(self, line: int) -> str:
        """Return the comments right above a line."""
        found: list[str] = []
        while line - 1 in self._ending:
            line, text = self._ending[line - 1]
            found.insert(0, text)
        return "\n".join(found)

    def beside(self, line: int) -> str:
        """Return the comment on a line."""
        return self._beside.get(line, "")

    def of(self, line: int) -> str:
        """Return the comments right above a line, and on it."""
        return "\n".join(filter(None, (self.above(line), self.beside(line))))


def _plain(text: str) -> str:
    """Return what a comment says, without its marks."""
    text = text[2:] if text.startswith("//") else text[2:].removesuffix("*/")
    lines = [re.sub(r"^[\s*!/<]*|[\s*]*$", "", line) for line in text.splitlines()]
    return "\n".join(line for line in lines if line)


def tokens_of(text: str) -> tuple[list[Token], Comments]:
    """Return the tokens of a header, without those that only separate them, and its comments."""
    tokens: list[Token] = []
    comments = Comments()
    line, end = 1, -1
    for found in _PATTERN.finditer(text):
        kind, part = found.lastgroup or "sign", found.group()
        if kind == "comment":
            is_beside = bool(tokens) and tokens[-1].line == line and tokens[-1].kind != "newline"
            comments.add(part, line, line + part.count("\n"), is_beside=is_beside)
        elif kind not in ("joined", "space"):
            tokens.append(Token(kind, part, line, end == found.start()))
            end = found.end()
        line += part.count("\n")
    return [*tokens, Token("newline", "\n", line)], comments
