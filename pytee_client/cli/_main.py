# SPDX-License-Identifier: BSD-2-Clause
"""The way from a command line to the module of its verb."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

from ._errors import InputError

__all__ = ["main"]

_VERBS: Final = {
    "generate": "print the skeleton of a declaration, from a header in C",
    "header": "print a header in C, from a declaration",
}

_OK, _WRONG_INPUT = 0, 1

_EPILOG: Final = "\n".join(
    [
        "verbs:",
        *(f"  {verb:<10}{about}" for verb, about in _VERBS.items()),
        "",
        "Each has its own --help.",
        "",
        f"exit status: {_OK} success; {_WRONG_INPUT} something is wrong with the input;"
        " 2 something is wrong with the command line",
    ]
)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end the program."""
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what a command line says.

    Args:
        arguments: its words after the program's name; by default those of this process.

    Returns:
        the exit status: 0, or 1 if something is wrong with the input.

    Raises:
        SystemExit: the command line is wrong (2), or asked for help (0).
    """
    name = os.path.basename(sys.argv[0])
    program = "python -m pytee_client" if name == "__main__.py" else name
    parser = _Parser(
        prog=program,
        description="Work with Trusted Applications.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=_VERBS, metavar="VERB", help="what to do")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help="what it takes")
    parsed = parser.parse_args(arguments)
    verb = import_module(f".{parsed.verb}", __package__)
    parser = _Parser(
        prog=f"{program} {parsed.verb}",
        description=verb.ABOUT,
        epilog="examples:\n" + "".join(f"  {program} {line}\n" for line in verb.EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_arguments(parser)
    words = parser.parse_args(parsed.words)
    try:
        verb.run(words)
        sys.stdout.flush()
    except InputError as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return _WRONG_INPUT
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Who read the output has seen enough. The interpreter must not complain of it either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return _OK
