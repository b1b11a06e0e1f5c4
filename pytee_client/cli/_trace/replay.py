# SPDX-License-Identifier: BSD-2-Clause
"""Replaying a program."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ...traces.environment import REPORTS, VARIABLE, setting_of
from .._answer import Answer, Status
from .._output import say
from .._printable import printable
from .._types import to_file
from .files import Trace, plural, read, siblings, warn_of_contents
from .running import run_program

__all__ = ["ABOUT", "add_arguments", "run"]

ABOUT: Final = (
    "Run a program with a trace in place of the TEE, whichever TEE it opens. It has to\n"
    "make the calls that were recorded; docs/testing.md says which order they have.\n"
    "Processes get the traces FILE, FILE.2 and so on, in the order in which they open\n"
    "their first context. Without a program, this says whether FILE can be replayed.\n\n"
    "The exit status is the program's, or 5 if its calls differ from the trace."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what it takes."""
    parser.add_argument("trace", type=to_file, metavar="FILE", help="the trace")
    parser.add_argument(
        "--complete",
        action="store_true",
        help="the program must make all recorded calls: status 5 if it does not",
    )
    parser.usage = "%(prog)s [options] FILE [-- COMMAND...]"


def run(arguments: argparse.Namespace) -> Answer:
    """Replay a program."""
    command: list[str] = arguments.command
    traces = [read(path) for path in (arguments.trace, *siblings(arguments.trace))]
    any(map(warn_of_contents, traces))
    if not command:
        counts = [(one.path, len(one.records)) for one in traces]
        lines = (f"{path}: {plural(count, 'call')} to replay\n" for path, count in counts)
        told = [{"file": path, "calls": count} for path, count in counts]
        return Answer({"traces": told}, "".join(lines))
    with tempfile.TemporaryDirectory(prefix="pytee-replay-") as folder:
        path = os.path.abspath(arguments.trace)
        variables = {VARIABLE: setting_of("replay", path), REPORTS: folder}
        status = run_program(command, variables, as_json=arguments.json)
        told = list(_reports(Path(folder), traces))
    if not arguments.json:
        for line in _lines(told):
            say(printable(line))
    differs = any(one["difference"] for one in told)
    is_complete = all(one["missing"] == 0 for one in told)
    is_wrong = differs or (arguments.complete and not is_complete)
    data = {
        "command": command,
        "program_status": status,
        "differs": differs,
        "complete": is_complete,
        "traces": told,
    }
    return Answer(data, status=Status.NOT_AS_WISHED if is_wrong else status)


def _reports(folder: Path, traces: list[Trace]) -> Iterator[dict[str, Any]]:
    """Yield what became of each trace, and of processes that have none."""
    used = {int(path.name): path.read_text(encoding="utf-8") for path in folder.iterdir()}
    for number, trace in enumerate(traces, 1):
        calls = len(trace.records)
        if number in used:
            yield _report(trace.path, calls, used[number])
        else:
            yield _told(trace.path, calls, missing=calls, used=False)
    for number in sorted(used.keys() - set(range(1, len(traces) + 1))):
        yield _report(None, 0, used[number])


def _report(path: str | None, calls: int, text: str) -> dict[str, Any]:
    reports = [json.loads(line) for line in text.splitlines()]
    difference = next((one["deviation"] for one in reports if "deviation" in one), None)
    if difference is not None or not reports:
        return _told(path, calls, missing=None, difference=difference)
    return _told(path, calls, missing=reports[-1]["missing"], first=reports[-1]["first"])


def _told(
    path: str | None,
    calls: int,
    *,
    missing: int | None,
    first: str = "",
    difference: str | None = None,
    used: bool = True,
) -> dict[str, Any]:
    return {
        "file": path,
        "calls": calls,
        "used": used,
        "difference": difference,
        "missing": missing,
        "first_missing": first or None,
    }


def _lines(told: list[dict[str, Any]]) -> Iterator[str]:
    for one in told:
        calls = plural(one["calls"], "call")
        if one["difference"]:
            yield one["difference"]
        elif not one["used"]:
            yield f"{one['file']}: no process has replayed its {calls}"
        elif one["missing"] is None:
            yield (
                f"{one['file']}: the process was killed, or left by os._exit(), before it could"
                f" say how many of the {calls} it has made"
            )
        elif one["missing"]:
            yield f"{one['first_missing']}; {one['missing']} of {calls} were not made"
        else:
            yield f"{one['file']}: replayed, {calls}, and none was left"
