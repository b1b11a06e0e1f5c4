# SPDX-License-Identifier: BSD-2-Clause
"""Packed structures: classes of Python that lie in memory as structures of C do."""

from __future__ import annotations

import inspect
import re
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, get_args, get_origin, overload

from .._checks import is_class
from .fields import (
    ArrayField,
    BoolField,
    BytesField,
    EnumField,
    Field,
    NumberField,
    TextField,
    UuidField,
    check_encoding,
)
from .kinds import DeclarationError
from .layout import Layout, NestedField, Tail, layout_of, set_layout
from .numbers import F32, F64, I8, I16, I32, I64, U8, U16, U32, U64, NumberKind
from .uuids import UuidKind
from .values import EnumKind

if TYPE_CHECKING:
    from typing import Literal

    from typing_extensions import dataclass_transform
else:

    def dataclass_transform():
        """Return a decorator that only type checkers need; Python has it from 3.11 on."""
        return lambda decorated: decorated


__all__ = ["field_of", "pack", "packed", "size_of", "unpack"]

_T = TypeVar("_T")

_KINDS: Final[tuple[Any, ...]] = (U8, U16, U32, U64, I8, I16, I32, I64, F32, F64)
_NUMBERS: Final[dict[str, NumberKind]] = {kind.code: kind for kind in _KINDS}
# With standard sizes, as all orders but "@" have them.
_SAME: Final = {"L": "I", "l": "i"}
_ITEM: Final = re.compile(r"\s*(\d*)([a-zA-Z?])")
_ORDERS: Final = {"<": "<", ">": ">", "!": ">", "=": "<" if sys.byteorder == "little" else ">"}


@overload
@dataclass_transform()
def packed(cls: type[_T], /) -> type[_T]: ...
@overload
@dataclass_transform()
def packed(
    format: str | None = None,
    /,
    *,
    endian: Literal["little", "big"] = "little",
    aligned: bool = False,
) -> Callable[[type[_T]], type[_T]]: ...
def packed(cls: Any = None, /, *, endian: str = "little", aligned: bool = False) -> Any:
    """Make a class a packed structure, and a dataclass.

    For example::

        @ta.packed("<HHQ")
        class Transfer:
            kind: int
            flags: int
            amount: int

        @ta.packed(aligned=True)
        class Receipt:
            number: ta.U32
            name: Annotated[str, 16]  # of 16 bytes, filled with zeros
            digest: Annotated[bytes, 32]
            codes: Annotated[tuple[ta.U16, ...], 4]  # an array
            transfer: Transfer
            rest: bytes  # all that follows

    Without a format, the annotations say what the fields are: ta.U8 to ta.U64, ta.I8 to ta.I64,
    ta.F32, ta.F64, ta.Uuid, ta.TeeUuid; an IntEnum or IntFlag, of 32 bits unless it is
    Annotated[Mode, ta.U8]; bool, of 8 bits unless it is Annotated[bool, ta.U32]; another packed
    structure; Annotated[bytes, SIZE] and Annotated[str, SIZE]; Annotated[tuple[KIND, ...], COUNT].
    The last field may be bytes, str or list[KIND] and then is as long as what is left.

    Args:
        cls: the class; or a format as of the module struct, with an order of bytes. Each field has
            one item of it; "s" is bytes or str, and "x" is left free.
        endian: the order of the bytes, if there is no format. Applications on Arm have "little".
        aligned: fields lie as C aligns them, and not one right after the other.

    Raises:
        DeclarationError: a field is nothing of these, or the format does not fit.
    """
    form = None if is_class(cls) else cls
    # Where the names in annotations may be those of a function.
    names = sys._getframe(1).f_locals

    def decorate(cls: type[Any]) -> type[Any]:
        made = dataclass(cls)
        set_layout(made, _layout(made, form, endian, aligned, names))
        return made

    return decorate(cls) if is_class(cls) else decorate


