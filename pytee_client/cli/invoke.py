# SPDX-License-Identifier: BSD-2-Clause
"""The verb invoke: run a command of an application."""

from __future__ import annotations

import argparse
from typing import Final

from ..enums import Login
from ._answer import Answer
from ._errors import CommandLineError
from ._invoking.declared import invoke_declared, list_commands
from ._invoking.files import to_save
from ._invoking.forms import FORMS
from ._invoking.opened import to_gid, to_login
from ._invoking.plain import invoke_plain
from ._tee import add_install, add_tee, to_name
from ._types import to_count, to_file, to_seconds

__all__ = ["ABOUT", "EXAMPLES", "add_arguments", "run"]

ABOUT: Final = f"""\
Open a session with an application, run one of its commands, and print what
comes back.

{FORMS}

with --client, a class of ta.Client says which commands there are and what they
take; without a command they are listed:
  5  0x10  true  GIFT  text    numbers, choices, members of enumerations, text
  hex:00ff  str:text  @FILE    bytes; @- is the standard input
  [1, 2]  {{"amount": 5}}        lists and structures, as JSON
  amount=5 reason=GIFT         a structure, one word for each field
"""
EXAMPLES: Final = (
    "invoke hello_world 0 value-inout:41",
    "invoke 8aaaf200-2450-11e4-abe2-0002a5d5c51b 0 value-inout:41",
    "invoke hello_world 0 value-inout:41 --repeat 1000",
    "invoke random 0 out:16:key.bin",
    "invoke --client pytee_client.ta.optee:HelloWorld",
    "invoke --client pytee_client.ta.optee:HelloWorld inc_value 41 --json",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.usage = (
        "%(prog)s [OPTION]... APPLICATION COMMAND [PARAMETER]...\n"
        "       %(prog)s [OPTION]... --client MODULE:CLASS [COMMAND [ARGUMENT]...]"
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="the UUID of the application, or a well-known name such as hello_world; the number"
        " of the command; its parameters",
    )
    parser.add_argument(
        "--client",
        type=to_name,
        metavar="MODULE:CLASS",
        help="the class of ta.Client that declares the application; modules are also looked for"
        " in the current folder",
    )
    parser.add_argument(
        "--open",
        action="append",
        default=[],
        metavar="PARAMETER",
        help="a parameter for the opening of the session, or an argument of the declared opening;"
        " may be given again",
    )
    parser.add_argument(
        "--login",
        type=to_login,
        help="who the client says it is: public, user, group, application, user-application,"
        " group-application, or a number; by default public, or what the class declares",
    )
    parser.add_argument(
        "--gid", type=to_gid, help="the number or the name of the group, for the group logins"
    )
    parser.add_argument(
        "--timeout",
        type=to_seconds,
        metavar="SECONDS",
        help="in how long the opening has to end, and each run; then the exit status is 124",
    )
    parser.add_argument(
        "--grow",
        action="store_true",
        help="have the command run again with more room if an output is too small",
    )
    parser.add_argument(
        "--save",
        action="append",
        default=[],
        type=to_save,
        metavar="NUMBER:FILE",
        help="write the bytes that come back for a parameter (from 0) to a file, or a result of a"
        " declared command (from 1); may be given again",
    )
    parser.add_argument(
        "--repeat",
        type=to_count,
        default=1,
        metavar="N",
        help="run the command N times in the session, and say how long a run took",
    )
    parser.add_argument(
        "--trace",
        type=to_file,
        metavar="FILE",
        help="write the system calls to a trace, with the numbers of values, and without the"
        " contents of memory",
    )
    parser.add_argument(
        "--payloads", action="store_true", help="write the contents of memory to the trace, too"
    )
    add_tee(parser)
    add_install(parser)


def run(arguments: argparse.Namespace) -> Answer:
    """Run the command."""
    if arguments.payloads and arguments.trace is None:
        raise CommandLineError("--payloads is for a trace: give --trace FILE, too")
    if arguments.client is None:
        if arguments.login is None:
            arguments.login = Login.PUBLIC
        return invoke_plain(arguments)
    if not arguments.words:
        return list_commands(arguments.client)
    return invoke_declared(arguments)
