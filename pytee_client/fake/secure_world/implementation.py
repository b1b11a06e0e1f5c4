# SPDX-License-Identifier: BSD-2-Clause
"""Fakes that implement a declaration: which methods serve what it declares."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

from ..._declarations.application import CommandDeclaration, Declaration, declaration_of
from ..._declarations.kinds import DeclarationError
from .declared_commands import DeclaredCommand
from .declared_methods import MethodCheck

__all__ = ["Implementation", "declared_commands", "implement", "implementation_of"]

_IMPLEMENTS: Final = "_pytee_client_implements"


@dataclass(frozen=True)
class Implementation:
    """What a class serves of a declaration.

    Attributes:
        commands: the commands, by number.
        opening: the opening, if one is declared.
    """

    commands: Mapping[int, DeclaredCommand] = field(default_factory=dict)
    opening: DeclaredCommand | None = None


@dataclass(frozen=True)
class _Implements:
    """What a class itself implements.

    Attributes:
        declared: the declaration.
        methods: the names of the methods, by those of the commands.
    """

    declared: Declaration
    methods: Mapping[str, str]


def _own(cls: type[Any]) -> _Implements | None:
    found: _Implements | None = vars(cls).get(_IMPLEMENTS)
    return found


def implement(cls: type[Any], base: type[Any], declaring: Any) -> None:
    """Have a class of applications implement a declaration.

    Args:
        cls: the class.
        base: the base of all of them; its names are none of methods for commands.
        declaring: the class that declares an application.

    Raises:
        DeclarationError: this is no declaration, or the class has another UUID.
    """
    declared = declaration_of(declaring)
    uuid = vars(cls).get("uuid", declared.uuid)
    if uuid != declared.uuid:
        raise DeclarationError(
            f"{cls.__name__}.uuid is {uuid}, but {declared.name} has {declared.uuid}: leave it out"
        )
    cls.uuid = declared.uuid
    taken = {*dir(base), *inspect.get_annotations(base)}
    names = [*declared.commands, *([declared.opening.name] if declared.opening else [])]
    methods: dict[str, str] = {}
    for name in names:
        method = name
        while method in taken or (method != name and method in names):
            method += "_"
        methods[name] = method
    setattr(cls, _IMPLEMENTS, _Implements(declared, methods))


def declared_commands(cls: type[Any]) -> dict[int, str]:
    """Return the commands of what a class itself implements: numbers, and names of methods."""
    own = _own(cls)
    if own is None:
        return {}
    return {
        int(command.number): own.methods[name]
        for name, command in own.declared.commands.items()
        if command.number is not None
    }


def implementation_of(
    cls: type[Any], base: type[Any], session: type[Any], declaring: Mapping[int, type[Any]]
) -> Implementation:
    """Return what a class serves of what it, or a base of it, implements.

    Args:
        cls: the class.
        base: the base of all applications.
        session: the class of their sessions.
        declaring: for the declared commands that it serves, the class that implements them.

    Raises:
        DeclarationError: a method is missing, or does not fit.
    """
    owners = [each for each in cls.__mro__ if _own(each) is not None]
    if not owners:
        return Implementation()
    owner = owners[0]
    implements: _Implements = vars(owner)[_IMPLEMENTS]
    for other in owners[1:]:
        if not issubclass(owner, other):
            raise DeclarationError(
                f"{cls.__name__} inherits from {owner.__name__} and {other.__name__}, which"
                " implement different declarations: say which one, by implements="
            )
    check = MethodCheck(cls, base, session, _names_of_maker())
    declared, methods = implements.declared, implements.methods
    missing = check.missing(declared, methods) if owner is cls else None
    if missing is not None:
        raise DeclarationError(f"{missing}\n({_place_of_maker()})")

    def served(command: CommandDeclaration) -> DeclaredCommand:
        name = methods[command.name]
        takes_session = check.takes_session(declared.name, command, name)
        return DeclaredCommand(command, declared, name, takes_session=takes_session)

    opening = declared.opening
    if opening is not None and getattr(cls, methods[opening.name]) is None:
        opening = None
    return Implementation(
        {
            int(command.number): served(command)
            for command in declared.commands.values()
            if command.number is not None and int(command.number) in declaring
        },
        None if opening is None else served(opening),
    )


def _maker() -> FrameType:
    """Return the frame of the statement that makes a class."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (
        frame.f_code.co_name == "__init_subclass__" or frame.f_globals is globals()
    ):
        frame = frame.f_back
    return frame


def _names_of_maker() -> Mapping[str, Any]:
    return _maker().f_locals


def _place_of_maker() -> str:
    frame = _maker()
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"
