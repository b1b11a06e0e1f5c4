# SPDX-License-Identifier: BSD-2-Clause
"""What is declared of a slot: its direction, and the kinds of what goes in and comes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, overload

from .._checks import is_class
from ..kernels.uapi import ParamType
from .kinds import DeclarationError, Gives, Kind, MemoryKind, Takes, ValueKind
from .memory import Variable, memory_kind
from .values import value_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "RAW_KINDS",
    "Direction",
    "InOut",
    "InOutKind",
    "Out",
    "RawKind",
    "Slot",
    "argument_slot",
    "result_slot",
]

_TakenT_contra = TypeVar("_TakenT_contra", contravariant=True)
_GivenT_co = TypeVar("_GivenT_co", covariant=True)
_R_co = TypeVar("_R_co", covariant=True)
_A = TypeVar("_A")
_R = TypeVar("_R")


class Direction(Enum):
    """Which way the content of a slot goes."""

    INPUT = "In"
    OUTPUT = "Out"
    INOUT = "InOut"


_TYPES: Final[Mapping[tuple[bool, Direction], ParamType]] = {
    (True, Direction.INPUT): ParamType.VALUE_INPUT,
    (True, Direction.OUTPUT): ParamType.VALUE_OUTPUT,
    (True, Direction.INOUT): ParamType.VALUE_INOUT,
    (False, Direction.INPUT): ParamType.MEMREF_INPUT,
    (False, Direction.OUTPUT): ParamType.MEMREF_OUTPUT,
    (False, Direction.INOUT): ParamType.MEMREF_INOUT,
}


class RawKind(Kind[Any, Any]):
    """A parameter as it is, such as part of a block.

    Attributes:
        python: the class of the parameter.
        directions: which ways it may go.
        type: its type; None if that depends on the parameter.
    """

    def __init__(
        self, python: type[Any], directions: frozenset[Direction], type: ParamType | None
    ) -> None:
        super().__init__(python.__name__, python)
        self.directions: frozenset[Direction] = directions
        self.type: ParamType | None = type


RAW_KINDS: Final[dict[type[Any], RawKind]] = {}
"""The classes of parameters that can be declared by themselves."""


class InOutKind(Generic[_TakenT_contra, _GivenT_co]):
    """An argument that comes back as a result."""

    def __init__(self, taken: Any, given: Any, direction: Direction) -> None:
        self.taken: Any = taken
        self.given: Any = given
        self.direction: Direction = direction

    def __repr__(self) -> str:
        kinds = [self.taken] if self.taken is self.given else [self.taken, self.given]
        return f"{self.direction.value}[{', '.join(map(_shown, kinds))}]"


if TYPE_CHECKING:

    class _ComesBack(Protocol[_GivenT_co, _R_co]):
        """A parameter, or a block, that comes back: what is given, and the output."""

        def _comes_back(self) -> tuple[_GivenT_co, _R_co]: ...


class _InOut:
    def __repr__(self) -> str:
        return "InOut"

    @overload
    def __getitem__(self, kinds: type[_ComesBack[_A, _R]]) -> InOutKind[_A, _R]: ...
    @overload
    def __getitem__(self, kinds: type[_A]) -> InOutKind[_A, _A]: ...
    @overload
    def __getitem__(self, kinds: Kind[_A, _R] | Variable[_A, _R]) -> InOutKind[_A, _R]: ...
    @overload
    def __getitem__(
        self, kinds: tuple[type[_A] | Takes[_A], type[_R] | Gives[_R]]
    ) -> InOutKind[_A, _R]: ...
    def __getitem__(self, kinds: Any) -> InOutKind[Any, Any]:
        taken, given = kinds if isinstance(kinds, tuple) else (kinds, kinds)
        return InOutKind(taken, given, Direction.INOUT)


class _Out:
    def __repr__(self) -> str:
        return "Out"

    @overload
    def __getitem__(self, kind: type[_ComesBack[_A, _R]]) -> InOutKind[_A, _R]: ...
    @overload
    def __getitem__(self, kind: type[_A]) -> InOutKind[_A, _A]: ...
    @overload
    def __getitem__(self, kind: Kind[_A, _R]) -> InOutKind[_A, _R]: ...
    def __getitem__(self, kind: Any) -> InOutKind[Any, Any]:
        return InOutKind(kind, kind, Direction.OUTPUT)


InOut: Final = _InOut()
"""An argument that the Trusted Application may change, and that comes back as a result.

InOut[ta.U64] is of one kind both ways; InOut[Request, Reply] has a kind for each.
"""

Out: Final = _Out()
"""An argument that is memory of the caller's, into which the Trusted Application writes.

