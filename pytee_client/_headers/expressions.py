# SPDX-License-Identifier: BSD-2-Clause
"""Constant expressions of C."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from .tokens import Token

__all__ = ["ExpressionError", "evaluate"]

_NUMBER: Final = re.compile(r"(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)[uUlL]*\Z")
_UNSIGNED: Final = re.compile(r"\d\w*[uU][lL]*\Z|uint\d+_t\Z|unsigned\Z")
_TYPE: Final = re.compile(
    r"(?:u?int(8|16|32|64)_t|u(8|16|32|64)|unsigned|signed|int|char|short|long|size_t|const"
    r"|TEEC?_Result|\w+_t)\Z"
)
_CHARACTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", "'": "'"}


def _quotient(a: int, b: int) -> int:
    # C rounds towards 0.
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


# By how much each binds; unary operators bind more.
_BINARY: Final[Mapping[str, tuple[int, Callable[[int, int], int]]]] = {
    "||": (1, lambda a, b: int(bool(a or b))),
    "&&": (2, lambda a, b: int(bool(a and b))),
    "|": (3, lambda a, b: a | b),
    "^": (4, lambda a, b: a ^ b),
    "&": (5, lambda a, b: a & b),
    "==": (6, lambda a, b: int(a == b)),
    "!=": (6, lambda a, b: int(a != b)),
    "<": (7, lambda a, b: int(a < b)),
    ">": (7, lambda a, b: int(a > b)),
    "<=": (7, lambda a, b: int(a <= b)),
    ">=": (7, lambda a, b: int(a >= b)),
    "<<": (8, lambda a, b: a << b),
    ">>": (8, lambda a, b: a >> b),
    "+": (9, lambda a, b: a + b),
    "-": (9, lambda a, b: a - b),
    "*": (10, lambda a, b: a * b),
    "/": (10, _quotient),
    "%": (10, lambda a, b: a - b * _quotient(a, b)),
}
_UNARY: Final[Mapping[str, Callable[[int], int]]] = {
    "-": lambda a: -a,
    "+": lambda a: a,
    "~": lambda a: ~a,
    "!": lambda a: int(not a),
}
_DEEPEST: Final = 50
_LARGEST_SHIFT: Final = 64


class ExpressionError(ValueError):
    """This is no constant expression."""


def evaluate(tokens: Sequence[Token], constants: Mapping[str, int] | None = None) -> int:
    """Return the number that an expression is; macros in it are expanded.

    Args:
        tokens: the expression.
        constants: what the enumerations before it define.

    Raises:
        ExpressionError: it is none, or has something in it that is unknown.
    """
    parser = _Parser(tokens, constants or {})
    number = parser.ternary()
    if parser.peek() is not None:
        raise ExpressionError(f"{parser.peek()} follows")
    if number < 0 and any(_UNSIGNED.match(token.text) for token in tokens):
        return number & 0xFFFFFFFF
    return number


class _Parser:
    def __init__(self, tokens: Sequence[Token], constants: Mapping[str, int]) -> None:
        self._tokens, self._constants = tokens, constants
        self._at = self._depth = 0

    def peek(self) -> str | None:
        """Return the text of the next token."""
        return self._tokens[self._at].text if self._at < len(self._tokens) else None

    def _take(self, expected: str | None = None) -> Token:
        if self._at >= len(self._tokens) or expected not in (None, self.peek()):
            raise ExpressionError(f"{expected or 'something'} is missing")
        self._at += 1
        return self._tokens[self._at - 1]

    def ternary(self) -> int:
        """Parse an expression."""
        number = self._binary(1)
        if self.peek() == "?":
            self._take()
            first = self.ternary()
            self._take(":")
            second = self.ternary()
            number = first if number else second
        return number

    def _binary(self, least: int) -> int:
        left = self._unary()
        while (found := _BINARY.get(self.peek() or "")) is not None and found[0] >= least:
            sign = self._take().text
            right = self._binary(found[0] + 1)
            if sign in "/%" and right == 0:
                raise ExpressionError("it divides by 0")
            if sign in ("<<", ">>") and not 0 <= right < _LARGEST_SHIFT:
                raise ExpressionError("it shifts too far")
            left = found[1](left, right)
        return left

    def _unary(self) -> int:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError("it is too deep")
        number = self._operand()
        self._depth -= 1
        return number

    def _operand(self) -> int:
        token = self._take()
        if token.text in _UNARY:
            return _UNARY[token.text](self._unary())
        if token.text == "(":
            bits = self._cast()
            if bits is not None:
                number = self._unary()
                return number & (2**bits - 1) if bits else number
            number = self.ternary()
            self._take(")")
            return number
        if token.kind == "number" and (found := _NUMBER.match(token.text)):
            digits = found[1]
            is_octal = len(digits) > 1 and digits.isdigit() and digits[0] == "0"
            try:
                return int(digits, 8 if is_octal else 0)
            except ValueError:
                raise ExpressionError(f"{token.text} is no number") from None
        if token.kind == "char":
            text = token.text[1:-1]
            text = _CHARACTERS.get(text[1:], text) if text[0] == "\\" else text
            if len(text) == 1:
                return ord(text)
        if token.kind == "name" and token.text in self._constants:
            return self._constants[token.text]
        raise ExpressionError(f"{token.text} is unknown")

    def _cast(self) -> int | None:
        """Take the type of a cast; return how many bits it leaves, 0 for all; None without one."""
        end = self._at
        while end < len(self._tokens) and _TYPE.match(self._tokens[end].text):
            end += 1
        if end == self._at or end >= len(self._tokens) or self._tokens[end].text != ")":
            return None
        found = _TYPE.match(self._tokens[end - 1].text)
        self._at = end + 1
        is_unsigned = self._tokens[end - 1].text[0] == "u"
        bits = found and (found[1] or found[2])
        return int(bits) if bits and is_unsigned else 0
