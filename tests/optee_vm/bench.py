# SPDX-License-Identifier: BSD-2-Clause
"""What calls cost in the machine, by its counted instructions."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from ..bench.cases import Case
from .job import Job
from .machine import Outcome
from .process import VmError

PROGRAM = "opt/bench/bench"
_PLAN = "vm/plan"
_LIBTEEC, _CSRC = "libteec", "csrc"
COLUMNS = (_LIBTEEC, _CSRC, "plain", "prepared", "naive")

Batches = dict[str, dict[str, list[int]]]


def job(plan: Sequence[Case]) -> Job:
    """The same plan for one column after the other."""
    # Where memory lies decides how many pages it touches.
    lines = ["set -e", "echo 0 >/proc/sys/kernel/randomize_va_space", "export PYTHONHASHSEED=0"]
    for column in COLUMNS:
        lines.append(f"echo {column}")
        if column in (_LIBTEEC, _CSRC):
            path = "LD_LIBRARY_PATH=/opt/teec " * (column == _CSRC)
            lines.append(f"{path}/{PROGRAM} </{_PLAN} >/{_place(column)}")
        else:
            words = ["--column", column, "--plan", f"/{_PLAN}", "--out", f"/{_place(column)}"]
            lines.append(shlex.join(["python3", "-m", "tests.bench.guest", *words]))
    files = {_PLAN: "".join(f"{case.line()}\n" for case in plan).encode()}
    return Job("\n".join(lines) + "\n", files, tuple(map(_place, COLUMNS)))


def batches(outcome: Outcome) -> Batches:
    """The nanoseconds of each batch, by column and case; VmError if the machine failed."""
    if outcome.status != 0:
        raise VmError(f"status {outcome.status}: {outcome.explanation()}")
    return {column: _read(outcome.files, column) for column in COLUMNS}


def _read(files: Mapping[str, bytes], column: str) -> dict[str, list[int]]:
    found = {}
    for line in files.get(_place(column), b"").decode().splitlines():
        name, _, times = line.partition("\t")
        found[name] = [int(time) for time in times.split()]
    return found


def _place(column: str) -> str:
    return f"tmp/bench-{column}"
