# SPDX-License-Identifier: BSD-2-Clause
"""The statements of a header in C, and a cursor in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .expressions import ExpressionError, evaluate
from .tokens import Token

__all__ = ["Cursor", "parts", "statements"]

_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")
_ATTRIBUTES: Final = frozenset({"__attribute__", "__attribute", "_Alignas", "alignas"})


def statements(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield what is outside of all braces, up to a semicolon or to the end of a function."""
    statement: list[Token] = []
    depth = 0
    is_function = False
    for token in tokens:
        if not statement and (token.kind == "pragma" or token.text in ("}", ";")):
            # The brace is that of extern "C".
            if token.kind == "pragma":
                yield [token]
            continue
        if token.kind == "pragma":
            continue
        if depth == 0 and token.text == "{":
            if len(statement) == 2 and statement[1].kind == "string":
                statement = []
                continue
            is_function = _is_function(statement)
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0 and (token.text == ";" or (token.text == "}" and is_function)):
            if token.text == ";":
                yield statement
            statement, is_function = [], False
        else:
            statement.append(token)


def _is_function(statement: Sequence[Token]) -> bool:
    """Return whether a brace after this begins the body of a function."""
    if not statement or statement[-1].text != ")":
        return False
    depth = 0
    for at in range(len(statement) - 1, 0, -1):
        depth += (statement[at].text == ")") - (statement[at].text == "(")
        if depth == 0:
            return statement[at - 1].text not in _ATTRIBUTES
    return True


def parts(tokens: Sequence[Token], separator: str) -> Iterator[list[Token]]:
    """Yield what separators outside of all brackets separate."""
    part: list[Token] = []
    depth = 0
    for token in tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0 and token.text == separator:
            yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


class Cursor:
    """A place in a statement.

    Attributes:
        is_packed: whether an attribute that was taken says so.
        aligned: where one aligns something.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self.is_packed = False
        self.aligned = 1

    @property
    def is_over(self) -> bool:
        """Whether there are no more tokens."""
        return self._at >= len(self._tokens)

    @property
    def rest(self) -> Sequence[Token]:
        """All that is left."""
        return self._tokens[self._at :]

    @property
    def text(self) -> str:
        """The text of the next token."""
        return "" if self.is_over else self._tokens[self._at].text

    def take(self) -> Token:
        """Take the next token."""
        self._at += 1
        return self._tokens[self._at - 1]

    def skip(self, *texts: str) -> bool:
        """Take the next token if it is one of these."""
        is_one = not self.is_over and self.text in texts
        self._at += is_one
        return is_one

    def name(self) -> Token | None:
        """Take a name, if one is next."""
        if self.is_over or self._tokens[self._at].kind != "name":
            return None
        return self.take()

    def bracketed(self) -> Sequence[Token]:
        """Take what is in brackets of any kind, of which the first is next."""
        depth, first = 0, self._at + 1
        while not self.is_over:
            token = self.take()
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
            if depth == 0:
                return self._tokens[first : self._at - 1]
        return self._tokens[first:]

    def attributes(self) -> None:
        """Take attributes, and note what they say."""
        while self.skip(*_ATTRIBUTES):
            inside = self.bracketed()
            texts = [token.text for token in inside]
            self.is_packed |= "packed" in texts or "__packed__" in texts
            for at, text in enumerate(texts):
                if text in ("aligned", "__aligned__"):
                    self._align(Cursor(inside[at + 1 :]).bracketed())

    def _align(self, tokens: Sequence[Token]) -> None:
        try:
            self.aligned = max(self.aligned, evaluate(tokens))
        except ExpressionError:
            # As much as any: more than a declaration can have.
            self.aligned = 16
