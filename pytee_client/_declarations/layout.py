# SPDX-License-Identifier: BSD-2-Clause
"""How the fields of a packed structure lie in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from struct import Struct, error
from typing import Any

from .._boundary.buffers import bytes_of
from .._checks import is_class, said
from ..errors import ParameterTypeError
from .fields import Field, as_sequence, decoded, encoded
from .kinds import ContentError, DeclarationError

__all__ = ["Layout", "NestedField", "Tail", "layout_of"]

_ATTRIBUTE = "__pytee_layout__"


class NestedField(Field):
    """A packed structure in another."""

    def __init__(self, layout: Layout) -> None:
        if layout.tail is not None:
            raise DeclarationError(
                f"{layout.name} has no fixed size: it can only be the last field of a structure"
            )
        self.layout = layout
        self.code = layout.code
        self.alignment = layout.alignment

    def check_order(self, order: str, what: str) -> None:
        """Check that its order of bytes is that of what it is in."""
        if self.layout.order != order:
            raise DeclarationError(
                f"{what} is a {self.layout.name}, which has another order of bytes"
            )

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield the items of its fields."""
        return self.layout.flatten(given, what)

    def build(self, items: Iterator[Any]) -> Any:
        """Return the structure."""
        return self.layout.build(items)


@dataclass(frozen=True)
class Tail:
    """What takes all the bytes after the other fields.

    Attributes:
        kind: bytes, str, or the field of which there are as many as there is room for.
        encoding: that of a str.
        order: the order of bytes of the field.
    """

    kind: type[bytes] | type[str] | Field
    encoding: str = "utf-8"
    order: str = "<"

    @property
    def alignment(self) -> int:
        """Where C aligns it, in bytes."""
        return self.kind.alignment if isinstance(self.kind, Field) else 1

    def check_order(self, order: str, what: str) -> None:
        """Check that the items have the order of bytes of what they are in."""
        if isinstance(self.kind, Field):
            self.kind.check_order(order, what)

    def write(self, given: Any, what: str) -> bytes:
        """Return the bytes."""
        if self.kind is bytes:
            return bytes_of(given, what)
        if self.kind is str:
            return encoded(given, self.encoding, what)
        assert isinstance(self.kind, Field)
        format_ = Struct(self.order + self.kind.code)
        return b"".join(
            format_.pack(*self.kind.flatten(one, f"{what}[{number}]"))
            for number, one in enumerate(as_sequence(given, what))
        )

    def read(self, content: memoryview) -> Any:
        """Return what the bytes are."""
        if self.kind is bytes:
            return bytes(content)
        if self.kind is str:
            return decoded(content, self.encoding)
        assert isinstance(self.kind, Field)
        format_ = Struct(self.order + self.kind.code)
        if len(content) % format_.size:
            raise ContentError(f"{len(content)} bytes are no whole number of {format_.size}")
        # Of a copy: Python 3.11 crashes if an iterator and its view are collected in one cycle, and
        # a program that keeps the error of an item makes one.
        items_of_each = format_.iter_unpack(bytes(content))
        return [self.kind.build(iter(items)) for items in items_of_each]


