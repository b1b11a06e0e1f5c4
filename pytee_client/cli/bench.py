# SPDX-License-Identifier: BSD-2-Clause
"""The verb bench: what calls cost on a device, by the clock."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any, Final

from ..context import Context
from ..errors import TeecError
from ._answer import Answer, Status
from ._application import to_application
from ._bench.applications import (
    KNOWN,
    Application,
    application_at,
    check_application,
    find_application,
)
from ._bench.cases import Case, Subject, cases_for
from ._bench.comparison import compare
from ._bench.figures import Figures, Samples, figures_of
from ._bench.machine import facts, remarks
from ._bench.sampling import Sampling, measured_clock, quiet
from ._bench.table import facts_lines, remark_lines, table_lines
from ._errors import CommandLineError, InputError, error_data, error_text
from ._invoking.files import Inputs
from ._invoking.forms import forms_of
from ._invoking.numbers import number_of
from ._invoking.plain import parameters_of
from ._output import say
from ._progress import Elapsed, Progress
from ._tee import add_install, add_tee, tee_of
from ._types import to_path, to_seconds

__all__ = ["ABOUT", "EXAMPLES", "add_arguments", "run"]

ABOUT: Final = (
    "Measure what calls cost on this device, by the clock: opening contexts and sessions, calls\n"
    "with values, with memory of several sizes and with time-outs, and calls of many threads.\n"
    "Each case is measured until its median is stable, or its time is over."
)
EXAMPLES: Final = (
    "bench --quick",
    "bench --json >board-a.json",
    "bench --compare board-a.json board-b.json",
    "bench --only value --only thread --seconds 5",
    "bench --application hello_world --command 0 --parameters value-inout:41",
)
_SCHEMA: Final = 1
_PASSES: Final = 3
_SECONDS: Final = 1.0
_QUICK_SECONDS: Final = 0.15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    add_tee(parser)
    add_install(parser)
    parser.add_argument("--quick", action="store_true", help="fewer sizes, and less time for each")
    parser.add_argument(
        "--seconds",
        type=to_seconds,
        metavar="SECONDS",
        help=f"the time for each case, if its median is not stable before (default: {_SECONDS:g},"
        f" with --quick {_QUICK_SECONDS:g})",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="measure the cases with NAME in their name; may be given again",
    )
    own = parser.add_argument_group("an application of yours")
    own.add_argument(
        "--application",
        type=to_application,
        metavar="APPLICATION",
        help="its UUID or its well-known name; by default the first that is there of"
        f" {', '.join(str(one.name) for one in KNOWN)}",
    )
    own.add_argument(
        "--open",
        action="append",
        metavar="PARAMETER",
        default=[],
        help="a parameter for the opening of sessions, as invoke takes it; may be given again",
    )
    own.add_argument(
        "--command",
        metavar="NUMBER",
        type=_to_command,
        help="a command of it, which is run thousands of times",
    )
    own.add_argument(
        "--parameters",
        nargs="+",
        metavar="PARAMETER",
        default=[],
        help="its parameters, as invoke takes them, such as value-inout:1,2 and out:64",
    )
    parser.add_argument(
        "--compare",
        nargs=2,
        type=to_path,
        metavar=("A", "B"),
        help="measure nothing: compare what two runs printed with --json",
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Measure, or compare."""
    if arguments.compare is not None:
        return compare(*arguments.compare)
    chosen = _application(arguments)
    tee = tee_of(arguments)
    open_context = partial(Context, tee.device, backend=tee.backend)
    with open_context() as context:
        with Elapsed("opening a session"):
            if chosen is not None:
                check_application(context, chosen)
            application = chosen or find_application(context)
        # Another must not be the fake if this one is a device, nor the other way round.
        native = context._native.kernel
        again = open_context if native is None else partial(Context, tee.device, backend=native)
        return _measured(arguments, Subject(application, again, context))


