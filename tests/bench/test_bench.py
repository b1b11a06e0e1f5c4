# SPDX-License-Identifier: BSD-2-Clause
"""What the benchmark makes of its figures; the measuring itself is tested by running it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import baseline, table, targets
from tests.bench.cases import TIMED_CASE, Case, Kind, case_of, cases, selected
from tests.bench.figures import Column, Figures, best, figures
from tests.bench.guest import Loop, measure
from tests.bench.host_figures import HostFigures
from tests.machines.job import Job
from tests.machines.optee import bench
from tests.machines.optee.machine import Outcome
from tests.machines.process import VmError

MANY = "value call, 600 sessions"


def figures_of(case: str, **instructions: float) -> Figures:
    return Figures({case: {Column(name): value for name, value in instructions.items()}})


def host_figures(milliseconds: float = 12.0, *heavy: str, slowest: float = 50.0) -> HostFigures:
    change = {"no byte": 5.0, "every second byte": slowest}
    return HostFigures(milliseconds, milliseconds, list(heavy), ["mmap"], 20.0, 60.0, change)


def planned(job: Job) -> list[Case]:
    text = (job.files["vm/plan"] + job.files["vm/loading-plan"]).decode()
    return [case_of(line) for line in text.splitlines()]


class Machine:
    """A machine in which every repetition takes so many nanoseconds, by the column."""

    def __init__(self, path: Path, status: int = 0, **nanoseconds: int) -> None:
        self.path = path
        self.status = status
        self.nanoseconds = nanoseconds
        self.jobs: list[Job] = []

    def __call__(self, job: Job) -> Outcome:
        self.jobs.append(job)
        plan = planned(job)
        files = {
            f"tmp/bench-{column}": "".join(
                f"{case.name}\t{case.calls * time + 5} {case.calls * time}\n" for case in plan
            ).encode()
            for column, time in self.nanoseconds.items()
        }
        log = self.path / "console.log"
        return Outcome(self.status, "", files, log, log)


# Cases and figures.


def test_a_case_is_what_its_line_in_a_plan_says() -> None:
    case = Case("temporary 64 B", Kind.TEMPORARY, 64, 3, 7)
    assert case_of(case.line() + "\n") == case


def test_every_case_has_a_name_of_its_own_and_goes_through_a_plan() -> None:
    every = cases()
    assert len({case.name for case in every}) == len(every)
    assert [case_of(case.line()) for case in every] == every


def test_a_short_run_measures_less_and_nothing_else() -> None:
    names = [case.name for case in cases()]
    short = [case.name for case in cases(short=True)]
    assert len(short) < len(names)
    assert [name for name in names if name in short] == short


def test_cases_are_selected_by_any_part_of_their_names() -> None:
    assert [case.name for case in selected(cases(), ["null", "1 MiB"])] == [
        "null call",
        "temporary 1 MiB",
        "block 1 MiB",
    ]
    assert selected(cases(), []) == cases()


def test_the_figure_is_that_of_the_best_batch_for_one_call() -> None:
    assert best([600_000, 580_000, 2_000_000], 10) == 58.0


def test_figures_are_by_case_and_column_and_have_no_place_for_what_was_not_measured() -> None:
    plan = [Case("null call", Kind.NULL, calls=10), Case("value call", Kind.VALUE, calls=2)]
    found = figures(
        plan,
        {
            Column.LIBTEEC: {"null call": [500_000], "value call": [100_000, 110_000]},
            Column.PLAIN: {"value call": [150_000]},
        },
    )
    assert found.instructions == {
        "null call": {Column.LIBTEEC: 50.0},
        "value call": {Column.LIBTEEC: 50.0, Column.PLAIN: 75.0},
    }
    assert found.ratio("value call", Column.PLAIN) == 1.5
    assert found.ratio("null call", Column.PLAIN) is None


def test_kept_ratios_are_of_this_project_alone_and_have_four_places() -> None:
    found = figures_of("value call", libteec=3.0, csrc=3.0, plain=4.0, naive=6.0)
    assert found.ratios() == {"value call": {"csrc": 1.0, "plain": 1.3333}}


# Tables.


def test_a_table_has_instructions_and_ratios_and_only_columns_that_were_measured() -> None:
    found = Figures(
        {
            "null call": {Column.LIBTEEC: 57.0, Column.PLAIN: 62.7},
            "open and close session": {Column.LIBTEEC: 28401.8},
        }
    )
    header, null, session = table.text(found).splitlines()
    assert header.endswith("C, libteec  Python, plain")
    assert null.split() == ["null", "call", "57.0", "62.7", "(1.100)"]
    assert session.split() == ["open", "and", "close", "session", "28", "401.8", "-"]
    assert len({len(line) for line in (header, null, session)}) == 1


def test_the_same_table_is_markdown_for_a_readme() -> None:
    found = figures_of("null call", libteec=50.0, csrc=49.0)
    assert table.markdown(found).splitlines()[1:] == [
        "| --- | ---: | ---: |",
        "| null call | 50.0 | 49.0 (0.980) |",
    ]


# What declared commands cost.


@pytest.mark.parametrize("case", ["value call", "structure 64 B"])
@pytest.mark.parametrize(("typed", "reached"), [(115.0, True), (115.2, False)])
def test_a_declared_command_is_held_against_invoke_command(
    case: str, typed: float, reached: bool
) -> None:
    verdicts = targets.verdicts(figures_of(case, plain=100.0, typed=typed))
    (verdict,) = (one for one in verdicts if "typed" in one.what)
    assert verdict.reached is reached
    assert f"{typed / 100:.3f}" in str(verdict)


# The baseline.


@pytest.mark.parametrize(("new", "rose"), [(1.03, False), (1.0301, True), (0.5, False)])
def test_a_ratio_rises_when_it_is_more_than_three_percent_higher(new: float, rose: bool) -> None:
    found = list(baseline.rises({"null call": {"csrc": 1.0}}, {"null call": {"csrc": new}}))
    assert found == ([baseline.Rise("null call", "csrc", 1.0, new)] if rose else [])


def test_a_rise_names_the_case_the_column_and_both_ratios() -> None:
    rise = baseline.Rise("null call", "plain", 1.05, 1.155)
    assert str(rise) == "null call, plain: 1.0500 rose to 1.1550 (+10.0 %)"


def test_what_only_one_of_the_two_has_is_not_compared() -> None:
    old = {"null call": {"csrc": 1.0, "prepared": 1.0}, "gone": {"csrc": 1.0}}
    new = {"null call": {"csrc": 1.0, "plain": 9.0}, "new": {"csrc": 9.0}}
    assert baseline.compared(old, new) == 1
    assert list(baseline.rises(old, new)) == []


# Targets.


@pytest.mark.parametrize(
    ("column", "ratio", "reached"),
    [
        (Column.PLAIN, 1.1004, True),
        (Column.PLAIN, 1.101, False),
        (Column.PREPARED, 1.04, True),
        (Column.PREPARED, 1.05, False),
        (Column.CSRC, 1.0, True),
        (Column.CSRC, 1.002, False),
    ],
)
def test_a_target_is_reached_by_a_ratio_that_is_not_over_it(
    column: Column, ratio: float, reached: bool
) -> None:
    (verdict,) = targets.verdicts(
        Figures({"value call": {Column.LIBTEEC: 100.0, column: 100.0 * ratio}})
    )
    assert verdict.reached is reached


def test_there_is_a_target_for_every_case_from_c_and_none_for_the_peer() -> None:
    found = list(targets.verdicts(figures_of("block 64 B", libteec=1.0, csrc=1.0, naive=2.0)))
    assert [verdict.what for verdict in found] == ["block 64 B, csrc"]


@pytest.mark.parametrize(("many", "reached"), [(64.0, True), (65.2, True), (66.0, False)])
def test_what_many_sessions_cost_the_peer_too_is_not_held_against_the_library(
    many: float, reached: bool
) -> None:
    found = Figures(
        {
            "value call": {Column.LIBTEEC: 56.0, Column.PLAIN: 60.0},
            MANY: {Column.LIBTEEC: 60.0, Column.PLAIN: many},
        }
    )
    growth = [verdict for verdict in targets.verdicts(found) if "against 1" in verdict.what]
    assert [verdict.reached for verdict in growth] == [reached]


@pytest.mark.parametrize(("timed", "reached"), [(75.0, True), (75.2, False)])
def test_a_call_with_a_time_out_is_held_against_the_same_without_one(
    timed: float, reached: bool
) -> None:
    found = Figures({"value call": {Column.PLAIN: 60.0}, TIMED_CASE: {Column.PLAIN: timed}})
    (verdict,) = targets.verdicts(found)
    assert "with a time-out" in verdict.what
    assert verdict.reached is reached


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        (host_figures(20.0), [True, True, True]),
        (host_figures(20.1), [False, True, True]),
        (host_figures(20.0, "asyncio"), [True, False, True]),
        (host_figures(slowest=50.1), [True, True, False]),
    ],
)
def test_an_import_and_a_change_of_memory_have_to_be_quick_and_nothing_heavy_is_loaded(
    host: HostFigures, reached: list[bool]
) -> None:
    assert [verdict.reached for verdict in targets.host_verdicts(host)] == reached


# The verb, with no machine behind it.


def test_the_verb_prints_a_table_and_writes_all_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(tmp_path, libteec=50_000, csrc=50_000, plain=55_000)
    out = tmp_path / "figures.json"
    words = ["--no-host", "--only", "null", "--only", "value call", "--json", str(out)]
    assert bench.main(words, machine) == 0
    assert "55.0 (1.100)" in capsys.readouterr().out
    written = json.loads(out.read_text())
    assert written["thousands of instructions"]["null call"]["plain"] == 55.0
    assert written["ratios"]["null call"]["plain"] == 1.1
    assert all(target["reached"] for target in written["targets"])


def test_every_column_measures_all_cases(tmp_path: Path) -> None:
    machine = Machine(tmp_path, libteec=50_000)
    bench.main(["--no-host", "--short"], machine)
    (job,) = machine.jobs
    assert job.files["vm/columns"].decode().count('"$1"') == 1 + len(Column)
    assert {case.name for case in planned(job)} == {case.name for case in cases(short=True)}


def test_the_application_stays_loaded_but_where_loading_it_is_measured(tmp_path: Path) -> None:
    machine = Machine(tmp_path, libteec=50_000)
    bench.main(["--no-host", "--only", "session"], machine)
    (job,) = machine.jobs
    loading = job.files["vm/loading-plan"].decode().splitlines()
    assert [case_of(line).kind for line in loading] == [Kind.SESSION]
    kept, not_kept = (line for line in job.script.splitlines() if "columns" in line)
    assert [kept, not_kept] == [
        "/opt/bench/bench 'sh -e /vm/columns /vm/plan'",
        "sh -e /vm/columns /vm/loading-plan",
    ]


def test_a_rise_over_the_written_baseline_fails_the_verb(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = str(tmp_path / "baseline.json")
    before = Machine(tmp_path, libteec=50_000, csrc=50_000)
    after = Machine(tmp_path, libteec=50_000, csrc=52_000)
    words = ["--no-host", "--only", "null"]
    assert bench.main([*words, "--write-baseline", kept], before) == 0
    assert bench.main([*words, "--baseline", kept], before) == 0
    assert bench.main([*words, "--baseline", kept], after) == 1
    assert "null call, csrc: 1.0000 rose to 1.0400" in capsys.readouterr().out


def test_a_baseline_without_any_of_the_cases_fails_the_verb(tmp_path: Path) -> None:
    kept = tmp_path / "baseline.json"
    kept.write_text("{}")
    machine = Machine(tmp_path, libteec=50_000, csrc=50_000)
    assert bench.main(["--no-host", "--only", "null", "--baseline", str(kept)], machine) == 1


def test_a_baseline_that_is_not_there_fails_before_anything_is_measured(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with pytest.raises(VmError, match="baseline"):
        bench.main(["--no-host", "--baseline", str(tmp_path / "none")], machine)
    assert machine.jobs == []


def test_no_figures_are_made_of_a_machine_that_failed(tmp_path: Path) -> None:
    with pytest.raises(VmError, match="status 3"):
        bench.main(["--no-host"], Machine(tmp_path, 3, libteec=50_000))


def test_a_name_that_no_case_has_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VmError, match="no case is called walrus"):
        bench.main(["--only", "walrus"], Machine(tmp_path))


# Measuring.


def test_a_case_is_warmed_up_and_measured_batch_by_batch() -> None:
    calls: list[int] = []

    @contextlib.contextmanager
    def making() -> Iterator[Loop]:
        yield calls.append
        calls.append(-1)

    batches = measure(Case("any", Kind.NULL, calls=3, batches=4), making())
    assert calls[0] == 3
    assert calls[-5:] == [3] * 4 + [-1]
    # Between them it was measured what measuring takes.
    assert set(calls[1:-5]) == {0}
    assert len(batches) == 4
