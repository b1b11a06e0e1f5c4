# SPDX-License-Identifier: BSD-2-Clause
"""What the figures have to reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .cases import BLOCKS_CASE, SESSIONS_CASE, STRUCTURE_CASE, TIMED_CASE, VALUE_CASE
from .figures import Column, Figures
from .host_figures import HostFigures

_SMALL = ("temporary 64 B", "temporary 1 KiB", "temporary 4 KiB")
_LARGE = ("temporary 256 KiB", "temporary 1 MiB")
_PREPARED = (Column.PREPARED, Column.FIXED)
_IMPORT_MILLISECONDS = 20
_CHANGE_MILLISECONDS = 50
_GROWTH = 0.02
# Of a call with a time-out to the same without one.
_TIMED_AT_MOST = 1.25


@dataclass(frozen=True)
class Verdict:
    """One target, and what was measured."""

    what: str
    target: str
    measured: str
    reached: bool

    def __str__(self) -> str:
        word = "reached" if self.reached else "MISSED"
        return f"{word:8} {self.what}: {self.measured}, of {self.target}"


# The highest ratio to libteec, by case and column.
_AT_MOST: dict[tuple[str, Column], float] = {
    (VALUE_CASE, Column.PLAIN): 1.10,
    **{(VALUE_CASE, column): 1.04 for column in _PREPARED},
    **{(case, Column.PLAIN): 0.64 for case in _SMALL},
    # What is given at each call has to be looked at each time, prepared or not.
    **{(case, Column.FIXED): 0.60 for case in _SMALL},
    ("temporary 16 KiB", Column.PLAIN): 0.67,
    ("temporary 16 KiB", Column.FIXED): 0.63,
    **{(case, column): 1.03 for case in _LARGE for column in (Column.PLAIN, Column.FIXED)},
    ("open and close session", Column.PLAIN): 1.01,
}
_C_AT_MOST = 1.00
_TYPED_AT_MOST = 1.15


def verdicts(figures: Figures) -> Iterator[Verdict]:
    """Yield one for each target whose case was measured."""
    for (case, column), at_most in _AT_MOST.items():
        yield from _at_most(figures, case, column, at_most)
    for case in figures.instructions:
        yield from _at_most(figures, case, Column.CSRC, _C_AT_MOST)
    for column in (Column.PLAIN, *_PREPARED):
        yield from _timed(figures, column)
    for case in (VALUE_CASE, STRUCTURE_CASE):
        yield from _typed(figures, case)
    for case in (SESSIONS_CASE, BLOCKS_CASE):
        for column in (Column.CSRC, Column.PLAIN, Column.PREPARED):
            yield from _growth(figures, case, column)


def host_verdicts(host: HostFigures) -> Iterator[Verdict]:
    """Yield one for each target of the host: of the import, and of the fake."""
    yield Verdict(
        "import pytee_client over bare Python",
        f"at most {_IMPORT_MILLISECONDS} ms",
        f"{host.import_milliseconds:.1f} ms",
        host.import_milliseconds <= _IMPORT_MILLISECONDS,
    )
    yield Verdict(
        "modules that it should not load",
        "none",
        ", ".join(host.heavy_modules) or "none",
        not host.heavy_modules,
    )
    slowest = max(host.fake_change_milliseconds.values())
    yield Verdict(
        "a call on the fake that changes 10 MiB, whatever the pattern",
        f"at most {_CHANGE_MILLISECONDS} ms",
        f"{slowest:.1f} ms",
        slowest <= _CHANGE_MILLISECONDS,
    )


def _at_most(figures: Figures, case: str, column: Column, at_most: float) -> Iterator[Verdict]:
    ratio = figures.ratio(case, column)
    if ratio is not None:
        # Figures repeat to one in a thousand, and are no better than that.
        reached = round(ratio, 3) <= at_most
        yield Verdict(f"{case}, {column.value}", f"at most {at_most:.2f}", f"{ratio:.3f}", reached)


def _timed(figures: Figures, column: Column) -> Iterator[Verdict]:
    """A worker makes a call with a time-out: the thread that waits hands it over."""
    timed = figures.instructions.get(TIMED_CASE, {}).get(column)
    untimed = figures.instructions.get(VALUE_CASE, {}).get(column)
    if timed is not None and untimed is not None:
        ratio = timed / untimed
        yield Verdict(
            f"{TIMED_CASE}, against the same without one, {column.value}",
            f"at most {_TIMED_AT_MOST:.2f}",
            f"{ratio:.3f}",
            round(ratio, 3) <= _TIMED_AT_MOST,
        )


def _typed(figures: Figures, case: str) -> Iterator[Verdict]:
    """A declared command, against the same content given to invoke_command()."""
    row = figures.instructions.get(case, {})
    if {Column.PLAIN, Column.TYPED} <= row.keys():
        ratio = round(row[Column.TYPED] / row[Column.PLAIN], 3)
        yield Verdict(
            f"{case}, typed against plain",
            f"at most {_TYPED_AT_MOST:.2f}",
            f"{ratio:.3f}",
            ratio <= _TYPED_AT_MOST,
        )


def _growth(figures: Figures, case: str, column: Column) -> Iterator[Verdict]:
    """What the TEE and the kernel spend on the others, as libteec sees it, is not the library's."""
    many, one = figures.instructions.get(case, {}), figures.instructions.get(VALUE_CASE, {})
    if column in many and column in one and {Column.LIBTEEC} <= many.keys() & one.keys():
        theirs = many[Column.LIBTEEC] - one[Column.LIBTEEC]
        growth = (many[column] - theirs) / one[column]
        yield Verdict(
            f"{case} against 1, less {theirs:.1f} of libteec's, {column.value}",
            f"1.00 +- {_GROWTH}",
            f"{growth:.3f} (with it {many[column] / one[column]:.3f})",
            round(abs(growth - 1), 3) <= _GROWTH,
        )
