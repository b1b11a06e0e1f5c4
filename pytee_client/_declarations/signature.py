# SPDX-License-Identifier: BSD-2-Clause
"""What a command takes and returns: which argument and which result is in which slot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from .._checks import to_uint32
from .kinds import DeclarationError
from .slots import Direction, Slot, argument_slot, result_slot

__all__ = ["Result", "Signature", "signature_of", "to_command_id"]

_SLOTS: Final = 4


@dataclass(frozen=True)
class Result:
    """A result of a command.

    Attributes:
        slots: where it is.
        kind: what it is.
        argument: the number of the argument that comes back as it, or None.
    """

    slots: tuple[int, ...]
    kind: Any
    argument: int | None


@dataclass(frozen=True)
class Signature:
    """What a command takes and returns.

    Attributes:
        slots: up to four, None for one that is not used.
        arguments: what each argument is declared as.
        results: the results: first the arguments that come back.
        returns: what the results are declared as that are no arguments.
    """

    slots: tuple[Slot | None, ...]
    arguments: tuple[Any, ...]
    results: tuple[Result, ...]
    returns: tuple[Any, ...]


def signature_of(arguments: tuple[Any, ...], returns: Any, slots: Any, what: str) -> Signature:
    """Return what a command takes and returns.

    Args:
        arguments: what its arguments are declared as.
        returns: what its results are declared as: one, a tuple of them, or None.
        slots: which slots they are in, in this order; None for the first ones.
        what: the name of the command.

    Raises:
        DeclarationError: it can't be.
    """
    given = returns if isinstance(returns, tuple) else () if returns is None else (returns,)
    used: list[Slot] = []
    for number, one in enumerate(arguments):
        used += argument_slot(one, number, f"argument {number + 1} of {what}")
    for one in given:
        used += result_slot(one, f"a result of {what}")
    if len(used) > _SLOTS:
        raise DeclarationError(f"{what} needs {len(used)} slots, but an operation has {_SLOTS}")
    places = _places(slots, len(used), what)
    placed: list[Slot | None] = [None] * (max(places, default=-1) + 1)
    for place, slot in zip(places, used, strict=True):
        placed[place] = slot
    return Signature(tuple(placed), arguments, tuple(_results(used, places)), given)


def _places(slots: Any, count: int, what: str) -> list[int]:
    if slots is None:
        return list(range(count))
    places = list(slots) if isinstance(slots, tuple | list) else [slots]
    if len(places) != count:
        raise DeclarationError(f"{what} names {len(places)} slots, but needs {count}")
    are_slots = all(type(place) is int and 0 <= place < _SLOTS for place in places)
    if not are_slots or len(set(places)) != count:
        raise DeclarationError(
            f"the slots of {what} are {slots}, but must differ and be from 0 to 3"
        )
    return places


def _results(used: list[Slot], places: list[int]) -> list[Result]:
    """Return the results: the arguments that come back, and then what is returned, as declared."""
    results: list[Result] = []
    for slot, place in zip(used, places, strict=True):
        if slot.direction is Direction.INPUT:
            continue
        if slot.words:
            last = results.pop()
            results.append(Result((*last.slots, place), last.kind, last.argument))
        else:
            results.append(Result((place,), slot.given, slot.argument))
    return results


def to_command_id(number: Any, what: str) -> int:
    """Check the number of a command, and keep its name if it is a member of an enumeration."""
    checked = to_uint32(number, what)
    return number if isinstance(number, Enum) and isinstance(number, int) else checked
