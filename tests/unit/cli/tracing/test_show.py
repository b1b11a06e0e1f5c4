# SPDX-License-Identifier: BSD-2-Clause
"""pytee trace show, as text and as data."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytee_client.cli._trace.lines import bar
from pytee_client.cli._trace.summary import duration

from ....support.applications.wallet import FakeWallet
from ....support.command_lines import Ran, ran
from ....support.traced import NOBODY, lines, record, use_wallet, write

Show = Callable[..., Ran]


@pytest.fixture
def show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Show:
    """Show the trace in the folder of the test."""

    def run(*words: str, status: int = 0) -> Ran:
        done = ran(capsys, "trace", "show", str(tmp_path / "it.trace"), *words)
        assert done.status == status, done
        return done

    return run


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return record(tmp_path / "it.trace")


def rows(shown: Ran) -> list[str]:
    """Return the lines of the calls."""
    return shown.output.split("\n\n")[1].splitlines()[1:]


def test_each_call_has_a_line_in_order(trace: Path, show: Show) -> None:
    shown = show()
    told = rows(shown)
    recorded = sorted(lines(trace)[1:], key=lambda line: line["began"])
    assert len(told) == len(recorded) > 20
    for line, call in zip(told, recorded, strict=True):
        assert re.match(rf" *\d+\.\d{{6}} +[\d.]+ (µ|m)?s .* {call['thread']} +(-|\d)  ", line)
        assert f"  {call['call']}" in line
    assert [float(line.split()[0]) for line in told] == sorted(
        float(line.split()[0]) for line in told
    )
    assert shown.errors == ""
    assert shown.output.startswith(f"{trace}: {len(told)} calls, 3 errors, 4 threads, ")
    assert "recorded 20" in shown.output


def test_a_line_has_the_application_the_command_the_sizes_the_values_and_the_result(
    trace: Path, show: Show
) -> None:
    text = show().output
    assert re.search(r" 0 +1  OPEN_SESSION hello_world: SUCCESS\n", text)
    assert "  INVOKE 0 inc_value [value inout (0, 0) -> (1, 0)]: SUCCESS\n" in text
    assert re.search(r" 0 +1  INVOKE 0 inc_value \[value inout \(1, 0\).*\]: BUSY from TEE\n", text)
    assert re.search(r" 0 +1  INVOKE 9: BAD_PARAMETERS from TRUSTED_APP\n", text)
    assert re.search(r" 0 +2  INVOKE 2 \[inout 120 B -> 120 B\]: SUCCESS\n", text)
    assert "[out 30 B -> 30 B, in 4 B]: SUCCESS\n" in text
    assert f"  OPEN_SESSION {NOBODY}: ITEM_NOT_FOUND from TEE\n" in text
    assert "  OPEN /dev/tee0\n" in text
    assert text.rstrip().splitlines()[-2].startswith("hello_world is 8aaaf200-")


def test_the_end_says_what_the_calls_come_to(trace: Path, show: Show) -> None:
    summary = show().output.split("\n\n")[2].splitlines()
    assert summary[0].split() == ["calls", "errors", "total", "median", "longest", "what"]
    found = {line.split("s  ")[-1]: line.split()[:2] for line in summary[1:]}
    assert found["INVOKE hello_world 0 inc_value"] == ["9", "1"]
    assert found[f"OPEN_SESSION {NOBODY}"] == ["1", "1"]
    data = show("--json").data
    assert sum(one["count"] for one in data["summary"]) == len(data["calls"])
    assert sum(one["total"] for one in data["summary"]) == sum(
        call["took"] for call in data["calls"]
    )
    assert data["errors"] == 3


def test_a_declaration_names_commands_and_results(tmp_path: Path, show: Show) -> None:
    record(tmp_path / "it.trace", use_wallet)
    plain = show().output
    assert "INVOKE 2 [" in plain
    named = show("--client", "tests.support.wallet:Wallet").output
    assert "  OPEN_SESSION Wallet [value in (0, 100)]: SUCCESS\n" in named
    assert "  INVOKE 3 freeze [value in (1, 0)]: SUCCESS\n" in named
    assert re.search(r"  INVOKE 2 transfer \[.*\]: FROZEN from TRUSTED_APP\n", named)
    assert "  INVOKE 2 transfer [" in named
    assert f"Wallet is {FakeWallet.uuid}" in named
    data = show("--json", "--client", "tests.support.wallet:Wallet").data
    assert {call["name"] for call in data["calls"]} >= {"transfer", "freeze"}
    assert data["sessions"][0]["application"] == "Wallet"


def test_filters_leave_calls_and_what_they_come_to(trace: Path, show: Show) -> None:
    every = show("--json").data["calls"]

    def left(*words: str) -> Any:
        data = show("--json", *words).data
        assert sum(one["count"] for one in data["summary"]) == len(data["calls"])
        return data["calls"]

    assert left("--session", "2") == [call for call in every if call["session"] == 2]
    two = left("--session", "2", "--session", "1")
    assert two == [call for call in every if call["session"] in (1, 2)]
    assert left("--application", "HELLO_WORLD") == [c for c in every if c["session"] == 1]
    assert left("--application", str(NOBODY)) == [c for c in every if c["session"] == 3]
    failed = left("--errors")
    assert [call["result"] for call in failed] == ["BUSY", "BAD_PARAMETERS", "ITEM_NOT_FOUND"]
    assert left("--errors", "--application", "hello_world") == failed[:2]
    assert left("--errors", "--session", "2") == []
    shown = show("--errors")
    assert f": 3 of {len(every)} calls, 3 errors" in shown.output
    # Their times are those since the begin of the trace.
    assert rows(shown)[0].split()[0] in [line.split()[0] for line in rows(show())[5:]]


def test_a_filter_that_nothing_can_pass_says_what_there_is(trace: Path, show: Show) -> None:
    ran = show("--session", "9", status=1)
    assert ran.errors.endswith("there is no session 9 in the trace, which has 3\n")
    ran = show("--application", "walet", status=1)
    assert "no session of the trace is with walet; there are: hello_world, " in ran.errors


def test_data_has_everything_of_a_call(trace: Path, show: Show) -> None:
    data = show("--json").data
    recorded = dict(enumerate(lines(trace), 1))
    for call in data["calls"]:
        line = recorded[call["line"]]
        for key in ("call", "thread", "began", "ended", "at", "took"):
            assert call[key] == line[key]
    (busy,) = (call for call in data["calls"] if call["result"] == "BUSY")
    assert busy["failed"]
    assert busy["command"] == 0
    assert busy["name"] == "inc_value"
    assert busy["code"] == 0xFFFF000D
    assert busy["origin"] == "TEE"
    assert busy["parameters"][0]["type"] == "VALUE_INOUT"
    assert busy["parameters"][0]["given"] == [1, 0]
    (fill,) = (call for call in data["calls"] if call["command"] == 3)
    assert fill["parameters"][0] == {
        "type": "MEMREF_OUTPUT",
        "size": 30,
        "returned": 30,
        "null": False,
    }
    assert data["sessions"][2]["id"] is None
    assert (data["payloads"], data["values"]) == (False, True)


def test_contents_are_shown_only_if_they_are_there_and_wanted(
    tmp_path: Path, trace: Path, show: Show
) -> None:
    ran = show("--contents", status=1)
    assert "has no contents of memory: record it with --payloads" in ran.errors
    record(trace, payloads=True)
    ran = show()
    assert ran.errors.count("holds the contents of memory that was shared") == 1
    assert "secret" not in ran.output
    assert "73 65 63 72 65 74" in show("--contents").output
    data = show("--json", "--contents").data
    (xor,) = (call for call in data["calls"] if call["command"] == 2)
    assert bytes.fromhex(xor["parameters"][0]["content"]) == b"secret" * 20
    assert len(bytes.fromhex(xor["parameters"][0]["content_after"])) == 120
    assert '"content"' not in show("--json").output


def test_a_trace_without_values_shows_their_kinds(tmp_path: Path, show: Show) -> None:
    record(tmp_path / "it.trace", values=False)
    assert "INVOKE 0 inc_value [value inout]: SUCCESS" in show().output


def test_a_trace_without_times_shows_their_order(tmp_path: Path, show: Show) -> None:
    record(tmp_path / "it.trace", times=False)
    shown = show()
    assert "seconds" not in shown.output
    assert "median" not in shown.output
    begins = [int(line.split()[0]) for line in rows(shown)]
    assert begins == sorted(begins)
    data = show("--json").data
    assert data["microseconds"] is None
    assert data["calls"][0]["took"] is None
    assert data["summary"][0]["total"] is None


def test_the_traces_of_other_processes_are_named(trace: Path, show: Show) -> None:
    assert "other processes" not in show().output
    for number in range(2, 7):
        trace.with_name(f"it.trace.{number}").write_bytes(trace.read_bytes())
    assert f"other processes have {trace}.2, {trace}.3, {trace}.4 ...\n" in show().output


def test_an_empty_trace_is_shown(tmp_path: Path, show: Show) -> None:
    write(tmp_path / "it.trace")
    assert ": 0 calls, 0 errors, 0 threads\n" in show().output
    assert show("--json").data["calls"] == []
    show("--html", os.devnull)


def test_what_a_cancelled_call_waited_is_told(tmp_path: Path, show: Show) -> None:
    opened = {"call": "OPEN", "in": {"path": "/dev/tee0"}, "out": {"file": 1}}
    open_session = {
        "call": "OPEN_SESSION",
        "in": {"file": 1, "uuid": "0" * 32, "num_params": 0},
        "out": {"session": 7, "ret": 0, "ret_origin": 4},
    }
    invoke = {
        "call": "INVOKE",
        "in": {"file": 1, "session": 7, "func": 5, "num_params": 0},
        "out": {"ret": 0xFFFF0002, "ret_origin": 4},
        "late": 0.25,
    }
    write(tmp_path / "it.trace", opened, open_session, invoke, {**invoke, "errno": "EINTR"})
    text = show().output
    assert "INVOKE 5: CANCEL from TRUSTED_APP, 0.25 s after it was cancelled\n" in text
    assert "INVOKE 5: EINTR, 0.25 s" in text


MALFORMED = {
    "": "is no trace: it is empty",
    "precious\n": "line 1: not a line of a trace",
    "{}\n": "is no trace: its first line is not the header",
    '{"format": "pytee_client trace", "version": 9}\n': "is a trace of version 9",
}


@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.parametrize("form", ["text", "--json", "--html"])
def test_what_is_no_trace_is_status_1(tmp_path: Path, show: Show, text: str, form: str) -> None:
    (tmp_path / "it.trace").write_text(text)
    words = {"text": [], "--json": ["--json"], "--html": ["--html", str(tmp_path / "page")]}
    ran = show(*words[form], status=1)
    assert MALFORMED[text] in ran.errors
    assert ran.errors.count("\n") == 1
    assert not (tmp_path / "page").exists()


def test_files_that_are_not_there_or_not_text_are_status_1(tmp_path: Path, show: Show) -> None:
    assert "can't be read: No such file" in show(status=1).errors
    (tmp_path / "it.trace").mkdir()
    assert "can't be read: Is a directory" in show(status=1).errors
    (tmp_path / "it.trace").rmdir()
    (tmp_path / "it.trace").write_bytes(b"\xff\xfe\x00")
    assert "it is not text" in show(status=1).errors


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 8, ""), (1, 8, "▋"), (8, 8, "█████"), (1, 10**9, "▏"), (4, 8, "██▌"), (0, 0, "")],
)
def test_a_bar_shows_a_part(part: int, whole: int, shown: str) -> None:
    assert bar(part, whole, 5) == shown


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0 µs"),
        (999, "999 µs"),
        (1000, "1.00 ms"),
        (99_950, "100.0 ms"),
        (999_999, "1000 ms"),
        (1_000_000, "1.00 s"),
        (12_345_678, "12.3 s"),
        (2**40, "1099512 s"),
    ],
)
def test_times_are_for_people(microseconds: int, text: str) -> None:
    assert duration(microseconds) == text


def test_lines_of_a_plain_program_fit_on_a_terminal(tmp_path: Path, show: Show) -> None:
    record(tmp_path / "it.trace")
    shown = show("--session", "1").output.splitlines()
    assert all(len(line) <= 100 for line in shown[1:])
    assert json.loads(io.StringIO(show("--json").output).readline())["status"] == 0
