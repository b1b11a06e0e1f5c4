# SPDX-License-Identifier: BSD-2-Clause
"""Showing a trace."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final

from ..._process import importing
from .._answer import Answer
from .._declared import declaration_at
from .._errors import InputError
from .._output import check_output
from .._progress import Elapsed
from .._tee import to_name
from .._types import to_file
from .data import data_of
from .files import read, siblings, warn_of_contents
from .lines import text_of
from .names import Names, clean
from .timeline import Call, Timeline, timeline

__all__ = ["ABOUT", "add_arguments", "run"]

ABOUT: Final = (
    "Show a trace as a timeline. Each call has a line: when it began, how long it took\n"
    "(with a bar), its thread, its session, and what it did, with the sizes of memory and\n"
    "the numbers of values. The end says what the calls come to. --html makes a page that\n"
    "needs no other file, no network and no script."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("trace", type=to_file, metavar="FILE", help="the trace")
    parser.add_argument(
        "--session",
        type=int,
        action="append",
        metavar="NUMBER",
        help="only calls of this session, counted from 1; may be given again",
    )
    parser.add_argument(
        "--application",
        action="append",
        metavar="NAME",
        help="only calls of this application: its name or UUID; may be given again",
    )
    parser.add_argument("--errors", action="store_true", help="only calls that failed")
    parser.add_argument(
        "--client",
        action="append",
        default=[],
        type=to_name,
        metavar="MODULE:CLASS",
        help="a class of ta.Client that has names for commands; may be given again",
    )
    parser.add_argument(
        "--contents", action="store_true", help="show the contents of memory, if they are there"
    )
    parser.add_argument(
        "--html",
        type=to_file,
        metavar="PAGE",
        help="make a page, which only you can read if it is new",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Show a trace."""
    with Elapsed("reading the trace"):
        return _shown(arguments)


def _shown(arguments: argparse.Namespace) -> Answer:
    names = Names(declaration_at(one) for one in arguments.client)
    trace = read(arguments.trace)
    shown = timeline(trace, names)
    calls = _chosen(shown, arguments)
    if not warn_of_contents(trace) and arguments.contents:
        raise InputError(
            f"{trace.path} has no contents of memory: record it with --payloads to have them"
        )
    data = data_of(shown, calls, contents=arguments.contents)
    if arguments.html is not None:
        with importing:
            from .page import page_of

        check_output(arguments.html, arguments.trace)
        _write(arguments.html, page_of(shown, calls, contents=arguments.contents))
        return Answer({**data, "output": arguments.html})
    text = text_of(shown, calls, contents=arguments.contents)
    others = siblings(arguments.trace)
    if others:
        text += f"\nother processes have {', '.join(others[:3])}{' ...' * (len(others) > 3)}\n"
    return Answer(data, text)


def _chosen(shown: Timeline, arguments: argparse.Namespace) -> list[Call]:
    """Return the calls that the options leave."""
    numbers = arguments.session
    for number in numbers or ():
        if not 1 <= number <= len(shown.sessions):
            have = len(shown.sessions)
            raise InputError(f"there is no session {number} in the trace, which has {have}")
    wanted = [name.lower() for name in arguments.application or ()]
    for name in wanted:
        if not any(_is_of(one.name, one.uuid, name) for one in shown.sessions):
            there = ", ".join(dict.fromkeys(one.title for one in shown.sessions))
            raise InputError(
                f"no session of the trace is with {clean(name)}; there are: {there or 'none'}"
            )

    def is_chosen(call: Call) -> bool:
        session = call.session
        if numbers and (session is None or session.number not in numbers):
            return False
        if wanted and (
            session is None or not any(_is_of(session.name, session.uuid, one) for one in wanted)
        ):
            return False
        return call.failed or not arguments.errors

    return [call for call in shown.calls if is_chosen(call)]


def _is_of(name: str, uuid: str, wanted: str) -> bool:
    return wanted in (name.lower(), uuid.lower())


def _write(path: str, page: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        with open(os.open(Path(path), flags, 0o600), "w", encoding="utf-8") as file:
            file.write(page)
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror}") from None
