# SPDX-License-Identifier: BSD-2-Clause
"""The declaration of a Trusted Application, which clients, fakes and headers are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Protocol
from uuid import UUID

from .._checks import check_results, is_class, said, to_uint32
from .._known_applications import NAMES, named
from ..errors import ParameterRangeError, TeecError
from .kinds import DeclarationError
from .signature import Signature

__all__ = [
    "CommandDeclaration",
    "Declaration",
    "Declared",
    "check_errors",
    "declaration_of",
    "to_uuid",
]


@dataclass(frozen=True)
class CommandDeclaration:
    """A command, or the opening of a session.

    Attributes:
        name: the name of the attribute.
        number: its number; None for the opening.
        signature: what it takes and returns.
        retry: whether it may run again if an output does not fit.
    """

    name: str
    number: int | None
    signature: Signature
    retry: bool


@dataclass(frozen=True)
class Declaration:
    """A Trusted Application.

    Attributes:
        name: the name of the class.
        uuid: its UUID.
        results: the names of its own codes, or None.
        errors: the exceptions for codes of it.
        commands: its commands, by name, in order.
        opening: what opening a session takes and returns, or None.
    """

    name: str
    uuid: UUID
    results: type[IntEnum] | None
    errors: Mapping[int, type[Exception]]
    commands: Mapping[str, CommandDeclaration]
    opening: CommandDeclaration | None

    def register(self) -> None:
        """Have errors, traces and other texts name the application."""
        NAMES.setdefault(str(self.uuid), self.name)

    def check_destination(self, destination: UUID) -> None:
        """Refuse a session with another application."""
        if destination != self.uuid:
            raise ParameterRangeError(
                f"the session is with {named(destination)}, but {self.name} declares {self.uuid}:"
                " derive a class of it, with this uuid="
            )


class Declared(Protocol):
    """A class that declares an application: one that is derived from ta.Client."""

    __pytee_declaration__: ClassVar[Declaration]


def declaration_of(cls: Any) -> Declaration:
    """Return the declaration that a class is.

    Raises:
        DeclarationError: it is none.
    """
    found = getattr(cls, "__pytee_declaration__", None) if is_class(cls) else None
    if not isinstance(found, Declaration):
        raise DeclarationError(f"{said(cls)} declares no application: derive a class of ta.Client")
    return found


def to_uuid(given: Any, owner: str) -> UUID:
    """Return the UUID that a declaration names."""
    if isinstance(given, UUID):
        return given
    try:
        return UUID(given)
    except (AttributeError, TypeError, ValueError):
        raise DeclarationError(
            f"the uuid of {owner} is {given!r}, but must be a UUID, or its text"
        ) from None


def check_errors(errors: Any, results: Any, owner: str) -> Mapping[int, type[Exception]]:
    """Check the exceptions for the codes of an application."""
    try:
        check_results(results)
    except TeecError as error:
        raise DeclarationError(f"the results of {owner} are wrong: {error.doing}") from None
    if not isinstance(errors, Mapping):
        raise DeclarationError(f"the errors of {owner} must be a dict of codes and exceptions")
    for code, kind in errors.items():
        if not (is_class(kind) and issubclass(kind, Exception)):
            raise DeclarationError(f"the error {code!r} of {owner} must be a class of exceptions")
        try:
            kind("")
        except TypeError:
            raise DeclarationError(
                f"the error {code!r} of {owner} is made of a text, but {kind.__name__} is not"
            ) from None
        if not to_uint32(code, f"an error of {owner}"):
            raise DeclarationError(f"{owner} has an error for 0, which is SUCCESS")
    return {int(code): kind for code, kind in errors.items()}
