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
        has_one_item: whether it is one item, for which to_item() and of_item() are a shorter way.
        is_read_plain: whether its one item is what programs get.
        is_written_plain: whether it is what programs give, too. The module struct checks it then.
    """

    code: str
    alignment: int = 1
    has_one_item: bool = False
    is_read_plain: bool = False
    is_written_plain: bool = False

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

    def to_item(self, given: Any) -> Any:
        """Return its one item; ValueError if flatten() has to look what is wrong."""
        raise NotImplementedError

    def of_item(self, item: Any) -> Any:
        """Return what programs have of its one item; see build()."""
        raise NotImplementedError


class _OneItem(Field):
    """A field of one item."""

    has_one_item = True

    def build(self, items: Iterator[Any]) -> Any:
        """Return what programs have of the item."""
        return self.of_item(next(items))

    def of_item(self, item: Any) -> Any:
        """Return the item."""
        return item


class NumberField(_OneItem):
    """A number."""

    is_read_plain = is_written_plain = True

    def __init__(self, kind: NumberKind) -> None:
        self.kind = kind
        self.code = kind.code
        self.alignment = kind.size

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield the number."""
        yield self.kind.check(given, what)


class BoolField(_OneItem):
    """A choice, as a number: 0 or not 0."""

    def __init__(self, kind: NumberKind) -> None:
        _check_whole(kind, "bool")
        self.kind = kind
        self.code = kind.code
        self.alignment = kind.size

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield 1 or 0."""
        yield int(to_bool(given, what))

    def to_item(self, given: Any) -> int:
        """Return 1 or 0."""
        if type(given) is not bool:
            raise ValueError
        return int(given)

    def of_item(self, item: Any) -> bool:
        """Return whether it is not 0."""
        return bool(item)


class EnumField(_OneItem):
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

    def to_item(self, given: Any) -> Any:
        """Return its number."""
        if type(given) is not self.names.members:
            raise ValueError
        return given.value

    def of_item(self, item: Any) -> Any:
        """Return the member."""
        return self.names.member(item)


class BytesField(_OneItem):
    """A fixed number of bytes."""

    is_read_plain = True

    def __init__(self, size: int) -> None:
        self.length = size
        self.code = f"{size}s"

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield the bytes."""
        content = bytes_of(given, what)
        if len(content) != self.length:
            raise ParameterRangeError(f"{what} is {len(content)} bytes, but must be {self.length}")
        yield content

    def to_item(self, given: Any) -> Any:
        """Return the bytes."""
        if type(given) is not bytes or len(given) != self.length:
            raise ValueError
        return given


class TextField(_OneItem):
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

    def to_item(self, given: Any) -> bytes:
        """Return the encoded text."""
        if type(given) is not str or "\0" in given:
            raise ValueError
        content = given.encode(self.encoding)
        if len(content) > self.length:
            raise ValueError
        return content

    def of_item(self, item: Any) -> str:
        """Return the text up to the zeros."""
        return decoded(up_to_zero(item, self.encoding), self.encoding)


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
