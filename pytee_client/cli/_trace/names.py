# SPDX-License-Identifier: BSD-2-Clause
"""Names for what a trace has numbers of."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final
from uuid import UUID

from ..._declarations.application import Declaration, declaration_of
from ..._declarations.kinds import DeclarationError
from ..._known_applications import NAMES
from ..._teec_error import name_of_origin
from ...enums import Origin, Result
from ...ta import optee
from .._printable import printable

__all__ = ["Names", "clean", "hex_code", "uuid_of"]

_LONGEST: Final = 200


class Names:
    """The names of applications, of their commands and of their results.

    Args:
        declarations: what names them; the first one that has an application names it.
    """

    def __init__(self, declarations: Iterable[Declaration]) -> None:
        self._declarations: dict[str, Declaration] = {}
        for declaration in (*declarations, *_known_declarations()):
            self._declarations.setdefault(str(declaration.uuid), declaration)

    def application(self, uuid: str) -> str:
        """Return the name of an application; nothing if it has none."""
        known = NAMES.get(uuid)
        declared = self._declarations.get(uuid)
        return known or (declared.name if declared is not None else "")

    def command(self, uuid: str, number: int) -> str:
        """Return the name of a command; nothing if it has none."""
        declared = self._declarations.get(uuid)
        commands = declared.commands.values() if declared is not None else ()
        return next((command.name for command in commands if command.number == number), "")

    def result(self, uuid: str, code: int, origin: int | None) -> str:
        """Return the name of a result, or its number."""
        declared = self._declarations.get(uuid)
        if declared is not None and origin == Origin.TRUSTED_APP:
            own = _member(declared.results, code) if declared.results is not None else ""
            error = declared.errors.get(code)
            if own or error is not None:
                return own or (error.__name__ if error is not None else "")
        return _member(Result, code) or hex_code(code)

    def origin(self, number: int) -> str:
        """Return the name of the origin of a result."""
        return name_of_origin(number)


def hex_code(code: int) -> str:
    """Return a result as texts have it."""
    return f"{code:#010x}"


def clean(text: object) -> str:
    """Return a text out of a trace with nothing in it that a terminal obeys, and not too long."""
    whole = str(text)
    return printable(whole[:_LONGEST] + "…" * (len(whole) > _LONGEST))


def _member(names: type[IntEnum], code: int) -> str:
    try:
        return names(code).name
    except ValueError:
        return ""


def _known_declarations() -> list[Declaration]:
    found = []
    for name in optee.__all__:
        try:
            found.append(declaration_of(getattr(optee, name)))
        except DeclarationError:
            continue
    return found


def uuid_of(text: object) -> str:
    """Return the UUID that a trace has as octets, or what it has if that is none."""
    try:
        return str(UUID(hex=str(text)))
    except ValueError:
        return clean(text)
