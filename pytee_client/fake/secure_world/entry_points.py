# SPDX-License-Identifier: BSD-2-Clause
"""Entry points of Trusted Applications: which method serves a command, and what they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import index
from types import FunctionType
from typing import Any, Final, TypeVar

from ..._checks import is_bool
from ..user_methods import call_method, returned_wrongly, shown_code
from .parameters import Parameters
from .session import ClientSession

__all__ = ["command", "commands_of", "run_entry_point"]

_CommandT = TypeVar("_CommandT", bound=Callable[[Any, ClientSession, Parameters], None])

_NUMBERS: Final = "_pytee_client_commands"
_LAST_NUMBER: Final = 0xFFFFFFFF


def command(number: int) -> Callable[[_CommandT], _CommandT]:
    """Have a method of a Trusted Application serve a command.

        class Counter(fake.TrustedApplication):
            @fake.command(0)
            def increment(
                self, session: fake.ClientSession, parameters: fake.Parameters
            ) -> None: ...

    A method may serve several commands. A class inherits the commands of its bases; it overrides
    one by a method of the same name, with or without this decorator, or by another method with
    the same number.

    Args:
        number: the number of the command, 32 bits, such as a member of an IntEnum.

    Raises:
        TypeError: the number is no int, or what is decorated is no function.
        ValueError: the number does not fit into 32 bits.
    """
    given: Any = number
    try:
        checked = int(index(given))
    except TypeError:
        raise TypeError(
            f"a command has a number, as in @fake.command(0), and not {given!r}"
        ) from None
    if is_bool(given):
        raise TypeError(f"the number of a command is an int, not {given!r}")
    if not 0 <= checked <= _LAST_NUMBER:
        raise ValueError(f"the number of a command is from 0 to 0xFFFFFFFF, not {checked}")

    def mark(method: _CommandT) -> _CommandT:
        function = getattr(method, "__func__", method)
        if not isinstance(function, FunctionType):
            raise TypeError(f"a command is served by a method, and not by {method!r}")
        setattr(function, _NUMBERS, (*getattr(function, _NUMBERS, ()), checked))
        return method

    return mark


def commands_of(
    cls: type[Any], declared_of: Callable[[type[Any]], dict[int, str]]
) -> tuple[dict[int, str], dict[int, type[Any]]]:
    """Return the commands of a class.

    Args:
        cls: the class.
        declared_of: returns for a class the commands that it serves by what it implements: the
            numbers, and the names of the methods.

    Returns:
        The numbers, and the names of the methods; and for those of what a class implements, the
        class.

    Raises:
        TypeError: two methods serve one number, in the class itself or in two of its bases.
    """
    commands: dict[int, str] = {}
    owners: dict[int, type[Any]] = {}
    declaring: dict[int, type[Any]] = {}
    for owner in reversed(cls.__mro__):
        own, declared = _own_commands(owner), declared_of(owner)
        _refuse_both(owner, own, declared)
        for name, attribute in vars(owner).items():
            # What overrides a method serves its commands, unless it has numbers of its own.
            if name in own.values() or attribute is None:
                commands = {number: its for number, its in commands.items() if its != name}
        if declared:
            # It implements this instead of what its bases do.
            commands = {number: its for number, its in commands.items() if number not in declaring}
            declaring = dict.fromkeys(declared, owner)
        declaring = {number: its for number, its in declaring.items() if number not in own}
        commands.update(own | declared)
        owners.update(dict.fromkeys(own | declared, owner))
    for number, name in commands.items():
        for rival in cls.__mro__:
            other = (_own_commands(rival) | declared_of(rival)).get(number, name)
            if other != name and not issubclass(owners[number], rival):
                raise TypeError(
                    f"{cls.__name__} inherits two methods for command {number}:"
                    f" {owners[number].__name__}.{name} and {rival.__name__}.{other}; define one"
                    " in the class itself"
                )
    return commands, {number: its for number, its in declaring.items() if number in commands}


def _refuse_both(cls: type[Any], own: Mapping[int, str], declared: Mapping[int, str]) -> None:
    for number in own.keys() & declared.keys():
        raise TypeError(
            f"command {number} of {cls.__name__} is declared, and served by {declared[number]}():"
            f" take fake.command({number}) off {own[number]}()"
        )


def _own_commands(cls: type[Any]) -> dict[int, str]:
    own: dict[int, str] = {}
    for name, attribute in vars(cls).items():
        numbers: Any = getattr(getattr(attribute, "__func__", attribute), _NUMBERS, ())
        for number in numbers if isinstance(numbers, tuple) else ():
            if number in own:
                both = name if own[number] == name else f"{own[number]} and {name}"
                raise TypeError(f"command {number} of {cls.__name__} is served twice, by {both}")
            own[number] = name
    return own


def run_entry_point(
    application: object, entry_point: Callable[..., object], *arguments: Any
) -> None:
    """Run an entry point.

    Raises:
        TypeError: it takes other arguments, or returned something other than None.
    """
    returned = call_method(application, entry_point, *arguments)
    if returned is not None:
        raise _wrong_return(application, entry_point, returned)


def _wrong_return(
    application: object, entry_point: Callable[..., object], value: object
) -> TypeError:
    remedy = (
        "return nothing for SUCCESS, raise fake.ResultError(code) for any other result, and write"
        " outputs into the parameters"
    )
    if isinstance(value, int) and not isinstance(value, bool):
        code = shown_code(value)
        remedy = f"raise fake.ResultError({code}) instead" if value else "return nothing instead"
    return returned_wrongly(application, entry_point, value, remedy)