def _application(arguments: argparse.Namespace) -> Application | None:
    """Return the application that the command line names, if it does."""
    if arguments.seconds == 0:
        raise CommandLineError("--seconds 0 leaves no time to measure")
    if arguments.parameters and arguments.command is None:
        raise CommandLineError("--parameters are those of a command: give --command NUMBER")
    if arguments.application is None:
        if arguments.command is not None or arguments.open:
            option = "--open" if arguments.command is None else "--command"
            raise CommandLineError(f"{option} is of an application: give --application UUID")
        return None
    inputs = Inputs()
    opening, forms = (forms_of(words, inputs) for words in (arguments.open, arguments.parameters))
    if any(form.file for form in (*opening, *forms)):
        raise CommandLineError("bench keeps no outputs: leave the file out")
    return application_at(
        arguments.application,
        arguments.command,
        partial(parameters_of, forms),
        partial(parameters_of, opening),
    )


def _measured(arguments: argparse.Namespace, subject: Subject) -> Answer:
    cases = _selected(cases_for(subject.application, is_quick=arguments.quick), arguments.only)
    seconds = arguments.seconds or (_QUICK_SECONDS if arguments.quick else _SECONDS)
    begun = datetime.now(timezone.utc)
    machine = facts(subject.context)
    clock = measured_clock()
    found, failed = _take(cases, subject, Sampling(clock, seconds / _PASSES))
    if not found:
        raise next(iter(failed.values()))
    data = {
        "schema": _SCHEMA,
        "begun": begun.isoformat(timespec="seconds"),
        "machine": machine,
        "application": subject.application.data(),
        "clock": {
            "resolution_nanoseconds": clock.resolution,
            "overhead_nanoseconds": clock.overhead,
        },
        "seconds": seconds,
        "passes": _PASSES,
        "cases": [_data(case, figures) for case, figures in found],
        "left_out": [{"name": name, "error": error_data(one)} for name, one in failed.items()],
        "remarks": remarks(machine),
    }
    for name, one in failed.items():
        say(f"left out: {name}: {error_text(one)}")
    lines = [
        *facts_lines(machine),
        f"application  {subject.application.title}",
        f"clock        {clock.resolution} ns; measuring nothing takes {clock.overhead} ns",
        *table_lines(found),
        *remark_lines(remarks(machine)),
    ]
    text = "".join(f"{line}\n" for line in lines)
    return Answer(data, text, Status.TEE_ERROR if failed else Status.OK)


def _selected(cases: Sequence[Case], names: Sequence[str]) -> list[Case]:
    found = [case for case in cases if not names or any(one in case.name for one in names)]
    if not found:
        raise InputError(
            f"--only: no case has {' or '.join(names)} in its name; there are"
            f" {', '.join(case.name for case in cases)}"
        )
    return found


def _take(
    cases: Sequence[Case], subject: Subject, sampling: Sampling
) -> tuple[list[tuple[Case, Figures]], dict[str, TeecError]]:
    """Measure each case in several passes over all, so that a slow minute is not one case's."""
    taken: dict[str, list[Samples]] = {case.name: [] for case in cases}
    failed: dict[str, TeecError] = {}
    with Progress("measuring", len(cases) * _PASSES, ticks=False) as progress:
        for number in range(_PASSES):
            with quiet():
                for case in cases:
                    progress.step(f"{case.name}, pass {number + 1}")
                    if case.name in failed:
                        continue
                    try:
                        taken[case.name].append(case.measure(subject, sampling))
                    except TeecError as error:
                        failed[case.name] = error
    figures = [(case, figures_of(taken[case.name])) for case in cases if case.name not in failed]
    return figures, failed


def _data(case: Case, figures: Figures) -> dict[str, Any]:
    return {
        "name": case.name,
        "group": case.group,
        "size": case.size,
        "threads": case.threads,
        **figures.data(),
    }


def _to_command(text: str) -> int:
    try:
        number = number_of(text)
    except ValueError:
        number = -1
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a command, such as 0")
    return number
