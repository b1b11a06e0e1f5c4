# SPDX-License-Identifier: BSD-2-Clause
"""Recording a program."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any, Final

from ...traces.environment import VARIABLE, setting_of
from .._answer import Answer
from .._errors import CommandLineError, InputError
from .._output import say
from .._printable import printable
from .._tee import add_tee, tee_of
from .._types import to_file
from .files import has_something_else, plural, read, siblings, warn
from .running import run_program

__all__ = ["ABOUT", "add_arguments", "run"]

ABOUT: Final = (
    "Run a program, and record what its contexts ask of a TEE: any program in Python\n"
    "that uses pytee_client, also a console script, pytest, or a script that starts\n"
    "others. The program is not changed: its environment says where the trace goes. The\n"
    "first process that opens a context has FILE, the next one FILE.2, and so on.\n"
    "Lists of devices, supplicants, and programs in C over libteec are not recorded.\n\n"
    "The exit status is the program's; 128 and the number of the signal that ended it;\n"
    "126 or 127 if it can't be run. With --json, what the program prints goes to the\n"
    "error output."
)
_DEFAULT: Final = "pytee.trace"
_BACKEND: Final = "PYTEE_CLIENT_BACKEND"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument(
        "-o",
        "--output",
        default=_DEFAULT,
        type=to_file,
        metavar="FILE",
        help=f"the trace, which is overwritten (default: {_DEFAULT})",
    )
    parser.add_argument(
        "--payloads",
        action="store_true",
        help="also record the contents of memory: keep the trace as safe as what the TEE protects",
    )
    parser.add_argument(
        "--no-values",
        dest="values",
        action="store_false",
        help="leave out the numbers of value parameters",
    )
    add_tee(parser)
    parser.usage = "%(prog)s [options] -- COMMAND..."


def run(arguments: argparse.Namespace) -> Answer:
    """Record a program."""
    command: list[str] = arguments.command
    if not command:
        raise CommandLineError(
            "there is no program to record: give it after --, as in -- python hello.py"
        )
    path = os.path.abspath(arguments.output)
    variables = {
        VARIABLE: setting_of("record", path, payloads=arguments.payloads, values=arguments.values)
    }
    if arguments.tee is not None:
        tee_of(arguments)
        variables[_BACKEND] = arguments.tee
    _make_room(arguments.output)
    if arguments.payloads:
        warn(
            f"{arguments.output} will hold the contents of the memory that is shared with the TEE:"
            " keep it as safe as that"
        )
    status = run_program(command, variables, as_json=arguments.json)
    made = [_told(one) for one in _made(arguments.output)]
    if not arguments.json:
        for line in _lines(made):
            say(printable(line))
    calls = sum(one["calls"] for one in made)
    return Answer({"command": command, "calls": calls, "traces": made}, status=status)


def _made(path: str) -> list[str]:
    return [path, *siblings(path)] if os.path.exists(path) else []


def _told(path: str) -> dict[str, Any]:
    trace = read(path)
    failed = (record.error or record.answered.get("ret") for record in trace.records)
    return {
        "file": path,
        "program": trace.header.program,
        "process": trace.header.process,
        "calls": len(trace.records),
        "errors": sum(1 for one in failed if one),
    }


def _lines(made: list[dict[str, Any]]) -> list[str]:
    if not made:
        return [
            "the program has not opened a TEE with pytee_client, so there is no trace (what"
            " programs in C ask by way of libteec can't be recorded)"
        ]
    return [
        f"{one['file']}: {plural(one['calls'], 'call')}, {plural(one['errors'], 'error')}, of"
        f" {one['program']} (process {one['process']})"
        for one in made
    ]


def _make_room(path: str) -> None:
    """Remove the traces of an earlier recording, and see that there can be a new one."""
    old = [one for one in (path, *siblings(path)) if os.path.exists(one)]
    for one in old:
        if not os.path.isfile(one) or has_something_else(one):
            raise InputError(f"{one} is no trace, and is not overwritten: name another --output")
    try:
        for one in old:
            os.unlink(one)
        # In order that nobody waits for a program whose trace has no place.
        Path(path).open("xb").close()
        os.unlink(path)
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror}") from None
