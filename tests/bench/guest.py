# SPDX-License-Identifier: BSD-2-Clause
"""Measure the cases from Python, as a user would write them; bench.c does it from C.

python3 -m tests.bench.guest [--column plain|prepared|naive] [--only NAME]... [--plan FILE]

It prints a line for each case: its name, a tabulator, the nanoseconds of each batch.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

from .cases import Case, Kind, case_of, cases, selected

# A column: for each kind, with a size, what repeats it so many times.
Loop: TypeAlias = Callable[[int], None]
Column: TypeAlias = Mapping[Kind, Callable[[int], AbstractContextManager[Loop]]]

COLUMNS = ("plain", "prepared", "naive")


def measure(case: Case, column: Column) -> list[int] | None:
    """Return the nanoseconds of each batch; nothing if the column has no such case."""
    if case.kind not in column:
        return None
    with column[case.kind](case.size) as loop:
        # It warms up.
        loop(case.calls)
        return list(_batches(case, loop))


def _batches(case: Case, loop: Loop) -> Iterator[int]:
    for _ in range(case.batches):
        start = time.perf_counter_ns()
        loop(case.calls)
        yield time.perf_counter_ns() - start


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench.guest")
    parser.add_argument("--column", choices=COLUMNS, action="append")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--plan", type=Path)
    parser.add_argument("--out", type=Path)
    parsed = parser.parse_args(arguments)
    plan = cases()
    if parsed.plan is not None:
        plan = [case_of(line) for line in parsed.plan.read_text().splitlines()]
    out = sys.stdout if parsed.out is None else parsed.out.open("w")
    for name in parsed.column or COLUMNS:
        column = importlib.import_module(f"{__package__}.{name}").COLUMN
        for case in selected(plan, parsed.only):
            batches = measure(case, column)
            if batches is not None:
                print(case.name, " ".join(map(str, batches)), sep="\t", file=out, flush=True)
                best = min(batches) / case.calls / 1000
                print(f"{name}: {case.name}: {best:.2f}", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
