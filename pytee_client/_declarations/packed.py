# SPDX-License-Identifier: BSD-2-Clause
"""Packed structures: classes of Python that lie in memory as structures of C do."""

from __future__ import annotations

import inspect
import re
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
    form = None if isinstance(cls, type) else cls
    # Where the names in annotations may be those of a function.
    names = sys._getframe(1).f_locals

    def decorate(cls: type[Any]) -> type[Any]:
        made = dataclass(cls)
        set_layout(made, _layout(made, form, endian, aligned, names))
        return made

    return decorate(cls) if isinstance(cls, type) else decorate


def _layout(
    cls: type[Any], form: object, endian: str, aligned: bool, names: dict[str, Any]
) -> Layout:
    if endian not in ("little", "big"):
        raise DeclarationError(f'the endian of {cls.__name__} is "little" or "big", not {endian!r}')
    try:
        annotations = inspect.get_annotations(cls, locals={**names, **vars(cls)}, eval_str=True)
    except NameError as error:
        raise DeclarationError(
            f"{cls.__name__} has an annotation of what is unknown: {error}"
        ) from None
    if form is not None:
        return _formatted(cls, form, annotations)
    order = "<" if endian == "little" else ">"
    fields: list[tuple[str, Field]] = []
    tail: tuple[str, Tail] | None = None
    for name, declared in annotations.items():
        what = f"{cls.__name__}.{name}"
        if tail is not None:
            raise DeclarationError(f"{what} comes after {tail[0]}, which takes all that is left")
        field = field_of(declared, what)
        if isinstance(field, Tail):
            tail = name, Tail(field.kind, field.encoding, order)
        else:
            fields.append((name, field))
    if not annotations:
        raise DeclarationError(f"{cls.__name__} has no fields")
    return Layout(cls, order, fields, tail, is_aligned=aligned)


def field_of(declared: Any, what: str) -> Field | Tail:
    """Return the field that an annotation declares, or what takes all that is left."""
    extra: tuple[Any, ...] = ()
    if get_origin(declared) is Annotated:
        declared, *rest = get_args(declared)
        extra = tuple(rest)
    size = extra[0] if extra and type(extra[0]) is int else None
    if size is not None and size < 0:
        raise DeclarationError(f"{what} has the size {size}")
    number = next((one for one in extra if isinstance(one, NumberKind)), None)
    encoding = next((one for one in extra if isinstance(one, str)), "utf-8")
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
        return Tail(str, encoding) if size is None else TextField(size, encoding)
    layout = layout_of(declared)
    if layout is not None:
        return NestedField(layout)
    items = _items(declared)
    if items is not None:
        item = field_of(items, what)
        if isinstance(item, Tail):
            raise DeclarationError(f"{what} has items that have no fixed size")
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
    fields: list[tuple[str, Field]] = []
    names = iter(annotations.items())
    for item in _parsed(form[1:], what):
        if isinstance(item, int):
            continue
        name, declared = next(names, (None, None))
        if name is None:
            raise DeclarationError(f"{what} has more items than there are fields")
        fields.append((name, _fitting(item, declared, f"{cls.__name__}.{name}")))
    if (left := next(names, None)) is not None:
        raise DeclarationError(f"{what} has no item for the field {left[0]}")
    code = "".join(
        f"{item}x" if isinstance(item, int) else item[1] for item in _parsed(form[1:], what)
    )
    return Layout(cls, _ORDERS[form[0]], fields, None, code=code)


def _parsed(form: str, what: str) -> Iterator[int | tuple[str, str]]:
    """Yield the items of a format: a letter and the code, or a number of bytes left free."""
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
            yield "s", f"{count}s"
        elif letter in _NUMBERS or letter in "?c":
            for _ in range(count):
                yield letter, {"c": "1s"}.get(letter, letter)
        else:
            raise DeclarationError(f"{what} has {letter!r}: use the letters BHIQbhiqfd?sx")


def _fitting(item: tuple[str, str], declared: Any, what: str) -> Field:
    """Return the field of an item; its annotation says what programs have."""
    letter, code = item
    number = _NUMBERS.get("B" if letter == "?" else letter)
    if number is None:
        size = int(code[:-1])
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
    return declared.__name__ if isinstance(declared, type) else repr(declared)


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
