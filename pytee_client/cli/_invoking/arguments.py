# SPDX-License-Identifier: BSD-2-Clause
"""The arguments of a declared command, from the words of a command line."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from ..._declarations.application import CommandDeclaration
from ..._declarations.kinds import ValueKind
from ..._declarations.layout import Layout
from ..._declarations.memory import NDArray, Nullable, PackedKind
from ..._declarations.slots import Direction, RawKind
from ..._process import importing
from ...errors import BadParametersError
from .._errors import CommandLineError
from .contents import Contents
from .files import Inputs
from .forms import form_of
from .numbers import size_of
from .usage import argument_kind, command_line

__all__ = ["arguments_of"]


def arguments_of(command: CommandDeclaration, words: Sequence[str], inputs: Inputs) -> list[Any]:
    """Return the arguments that words are.

    Each word is an argument. Only a structure may be several, one for each field, as FIELD=VALUE.

    Raises:
        CommandLineError: a word can't be what it has to be, or there are too many or too few.
        InputError: a file can't be read.
    """
    contents = Contents(inputs)
    left = deque(words)
    count = len(command.signature.arguments)
    made = []
    for number, declared in enumerate(command.signature.arguments, 1):
        what = command.name if count == 1 else f"argument {number} of {command.name}"
        made.append(_argument(declared, left, contents, what, command))
    if left:
        raise _other_count(command, f"does not take {left[0]!r}")
    return made


def _argument(
    declared: Any, left: deque[str], contents: Contents, what: str, command: CommandDeclaration
) -> Any:
    kind, direction = argument_kind(declared)
    layout = _layout(kind)
    if layout is not None and (not left or _field(left[0])):
        return _checked(kind, contents.of_fields(layout, _fields(left, what), what), what)
    if not left:
        raise _other_count(command, "needs more")
    word = left.popleft()
    if isinstance(kind, RawKind):
        made = form_of(word, contents.inputs).make(False)
        if not isinstance(made, kind.python):
            raise CommandLineError(f"{what} is {word!r}, but must be a {kind}")
        return made
    inner = kind.inner if isinstance(kind, Nullable) else kind
    if direction is Direction.OUTPUT and not (inner is not kind and word == "null"):
        return _room(inner, word, what)
    made = _checked(kind, contents.of(kind, word, what), what)
    if direction is Direction.INOUT and isinstance(made, bytes):
        return bytearray(made)
    return made


def _layout(kind: Any) -> Layout | None:
    """Return the layout of a structure, also of one that may be left out."""
    inner = kind.inner if isinstance(kind, Nullable) else kind
    return inner.layout if isinstance(inner, PackedKind) else None


def _field(word: str) -> str | None:
    """Return the name of the field that a word is for, if it is for one."""
    name, equals, _ = word.partition("=")
    return name if equals and all(part.isidentifier() for part in name.split(".")) else None


def _checked(kind: Any, content: Any, what: str) -> Any:
    """Return a content that can be sent; it is told before a session is opened if it can't."""
    try:
        if isinstance(kind, ValueKind):
            kind.words(content, what)
        else:
            kind.write(content, what)
    except BadParametersError as error:
        raise CommandLineError(error.doing) from None
    return content


def _fields(left: deque[str], what: str) -> dict[str, Any]:
    """Take the words that are fields of a structure; a word of a field it has ends it."""
    made: dict[str, Any] = {}
    while left and (name := _field(left[0])):
        *outer, last = name.split(".")
        if not outer and last in made:
            break
        value = left.popleft().partition("=")[2]
        place: Any = made
        for part in outer:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise CommandLineError(f"{what} has {part} twice")
        if last in place:
            raise CommandLineError(f"{what} has {name} twice")
        place[last] = value
    return made


def _room(kind: Any, word: str, what: str) -> Any:
    """Return memory for an output that the caller gives."""
    try:
        size = size_of(word)
    except ValueError:
        raise CommandLineError(
            f"{what} is {word!r}, but is room for an output: give a number of bytes, such as 64"
        ) from None
    if isinstance(kind, NDArray):
        with importing:
            import numpy

        return numpy.zeros(size // kind.dtype.itemsize, kind.dtype)
    return bytearray(size)


def _other_count(command: CommandDeclaration, reason: str) -> CommandLineError:
    return CommandLineError(f"{command.name} {reason}: {command_line(command)}")