class Layout:
    """How the fields of a class lie in memory.

    Attributes:
        cls: the class.
        order: "<" or ">", the order of bytes.
        code: the items, with what is left free between them.
        fields: the fields of a fixed size, by name.
        offsets: where each begins.
        tail: the name of the last field, and what it is, if it has no fixed size.
        size: the size in bytes, without the tail.
        alignment: where C aligns it; 1 if nothing is aligned.
        is_aligned: whether it lies as C has it without the attribute packed.
        declared: what all fields are annotated with.
    """

    def __init__(
        self,
        cls: type[Any],
        order: str,
        fields: Sequence[tuple[str, Field]],
        tail: tuple[str, Tail] | None,
        *,
        declared: Mapping[str, Any],
        gaps: Mapping[int, int] | None = None,
        is_aligned: bool = False,
    ) -> None:
        """Place the fields; gaps is how much is left free before each, by its number."""
        self.cls, self.order, self.tail = cls, order, tail
        self.name = cls.__name__
        self.fields = dict(fields)
        self.is_aligned = is_aligned
        self.declared = declared
        aligned = [field.alignment for _, field in fields]
        if tail is not None:
            aligned.append(tail[1].alignment)
        self.alignment = max(aligned, default=1) if is_aligned else 1
        self.offsets: dict[str, int] = {}
        self.code = self._place(gaps or {})
        self._struct = Struct(order + self.code)
        self.size = self._struct.size
        names = [name for name, _ in fields]
        self._is_quick = tail is None and all(field.has_one_item for _, field in fields)
        self._written = [
            (number, field.to_item)
            for number, (_, field) in enumerate(fields)
            if not field.is_written_plain
        ]
        self._read = [
            (number, field.of_item)
            for number, (_, field) in enumerate(fields)
            if not field.is_read_plain
        ]
        get: Any = attrgetter(*names) if names else lambda _: ()
        self._items = get if len(names) != 1 else lambda given: (get(given),)

    def _place(self, gaps: Mapping[int, int]) -> str:
        code, end = "", 0
        for number, (name, field) in enumerate(self.fields.items()):
            gap = -end % field.alignment if self.is_aligned else gaps.get(number, 0)
            self.offsets[name] = end + gap
            code += f"{gap}x" * (gap > 0) + field.code
            end += gap + field.size
        gap = gaps.get(len(self.fields), 0)
        if self.is_aligned:
            # What follows in an array, or as a tail, is aligned too.
            gap = -end % (self.alignment if self.tail is None else self.tail[1].alignment)
        return code + f"{gap}x" * (gap > 0)

    def flatten(self, given: Any, what: str) -> Iterator[Any]:
        """Yield the items of all fields but the tail."""
        if not isinstance(given, self.cls):
            raise self._other(given, what)
        for name, field in self.fields.items():
            yield from field.flatten(getattr(given, name), f"{what}.{name}")

    def build(self, items: Iterator[Any], *tail: Any) -> Any:
        """Make an object of the items of all fields, and the tail."""
        found = [field.build(items) for field in self.fields.values()]
        try:
            return self.cls(*found, *tail)
        except ValueError:
            raise self._refused() from None

    def _refused(self) -> ContentError:
        # Not why: that may say what it holds.
        return ContentError(f"the class {self.name} refuses what a field holds")

    def write(self, given: Any, what: str) -> bytes:
        """Return the bytes of an object; what is its name."""
        if self._is_quick:
            if not isinstance(given, self.cls):
                raise self._other(given, what)
            items = self._items(given)
            try:
                if self._written:
                    items = list(items)
                    for number, to_item in self._written:
                        items[number] = to_item(items[number])
                # The module struct takes True for 1. A set does not compare classes, which is slow.
                if bool not in {*map(type, items)}:
                    return self._struct.pack(*items)
            except (error, OverflowError, ValueError):
                # One of the fields says below what is wrong with it.
                pass
        content = self._struct.pack(*self.flatten(given, what))
        if self.tail is None:
            return content
        name, tail = self.tail
        return content + tail.write(getattr(given, name), f"{what}.{name}")

    def read(self, content: bytes | memoryview) -> Any:
        """Make an object of bytes."""
        if self.tail is None:
            if len(content) != self.size:
                raise ContentError(f"{len(content)} bytes, but {self.name} has {self.size}")
            items: Any = self._struct.unpack(content)
            if not self._is_quick:
                return self.build(iter(items))
            if self._read:
                items = list(items)
                for number, of_item in self._read:
                    items[number] = of_item(items[number])
            try:
                return self.cls(*items)
            except ValueError:
                raise self._refused() from None
        if len(content) < self.size:
            raise ContentError(f"{len(content)} bytes, but {self.name} has at least {self.size}")
        _, tail = self.tail
        rest = memoryview(content)[self.size :]
        return self.build(iter(self._struct.unpack_from(content)), tail.read(rest))

    def _other(self, given: Any, what: str) -> ParameterTypeError:
        return ParameterTypeError(f"{what} must be a {self.name}, not {said(given)}")


def layout_of(cls: Any) -> Layout | None:
    """Return the layout of a packed structure; None if it is none."""
    if not is_class(cls):
        return None
    layout: Layout | None = vars(cls).get(_ATTRIBUTE)
    return layout


def set_layout(cls: type[Any], layout: Layout) -> None:
    """Make a class a packed structure."""
    setattr(cls, _ATTRIBUTE, layout)
