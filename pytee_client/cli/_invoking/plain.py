# SPDX-License-Identifier: BSD-2-Clause
"""Commands as they are: by number, with parameters."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from ..._known_applications import named
from ...errors import ShortBufferError, TeecError
from ...session import Session
from .._answer import Answer, Status
from .._application import to_application
from .._errors import CommandLineError, InputError, error_status
from .files import Inputs, check_files
from .forms import Form, forms_of
from .numbers import number_of
from .opened import failed, opened_for
from .outputs import Returned, returned_for
from .timing import Times

__all__ = ["invoke_plain"]

_GROW = "give it so much room, or --grow to have the command run again with what it needs"


class _Invocation:
    """What a command line says of a command."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        words: list[str] = arguments.words
        if len(words) < 2:
            raise CommandLineError(
                "give the application and the number of its command, such as hello_world 0; or"
                " --client MODULE:CLASS"
            )
        inputs = Inputs()
        self.application = _application(words[0])
        self.command = _command(words[1])
        self.forms = forms_of(words[2:], inputs)
        self.opening = forms_of(arguments.open, inputs)
        self.grows: bool = arguments.grow
        self.repeat: int = arguments.repeat
        self._save(arguments.save)
        files = [form.file for form in (*self.opening, *self.forms)]
        self.prints_raw = check_files(files, as_json=arguments.json)
        self.opened: list[Returned] = []
        self.returned: list[Returned] = []
        self.times = Times()

    def _save(self, files: Sequence[tuple[int, str]]) -> None:
        """Have what comes back for parameters written to files."""
        for place, file in files:
            form = self.forms[place] if place < len(self.forms) else None
            if form is None or not form.is_memory:
                raise CommandLineError(
                    f"--save {place}:{file} is for bytes that come back: parameter {place} has none"
                )
            if form.file:
                raise CommandLineError(f"parameter {place} has two files: {form.file} and {file}")
            self.forms[place] = replace(form, file=file)

    def run_in(self, session: Session) -> None:
        """Run the command in a session."""
        outputs = self.times.run(self.repeat, partial(self._prepare, session))
        self.returned = returned_for(self.forms, outputs)

    def _prepare(self, session: Session) -> partial[Any]:
        parameters = parameters_of(self.forms, grows=self.grows)
        return partial(session.invoke_command, self.command, *parameters)

    def data(self) -> dict[str, Any]:
        """Return what happened, for --json."""
        return {
            "application": str(self.application),
            "command": self.command,
            "opening": [one.data() for one in self.opened],
            "outputs": [one.data() for one in self.returned],
            "times": self.times.data(),
        }

    def text(self) -> str:
        """Return what happened as text; none of what is printed as it is."""
        if self.prints_raw:
            return ""
        lines = [line for one in self.opened for line in one.lines("opening, ")]
        lines += [line for one in self.returned for line in one.lines()]
        if self.repeat > 1:
            lines.append(self.times.line())
        return "".join(f"{line}\n" for line in lines)

    def write(self) -> InputError | None:
        """Write what came back to its files; return what is wrong with the first bad one."""
        errors = [one.write() for one in (*self.opened, *self.returned)]
        return next((error for error in errors if error is not None), None)

    def print_all(self) -> None:
        """Have nothing written to files."""
        for one in (*self.opened, *self.returned):
            one.file = None

    def missing(self) -> ShortBufferError | None:
        """Return the error for what did not fit, though the application called it a success."""
        for one in self.returned:
            if one.is_missing:
                return ShortBufferError(
                    f"invoking command {self.command} of {named(self.application)}",
                    details=f"output {one.place} needs {one.output.required} bytes",
                    remedy=_GROW,
                )
        return None


def parameters_of(forms: Sequence[Form], *, grows: bool = False) -> list[Any]:
    """Make the parameters for one run."""
    return [form.make(grows) for form in forms]


def invoke_plain(arguments: argparse.Namespace) -> Answer:
    """Open a session, and run the command that the words name."""
    invocation = _Invocation(arguments)
    try:
        with invocation.times.told(), opened_for(arguments) as context:
            forms = invocation.opening
            try:
                session = context.open_session(
                    invocation.application,
                    *parameters_of(forms),
                    login=arguments.login,
                    gid=arguments.gid,
                )
            except TeecError as error:
                invocation.opened = returned_for(forms, error.outputs)
                raise
            with session:
                invocation.opened = returned_for(forms, session.outputs)
                try:
                    invocation.run_in(session)
                except TeecError as error:
                    invocation.returned = returned_for(invocation.forms, error.outputs)
                    raise
    except TeecError as error:
        if isinstance(error, ShortBufferError) and error.remedy is None and not arguments.grow:
            error.remedy = _GROW
        return _after(invocation, error)
    return _after(invocation, invocation.missing())


def _after(invocation: _Invocation, error: TeecError | None) -> Answer:
    if error is not None:
        # What comes with an error is seldom what the file is for.
        invocation.print_all()
        return failed(error, invocation.data(), invocation.text())
    wrong = invocation.write()
    status = Status.OK if wrong is None else error_status(wrong)
    return Answer(invocation.data(), invocation.text(), status, wrong)


def _application(text: str) -> UUID:
    try:
        return to_application(text)
    except argparse.ArgumentTypeError as error:
        raise CommandLineError(str(error)) from None


def _command(text: str) -> int:
    try:
        number = number_of(text)
    except ValueError:
        raise CommandLineError(
            f"the command {text!r} is no number: commands have names with --client MODULE:CLASS"
        ) from None
    if not 0 <= number < 2**32:
        raise CommandLineError(f"the command is {text}, but has to be from 0 to 2**32 - 1")
    return number
