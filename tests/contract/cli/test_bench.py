# SPDX-License-Identifier: BSD-2-Clause
"""What the verb bench finds on each TEE; how long calls take is not for tests to say."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from pytee_client.cli import bench, main
from pytee_client.cli._answer import Status
from pytee_client.cli._bench import applications
from pytee_client.cli._bench.figures import PERCENTILES, Samples
from pytee_client.cli._bench.sampling import Call, Sampling

from ...support.applications import FakeWallet, OsTest
from ...support.command_lines import words_for
from ...support.targets import Target

pytestmark = pytest.mark.once
ABSENT = UUID("11111111-2450-11e4-abe2-0002a5d5c51b")
# The least of samples: five in each of three passes.
LEAST = 15
SHORT = ("--quick", "--seconds", "0.01")


def measured(
    target: Target, capsys: pytest.CaptureFixture[str], *words: str, status: Status = Status.OK
) -> dict[str, Any]:
    assert main(["bench", *words_for(target), *SHORT, *words, "--json"]) == status
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert data["status"] == status
    return data


def names(data: dict[str, Any]) -> list[str]:
    return [case["name"] for case in data["cases"]]


# An emulated processor takes a minute for that, and more if others use it.
@pytest.mark.timeout(600)
def test_every_case_is_measured(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    data = measured(target, capsys)
    assert data["left_out"] == []
    assert {case["group"] for case in data["cases"]} == {
        *("opening", "call", "input", "output", "block", "sharing", "threads")
    }
    for case in data["cases"]:
        times = [case["nanoseconds"][f"p{at}"] for at in PERCENTILES]
        assert times == sorted(times)
        assert times[0] > 0
        assert case["samples"] >= LEAST
        assert case["calls_per_sample"] >= 1
        assert case["noise"] >= 0
        assert (case["threads"] is None) == ("calls_per_second" not in case)
    assert len(set(names(data))) == len(data["cases"])
    sizes = {case["size"] for case in data["cases"] if case["group"] == "input"}
    assert sizes == {64, 4 << 10, 1 << 20}
    rates = [case["calls_per_second"] for case in data["cases"] if case["threads"]]
    assert len(rates) == 3
    assert min(rates) > 0


def test_it_says_where_the_figures_come_from(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    data = measured(target, capsys, "--only", "value")
    with target.open_context() as context:
        version = context.version
    machine = data["machine"]
    assert machine["backend"] == version.backend
    assert machine["device"] == target.device
    assert machine["driver"] == target.implementation.name
    assert "GP" in machine["capabilities"]
    assert machine["processors"] >= machine["processors_usable"] >= 1
    assert (data["schema"], data["passes"], data["seconds"]) == (1, 3, 0.01)
    assert data["clock"]["resolution_nanoseconds"] > 0
    is_fake = any("this is the fake" in remark for remark in data["remarks"])
    assert is_fake is not target.is_real


def test_only_those_that_are_asked_for_are_measured(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    data = measured(target, capsys, "--only", "typed", "--only", "block of")
    assert names(data) == [
        "value, typed",
        "block of 64 B",
        "block of 4 KiB",
        "block of 1 MiB",
        "block of 4 KiB, prepared",
    ]


def test_the_text_has_a_line_and_a_bar_for_each(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *words_for(target), *SHORT, "--only", "value"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    for name in ("value", "value, prepared", "value, typed", "value, time-out"):
        (line,) = (line for line in text.splitlines() if line.startswith(f"{name:<25}"))
        assert line.rstrip("-").endswith(("=", "#"))
    assert f"device       {target.device}, {target.implementation.name}" in text


def test_no_garbage_is_collected_while_it_measures(
    target: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    class Watched(Sampling):
        def of_call(self, call: Call) -> Samples:
            seen.append(gc.isenabled())
            return super().of_call(call)

    monkeypatch.setattr(bench, "Sampling", Watched)
    measured(target, capsys, "--only", "typed")
    assert seen == [False] * 3
    assert gc.isenabled()


def test_two_runs_can_be_compared(
    target: Target,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Any,
) -> None:
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for file in files:
        file.write_text(
            json.dumps(measured(target, capsys, "--only", "value", "--only", "1 thread,"))
        )
    assert main(["bench", "--compare", *map(str, files), "--json"]) == 0
    compared = json.loads(capsys.readouterr().out)
    assert (compared["only_a"], compared["only_b"]) == ([], [])
    assert len(compared["cases"]) == 5
    for row in compared["cases"]:
        assert row["ratio"] == pytest.approx(row["b"] / row["a"], rel=0.01, abs=0.001)


def test_an_application_that_takes_values_alone_has_no_memory_measured(
    target: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = replace(applications.KNOWN[0], uuid=ABSENT)
    monkeypatch.setattr(applications, "KNOWN", (absent, applications.KNOWN[-1]))
    words = ["--only", "value", "--only", "put of", "--only", "block", "--only", "no parameters"]
    data = measured(target, capsys, *words)
    assert data["application"]["uuid"] == str(Target.HELLO_WORLD)
    assert names(data) == ["value", "value, prepared", "value, typed", "value, time-out"]


def test_a_command_of_the_users_is_measured(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--application", str(Target.CONFORMANCE), "--command", "0x1"]
    parameters = ["--parameters", "value-inout:1,2", "value-out"]
    data = measured(target, capsys, *words, *parameters, "--only", "command", "--only", "1 thread,")
    assert data["application"] == {
        "uuid": str(Target.CONFORMANCE),
        "name": "pytee_client's conformance",
        "command": 1,
    }
    assert names(data) == ["command 1", "command 1, time-out", "1 thread, 1 session"]


def test_of_an_application_that_is_not_known_openings_are_measured(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--only", "context", "--only", "another", "--only", "value", "--only", "thread"]
    data = measured(target, capsys, "--application", str(OsTest.uuid), *words)
    assert names(data) == [
        "open a context",
        "close a context",
        "open another session",
        "close another session",
    ]


def test_sessions_are_opened_with_the_parameters_that_are_given(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--application", str(FakeWallet.uuid), "--only", "first"]
    assert main(["bench", *words_for(target), *SHORT, *words]) == Status.TEE_ERROR
    assert "BAD_PARAMETERS" in capsys.readouterr().err
    data = measured(target, capsys, *words, "--open", "value:0,100")
    assert names(data) == ["open the first session"]


def test_what_can_not_be_measured_is_left_out_and_told(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    """This one has one session at a time."""
    words = ["--application", str(Target.EXCLUSIVE)]
    data = measured(target, capsys, *words, status=Status.TEE_ERROR)
    assert [(one["name"], one["error"]["result"]) for one in data["left_out"]] == [
        ("open another session", "BUSY"),
        ("close another session", "BUSY"),
    ]
    assert names(data) == [
        "open a context",
        "close a context",
        "open the first session",
        "close the last session",
    ]


def test_an_application_that_is_not_there_is_the_error(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--application", str(ABSENT), "--only", "session"]
    assert main(["bench", *words_for(target), *SHORT, *words]) == Status.TEE_ERROR
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_a_tee_without_an_application_says_what_to_install(
    target: Target, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = tuple(replace(one, uuid=ABSENT) for one in applications.KNOWN)
    monkeypatch.setattr(applications, "KNOWN", absent)
    assert main(["bench", *words_for(target), *SHORT, "--json"]) == Status.TEE_ERROR
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["class"] == "TrustedApplicationNotFoundError"
    assert "Install OP-TEE's examples" in captured.err
    assert "--application UUID" in captured.err
