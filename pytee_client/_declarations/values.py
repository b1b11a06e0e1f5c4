# SPDX-License-Identifier: BSD-2-Clause
"""What can lie in values: numbers in other orders, names, and several of them in one."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from types import GenericAlias
from typing import Any, Generic, TypeVar

from .._checks import UINT32_MAX, is_class, said, to_bool, to_uint32
from .._outputs import Value
from ..errors import ParameterTypeError
from .kinds import ContentError, DeclarationError, Kind, ValueKind
from .numbers import NumberKind

__all__ = [
    "BoolKind",
    "Both",
    "EnumKind",
    "LowFirst",
    "OnlyB",
    "OverTwo",
    "PairKind",
    "value_kind",
]

_T = TypeVar("_T")
_A = TypeVar("_A")
_B = TypeVar("_B")


class BoolKind(ValueKind[bool, bool]):
    """A choice: 1 or 0 in a."""

    def __init__(self) -> None:
        super().__init__("bool", bool)

    def words(self, given: Any, what: str) -> tuple[int, int]:
        """Return 1 or 0."""
        return int(to_bool(given, what)), 0

    def read(self, a: int, b: int, *more: int) -> bool:
        """Return whether a is not 0."""
        return a != 0


class EnumKind(ValueKind[Any, Any]):
    """A member of an IntEnum, or members of an IntFlag, in a."""

    def __init__(self, members: type[IntEnum] | type[IntFlag]) -> None:
        super().__init__(members.__name__, members)
        self.members = members
        if not len(members):
            raise DeclarationError(f"{self.name} has no members")
        for member in members:
            if not 0 <= member.value <= UINT32_MAX:
                raise DeclarationError(
                    f"{self.name}.{member.name} is {member.value}, which does not fit into 32 bits"
                )

    def words(self, given: Any, what: str) -> tuple[int, int]:
        """Return the number."""
        if type(given) is not self.members:
            raise ParameterTypeError(f"{what} must be a {self.name}, not {said(given)}")
        return to_uint32(int(given), what), 0

    def read(self, a: int, b: int, *more: int) -> Any:
        """Return the member that a is."""
        return self.member(a)

    def member(self, number: int) -> Any:
        """Return the member of a number."""
        try:
            return self.members(number)
        except ValueError:
            # Not the number itself: it may be a secret.
            raise ContentError(f"the number is no member of {self.name}") from None


class PairKind(ValueKind[Any, Value]):
    """Two unsigned numbers of 32 bits."""

    def __init__(self) -> None:
        super().__init__("Value", Value)

    def words(self, given: Any, what: str) -> tuple[int, int]:
        """Return both."""
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise ParameterTypeError(f"{what} must be a Value or a pair of ints, not {said(given)}")
        a, b = given
        return to_uint32(a, f"a of {what}"), to_uint32(b, f"b of {what}")

    def read(self, a: int, b: int, *more: int) -> Value:
        """Return both as they are."""
        return Value(a, b)


def value_kind(declared: Any) -> ValueKind[Any, Any] | None:
    """Return the kind that a program's name of it stands for; None if it lies in no value."""
    if isinstance(declared, ValueKind):
        return declared
    if declared is bool:
        return BoolKind()
    if declared is Value:
        return PairKind()
    if is_class(declared) and issubclass(declared, IntEnum | IntFlag):
        return EnumKind(declared)
    return None


def _inner(declared: Any, outer: str, values: int = 1) -> ValueKind[Any, Any]:
    kind = value_kind(declared)
    if kind is None or kind.values != values:
        raise DeclarationError(f"{outer} takes what lies in one value, such as U64, not {declared}")
    return kind


