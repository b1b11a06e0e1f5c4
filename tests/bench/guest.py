# SPDX-License-Identifier: BSD-2-Clause
"""Measure the cases from Python, as a user would write them; bench.c does it from C.

By hand, in `python -m tests.machines.optee --icount shell` or in a script that `run` is given:

    python3 -m tests.bench.guest --column plain --only "value call"
    python3 -m tests.bench.guest --statement "tee.ValueInOut(41)" --statement "session.close"

Thousands of instructions for one repetition go to stderr; to stdout, or to --out, goes a line
for each case: its name, a tabulator, the nanoseconds of each batch.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TextIO, TypeAlias

from .cases import Case, Kind, case_of, cases, selected
from .figures import best
from .statement import NAMES, case_for, loop_of

# What does something so many times; and a column, which makes one of a kind and a size.
Loop: TypeAlias = Callable[[int], None]
Column: TypeAlias = Mapping[Kind, Callable[[int], AbstractContextManager[Loop]]]

# Asking for the time twice takes two thousand instructions.
_EMPTY_BATCHES = 5
COLUMNS = ("plain", "prepared", "fixed", "typed", "naive")


def measure(case: Case, making: AbstractContextManager[Loop]) -> list[int]:
    """Return the nanoseconds of each batch."""
    with making as loop:
        # It warms up.
        loop(case.calls)
        empty = min(_nanoseconds(loop, 0) for _ in range(_EMPTY_BATCHES))
        return [_nanoseconds(loop, case.calls) - empty for _ in range(case.batches)]


def _nanoseconds(loop: Loop, calls: int) -> int:
    start = time.perf_counter_ns()
    loop(calls)
    return time.perf_counter_ns() - start


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    plan = cases()
    if parsed.plan is not None:
        plan = [case_of(line) for line in parsed.plan.read_text(encoding="utf-8").splitlines()]
    with contextlib.ExitStack() as stack:
        out = sys.stdout
        if parsed.out is not None:
            out = stack.enter_context(parsed.out.open("a", encoding="utf-8"))
        for statement in parsed.statement:
            case = case_for(statement)
            _report("statement", case, measure(case, loop_of(statement)), out)
        if not parsed.statement:
            for name in parsed.column or COLUMNS:
                column: Column = importlib.import_module(f"{__package__}.{name}").COLUMN
                for case in selected(plan, parsed.only):
                    if case.kind in column:
                        batches = measure(case, column[case.kind](case.size))
                        _report(name, case, batches, out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench.guest")
    parser.add_argument("--column", choices=COLUMNS, action="append", help="default: all")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument(
        "--statement",
        action="append",
        default=[],
        metavar="PYTHON",
        help=f"measure it and no case; it can use {NAMES}",
    )
    parser.add_argument("--plan", type=Path, metavar="FILE", help="cases, a line each")
    parser.add_argument("--out", type=Path, metavar="FILE", help="to be added to")
    return parser


def _report(name: str, case: Case, batches: Sequence[int], out: TextIO) -> None:
    print(case.name, " ".join(map(str, batches)), sep="\t", file=out, flush=True)
    print(f"{name}: {case.name}: {best(batches, case.calls):.2f}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