Out[ta.BUFFER], Out[ta.NDArray(...)], or Out[...] of a part of a block. It comes back as a result.
"""


@dataclass(frozen=True)
class Slot:
    """A slot of a command.

    Attributes:
        direction: which way its content goes.
        taken: what the program gives.
        given: what comes back.
        room: for how many bytes of output there is room, if memory comes back.
        max_size: how many bytes it may grow to; None for the default.
        varies: whether the size of the output varies.
        argument: the number of the argument that is its content, if it has one.
        words: which numbers of this argument, or of the result, are here: of the first value,
            or of the second.
    """

    direction: Direction
    taken: Any
    given: Any
    room: int | None = None
    max_size: int | None = None
    varies: bool = False
    argument: int | None = None
    words: int = 0

    @property
    def type(self) -> ParamType | None:
        """Its type; None if that depends on the parameter."""
        if isinstance(self.taken, RawKind):
            return self.taken.type
        kind = self.taken if self.taken is not None else self.given
        return _TYPES[isinstance(kind, ValueKind), self.direction]

    @property
    def kind(self) -> Any:
        """What it holds."""
        return self.taken if self.taken is not None else self.given


def _kind_of(declared: Any, what: str) -> Any:
    kind: Any = value_kind(declared) or memory_kind(declared)
    if kind is None and is_class(declared):
        kind = RAW_KINDS.get(declared)
    if kind is not None:
        return kind
    hint = "a number such as ta.U32, an IntEnum, bytes, str or a class decorated with ta.packed"
    if declared is int:
        hint = "ta.U32 for a number in a, or ta.U64 for one in both"
    elif declared is float:
        hint = "ta.F32 or ta.F64"
    elif declared is bytearray or declared is memoryview:
        hint = "bytes, or ta.BUFFER for memory of the caller's"
    elif isinstance(declared, Variable | InOutKind):
        hint = f"{declared} stands elsewhere"
    raise DeclarationError(f"{what} can't be {_shown(declared)}: {hint}")


def _shown(declared: Any) -> str:
    return declared.__name__ if is_class(declared) else repr(declared)


def argument_slot(declared: Any, number: int, what: str) -> list[Slot]:
    """Return the slots of an argument, of which there can be two.

    Args:
        declared: what the program declares.
        number: the number of the argument.
        what: its name.
    """
    if not isinstance(declared, InOutKind):
        if isinstance(declared, Variable):
            declared = declared.kind
        kind = _kind_of(declared, what)
        if isinstance(kind, RawKind) and Direction.INPUT not in kind.directions:
            wrapper = "InOut" if Direction.INOUT in kind.directions else "Out"
            raise DeclarationError(f"{what} comes back as a result: declare {wrapper}[{kind}]")
        return _spread(Slot(Direction.INPUT, kind, None, argument=number))
    direction = declared.direction
    given, variable = declared.given, None
    if isinstance(given, Variable):
        variable, given = given, given.kind
    taken = declared.taken.kind if isinstance(declared.taken, Variable) else declared.taken
    taken_kind, given_kind = _kind_of(taken, what), _kind_of(given, what)
    if isinstance(taken_kind, RawKind):
        if direction not in taken_kind.directions or taken is not given:
            raise DeclarationError(f"{what} can't be {declared}")
    elif isinstance(taken_kind, ValueKind) != isinstance(given_kind, ValueKind):
        raise DeclarationError(f"{what} lies in a value one way, and in memory the other")
    elif direction is Direction.OUTPUT and not getattr(taken_kind, "in_place", False):
        raise DeclarationError(f"{what} is no memory of the caller's: declare returns={taken_kind}")
    room = None
    if isinstance(given_kind, MemoryKind):
        room = variable.size if variable is not None else given_kind.size
        room = max(room or 0, getattr(taken_kind, "size", None) or 0)
    return _spread(
        Slot(direction, taken_kind, given_kind, room, varies=variable is not None, argument=number)
    )


def result_slot(declared: Any, what: str) -> list[Slot]:
    """Return the slots of a result, of which there can be two."""
    variable = declared if isinstance(declared, Variable) else None
    kind = _kind_of(declared.kind if isinstance(declared, Variable) else declared, what)
    if isinstance(kind, RawKind):
        raise DeclarationError(f"{what} can't be {kind}: declare Out[{kind}] as an argument")
    if isinstance(kind, ValueKind):
        return _spread(Slot(Direction.OUTPUT, None, kind))
    if kind.is_nullable:
        raise DeclarationError(
            f"{what} can't be {kind}: whether memory is null is the client's choice, and this"
            " library gives an output memory"
        )
    if variable is not None:
        return [Slot(Direction.OUTPUT, None, kind, variable.size, variable.max_size, varies=True)]
    if kind.size is None:
        raise DeclarationError(
            f"{what} is {kind}, whose size varies: declare ta.Variable({kind}), or a fixed size"
            " such as ta.Bytes(32)"
        )
    return [Slot(Direction.OUTPUT, None, kind, kind.size)]


def _spread(slot: Slot) -> list[Slot]:
    """Return a slot for each value that the content lies in."""
    kind = slot.kind
    count = kind.values if isinstance(kind, ValueKind) else 1
    if slot.given is not None and slot.taken is not None:
        other = slot.given.values if isinstance(slot.given, ValueKind) else 1
        if other != count:
            raise DeclarationError(
                f"{slot.taken} and {slot.given} lie in different numbers of values"
            )
    return [replace(slot, words=number) for number in range(count)]