class LowFirst(ValueKind[_T, _T], Generic[_T]):
    """A number of 64 bits whose low half is in a, and whose high half is in b.

    Args:
        kind: U64, I64 or F64.
    """

    def __init__(self, kind: type[_T] | Kind[_T, _T]) -> None:
        inner: Any = kind
        if not isinstance(inner, NumberKind) or inner.size != 8:
            raise DeclarationError(f"LowFirst takes U64, I64 or F64, not {inner}")
        super().__init__(f"LowFirst({inner})", inner.python)
        self.inner: ValueKind[Any, Any] = inner

    def words(self, given: Any, what: str) -> tuple[int, ...]:
        """Return the low half and the high half."""
        return self.inner.words(given, what)[::-1]

    def read(self, a: int, b: int, *more: int) -> _T:
        """Return the number of two halves."""
        number: _T = self.inner.read(b, a)
        return number


class OverTwo(ValueKind[_T, _T], Generic[_T]):
    """64 bits over two values: the high half is a of the first, the low half a of the next.

    Args:
        kind: U64, I64 or F64, or LowFirst() of one for the low half in the first.
    """

    values = 2

    def __init__(self, kind: type[_T] | Kind[_T, _T]) -> None:
        inner: Any = kind
        if not isinstance(inner, LowFirst) and (
            not isinstance(inner, NumberKind) or inner.size != 8
        ):
            raise DeclarationError(f"OverTwo takes U64, I64, F64 or LowFirst() of one, not {inner}")
        super().__init__(f"OverTwo({inner})", inner.python)
        self.inner: ValueKind[Any, Any] = inner

    def words(self, given: Any, what: str) -> tuple[int, ...]:
        """Return the two values."""
        first, second = self.inner.words(given, what)
        return first, 0, second, 0

    def read(self, a: int, b: int, *more: int) -> _T:
        """Return the number of two halves."""
        number: _T = self.inner.read(a, more[0])
        return number


class OnlyB(ValueKind[_T, _T], Generic[_T]):
    """What lies in b alone; a is 0.

    Args:
        kind: a number of 32 bits at most, bool, or an IntEnum.
    """

    def __init__(self, kind: type[_T] | Kind[_T, _T]) -> None:
        inner = _one_word(kind, "OnlyB")
        super().__init__(f"OnlyB({inner})", inner.python)
        self.inner: ValueKind[Any, Any] = inner

    def words(self, given: Any, what: str) -> tuple[int, int]:
        """Return 0 and the word."""
        return 0, self.inner.words(given, what)[0]

    def read(self, a: int, b: int, *more: int) -> _T:
        """Return what b is."""
        content: _T = self.inner.read(b, 0)
        return content


class Both(ValueKind["tuple[_A, _B]", "tuple[_A, _B]"], Generic[_A, _B]):
    """Two things in one value, which are given and come back as a tuple.

    Args:
        a: what lies in a: a number of 32 bits at most, bool, or an IntEnum.
        b: what lies in b.
    """

    def __init__(self, a: type[_A] | Kind[_A, _A], b: type[_B] | Kind[_B, _B]) -> None:
        kinds = _one_word(a, "Both"), _one_word(b, "Both")
        python = GenericAlias(tuple, tuple(kind.python for kind in kinds))
        super().__init__(f"Both({kinds[0]}, {kinds[1]})", python)
        self.kinds: tuple[ValueKind[Any, Any], ...] = kinds

    def words(self, given: Any, what: str) -> tuple[int, int]:
        """Return both words."""
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise ParameterTypeError(f"{what} must be a tuple of two, not {said(given)}")
        a, b = (
            kind.words(one, f"{letter} of {what}")[0]
            for kind, one, letter in zip(self.kinds, given, "ab", strict=True)
        )
        return a, b

    def read(self, a: int, b: int, *more: int) -> tuple[_A, _B]:
        """Return both."""
        first, second = self.kinds
        return first.read(a, 0), second.read(b, 0)


def _one_word(declared: Any, outer: str) -> ValueKind[Any, Any]:
    kind = _inner(declared, outer)
    if not isinstance(kind, BoolKind | EnumKind) and getattr(kind, "size", 8) > 4:
        raise DeclarationError(f"{outer} takes what fits into 32 bits, not {kind}")
    return kind
