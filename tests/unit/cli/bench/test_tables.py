# SPDX-License-Identifier: BSD-2-Clause
"""What people see of figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytee_client.cli._bench.applications import KNOWN, Application
from pytee_client.cli._bench.cases import GROUPS, Case, cases_for
from pytee_client.cli._bench.figures import Figures, Samples, figures_of
from pytee_client.cli._bench.table import remark_lines, table_lines, time_text


def case(name: str, group: str = "call") -> Case:
    return Case(name, group, lambda *_: Samples([]))


def figures(low: float, median: float, high: float, rate: float | None = None) -> Figures:
    times = {5: low, 25: low, 50: median, 75: high, 95: high, 99: high}
    return Figures(times, 0.0, 100, 1, rate, None if rate is None else 0.0)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (5, "0.01"),
        (1234, "1.23"),
        (12345, "12.3"),
        (123456, "123.5"),
        (12345678, "12346"),
        (9_999_999_000, "9999999"),
        (12_345_678_901, "12 s"),
    ],
)
def test_times_have_three_digits(nanoseconds: float, text: str) -> None:
    assert time_text(nanoseconds) == text


def bar(line: str) -> str:
    return line[26 + 32 :].strip()


def test_a_bar_shows_the_median_and_how_far_times_spread() -> None:
    rows = [
        (case("short"), figures(21_000, 21_000, 21_000)),
        (case("long"), figures(105_000, 168_000, 210_000)),
    ]
    _, _, short, long, *_ = table_lines(rows)
    # The scale is that of the longest: 210 microseconds in 21 characters.
    assert bar(short) == "=="
    assert bar(long) == "=" * 10 + "#" * 7 + "-" * 4


def test_one_that_is_far_off_does_not_hide_the_others() -> None:
    rows = [
        (case("calm"), figures(100_000, 100_000, 100_000)),
        (case("wild"), figures(100_000, 100_000, 90_000_000)),
    ]
    _, _, calm, wild, *_ = table_lines(rows)
    assert len(bar(calm)) >= 10
    assert len(bar(wild)) == 21


def test_groups_have_scales_of_their_own() -> None:
    rows = [
        (case("a call"), figures(10_000, 10_000, 10_000)),
        (case("a session", "opening"), figures(10_000_000, 10_000_000, 10_000_000)),
    ]
    lines = [line for line in table_lines(rows) if line.startswith("a ")]
    assert [len(bar(line)) for line in lines] == [21, 21]


def test_threads_have_their_rate() -> None:
    _, titles, row, *_ = table_lines([(case("2 threads", "threads"), figures(1, 2, 3, 12345.6))])
    assert titles.split()[-1] == "calls/s"
    assert "12346" in row.split()


def test_what_is_not_stable_is_marked() -> None:
    unsure = figures_of([Samples([100.0] * 9), Samples([200.0] * 9)])
    _, _, row, *_ = table_lines([(case("value"), unsure)])
    assert row.startswith(f"{'value':<25}~")


@pytest.mark.parametrize("is_quick", [True, False])
@pytest.mark.parametrize("application", KNOWN, ids=lambda one: str(one.name))
def test_every_line_fits_into_80_columns(application: Application, is_quick: bool) -> None:
    longest = (9_999_999_000,) * 3
    times, rates = figures(*longest), figures(*longest, 9_999_999)
    cases = cases_for(application, is_quick=is_quick)
    rows = [(one, rates if one.threads else times) for one in cases]
    lines = [*table_lines(rows), *remark_lines(["a remark " * 30])]
    assert max(map(len, lines)) <= 80
    assert len({one.name for one in cases}) == len(cases)
    # Every case is shown, by its whole name.
    assert all(any(line.startswith(f"{one.name:<25} ") for line in lines) for one in cases)


@pytest.mark.parametrize("is_quick", [True, False])
def test_what_is_measured_is_what_the_application_takes(is_quick: bool) -> None:
    def groups(application: Application) -> set[str]:
        return {one.group for one in cases_for(application, is_quick=is_quick)}

    nothing, _, hello_world = KNOWN
    assert groups(nothing) == set(GROUPS)
    assert groups(hello_world) == {"opening", "call", "threads"}
    assert groups(replace(hello_world, value=None)) == {"opening"}
    assert groups(replace(hello_world, value=None, own=3)) == {"opening", "call", "threads"}
