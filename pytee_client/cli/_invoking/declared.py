# SPDX-License-Identifier: BSD-2-Clause
"""Commands by the names of a declaration."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

from ..._declarations.application import CommandDeclaration, Declaration
from ..._declarations.slots import Direction
from ...errors import TeecError
from ...ta import Client
from .._answer import Answer, Status
from .._declared import declaration_at, object_at
from .._errors import CommandLineError, InputError, error_status
from .arguments import arguments_of
from .files import Inputs, check_files
from .forms import Form, forms_of
from .numbers import number_of
from .opened import failed, opened_for
from .outputs import Returned, returned_for
from .plain import parameters_of
from .results import data_of, lines_of, saved
from .timing import Times
from .usage import command_data, lines_of_commands

__all__ = ["invoke_declared", "list_commands"]


def list_commands(name: str) -> Answer:
    """Say which commands a declaration has."""
    declared = declaration_at(name)
    data = {
        "application": str(declared.uuid),
        "name": declared.name,
        "opening": None if declared.opening is None else command_data(declared.opening),
        "commands": [command_data(one) for one in declared.commands.values()],
    }
    return Answer(data, "".join(f"{line}\n" for line in lines_of_commands(declared)))


class _Invocation:
    """What a command line says of a declared command."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._name, *self._words = arguments.words
        self._inputs = Inputs()
        self.declared = declaration_at(arguments.client)
        self.command = _command(self.declared, self._name)
        self.repeat: int = arguments.repeat
        if arguments.grow:
            raise CommandLineError(
                "--grow is for parameters: what a declaration calls ta.Variable() grows anyway"
            )
        # What is wrong is told before anything is sent.
        self.arguments()
        self._forms: list[Form] = []
        if self.declared.opening is None:
            self._forms = forms_of(arguments.open, self._inputs)
            self.opening_arguments = parameters_of(self._forms)
        else:
            self.opening_arguments = arguments_of(
                self.declared.opening, arguments.open, self._inputs
            )
        if any(form.file for form in self._forms):
            raise CommandLineError("what comes back of an opening is printed: leave the file out")
        self._files = _files(self.command, arguments.save)
        self.prints_raw = check_files(list(self._files.values()), as_json=arguments.json)
        self.opened: list[Any] = []
        self.returned: list[Returned] = []
        self.failed: list[Returned] = []
        self.results: list[Any] = []
        self.times = Times()

    def arguments(self) -> list[Any]:
        """Make the arguments anew: a run may change them."""
        self._inputs.begin_again()
        return arguments_of(self.command, self._words, self._inputs)

    def note_opening(self, client: Client) -> None:
        """Keep what the opening returned."""
        opening = self.declared.opening
        session: Any = client.session
        if opening is None:
            self.returned = returned_for(self._forms, session.outputs)
        else:
            self.opened = _as_list(opening, client._opened)

    def run(self, client: Client) -> None:
        """Run the command."""
        result = self.times.run(self.repeat, partial(self._prepare, client))
        self.results = _as_list(self.command, result)

    def write(self) -> InputError | None:
        """Write results to their files; return what is wrong with the first bad one."""
        wrong = None
        for number, file in self._files.items():
            try:
                self.results[number - 1] = saved(self.results[number - 1], file)
            except InputError as error:
                wrong = wrong or error
        return wrong

    def note_failure(self, error: TeecError) -> None:
        """Keep what came back with an error, as it is: it need not have the declared form."""
        is_of_command = bool(self.times.begun)
        command = self.command if is_of_command else self.declared.opening
        forms = self._forms if command is None else _forms_of(command)
        self.failed = returned_for(forms, error.outputs)

    def _prepare(self, client: Client) -> partial[Any]:
        return partial(getattr(client, self.command.name), *self.arguments())

    def data(self) -> dict[str, Any]:
        """Return what happened, for --json."""
        number = self.command.number
        opened = [one.data() for one in self.returned]
        return {
            "application": str(self.declared.uuid),
            "command": 0 if number is None else int(number),
            "name": self.command.name,
            "opening": opened or [data_of(one) for one in self.opened],
            "results": [data_of(one) for one in self.results],
            "outputs": [one.data() for one in self.failed],
            "times": self.times.data(),
        }

    def text(self) -> str:
        """Return what happened as text; none of what is printed as it is."""
        if self.prints_raw and not self.failed:
            return ""
        lines = [line for one in self.returned for line in one.lines("opening, ")]
        for place, one in enumerate(self.opened, 1):
            lines += lines_of(one, "opening" if len(self.opened) == 1 else f"opening {place}")
        for place, one in enumerate(self.results, 1):
            lines += lines_of(one, "" if len(self.results) == 1 else f"result {place}")
        lines += [line for one in self.failed for line in one.lines()]
        if self.repeat > 1:
            lines.append(self.times.line())
        return "".join(f"{line}\n" for line in lines)


def invoke_declared(arguments: argparse.Namespace) -> Answer:
    """Open a client, and run the command that the words name."""
    invocation = _Invocation(arguments)
    client_class: type[Client] = object_at(arguments.client)
    options = {} if arguments.login is None else {"login": arguments.login}
    try:
        with invocation.times.told(), opened_for(arguments) as context:
            opened = client_class(
                context, *invocation.opening_arguments, gid=arguments.gid, **options
            )
            with opened as client:
                invocation.note_opening(client)
                invocation.run(client)
    except Exception as error:
        if not isinstance(error, TeecError) and not isinstance(error.__cause__, TeecError):
            raise
        cause: Any = error if isinstance(error, TeecError) else error.__cause__
        invocation.note_failure(cause)
        return failed(error, invocation.data(), invocation.text())
    wrong = invocation.write()
    status = Status.OK if wrong is None else error_status(wrong)
    return Answer(invocation.data(), invocation.text(), status, wrong)


def _as_list(command: CommandDeclaration, result: Any) -> list[Any]:
    """Return the results of a command as a list."""
    count = len(command.signature.results)
    return [] if count == 0 else [result] if count == 1 else list(result)


def _files(command: CommandDeclaration, saved: Sequence[tuple[int, str]]) -> dict[int, str]:
    """Return the files of results, by their numbers from 1."""
    count = len(command.signature.results)
    files: dict[int, str] = {}
    for number, file in saved:
        if not 1 <= number <= count:
            returns = f"the results 1 to {count}" if count else "no result"
            raise CommandLineError(f"--save {number}:{file}: {command.name} has {returns}")
        if number in files:
            raise CommandLineError(f"result {number} has two files: {files[number]} and {file}")
        files[number] = file
    return files


def _forms_of(command: CommandDeclaration) -> list[Form]:
    """Return which parameters of a command come back."""
    return [
        Form(lambda grow: None, slot is not None and slot.direction is not Direction.INPUT)
        for slot in command.signature.slots
    ]


def _command(declared: Declaration, name: str) -> CommandDeclaration:
    """Return the command of a name, or of a number."""
    found = declared.commands.get(name)
    if found is not None:
        return found
    try:
        number = number_of(name)
    except ValueError:
        near = get_close_matches(name, declared.commands, n=3) or list(declared.commands)
        raise CommandLineError(
            f"{declared.name} has no command {name!r}; it has {', '.join(near)}"
        ) from None
    for one in declared.commands.values():
        if one.number == number:
            return one
    raise CommandLineError(f"{declared.name} has no command {number}")
