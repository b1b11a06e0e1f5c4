# SPDX-License-Identifier: BSD-2-Clause
"""Commands as attributes of a client: declared in its class, and called on its objects."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, NoReturn

from .._checks import to_bool
from .._declarations.application import CommandDeclaration
from .._declarations.kinds import ContentError
from .._declarations.signature import signature_of, to_command_id
from .._outputs import Outputs
from ..errors import ParameterTypeError, TeecError
from ..session import Session
from ._decoders import DoesNotFitError
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
        self._retry = to_bool(retry, "retry of a command")

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
    """A command of a client; calling it runs the command.

    It keeps the session of its client alive.
    """

    __slots__ = ("_decode", "_encode", "_encode_only", "_invoke", "_number", "_plan")

    def __init__(self, plan: Plan, target: Any) -> None:
        self._plan = plan
        self._invoke = target.invoke_command
        self._number = plan.number
        self._encode, self._encode_only, self._decode = plan.encode, plan.encode_only, plan.decode

    def __call__(self, *arguments: Any, room: int | None = None, **options: Any) -> Any:
        """Run the command; see pytee_client.Session.invoke_command() for the options."""
        parameters: Sequence[Any]
        if room is not None:
            parameters = self._plan.parameters(arguments, room)
        elif self._encode_only is not None and len(arguments) == 1:
            parameters = (self._encode_only(arguments[0]),)
        else:
            parameters = self._encode(arguments)
        try:
            # Most calls have no options, and then an empty dictionary costs more than the question.
            if options:
                outputs = self._invoke(self._number, *parameters, **options)
            else:
                outputs = self._invoke(self._number, *parameters)
        except TeecError as error:
            self._plan.raise_error(error)
        decode = self._decode
        if decode is None:
            return self._plan.result(outputs, arguments, parameters)
        try:
            return decode(outputs, arguments)
        except (ContentError, DoesNotFitError) as error:
            self._plan.raise_unlike(error, outputs)

    def submit(
        self,
        *arguments: Any,
        room: int | None = None,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> Future[Any]:
        """Start the command, and return at once; see pytee_client.Session.submit()."""
        plan = self._plan
        parameters = plan.parameters(arguments, room)
        session = self._invoke.__self__
        if not isinstance(session, Session):
            raise ParameterTypeError(
                f"{plan.name} of a client on a pool can't be submitted: make a client on one"
                " session, which pool.session() lends"
            )
        translation = Translation(plan, arguments, parameters)
        try:
            return session._submit(plan.number, parameters, timeout, grace, translation)
        except TeecError as error:
            plan.raise_error(error)

    def __repr__(self) -> str:
        return f"<{self._plan.doing}>"


class Translation:
    """What makes the result of a command that was submitted."""

    def __init__(self, plan: Plan, arguments: Sequence[Any], parameters: Sequence[Any]) -> None:
        self._plan = plan
        self._arguments = arguments
        self._parameters = parameters

    def result(self, outputs: Outputs) -> Any:
        """Return what the outputs are."""
        return self._plan.result(outputs, self._arguments, self._parameters)

    def raise_error(self, error: TeecError) -> NoReturn:
        """Raise the exception that stands for the error."""
        self._plan.raise_error(error)
