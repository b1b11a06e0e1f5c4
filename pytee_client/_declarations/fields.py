# SPDX-License-Identifier: BSD-2-Clause
"""The fields of packed structures: each is some items of a format of the module struct."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from struct import calcsize
from typing import Any

from .._checks import said, to_bool
from ..errors import ParameterRangeError, ParameterTypeError
from .kinds import ContentError
from .numbers import NumberKind
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
        content = as_bytes(given, what)
        if len(content) != self.length:
            raise ParameterRangeError(f"{what} is {len(content)} bytes, but must be {self.length}")
        yield content

    def build(self, items: Iterator[Any]) -> bytes:
        """Return the bytes."""
        content: bytes = next(items)
        return content


class TextField(Field):
    """Text in a fixed number of bytes, which zeros fill up."""

    def __init__(self, size: int, encoding: str = "utf-8") -> None:
        self.length, self.encoding = size, encoding
        self.code = f"{size}s"

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield the encoded text."""
        content = encoded(given, self.encoding, what)
        if len(content) > self.length:
            raise ParameterRangeError(
                f"{what} is {len(content)} bytes when encoded, but has room for {self.length}"
            )
        yield content

    def build(self, items: Iterator[Any]) -> str:
        """Return the text up to the zeros."""
        return decoded(next(items).rstrip(b"\0"), self.encoding)


class UuidField(Field):
    """A UUID: its octets in their order, or a TEE_UUID as C has it on a little-endian machine."""

    code = "16s"

    def __init__(self, is_struct: bool) -> None:
        self.is_struct = is_struct
        self.alignment = 4 if is_struct else 1

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield its 16 bytes."""
        if not isinstance(given, uuid.UUID):
            raise ParameterTypeError(f"{what} must be a uuid.UUID, not {said(given)}")
        yield given.bytes_le if self.is_struct else given.bytes

    def build(self, items: Iterator[Any]) -> uuid.UUID:
        """Return the UUID."""
        content = next(items)
        return uuid.UUID(bytes_le=content) if self.is_struct else uuid.UUID(bytes=content)


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

    def build(self, items: Iterator[Any]) -> tuple[Any, ...]:
        """Return a tuple of them."""
        return tuple(self.item.build(items) for _ in range(self.count))


def as_bytes(given: Any, what: str) -> bytes:
    """Return a copy of bytes that were given."""
    if isinstance(given, bytes):
        return given
    if not isinstance(given, str):
        try:
            return bytes(memoryview(given))
        except (TypeError, ValueError, BufferError):
            pass
    raise ParameterTypeError(f"{what} must be bytes-like, not {said(given)}") from None


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
    except UnicodeEncodeError as error:
        raise ParameterRangeError(
            f"{what} can't be encoded in {encoding}: {error.reason}"
        ) from None


def decoded(content: bytes | memoryview, encoding: str) -> str:
    """Return text of an encoding."""
    try:
        return str(content, encoding)
    except UnicodeDecodeError as error:
        raise ContentError(f"it is no text in {encoding}: {error.reason}") from None
