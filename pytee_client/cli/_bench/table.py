# SPDX-License-Identifier: BSD-2-Clause
"""Figures as people look at them: a table with a bar for each case, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any, Final

from .cases import GROUPS, Case
from .figures import Figures

__all__ = ["facts_lines", "remark_lines", "table_lines", "time_text"]

_WIDTH: Final = 80
_NAME: Final = 25
_CELL: Final = 8
# What is left of a line beside the name, its mark, four cells and a space.
_BAR: Final = _WIDTH - _NAME - 1 - 4 * _CELL - 1
_TIMES: Final = {5: "5 %", 50: "median", 95: "95 %", 99: "99 %"}
_LEGEND: Final = (
    "Times are in microseconds. A bar is = up to the time that 5 % are below, # up to",
    "the median and - up to 95 %; those of a group have one scale. ~ is not stable.",
)


def facts_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """Say where the figures come from."""
    revision = f" {facts['tee_revision']}" if facts["tee_revision"] else ""
    yield f"device       {facts['device'] or 'the first'}, {facts['driver']}{revision}"
    board = f"{facts['board']}, " if facts["board"] else ""
    yield f"machine      {board}{facts['architecture']}, Linux {facts['linux']}"
    count, usable = facts["processors"], facts["processors_usable"]
    processors = f"{count}" if usable == count else f"{usable} of {count}"
    governors = ", ".join(facts["frequency_governors"]) or "none is told"
    yield f"processors   {processors}, {facts['processor'] or 'of a kind that is not told'}"
    yield f"governor     {governors}"
    yield (
        f"software     pytee_client {facts['pytee_client'] or 'that is not installed'},"
        f" {facts['python_implementation']} {facts['python']}"
    )


def table_lines(found: Sequence[tuple[Case, Figures]]) -> Iterator[str]:
    """Return the table."""
    for group, title in GROUPS.items():
        rows = [(case, figures) for case, figures in found if case.group == group]
        if not rows:
            continue
        has_rates = rows[0][1].rate is not None
        titles = [*_TIMES.values()]
        if has_rates:
            titles = [*titles[1:], "calls/s"]
        yield ""
        yield f"{title:<{_NAME}} {''.join(one.rjust(_CELL) for one in titles)}"
        # One that is far off must not hide the others.
        most = 2 * max(figures.median for _, figures in rows)
        scale = min(max(figures.percentiles[95] for _, figures in rows), most) / _BAR
        for case, figures in rows:
            yield _row(case, figures, scale)
    yield ""
    yield from _LEGEND


def remark_lines(remarks: Sequence[str]) -> Iterator[str]:
    """Say what makes the figures doubtful."""
    for remark in remarks:
        yield from wrap(f"Note: {remark}.", _WIDTH)


def time_text(nanoseconds: float) -> str:
    """Return a time in microseconds, with three digits at least; from 10 s on it has its unit."""
    microseconds = nanoseconds / 1000
    if microseconds >= 10_000_000:
        return f"{microseconds / 1_000_000:.0f} s"
    digits = 2 if microseconds < 10 else 1 if microseconds < 1000 else 0
    return f"{microseconds:.{digits}f}"


def _row(case: Case, figures: Figures, scale: float) -> str:
    mark = " " if figures.is_stable else "~"
    cells = [time_text(figures.percentiles[at]) for at in _TIMES]
    if figures.rate is not None:
        cells = [*cells[1:], f"{figures.rate:.0f}"]
    shown = "".join(cell.rjust(_CELL) for cell in cells)
    return f"{case.name:<{_NAME}}{mark}{shown} {_bar(figures, scale)}".rstrip()


def _bar(figures: Figures, scale: float) -> str:
    low, middle, high = (min(round(figures.percentiles[at] / scale), _BAR) for at in (5, 50, 95))
    return "=" * low + "#" * (middle - low) + "-" * (high - middle)
