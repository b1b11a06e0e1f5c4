# SPDX-License-Identifier: BSD-2-Clause
"""Commands as attributes of a client: declared in its class, and called on its objects."""

from __future__ import annotations

from typing import Any, NoReturn

from .._declarations.application import CommandDeclaration
from .._declarations.signature import signature_of, to_command_id
from ..errors import TeecError
from ._plan import Plan

__all__ = ["BoundCommand", "Command"]


class Command:
    """A command that a class of clients declares. Each client has it as a function.

    Attributes:
        command_id: its number.
        name: the name of the attribute.
    """

    def __init__(
        self,
        number: Any,
        arguments: tuple[Any, ...],
        returns: Any = None,
        slots: Any = None,
        retry: bool = True,
    ) -> None:
        self.command_id = to_command_id(number, "the number of a command")
        self.name = "command"
        self._declared = arguments, returns, slots
        self._retry = retry

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def declare(self, owner: str) -> CommandDeclaration:
        """Return what is declared; raise a DeclarationError if it can't be."""
        arguments, returns, slots = self._declared
        signature = signature_of(arguments, returns, slots, f"{owner}.{self.name}")
        return CommandDeclaration(self.name, self.command_id, signature, self._retry)

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        if instance is None:
            return self
        bound = instance._bind(self.name)
        # The next time it is found there.
        instance.__dict__[self.name] = bound
        return bound

    def __call__(self, *arguments: Any, **options: Any) -> NoReturn:
        raise TypeError(f"open a client, and call its {self.name}(): a class has no session")

    def __repr__(self) -> str:
        return f"<command {self.name} ({int(self.command_id)})>"


class BoundCommand:
    """A command of a client; calling it runs the command."""

    __slots__ = ("_invoke", "_plan")

    def __init__(self, plan: Plan, target: Any) -> None:
        self._plan = plan
        self._invoke = target.invoke_command

    def __call__(self, *arguments: Any, room: int | None = None, **options: Any) -> Any:
        """Run the command; see pytee_client.Session.invoke_command() for the options."""
        plan = self._plan
        parameters = plan.parameters(arguments, room)
        try:
            outputs = self._invoke(plan.number, *parameters, **options)
        except TeecError as error:
            plan.raise_error(error)
        return plan.result(outputs, arguments, parameters)

    def __repr__(self) -> str:
        return f"<{self._plan.doing}>"
