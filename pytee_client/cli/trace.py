# SPDX-License-Identifier: BSD-2-Clause
"""The verb trace: what programs ask of a TEE, recorded, shown and replayed."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any, Final

from ._answer import Answer
from ._parser import Parser

__all__ = ["ABOUT", "EXAMPLES", "add_arguments", "run"]

ABOUT: Final = (
    "Record what programs ask of a TEE, show it, or replay it on a machine that has none.\n"
    "A trace has the calls, their sizes, results and times; it has the contents of memory only\n"
    "if you ask for them."
)
EXAMPLES: Final = (
    "trace record -o hello.trace -- python hello.py",
    "trace record -o tests.trace -- pytest tests",
    "trace show hello.trace",
    "trace show hello.trace --errors --json",
    "trace show hello.trace --html hello.html",
    "trace replay hello.trace -- python hello.py",
)
_ACTIONS: Final = {
    "record": "run a program, and record what it asks of a TEE",
    "show": "show a trace as a timeline, on the terminal or as a page",
    "replay": "run a program with a trace in place of the TEE",
}


class _ActionParser(Parser):
    """A parser that leaves the words after -- alone: they are a command."""

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: Any = None, namespace: Any = None
    ) -> Any:
        """Parse the words before --, and keep those after it."""
        words = list(args)
        end = words.index("--") if "--" in words else len(words)
        parsed, unknown = super().parse_known_args(words[:end], namespace)
        parsed.command = words[end + 1 :]
        return parsed, unknown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="ACTION", parser_class=_ActionParser
    )
    program = parser.prog.rpartition(" ")[0]
    for name, about in _ACTIONS.items():
        module = _module(name)
        action = actions.add_parser(
            name,
            help=about,
            description=module.ABOUT,
            examples=[f"{program} {one}" for one in EXAMPLES if one.startswith(f"trace {name}")],
        )
        module.add_arguments(action)
        # It may stand before the name of the action, too.
        action.add_argument(
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help="print one object of JSON",
        )


def run(arguments: argparse.Namespace) -> Answer:
    """Record, show or replay."""
    answer: Answer = _module(arguments.action).run(arguments)
    return answer


def _module(action: str) -> Any:
    return import_module(f"._trace.{action}", __package__)
