# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's own tests over this library, over Debian's libteec, or over both and compared."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from ..process import VmError, say
from . import kept_verdicts, xtest
from .build import Parts
from .command import Command, finished
from .machine import Machine


def main(command: Command) -> int:
    """Do what the verb xtest stands for, and return its status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.machines.optee xtest", allow_abbrev=False
    )
    parser.add_argument(
        "--teec",
        choices=(*xtest.LIBRARIES, "both"),
        default="ours",
        help="whose libteec.so.2 is under it; both: compare the two",
    )
    parser.add_argument(
        "--keep", action="store_true", help="both: keep what was measured over Debian's"
    )
    parsed, words = parser.parse_known_args(command.words)
    if parsed.teec != "both":
        verdicts, status = _over(parsed.teec, command, words)
        return status or (0 if verdicts is not None and verdicts.passed else 1)
    packages = command.build(Parts.NONE).packages
    theirs = None if words else kept_verdicts.find(packages)
    if theirs is None:
        # One after the other: two machines at once on two processors take as long, and the
        # kernels in them complain that they are kept from running.
        theirs, status = _over("debian", _with_log_named(command, "debian"), words)
        if theirs is None:
            return status
        if parsed.keep and not words:
            kept_verdicts.keep(packages, theirs)
        elif not words:
            say("`xtest --teec=both --keep` keeps what it found over Debian's libteec")
    ours, status = _over("ours", _with_log_named(command, "ours"), words)
    return status if ours is None else _compared(ours, theirs)


def _with_log_named(command: Command, library: str) -> Command:
    log = command.secure_log
    if log is None:
        return command
    return replace(command, secure_log=log.with_stem(f"{log.stem}-{library}"))


def _over(
    library: str, command: Command, words: Sequence[str]
) -> tuple[xtest.Verdicts | None, int]:
    """What xtest found over one library, if it came to its end, and the job's status."""
    ours = library == "ours"
    built = command.build(Parts.LIBTEEC if ours else Parts.NONE)
    outcome = Machine(built, command.options(2400)).run(xtest.job(ours=ours, arguments=words))
    status = finished(outcome)
    if outcome.problem:
        return None, status
    verdicts = xtest.parse(outcome.console)
    say(verdicts.summary(xtest.LIBRARIES[library]))
    return verdicts, status


def _compared(ours: xtest.Verdicts, theirs: xtest.Verdicts) -> int:
    if ours.library == theirs.library:
        raise VmError(f"both ran over {ours.library}")
    found = list(xtest.differences(ours, theirs))
    for line in found:
        say(line)
    total = len({**ours.cases, **theirs.cases})
    same = len(ours.cases.items() & theirs.cases.items())
    say(
        f"{ours.summary(xtest.LIBRARIES['ours'])}; the same verdict as "
        f"{xtest.LIBRARIES['debian']} for {'each' if same == total else same} of {total} cases"
    )
    return 0 if ours.passed and not found else 1
