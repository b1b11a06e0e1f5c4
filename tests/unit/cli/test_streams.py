# SPDX-License-Identifier: BSD-2-Clause
"""What a command line does if its standard streams are closed, full, or read by nobody."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytee_client.cli import main

from ...support.command_lines import ran

FAKE = ("--tee", "fake:optee")
WORKS = ("invoke", "hello_world", "0", "value-inout:41", *FAKE)
FAILS = ("invoke", "hello_world", "7", *FAKE)
RAW = ("invoke", "random", "0", "out:16:-", *FAKE)
NO_PLACE = "the standard output can't be written: No space left on device\n"
NOT_THERE = "the standard output can't be written: Bad file descriptor\n"
BROKEN = 128 + signal.SIGPIPE


class Done(NamedTuple):
    status: int
    output: str
    errors: str


def run(redirections: str, *words: str, **variables: str) -> Done:
    """Run a command line in a shell, with redirections."""
    # Python has other streams with it.
    environment = {name: one for name, one in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = shlex.join([sys.executable, "-m", "pytee_client", *words])
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} {redirections}"],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "words", [WORKS, (*WORKS, "--json"), RAW, ("--help",), ("invoke", "--help"), ("trace", "-h")]
)
@pytest.mark.parametrize(("where", "told"), [(">/dev/full", NO_PLACE), (">&-", NOT_THERE)])
def test_an_output_that_can_not_be_written_is_one_line_and_status_1(
    words: tuple[str, ...], where: str, told: str, unbuffered: str
) -> None:
    done = run(where, *words, PYTHONUNBUFFERED=unbuffered)
    assert done.status == 1
    assert done.errors.endswith(f"error: {told}")
    assert done.errors.count("\n") == 1


@pytest.mark.parametrize("words", [WORKS, (*WORKS, "--json"), RAW, ("--help",), ("doctor", "-h")])
def test_a_reader_of_the_output_that_has_left_is_no_fault(words: tuple[str, ...]) -> None:
    # The reader is gone before anything is written.
    done = run("| exec true", *words)
    assert done.errors == ""
    assert done.status in (0, BROKEN)


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_json_is_complete_and_alone_if_nobody_can_read_the_errors(where: str) -> None:
    done = run(where, *FAILS, "--json")
    data = json.loads(done.output)
    assert done.output.count("\n") == 1
    assert data["status"] == done.status == 4
    assert data["error"]["result"] == "BAD_PARAMETERS"


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize(
    ("words", "status"), [(WORKS, 0), (FAILS, 4), (("nothing",), 2), (("probe",), 2)]
)
def test_the_status_says_what_happened_if_nobody_can_read_the_errors(
    words: tuple[str, ...], status: int, where: str
) -> None:
    done = run(where, *words)
    assert done.status == status
    assert done.output == ("parameter 0: 42, 0 (0x2a, 0x0)\n" if status == 0 else "")


@pytest.mark.parametrize("words", [("invoke", "hello_world", "0", "in:-"), ("generate", "-")])
def test_a_closed_input_is_wrong_input(words: tuple[str, ...]) -> None:
    done = run("<&-", *words, "--json")
    assert done.status == json.loads(done.output)["status"] == 1
    assert done.errors.endswith("the standard input can't be read: Bad file descriptor\n")
    assert done.errors.count("\n") == 1


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_file_does_not_become_a_standard_stream_that_is_closed(
    closed: str, tmp_path: Path
) -> None:
    trace = tmp_path / "made.trace"
    # What is said of an error, and what is printed, would be in the trace.
    run(closed, *FAILS, "--trace", str(trace))
    lines = trace.read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert len(lines) > 3


def test_an_interrupt_of_what_a_verb_loads_has_the_status_of_an_interrupt(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("pytee_client.cli._main.import_module", interrupted)
    assert main(["probe", "hello_world"]) == 128 + signal.SIGINT
    assert capsys.readouterr().err == ""


FAULTY = """\
from pytee_client import ta

class Faulty(ta.Client, uuid="8aaaf200-2450-11e4-abe2-0002a5d5c51b"):
    inc_value = ta.command(0, returns=ta.U32)

    def __init__(self, *given, **options):
        raise ZeroDivisionError("of the user's")
"""


def test_a_fault_of_the_users_code_has_its_place_and_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "faulty_client.py").write_text(FAULTY)
    monkeypatch.syspath_prepend(tmp_path)
    done = ran(capsys, "invoke", *FAKE, "--client", "faulty_client:Faulty", "inc_value", "--json")
    assert done.data["status"] == 1
    assert done.data["error"]["class"] == "ZeroDivisionError"
    assert "faulty_client.py" in done.errors
    assert done.errors.endswith("error: ZeroDivisionError: of the user's\n")


@pytest.mark.parametrize("verb", [WORKS, ("doctor",), ("devices",), ("probe", "random")])
@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("junk", "PYTEE_CLIENT_TRACE='junk' is not of the form"),
        ("record:here", "must name its file by an absolute path"),
        ("replay:/nothing/there", "/nothing/there can't be replayed: No such file or directory"),
        ("replay:/dev/null", "/dev/null is no trace: it is empty"),
    ],
)
def test_a_wrong_setting_of_traces_is_one_line(
    verb: tuple[str, ...], setting: str, told: str
) -> None:
    done = run("", *verb, "--json", PYTEE_CLIENT_TRACE=setting)
    assert done.status == json.loads(done.output)["status"] == 1
    assert told in done.errors
    assert done.errors.count("\n") == 1