def _layout(
    cls: type[Any], form: object, endian: str, aligned: bool, names: dict[str, Any]
) -> Layout:
    if endian not in ("little", "big"):
        raise DeclarationError(f'the endian of {cls.__name__} is "little" or "big", not {endian!r}')
    annotations = _annotations(cls, names)
    if form is not None:
        if endian != "little" or aligned:
            raise DeclarationError(f"the format of {cls.__name__} says the order of bytes, and all")
        return _formatted(cls, form, annotations)
    order = "<" if endian == "little" else ">"
    placed: list[tuple[str, Field]] = []
    tail: tuple[str, Tail] | None = None
    for name, declared in annotations.items():
        what = f"{cls.__name__}.{name}"
        if tail is not None:
            raise DeclarationError(f"{what} comes after {tail[0]}, which takes all that is left")
        field = field_of(declared, what)
        if isinstance(field, Tail):
            tail = name, Tail(field.kind, field.encoding, order)
        else:
            placed.append((name, field))
        field.check_order(order, what)
    return Layout(cls, order, placed, tail, declared=annotations, is_aligned=aligned)


def _annotations(cls: type[Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the fields are annotated with, in the order in which the class takes them."""
    found: dict[str, Any] = {}
    for owner in reversed(cls.__mro__):
        layout = layout_of(owner)
        if layout is not None:
            found.update(layout.declared)
        elif is_dataclass(owner) and "__dataclass_fields__" in vars(owner):
            own = set(vars(owner).get("__annotations__", ()))
            # A default value has the name of its field.
            known = {**names, **{name: it for name, it in vars(owner).items() if name not in own}}
            try:
                found.update(inspect.get_annotations(owner, locals=known, eval_str=True))
            except Exception as error:
                raise DeclarationError(
                    f"{cls.__name__} has an annotation that Python can't evaluate: {error}"
                ) from None
    taken = fields(cls)
    for field in taken:
        if not field.init or field.kw_only:
            raise DeclarationError(f"{cls.__name__}.{field.name} has to be taken by position")
    if not taken:
        raise DeclarationError(f"{cls.__name__} has no fields")
    return {field.name: found[field.name] for field in taken}


def field_of(declared: Any, what: str) -> Field | Tail:
    """Return the field that an annotation declares, or what takes all that is left."""
    extra: tuple[Any, ...] = ()
    if get_origin(declared) is Annotated:
        declared, *rest = get_args(declared)
        extra = tuple(rest)
    size = _only(extra, int, f"{what} has two sizes")
    if size is not None and size < 0:
        raise DeclarationError(f"{what} has the size {size}")
    number = _only(extra, NumberKind, f"{what} lies in two numbers")
    encoding = _only(extra, str, f"{what} has two encodings") or "utf-8"
    field = _field_of(declared, what, size, number, encoding)
    if size is not None and not isinstance(field, BytesField | TextField | ArrayField):
        raise DeclarationError(
            f"{what} is {_shown(declared)}, which has no other size: annotate an array as"
            " Annotated[tuple[KIND, ...], COUNT]"
        )
    if number is not None and not isinstance(field, BoolField | EnumField):
        raise DeclarationError(f"{what} is {_shown(declared)}, which does not lie in {number}")
    return field


def _only(extra: tuple[Any, ...], kind: type[_T], error: str) -> _T | None:
    """Return what is of a kind, of what an annotation says beside the type."""
    found = [one for one in extra if isinstance(one, kind) and type(one) is not bool]
    if len(found) > 1:
        raise DeclarationError(error)
    return found[0] if found else None


def _field_of(
    declared: Any, what: str, size: int | None, number: NumberKind | None, encoding: str
) -> Field | Tail:
    if isinstance(declared, NumberKind):
        return NumberField(declared)
    if declared is bool:
        return BoolField(number or _NUMBERS["B"])
    if declared is uuid.UUID:
        return UuidField(is_struct=False)
    if isinstance(declared, UuidKind):
        return declared.field
    if is_class(declared) and issubclass(declared, IntEnum | IntFlag):
        return EnumField(EnumKind(declared), number or _NUMBERS["I"])
    if declared is bytes:
        return Tail(bytes) if size is None else BytesField(size)
    if declared is str:
        check_encoding(encoding)
        return Tail(str, encoding) if size is None else TextField(size, encoding)
    layout = layout_of(declared)
    if layout is not None:
        return NestedField(layout)
    items = _items(declared)
    if items is not None:
        item = field_of(items, what)
        if isinstance(item, Tail) or not item.size:
            raise DeclarationError(f"{what} has items that have no fixed size")
        if (get_origin(declared) is list) != (size is None):
            raise DeclarationError(
                f"{what} is {_shown(declared)}: annotate all that follows as list[KIND], and an"
                " array as Annotated[tuple[KIND, ...], COUNT]"
            )
        return Tail(item) if size is None else ArrayField(item, size)
    raise DeclarationError(
        f"{what} is {_shown(declared)}: annotate it with a number such as ta.U32, an IntEnum, a"
        " packed structure, bytes, str, or tuple[ta.U32, ...]"
    )


def _items(declared: Any) -> Any:
    """Return what a list or a tuple of one kind has; None if it is none."""
    origin, arguments = get_origin(declared), get_args(declared)
    if origin is list and len(arguments) == 1:
        return arguments[0]
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return arguments[0]
    return None


def _formatted(cls: type[Any], form: object, annotations: dict[str, Any]) -> Layout:
    """Return the layout that a format says."""
    what = f"the format of {cls.__name__}"
    if not isinstance(form, str) or form[:1] not in _ORDERS:
        raise DeclarationError(
            f'{what} is {form!r}, but is a str that begins with the order of bytes: "<" for little'
        )
    placed: list[tuple[str, Field]] = []
    gaps: dict[int, int] = {}
    names = iter(annotations.items())
    for item in _parsed(form[1:], what):
        if isinstance(item, int):
            gaps[len(placed)] = gaps.get(len(placed), 0) + item
            continue
        name, declared = next(names, (None, None))
        if name is None:
            raise DeclarationError(f"{what} has more items than there are fields")
        placed.append((name, _fitting(item, declared, f"{cls.__name__}.{name}")))
    if (left := next(names, None)) is not None:
        raise DeclarationError(f"{what} has no item for the field {left[0]}")
    return Layout(cls, _ORDERS[form[0]], placed, None, declared=annotations, gaps=gaps)


def _parsed(form: str, what: str) -> Iterator[int | tuple[str, int]]:
    """Yield the items of a format: a letter and a size, or a number of bytes left free."""
    at = 0
    while at < len(form.rstrip()):
        found = _ITEM.match(form, at)
        if found is None:
            raise DeclarationError(f"{what} has {form[at]!r}, which is no item")
        count, letter = int(found[1] or 1), _SAME.get(found[2], found[2])
        at = found.end()
        if letter == "x":
            yield count
        elif letter == "s":
            yield "s", count
        elif letter in _NUMBERS or letter in "?c":
            for _ in range(count):
                yield letter, 1
        else:
            raise DeclarationError(f"{what} has {letter!r}: use the letters BHILQbhilqfd?csx")


def _fitting(item: tuple[str, int], declared: Any, what: str) -> Field:
    """Return the field of an item; its annotation says what programs have."""
    letter, size = item
    number = _NUMBERS.get("B" if letter == "?" else letter)
    if number is None:
        if declared is str:
            return TextField(size)
        if declared is bytes:
            return BytesField(size)
    elif declared is bool:
        return BoolField(number)
    elif is_class(declared) and issubclass(declared, IntEnum | IntFlag):
        return EnumField(EnumKind(declared), number)
    elif declared is number.python or declared is number:
        return NumberField(number)
    raise DeclarationError(f"{what} is {_shown(declared)}, which {letter!r} in the format is not")


def _shown(declared: Any) -> str:
    return declared.__name__ if is_class(declared) else repr(declared)


def _layout_or_error(cls: Any) -> Layout:
    layout = layout_of(cls)
    if layout is None:
        raise DeclarationError(f"{_shown(cls)} is no packed structure: decorate it with ta.packed")
    return layout


def pack(given: object) -> bytes:
    """Return the bytes of a packed structure.

    Raises:
        ParameterTypeError, ParameterRangeError: a field has what can't be there.
        DeclarationError: this is no packed structure.
    """
    return _layout_or_error(type(given)).write(given, type(given).__name__)


def unpack(cls: type[_T], content: bytes | bytearray | memoryview) -> _T:
    """Make a packed structure of bytes.

    Raises:
        ValueError: the bytes are none: there are too few or too many, or a field has what it can't.
        DeclarationError: the class is no packed structure.
    """
    made: _T = _layout_or_error(cls).read(memoryview(content))
    return made


def size_of(cls: type[object]) -> int:
    """Return the size of a packed structure in bytes, without the last field if that varies.

    Raises:
        DeclarationError: the class is no packed structure.
    """
    return _layout_or_error(cls).size
