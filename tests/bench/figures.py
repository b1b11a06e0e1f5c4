# SPDX-License-Identifier: BSD-2-Clause
"""What was measured, and its ratios to the peer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from .cases import Case


class Column(str, Enum):
    """By whom a call is made, and over which library."""

    LIBTEEC = "libteec"
    CSRC = "csrc"
    PLAIN = "plain"
    PREPARED = "prepared"
    FIXED = "fixed"
    TYPED = "typed"
    NAIVE = "naive"


TITLES = {
    Column.LIBTEEC: "C, libteec",
    Column.CSRC: "C, csrc",
    Column.PLAIN: "Python, plain",
    Column.PREPARED: "Python, prepared",
    Column.FIXED: "prepared, fixed",
    Column.TYPED: "Python, typed",
    Column.NAIVE: "ctypes, libteec",
}
# Whose figures are this project's.
OURS = (Column.CSRC, Column.PLAIN, Column.PREPARED, Column.FIXED, Column.TYPED)


@dataclass(frozen=True)
class Figures:
    """Thousands of instructions for one repetition, by the case's name and the column."""

    instructions: Mapping[str, Mapping[Column, float]]

    def ratio(self, case: str, column: Column) -> float | None:
        """Return how much a column takes of what libteec does; None if either is unknown."""
        row = self.instructions.get(case, {})
        if column not in row or Column.LIBTEEC not in row:
            return None
        return row[column] / row[Column.LIBTEEC]

    def ratios(self) -> dict[str, dict[str, float]]:
        """Return the ratios of this project's columns, rounded to four places."""
        found: dict[str, dict[str, float]] = {}
        for case in self.instructions:
            for column in OURS:
                ratio = self.ratio(case, column)
                if ratio is not None:
                    found.setdefault(case, {})[column.value] = round(ratio, 4)
        return found


def best(nanoseconds: Sequence[int], calls: int) -> float:
    """Return thousands of instructions for one repetition.

    That is the batch with the fewest: interrupts only add to one. A nanosecond of the
    machine's time is an instruction.
    """
    return min(nanoseconds) / calls / 1000


def figures(plan: Sequence[Case], batches: Mapping[Column, Mapping[str, Sequence[int]]]) -> Figures:
    """Return the figures of a plan whose batches took so many nanoseconds."""
    instructions: dict[str, dict[Column, float]] = {}
    for case in plan:
        for column, times in batches.items():
            if case.name in times:
                row = instructions.setdefault(case.name, {})
                row[column] = best(times[case.name], case.calls)
    return Figures(instructions)
