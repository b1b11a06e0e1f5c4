# SPDX-License-Identifier: BSD-2-Clause
"""What calls cost, in one boot with counted instructions: C, Python and ctypes side by side."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ...bench import baseline, host, table, targets
from ...bench.cases import Case, Kind, cases, selected
from ...bench.figures import Column, Figures, figures
from ...bench.host_figures import HostFigures
from ..job import Job
from ..process import VmError, say
from .machine import Outcome

Run = Callable[[Job], Outcome]

_PROGRAM = "/opt/bench/bench"
_COLUMNS, _PLAN, _LOADING_PLAN = "vm/columns", "vm/plan", "vm/loading-plan"
_MEMORY = "tmp/bench-memory"
_C_COLUMNS = {Column.LIBTEEC: "", Column.CSRC: "LD_LIBRARY_PATH=/opt/teec "}
_IMPORT_RUNS, _SHORT_IMPORT_RUNS = 40, 10


def main(words: Sequence[str], run: Run) -> int:
    """Measure, print, and return a status: 1 when a ratio rose over the baseline's."""
    parsed = _parser().parse_args(words)
    plan = selected(cases(short=parsed.short), parsed.only)
    if not plan:
        raise VmError(f"no case is called {' or '.join(parsed.only)}")
    # A file that can't be read shows before all the measuring, not after it.
    old = None if parsed.baseline is None else _ratios_in(parsed.baseline)
    # Nor what is wrong with the library here.
    here = _host(_SHORT_IMPORT_RUNS if parsed.short else _IMPORT_RUNS) if parsed.host else None
    outcome = run(_job(plan, memory=not parsed.short))
    found, memory = _received(outcome, plan)
    print((table.markdown if parsed.markdown else table.text)(found))
    print(table.NOTE, end="")
    verdicts = list(targets.verdicts(found))
    if here is not None:
        print("\n".join(here.lines()))
        verdicts += targets.host_verdicts(here)
    if memory:
        print("memory:", ", ".join(f"{size} bytes a {what}" for what, size in memory.items()))
    print(*verdicts, sep="\n")
    if parsed.json is not None:
        _write(parsed.json, _all(found, memory, here, verdicts))
    if parsed.write_baseline is not None:
        _write(parsed.write_baseline, found.ratios())
    return 0 if old is None else _held_against(old, found.ratios())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.machines.optee bench")
    parser.add_argument("--short", action="store_true", help="fewer sizes and repetitions")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="those cases with NAME in their name; may be given more than once",
    )
    parser.add_argument(
        "--no-host", dest="host", action="store_false", help="without the figures of this host"
    )
    parser.add_argument("--markdown", action="store_true", help="the table as a README has it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where all figures go")
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help=f"fail if a ratio is more than {baseline.ALLOWED_RISE:.0%}% over that in FILE",
    )
    parser.add_argument(
        "--write-baseline", type=Path, metavar="FILE", help="where the ratios go, to be kept"
    )
    return parser


def _job(plan: Sequence[Case], *, memory: bool) -> Job:
    """All columns with the application loaded once, and then with it loaded by each session."""
    lines = [
        "set -e",
        # Where memory lies decides how many pages it touches.
        "echo 0 >/proc/sys/kernel/randomize_va_space",
        "export PYTHONHASHSEED=0",
        f"{_PROGRAM} 'sh -e /{_COLUMNS} /{_PLAN}'",
        f"sh -e /{_COLUMNS} /{_LOADING_PLAN}",
    ]
    if memory:
        lines.append(f"python3 -m tests.bench.memory --out /{_MEMORY}")
    loading = [case for case in plan if case.kind is Kind.SESSION]
    files = {
        _COLUMNS: "".join(f"{line}\n" for line in _column_lines()).encode(),
        _PLAN: _text([case for case in plan if case not in loading]),
        _LOADING_PLAN: _text(loading),
    }
    return Job("\n".join(lines) + "\n", files, (*map(_place, Column), _MEMORY))


def _column_lines() -> Iterator[str]:
    """A script that runs the plan it is given for one column after the other."""
    # There is nothing to be had from starting Python for an empty one.
    yield '[ -s "$1" ] || exit 0'
    for column in Column:
        out = f"/{_place(column)}"
        if column in _C_COLUMNS:
            yield f'{_C_COLUMNS[column]}{_PROGRAM} <"$1" >>{out}'
        else:
            words = ["python3", "-m", "tests.bench.guest", "--column", column.value, "--out", out]
            yield f'{shlex.join(words)} --plan "$1"'


def _text(plan: Sequence[Case]) -> bytes:
    return "".join(f"{case.line()}\n" for case in plan).encode()


def _received(outcome: Outcome, plan: Sequence[Case]) -> tuple[Figures, dict[str, int]]:
    """What was measured of calls, and of memory; VmError if the machine failed."""
    if outcome.status != 0:
        raise VmError(f"status {outcome.status}: {outcome.explanation()}")
    batches = {column: _batches(outcome.files, column) for column in Column}
    memory: dict[str, int] = json.loads(outcome.files.get(_MEMORY, b"{}"))
    return figures(plan, batches), memory


def _batches(files: Mapping[str, bytes], column: Column) -> dict[str, list[int]]:
    found = {}
    for line in files.get(_place(column), b"").decode().splitlines():
        name, _, times = line.partition("\t")
        found[name] = [int(time) for time in times.split()]
    return found


def _place(column: Column) -> str:
    return f"tmp/bench-{column.value}"


def _host(runs: int) -> HostFigures:
    try:
        return host.measure(runs)
    except (host.HostError, ImportError) as error:
        raise VmError(f"{error}: build the library here too, or give --no-host") from error


def _all(
    found: Figures,
    memory: Mapping[str, int],
    here: HostFigures | None,
    verdicts: Sequence[targets.Verdict],
) -> dict[str, object]:
    return {
        "thousands of instructions": found.instructions,
        "ratios": found.ratios(),
        "bytes of memory": memory,
        "host": here and dataclasses.asdict(here),
        "targets": [dataclasses.asdict(verdict) for verdict in verdicts],
    }


def _ratios_in(path: Path) -> baseline.Ratios:
    try:
        ratios: baseline.Ratios = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VmError(f"{path} can't be read as a baseline: {error}") from error
    return ratios


def _write(path: Path, content: object) -> None:
    try:
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise VmError(f"{path} can't be written: {error.strerror}") from error
    say(f"written: {path}")


def _held_against(old: baseline.Ratios, new: baseline.Ratios) -> int:
    compared = baseline.compared(old, new)
    rises = list(baseline.rises(old, new))
    for rise in rises:
        print(rise)
    say(f"{len(rises)} of {compared} ratios are over the baseline's")
    # One that has nothing to hold against is no baseline.
    return 1 if rises or not compared else 0
