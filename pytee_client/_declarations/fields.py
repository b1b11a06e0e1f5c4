# SPDX-License-Identifier: BSD-2-Clause
"""The fields of packed structures: each is some items of a format of the module struct."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from struct import calcsize
from typing import Any

from .._boundary.buffers import bytes_of
from .._checks import said, to_bool
from ..errors import ParameterRangeError, ParameterTypeError
from .kinds import ContentError, DeclarationError
from .numbers import IntKind, NumberKind
from .values import EnumKind

__all__ = [
    "ArrayField",
    "BoolField",
    "BytesField",
    "EnumField",
    "Field",
    "NumberField",
    "TextField",
    "UuidField",
]


class Field:
    """A field.

    Attributes:
        code: its items, in the format of the module struct, without an order of bytes.
        alignment: where C aligns it, in bytes.
        is_plain: whether its one item is what programs have.
    """

    code: str
    alignment: int = 1
    is_plain: bool = False

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return calcsize(f"<{self.code}")

    def check_order(self, order: str, what: str) -> None:
        """Check that it can be in memory of an order of bytes; what is its name.

        Raises:
            DeclarationError: it has another order.
        """

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield its items.

        Raises:
            ParameterTypeError, ParameterRangeError: this can't be given; what is its name.
        """
        raise NotImplementedError

    def build(self, items: Iterator[Any]) -> Any:
        """Take its items, and return what programs have.

        Raises:
            ContentError: they are nothing of the kind.
        """
        raise NotImplementedError


class NumberField(Field):
    """A number."""

    is_plain = True

    def __init__(self, kind: NumberKind) -> None:
        self.kind = kind
        self.code = kind.code
        self.alignment = kind.size

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield the number."""
        yield self.kind.check(given, what)

    def build(self, items: Iterator[Any]) -> Any:
        """Return the number."""
        return next(items)


class BoolField(Field):
    """A choice, as a number: 0 or not 0."""

    def __init__(self, kind: NumberKind) -> None:
        _check_whole(kind, "bool")
        self.kind = kind
        self.code = kind.code
        self.alignment = kind.size

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield 1 or 0."""
        yield int(to_bool(given, what))

    def build(self, items: Iterator[Any]) -> bool:
        """Return whether it is not 0."""
        return bool(next(items))


class EnumField(Field):
    """A member of an IntEnum or IntFlag, as a number."""

    def __init__(self, names: EnumKind, kind: NumberKind) -> None:
        high = _check_whole(kind, names.name).high
        for member in names.members:
            if member.value > high:
                raise DeclarationError(
                    f"{names.name}.{member.name} is {member.value}, which does not fit into {kind}"
                )
        self.names, self.kind = names, kind
        self.code = kind.code
        self.alignment = kind.size

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield its number."""
        (number, _) = self.names.words(given, what)
        yield self.kind.check(number, what)

    def build(self, items: Iterator[Any]) -> Any:
        """Return the member."""
        return self.names.member(next(items))


class BytesField(Field):
    """A fixed number of bytes."""

    def __init__(self, size: int) -> None:
        self.length = size
        self.code = f"{size}s"

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield the bytes."""
        content = bytes_of(given, what)
        if len(content) != self.length:
            raise ParameterRangeError(f"{what} is {len(content)} bytes, but must be {self.length}")
        yield content

    def build(self, items: Iterator[Any]) -> bytes:
        """Return the bytes."""
        content: bytes = next(items)
        return content


