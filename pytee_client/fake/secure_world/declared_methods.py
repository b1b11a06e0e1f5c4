# SPDX-License-Identifier: BSD-2-Clause
"""The methods of a fake that serve what an application declares, checked when its class is made."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..._declarations.application import CommandDeclaration, Declaration
from ..._declarations.kinds import DeclarationError
from ..._declarations.slots import RawKind, Slot
from ...kernels.uapi import ParamType
from ..user_methods import name_of
from .hints_of_methods import can_be, can_be_result, shown_type, signature_of_method
from .parameters import MemrefParameter, ValueParameter

__all__ = ["MethodCheck", "argument_slots", "find_attribute", "results_of"]

_VALUES: Final = (ParamType.VALUE_INPUT, ParamType.VALUE_OUTPUT, ParamType.VALUE_INOUT)


def argument_slots(command: CommandDeclaration) -> list[list[tuple[int, Slot]]]:
    """Return for each argument the slots that it is in, in the order of its words."""
    found: list[list[tuple[int, Slot]]] = [[] for _ in command.signature.arguments]
    for place, slot in enumerate(command.signature.slots):
        if slot is not None and slot.argument is not None:
            found[slot.argument].append((place, slot))
    return [sorted(each, key=lambda one: one[1].words) for each in found]


def results_of(command: CommandDeclaration) -> list[Any]:
    """Return what a method returns. It writes into raw parameters itself."""
    return [one for one in command.signature.results if not isinstance(one.kind, RawKind)]


def find_attribute(cls: type[Any], name: str, base: type[Any]) -> Any:
    """Return what a class has by a name as its classes have it; None if only its base has it."""
    for owner in cls.__mro__:
        if owner not in base.__mro__ and name in vars(owner):
            return vars(owner)[name]
    return None


def _argument_type(slot: Slot) -> Any:
    """Return the type of what a method gets."""
    if not isinstance(slot.kind, RawKind):
        return slot.taken.python
    return ValueParameter if slot.type in _VALUES else MemrefParameter


class MethodCheck:
    """Check the methods of a class.

    Args:
        cls: the class.
        base: the class whose attributes are no methods for commands.
        session: the class of sessions.
        names: the names where the class is made, for hints that are strings.
    """

    def __init__(
        self, cls: type[Any], base: type[Any], session: type[Any], names: Mapping[str, Any]
    ) -> None:
        self._class = cls
        self._base = base
        self._session = session
        self._names = names

    def missing(self, declared: Declaration, methods: Mapping[str, str]) -> str | None:
        """Say which methods are missing; None if none is.

        Args:
            declared: what the class implements.
            methods: the names of the methods, by those of the commands.
        """
        commands = [*declared.commands.values(), *filter(None, [declared.opening])]
        lacking = [
            f"    {_expected(command, methods[command.name])}"
            for command in commands
            if find_attribute(self._class, methods[command.name], self._base) is None
        ]
        if not lacking:
            return None
        counted = "a method" if len(lacking) == 1 else f"{len(lacking)} methods"
        return "\n".join(
            [f"{self._class.__name__} lacks {counted} that {declared.name} declares:", *lacking]
        )

    def takes_session(self, declared: str, command: CommandDeclaration, name: str) -> bool:
        """Check a method; return whether it takes the session.

        Args:
            declared: the name of the application.
            command: what it serves.
            name: its name.

        Raises:
            DeclarationError: it does not fit.
        """
        static = find_attribute(self._class, name, self._base)
        method = getattr(self._class, name)
        wanted = f"{declared}.{command.name} is served by {_expected(command, name)}"
        if not callable(method):
            raise DeclarationError(
                f"{self._class.__name__}.{name} is {type(static).__name__}, and no method: {wanted}"
            )
        who = name_of(self._class, method, name)
        _refuse_other_functions(inspect.unwrap(method), who)
        bound = isinstance(static, staticmethod | classmethod) or not hasattr(static, "__get__")
        signature = signature_of_method(method, self._names, vars(self._class))
        if signature is None:
            return False
        given = [*signature.parameters.values()][0 if bound else 1 :]
        has_session = bool(given) and _is_session(given[0], self._session)
        arguments = [_argument_type(slots[0][1]) for slots in argument_slots(command)]
        if not _takes(signature, len(arguments) + has_session + (not bound)):
            count = len(given) - has_session
            raise DeclarationError(f"{who} takes {_counted(count, 'argument')}: {wanted}")
        hints = _hints(given[has_session:], len(arguments))
        for (argument, hint), type_ in zip(hints, arguments, strict=True):
            if not _is_open(hint) and not can_be(hint, type_):
                raise DeclarationError(
                    f"{who} takes {argument}: {shown_type(hint)}, but gets {shown_type(type_)}:"
                    f" {wanted}"
                )
        returned = signature.return_annotation
        if not _is_open(returned) and not _can_return(command, returned):
            raise DeclarationError(f"{who} returns {shown_type(returned)}: {wanted}")
        return has_session


def _is_open(hint: Any) -> bool:
    """Return whether a hint says nothing, or what nobody knows."""
    return hint is inspect.Signature.empty or isinstance(hint, str)


def _refuse_other_functions(function: Any, who: str) -> None:
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise DeclarationError(f"{who} is an async function: make it a plain function")
    if inspect.isgeneratorfunction(function):
        raise DeclarationError(f"{who} has a yield: make it a plain function")


def _is_session(parameter: inspect.Parameter, session: type[Any]) -> bool:
    """Return whether a parameter is the session: by its hint, or by its name."""
    hint = parameter.annotation
    if hint is session or (isinstance(hint, str) and hint.rpartition(".")[2] == session.__name__):
        return True
    return parameter.name == "session" and (_is_open(hint) or can_be(hint, session))


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _hints(given: Sequence[inspect.Parameter], count: int) -> list[tuple[str, Any]]:
    """Return the name and the hint of each argument; those of *arguments are all the same."""
    hints = [(one.name, one.annotation) for one in given]
    if given and given[-1].kind is inspect.Parameter.VAR_POSITIONAL:
        hints += hints[-1:] * count
    elif (rest := next((one for one in given if one.kind is one.VAR_POSITIONAL), None)) is not None:
        at = given.index(rest)
        hints = hints[:at] + [hints[at]] * count
    return hints[:count]


def _can_return(command: CommandDeclaration, hint: Any) -> bool:
    results = results_of(command)
    if not results:
        return can_be(type(None), hint)
    types = [_result_type(one) for one in results]
    if len(types) == 1:
        return can_be_result(types[0], hint)
    # A class of tuples is left to type checkers.
    items = getattr(hint, "__args__", None)
    if getattr(hint, "__origin__", None) is not tuple or items is None or Ellipsis in items:
        return can_be(tuple, hint)
    return len(items) == len(types) and all(map(can_be_result, types, items))


def _result_type(result: Any) -> Any:
    """Return the type of a result. None leaves memory that is written in place as it is."""
    kind = result.kind
    in_place = getattr(kind, "in_place", False) and result.argument is not None
    return kind.python | None if in_place else kind.python


def _expected(command: CommandDeclaration, name: str) -> str:
    """Return the first line of a method that fits."""
    arguments = [
        f"{letter}: {shown_type(_argument_type(slots[0][1]))}"
        for letter, slots in zip("abcd", argument_slots(command), strict=False)
    ]
    types = [shown_type(one.kind.python) for one in results_of(command)]
    returned = types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]" if types else "None"
    return f"def {name}({', '.join(['self', *arguments])}) -> {returned}: ..."


def _counted(count: int, what: str) -> str:
    return f"no {what}s" if not count else f"1 {what}" if count == 1 else f"{count} {what}s"
