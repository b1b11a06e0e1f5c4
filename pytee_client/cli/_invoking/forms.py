# SPDX-License-Identifier: BSD-2-Clause
"""Parameters as a command line gives them, such as value:1,2 and out:64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..._growing import DEFAULT_MAX_SIZE
from ...parameters import (
    MemrefTempInOut,
    MemrefTempInput,
    MemrefTempOutput,
    ValueInOut,
    ValueInput,
    ValueOutput,
)
from .._errors import CommandLineError
from .files import Inputs
from .numbers import encoded, number_of, size_of

__all__ = ["FORMS", "Form", "forms_of"]

FORMS: Final = """\
parameters, up to four:
  value:1,0x2          two numbers; the second is 0 if it is left out
  value-out            two numbers that come back
  value-inout:1,2      two numbers that come back changed
  in:FILE              the content of a file; - is the standard input
  hex:00ff  str:text   bytes, text in UTF-8
  out:64  out:4K       room for 64 bytes, 4 KiB; printed as a hex dump
  out:64:FILE          the same, written to a file; - is the standard output
  inout:FILE  inout-hex:00ff  inout-str:text
                       bytes that come back changed
  none                 nothing
  null null-out null-inout
                       a null memory reference"""

_SLOTS: Final = 4
_WORDS: Final = "one of value:1,2 value-out value-inout:1,2 in:FILE hex:00ff str:text out:64"
_MORE_WORDS: Final = "inout:FILE inout-hex:00ff inout-str:text none null null-out null-inout"
_WORD: Final = 2**32


@dataclass(frozen=True)
class Form:
    """A parameter.

    Attributes:
        make: makes it, anew for each run: a run may change it. Its argument says whether an
            output grows.
        comes_back: whether there is an output for it.
        is_null: whether it is a null memory reference.
        is_memory: whether bytes come back.
        file: where its output is written, None if it is printed.
    """

    make: Callable[[bool], Any]
    comes_back: bool = False
    is_null: bool = False
    is_memory: bool = False
    file: str | None = None


def forms_of(words: Sequence[str], inputs: Inputs) -> list[Form]:
    """Return the parameters that the words of a command line are.

    Raises:
        CommandLineError: one is none, or there are more than four.
        InputError: a file can't be read.
    """
    if len(words) > _SLOTS:
        raise CommandLineError(f"{len(words)} parameters, but an operation has at most {_SLOTS}")
    return [form_of(word, inputs) for word in words]


def form_of(word: str, inputs: Inputs) -> Form:
    """Return the parameter that a word is; see forms_of()."""
    name, colon, rest = word.partition(":")
    if not colon and name in _BARE:
        return _BARE[name]
    if not colon or name not in _WITH_MORE:
        if colon and name in _BARE:
            raise _wrong(word, f"{name} stands alone")
        if not colon and name in _WITH_MORE:
            raise _wrong(word, f"{_WITH_MORE[name][0]} has more")
        raise _wrong(word, f"a parameter is {_WORDS} {_MORE_WORDS}")
    example, make = _WITH_MORE[name]
    try:
        return make(rest, inputs)
    except ValueError as error:
        reason = str(error) if isinstance(error, _RangeError) else f"write it as {example}"
        raise _wrong(word, reason) from None


class _RangeError(ValueError):
    """A number is well written, but can't be sent."""


def _wrong(word: str, reason: str) -> CommandLineError:
    return CommandLineError(f"{word!r} is no parameter: {reason}")


def _numbers(text: str) -> tuple[int, int]:
    """Return the two numbers of a value. A negative one is sent as its two's complement."""
    first, comma, second = text.partition(",")
    numbers = number_of(first), number_of(second) if comma else 0
    for number in numbers:
        if not -_WORD // 2 <= number < _WORD:
            raise _RangeError("the numbers of a value have 32 bits")
    return numbers[0] % _WORD, numbers[1] % _WORD


def _value(text: str, inputs: Inputs) -> Form:
    numbers = _numbers(text)
    return Form(lambda grow: ValueInput(*numbers))


def _value_inout(text: str, inputs: Inputs) -> Form:
    numbers = _numbers(text)
    return Form(lambda grow: ValueInOut(*numbers), comes_back=True)


def _input(content: bytes) -> Form:
    return Form(lambda grow: MemrefTempInput(content))


def _inout(content: bytes) -> Form:
    return Form(lambda grow: MemrefTempInOut(bytearray(content)), comes_back=True, is_memory=True)


def _out(text: str, inputs: Inputs) -> Form:
    size_text, colon, file = text.partition(":")
    size = size_of(size_text)
    if colon and not file:
        raise ValueError
    # More than any TEE has.
    if size >= _WORD:
        raise _RangeError("an output has less than 4G")

    def make(grow: bool) -> Any:
        if not grow:
            return MemrefTempOutput(size)
        return MemrefTempOutput(size, grow=True, max_size=max(size, DEFAULT_MAX_SIZE))

    return Form(make, comes_back=True, is_memory=True, file=file or None)


_BARE: Final = {
    "none": Form(lambda grow: None),
    "value-out": Form(lambda grow: ValueOutput(), comes_back=True),
    "null": Form(lambda grow: MemrefTempInput(None), is_null=True),
    "null-out": Form(lambda grow: MemrefTempOutput(None), comes_back=True, is_null=True),
    "null-inout": Form(lambda grow: MemrefTempInOut(None), comes_back=True, is_null=True),
}
_WITH_MORE: Final[dict[str, tuple[str, Callable[[str, Inputs], Form]]]] = {
    "value": ("value:1,0x2", _value),
    "value-inout": ("value-inout:1,0x2", _value_inout),
    "in": ("in:FILE", lambda text, inputs: _input(inputs.read(text))),
    "hex": ("hex:00ff", lambda text, inputs: _input(bytes.fromhex(text))),
    "str": ("str:text", lambda text, inputs: _input(encoded(text))),
    "out": ("out:64 or out:64:FILE", _out),
    "inout": ("inout:FILE", lambda text, inputs: _inout(inputs.read(text))),
    "inout-hex": ("inout-hex:00ff", lambda text, inputs: _inout(bytes.fromhex(text))),
    "inout-str": ("inout-str:text", lambda text, inputs: _inout(encoded(text))),
}