class TextField(Field):
    """Text in a fixed number of bytes, which zeros fill up. What follows a zero is not read."""

    def __init__(self, size: int, encoding: str = "utf-8") -> None:
        check_encoding(encoding)
        self.length, self.encoding = size, encoding
        self.code = f"{size}s"

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield the encoded text."""
        content = encoded(given, self.encoding, what)
        refuse_zero(given, what)
        if len(content) > self.length:
            raise ParameterRangeError(
                f"{what} is {len(content)} bytes when encoded, but has room for {self.length}"
            )
        yield content

    def build(self, items: Iterator[Any]) -> str:
        """Return the text up to the zeros."""
        return decoded(up_to_zero(next(items), self.encoding), self.encoding)


class UuidField(Field):
    """A UUID: its octets in order, or a TEE_UUID of C, whose numbers have an order of bytes."""

    def __init__(self, is_struct: bool) -> None:
        self.is_struct = is_struct
        self.code = "IHH8s" if is_struct else "16s"
        self.alignment = 4 if is_struct else 1

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield its 16 bytes, or the members of TEE_UUID."""
        if not isinstance(given, uuid.UUID):
            raise ParameterTypeError(f"{what} must be a uuid.UUID, not {said(given)}")
        if self.is_struct:
            yield from given.fields[:3]
            yield given.bytes[8:]
        else:
            yield given.bytes

    def build(self, items: Iterator[Any]) -> uuid.UUID:
        """Return the UUID."""
        if not self.is_struct:
            return uuid.UUID(bytes=next(items))
        low, middle, high, rest = (next(items) for _ in range(4))
        return uuid.UUID(fields=(low, middle, high, *rest[:2], int.from_bytes(rest[2:], "big")))


@dataclass(frozen=True)
class ArrayField(Field):
    """A fixed number of fields of one kind, as a tuple."""

    item: Field
    count: int

    @property
    def code(self) -> str:  # type: ignore[override]
        """Its items."""
        return self.item.code * self.count

    @property
    def alignment(self) -> int:  # type: ignore[override]
        """Where C aligns it."""
        return self.item.alignment

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield the items of each."""
        given = as_sequence(given, what)
        if len(given) != self.count:
            raise ParameterRangeError(f"{what} has {len(given)} items, but must have {self.count}")
        for number, one in enumerate(given):
            yield from self.item.flatten(one, f"{what}[{number}]")

    def check_order(self, order: str, what: str) -> None:
        """Check the items."""
        self.item.check_order(order, what)

    def build(self, items: Iterator[Any]) -> tuple[Any, ...]:
        """Return a tuple of them."""
        return tuple(self.item.build(items) for _ in range(self.count))


def _check_whole(kind: NumberKind, name: str) -> IntKind:
    """Check the number that a bool or an enumeration lies in."""
    if not isinstance(kind, IntKind):
        raise DeclarationError(f"{name} lies in a whole number, not in {kind}")
    return kind


def as_sequence(given: Any, what: str) -> Any:
    """Return a list or a tuple that was given."""
    if isinstance(given, list | tuple):
        return given
    raise ParameterTypeError(f"{what} must be a list or a tuple, not {said(given)}")


def encoded(given: Any, encoding: str, what: str) -> bytes:
    """Return text in an encoding."""
    if not isinstance(given, str):
        raise ParameterTypeError(f"{what} must be a str, not {said(given)}")
    try:
        return given.encode(encoding)
    except UnicodeError as error:
        raise ParameterRangeError(
            f"{what} can't be encoded in {encoding}: {_reason(error)}"
        ) from None


def decoded(content: bytes | memoryview, encoding: str) -> str:
    """Return text of an encoding."""
    try:
        return str(content, encoding)
    except UnicodeError as error:
        raise ContentError(f"it is no text in {encoding}: {_reason(error)}") from None


def _reason(error: UnicodeError) -> str:
    """Return what is wrong with text, and none of it."""
    return getattr(error, "reason", "it is not well-formed")


def check_encoding(encoding: Any) -> None:
    """Check that Python has an encoding."""
    try:
        "".encode(encoding)
    except (LookupError, TypeError, ValueError):
        raise DeclarationError(f"Python has no encoding {encoding!r}") from None


def refuse_zero(given: str, what: str) -> None:
    """Refuse text in which a zero would be its end."""
    if "\0" in given:
        raise ParameterRangeError(f"{what} has a zero, which would end it")


def up_to_zero(content: bytes, encoding: str) -> bytes:
    """Return what is before the first zero, which is as wide as the encoding's are."""
    # One zero may have a mark of the order of bytes before it.
    width = max(1, len("\0\0".encode(encoding)) - len("\0".encode(encoding)))
    zero = bytes(width)
    at = content.find(zero)
    while at > 0 and at % width:
        at = content.find(zero, at + 1)
    return content if at < 0 else content[:at]
