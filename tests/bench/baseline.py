# SPDX-License-Identifier: BSD-2-Clause
"""Ratios that are kept in a file, and whether those of today are higher."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

# By the case's name and the column's.
Ratios: TypeAlias = Mapping[str, Mapping[str, float]]

ALLOWED_RISE = 0.03


@dataclass(frozen=True)
class Rise:
    """A ratio that is higher than it was."""

    case: str
    column: str
    old: float
    new: float

    def __str__(self) -> str:
        percent = (self.new / self.old - 1) * 100
        return (
            f"{self.case}, {self.column}: {self.old:.4f} rose to {self.new:.4f} (+{percent:.1f} %)"
        )


def rises(old: Ratios, new: Ratios) -> Iterator[Rise]:
    """Yield each ratio of both that rose by more than is allowed."""
    for case, column in _common(old, new):
        before, now = old[case][column], new[case][column]
        if now > before * (1 + ALLOWED_RISE):
            yield Rise(case, column, before, now)


def compared(old: Ratios, new: Ratios) -> int:
    """Return how many ratios are in both."""
    return len(_common(old, new))


def _common(old: Ratios, new: Ratios) -> list[tuple[str, str]]:
    return [
        (case, column) for case, row in old.items() for column in row if column in new.get(case, {})
    ]
