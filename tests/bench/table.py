# SPDX-License-Identifier: BSD-2-Clause
"""Figures as people read them."""

from __future__ import annotations

from collections.abc import Iterator

from .figures import TITLES, Column, Figures

_CASE = "thousands of instructions (ratio to libteec)"
_ABSENT = "-"

NOTE = """\
Values and memory go in and out. The application touches neither; a temporary memref lies anywhere
in a page, as users' memory does; a block is a whole memref, of which nobody copies anything.
"""


def text(figures: Figures) -> str:
    """Return a table for a terminal."""
    rows = list(_rows(figures))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *rest in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join(cells))
    return "\n".join(lines)


def markdown(figures: Figures) -> str:
    """Return a table for a README."""
    header, *rows = _rows(figures)
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *rows))


def _rows(figures: Figures) -> Iterator[list[str]]:
    columns = [
        column for column in Column if any(column in row for row in figures.instructions.values())
    ]
    yield [_CASE, *(TITLES[column] for column in columns)]
    for case in figures.instructions:
        yield [case, *(_cell(figures, case, column) for column in columns)]


def _cell(figures: Figures, case: str, column: Column) -> str:
    instructions = figures.instructions[case].get(column)
    if instructions is None:
        return _ABSENT
    number = f"{instructions:,.1f}".replace(",", " ")
    ratio = figures.ratio(case, column)
    if ratio is None or column is Column.LIBTEEC:
        return number
    return f"{number} ({ratio:.3f})"
