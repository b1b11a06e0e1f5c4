# SPDX-License-Identifier: BSD-2-Clause
"""The verb doctor: what keeps programs from using the TEE, and what helps."""

from __future__ import annotations

import argparse
import textwrap
from typing import Final

from .._backend import resolve_backend
from ._answer import Answer, Status
from ._doctor import Finding, Machine, Patient, State, examine
from ._progress import Progress
from ._tee import Tee, add_tee, check_environment, tee_of

__all__ = ["ABOUT", "EXAMPLES", "add_arguments", "run"]

ABOUT: Final = (
    "Find out what keeps programs from using the TEE: devices and their permissions, the\n"
    "supplicant, applications, kernel, firmware, containers. Each fault comes with its remedy.\n"
    "Nothing is changed. One harmless call is made. The supplicant's device is not opened.\n"
    "\n"
    "As a health check: the status is 0 if there is no problem, 5 if there is one, and 3 if there\n"
    "is no TEE device. Warnings are no problems."
)
EXAMPLES: Final = (
    "doctor",
    "doctor --quiet || logger --tag tee 'the TEE is not well'",
    "doctor --tee /dev/tee1 --json",
    "doctor --tee fake:optee",
)
_DEFAULT: Final = "all devices of the machine"
_WIDTH: Final = 80
_INDENT: Final = 24
_LOUD: Final = (State.WARNING, State.PROBLEM)
_ORDER: Final = (State.OK, State.INFO, State.UNKNOWN, State.WARNING, State.PROBLEM)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    add_tee(parser, _DEFAULT)
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print warnings and problems alone"
    )


def run(arguments: argparse.Namespace) -> Answer:
    """Make the checks."""
    check_environment()
    try:
        tee = Tee(None, None) if arguments.tee is None else tee_of(arguments)
        kernel = resolve_backend(tee.backend)
    except ValueError:
        # What PYTEE_CLIENT_BACKEND has is nothing: the check of it says so.
        tee, kernel = Tee(None, None), None
    return _examined(Patient(Machine(), kernel, tee.device), arguments.quiet)


def _examined(patient: Patient, is_quiet: bool) -> Answer:
    with Progress("examining") as progress:
        findings = examine(patient, progress.step)
    shown = [one for one in findings if one.state in _LOUD or not is_quiet]
    worst = max((one.state for one in findings), key=_ORDER.index)
    status = Status.OK
    if worst is State.PROBLEM:
        status = Status.NOT_AS_WISHED if patient.devices else Status.NO_TEE
    data = {
        "worst": worst.value,
        "findings": [
            {"check": one.check, "state": one.state.value, "what": one.what, "remedy": one.remedy}
            for one in findings
        ],
    }
    return Answer(data, "".join(map(_text, shown)), status)


def _text(finding: Finding) -> str:
    head = f"{finding.state.value:<9}{finding.check:<15}"
    lines = _wrapped(finding.what, head)
    if finding.remedy is not None:
        lines += _wrapped(finding.remedy, f"{'':<{_INDENT - 3}}-> ")
    return "\n".join(lines) + "\n"


def _wrapped(text: str, head: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
