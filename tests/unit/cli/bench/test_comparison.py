# SPDX-License-Identifier: BSD-2-Clause
"""Two runs of the bench, compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytee_client.cli import main
from pytee_client.cli._answer import Status

MACHINE = {"device": "/dev/tee0", "linux": "6.12", "frequency_governors": ["powersave"]}
APPLICATION = {"uuid": "8aaaf200-2450-11e4-abe2-0002a5d5c51b", "name": "hello", "command": None}


def case(name: str, median: float, noise: float = 0.01, **more: Any) -> dict[str, Any]:
    return {"name": name, "group": "call", "nanoseconds": {"p50": median}, "noise": noise, **more}


def written(path: Path, *cases: dict[str, Any], **changed: Any) -> str:
    data = {"schema": 1, "machine": MACHINE, "application": APPLICATION, "cases": list(cases)}
    path.write_text(json.dumps({**data, **changed}))
    return str(path)


def compared(
    capsys: pytest.CaptureFixture[str], first: str, second: str
) -> tuple[dict[str, Any], str]:
    assert main(["bench", "--compare", first, second, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert main(["bench", "--compare", first, second]) == 0
    return data, capsys.readouterr().out


def test_differences_beyond_the_noise_of_both_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = ("slow", 1000, 1500), ("fast", 1000, 500), ("same", 1000, 1015), ("noisy", 1000, 1200)
    first = written(
        tmp_path / "a", *(case(name, a, 0.15 if name == "noisy" else 0.01) for name, a, _ in cases)
    )
    second = written(
        tmp_path / "b", *(case(name, b, 0.15 if name == "noisy" else 0.01) for name, _, b in cases)
    )
    data, text = compared(capsys, first, second)
    assert {row["name"]: (row["ratio"], row["verdict"]) for row in data["cases"]} == {
        "slow": (1.5, "slower"),
        "fast": (0.5, "faster"),
        "same": (1.015, "same"),
        "noisy": (1.2, "same"),
    }
    assert [row["beyond_noise"] for row in data["cases"]] == [True, True, False, False]
    assert "Beyond the noise of both: 1 slower, 1 faster, of 4 cases." in text
    (line,) = (line for line in text.splitlines() if line.startswith("slow "))
    assert line.split() == ["slow", "1.00", "1.50", "1.50", "slower"]


def test_less_than_three_per_cent_is_never_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = written(tmp_path / "a", case("value", 1000, 0), case("null", 1000, 0))
    second = written(tmp_path / "b", case("value", 1029, 0), case("null", 1031, 0))
    data, _ = compared(capsys, first, second)
    assert [row["verdict"] for row in data["cases"]] == ["same", "slower"]


def test_of_threads_the_rates_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def threads(rate: float) -> dict[str, Any]:
        rates = {"calls_per_second": rate, "calls_per_second_noise": 0.01}
        return case("2 threads", 1000, group="threads", **rates)

    first = written(tmp_path / "a", threads(1000))
    data, text = compared(capsys, first, written(tmp_path / "b", threads(2000)))
    (row,) = data["cases"]
    assert (row["measure"], row["ratio"]) == ("calls_per_second", 2)
    assert row["verdict"] == "faster"
    assert "calls in a second" in text


def test_what_differs_of_the_machines_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = written(tmp_path / "a", case("value", 1), case("old", 1))
    second = written(
        tmp_path / "b",
        case("value", 1),
        case("new", 1),
        machine={**MACHINE, "linux": "7.2", "frequency_governors": ["performance"]},
        application={**APPLICATION, "name": "other"},
    )
    data, text = compared(capsys, first, second)
    assert "  Linux: 6.12 in a, 7.2 in b\n" in text
    assert "  governor: powersave in a, performance in b\n" in text
    assert "  application: hello in a, other in b\n" in text
    assert "/dev/tee0" not in text
    assert (data["only_a"], data["only_b"]) == (["old"], ["new"])
    assert data["b"]["machine"]["linux"] == "7.2"


WRONG = {
    "missing": "can't be read: No such file",
    "{": "is no JSON",
    "[]": "is not what bench writes: make it with bench --json >b",
    "{}": "is not what bench writes",
    '{"schema": 2}': "has the schema 2, and this release reads 1: measure again",
    '{"schema": 1, "cases": [{}]}': "is not what bench writes",
    '{"schema": 1, "cases": [], "machine": {}, "application": {}}': "have no case in common",
    '{"schema": 1, "cases": [{"name": "x", "group": "call", "noise": 0,'
    ' "nanoseconds": {"p50": 0}}], "machine": {}, "application": {}}': "is not what bench writes",
}


@pytest.mark.parametrize("content", WRONG)
def test_a_file_that_is_none_is_told(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = written(tmp_path / "a", case("value", 1)), tmp_path / "b"
    if content != "missing":
        second.write_text(content)
    for pair in ([first, str(second)], [str(second), first]):
        assert main(["bench", "--compare", *pair]) == Status.WRONG_INPUT
        errors = capsys.readouterr().err
        assert WRONG[content] in errors
        assert errors.count("\n") == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"cases": [case("a", 1e400)]},
        {"cases": [case("a", float("nan"))]},
        {"cases": [case("a", 5e-324)]},
        {"cases": [case("a", 10**400)]},
        {"cases": [case("a", 1000, float("inf"))]},
        {"cases": [{**case("a", 1000), "nanoseconds": {"p50": "1000"}}]},
        {"cases": [case("a", 1000, calls_per_second=1e400, calls_per_second_noise=0)]},
        {"cases": [{**case("a", 1000), "name": ["a"]}]},
        {"cases": [{**case("a", 1000), "name": 5}]},
        {"cases": [{**case("a", 1000), "group": None}]},
        {"machine": [["device", "x"]]},
        {"application": [["name", "x"]]},
        {"machine": None},
    ],
)
def test_figures_that_no_run_has_are_wrong_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, Any]
) -> None:
    file = written(tmp_path / "a", case("a", 1000), **changed)
    assert main(["bench", "--compare", file, file, "--json"]) == Status.WRONG_INPUT
    assert "is not what bench writes" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_a_file_that_is_nested_too_deeply_is_no_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").write_text("[" * 100_000)
    assert main(["bench", "--compare", *[str(tmp_path / "a")] * 2, "--json"]) == Status.WRONG_INPUT
    assert "nested too deeply" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_names_of_others_do_not_reach_a_terminal_as_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = written(tmp_path / "a", case("a\x1b[2J\nb", 1000), case("c\x07", 1))
    second = written(
        tmp_path / "b", case("a\x1b[2J\nb", 1000), machine={"device": "\x1b[2J", "linux": 1e400}
    )
    data, text = compared(capsys, first, second)
    assert all(one.isprintable() or one == "\n" for one in text)
    # JSON has no number for it.
    assert data["b"]["machine"]["linux"] == "inf"


def test_cases_that_one_run_lacks_are_in_its_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"case {number}" for number in range(20)]
    first = written(tmp_path / "a", *(case(name, 1000) for name in ("both", *names)))
    second = written(tmp_path / "b", case("both", 1000))
    data, _ = compared(capsys, first, second)
    assert data["only_a"] == names
