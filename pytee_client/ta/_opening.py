# SPDX-License-Identifier: BSD-2-Clause
"""The declared opening of a session, as an attribute of a client."""

from __future__ import annotations

from typing import Any

from .._checks import said
from .._declarations.application import CommandDeclaration
from .._declarations.signature import signature_of
from ..context import Context
from ..errors import ParameterTypeError

__all__ = ["Opener", "Opening"]


class Opening:
    """What opening a session takes and returns, as a class of clients declares it.

    The class has it as a function that opens a session, and a client as what that returned.
    """

    def __init__(self, arguments: tuple[Any, ...], returns: Any = None, slots: Any = None) -> None:
        self.name = "opening"
        self._declared = arguments, returns, slots

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def declare(self, owner: str) -> CommandDeclaration:
        """Return what is declared; raise a DeclarationError if it can't be."""
        arguments, returns, slots = self._declared
        signature = signature_of(arguments, returns, slots, f"{owner}.{self.name}")
        return CommandDeclaration(self.name, None, signature, retry=False)

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        return Opener(owner) if instance is None else instance._opened


class Opener:
    """Opens sessions for clients of a class."""

    def __init__(self, cls: type[Any]) -> None:
        self._class = cls

    def __call__(self, context: Any, /, *arguments: Any, **options: Any) -> Any:
        """Open a session; see ta.Client for the options.

        Args:
            context: a pytee_client.Context; or one of pytee_client.aio, for a client to await.
            arguments: what the opening takes.
            options: as of ta.Client.
        """
        if isinstance(context, Context):
            return self._class(context, *arguments, **options)
        client = getattr(context, "client", None)
        if client is None or isinstance(context, type):
            raise ParameterTypeError(f"the context must be a Context, not {said(context)}")
        return client(self._class, *arguments, **options)

    @staticmethod
    def result(client: Any) -> Any:
        """Return what opening the session of a client returned."""
        return client._opened
