# SPDX-License-Identifier: BSD-2-Clause
"""The way from a command line to the module of its verb."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

import pytee_client

from ..errors import FakeTeeWarning, TeecError
from ._answer import Answer, Status
from ._errors import InputError, OutputError, error_data, error_status, error_text, is_ours
from ._output import (
    drop_output,
    end_errors,
    flush_output,
    open_missing_streams,
    print_data,
    print_text,
    say,
)
from ._parser import Parser

__all__ = ["main"]

_ALL_THAT_FOLLOWS: Final = (argparse.PARSER, argparse.REMAINDER)
_VERBS: Final = {
    "applications": "list Trusted Applications: of the TEE bus, of OP-TEE, in files",
    "bench": "measure what calls cost on this device",
    "devices": "list the TEE devices",
    "doctor": "find out what keeps programs from using the TEE, and what helps",
    "generate": "print the skeleton of a declaration, from a header in C",
    "header": "print a header in C, from a declaration",
    "invoke": "run a command of an application",
    "probe": "tell whether applications are there",
    "supplicant": "serve an OP-TEE with applications and files",
    "trace": "record what programs ask of a TEE, show it, and replay it",
}

_EPILOG: Final = "\n".join(
    [
        "verbs:",
        *(f"  {verb:<14}{about}" for verb, about in _VERBS.items()),
        "",
        "Each has its own --help.",
        "",
        "exit status:",
        *(f"  {status:<5}{status.meaning}" for status in Status),
    ]
)


class _Version(argparse.Action):
    """Prints the version, and ends the program."""

    def __init__(self, **options: Any) -> None:
        super().__init__(nargs=0, default=argparse.SUPPRESS, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        version = getattr(pytee_client, "__version__", "that is not installed")
        print_text(f"pytee_client {version}\n")
        parser.exit()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what a command line says.

    Args:
        arguments: its words after the program's name; by default those of this process.

    Returns:
        the exit status, a Status; see --help. 128 and the number of the signal if SIGINT or
        SIGPIPE ended it.

    Raises:
        SystemExit: the command line is wrong (2), or asked for help (0).
    """
    name = os.path.basename(sys.argv[0])
    program = "python -m pytee_client" if name == "__main__.py" else name
    open_missing_streams()
    try:
        try:
            return _run(program, arguments)
        finally:
            # What --help printed, too.
            flush_output()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Who read the output has seen enough.
        drop_output()
        return 128 + signal.SIGPIPE
    except OutputError as error:
        drop_output()
        say(f"{program}: error: {error}")
        return Status.WRONG_INPUT
    finally:
        end_errors()


def _run(program: str, arguments: Sequence[str] | None) -> int:
    parser = Parser(
        prog=program,
        description="Work with Trusted Applications.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action=_Version, help="print the version of pytee_client")
    parser.add_argument("verb", choices=_VERBS, metavar="VERB", help="what to do")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help="what it takes")
    parsed = parser.parse_args(arguments)
    verb = import_module(f".{parsed.verb}", __package__)
    parser = Parser(
        prog=f"{program} {parsed.verb}",
        description=verb.ABOUT,
        examples=[f"{program} {line}" for line in verb.EXAMPLES],
    )
    verb.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one object of JSON")
    # Options may stand anywhere, unless a verb takes the words of another program.
    takes_all = any(one.nargs in _ALL_THAT_FOLLOWS for one in parser._actions)
    parse = parser.parse_args if takes_all else parser.parse_intermixed_args
    words = parse(parsed.words)
    with warnings.catch_warnings():
        _have_warnings_in_one_line(parser.prog)
        return _run_verb(verb, parser.prog, words)


def _run_verb(verb: Any, program: str, words: argparse.Namespace) -> int:
    try:
        answer: Answer = verb.run(words)
    except (InputError, TeecError) as error:
        answer = Answer({}, status=error_status(error), error=error)
    except (BrokenPipeError, OutputError):
        raise
    except MemoryError:
        # Such as an output of 4 GiB.
        lacking = InputError("this machine has not enough memory for it")
        answer = Answer({}, status=Status.WRONG_INPUT, error=lacking)
    except Exception as error:
        # Such as one of a class that the command line names. Its author needs the place.
        if not is_ours(error):
            say(traceback.format_exc().rstrip())
        answer = Answer({}, status=Status.WRONG_INPUT, error=error)
    data = {"status": int(answer.status), **answer.data}
    if answer.error is not None:
        say(f"{program}: error: {error_text(answer.error)}")
        data["error"] = error_data(answer.error)
    if words.json:
        print_data(data)
    else:
        print_text(answer.text)
    return int(answer.status)


def _have_warnings_in_one_line(program: str) -> None:
    """Have warnings told as errors are, such as that of the fake."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        say(f"{program}: warning: {message}")

    warnings.showwarning = show
    # Filters of the user must not make an error of it, nor hide it.
    warnings.simplefilter("always", FakeTeeWarning)
