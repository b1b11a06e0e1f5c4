# SPDX-License-Identifier: BSD-2-Clause
"""pytee trace record and replay: the program that is run, its status, and what is said of it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ....support.command_lines import Ran
from ....support.programs import program
from ....support.waiting import LIMIT, wait_until

USE = """\
import os, signal, sys, time
import pytee_client as tee
from pytee_client.fake.applications import HelloWorld

def use(number, **named):
    with tee.Context(**named) as context, context.open_session(HelloWorld.uuid) as session:
        (value,) = session.invoke_command(0, tee.ValueInOut(number))
        return value.a
"""
CALLS = 6
Environment = dict[str, str]


def command(*words: str) -> list[str]:
    script = "from pytee_client.cli import main; sys.argv[0] = 'pytee'; sys.exit(main())"
    return program(script, "trace", *words)


def pytee(folder: Path, *words: str, status: int | None = 0) -> Ran:
    done = subprocess.run(
        command(*words), cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert status is None or ran.status == status, ran
    return ran


def record(folder: Path, script: str, *words: str, status: int = 0) -> Ran:
    options = ("record", "--tee", "fake:optee", "-o", "it.trace", *words)
    return pytee(folder, *options, "--", *program(USE + script), status=status)


def replay(folder: Path, script: str, *words: str, status: int = 0) -> Ran:
    return pytee(folder, "replay", "it.trace", *words, "--", *program(USE + script), status=status)


def test_a_program_is_recorded_and_then_replayed(tmp_path: Path) -> None:
    ran = record(tmp_path, "print(use(5))")
    assert ran.output == "6\n"
    assert ran.errors.startswith(f"it.trace: {CALLS} calls, 0 errors, of -c (process ")
    assert ran.errors.count("\n") == 1
    assert stat.S_IMODE((tmp_path / "it.trace").stat().st_mode) == 0o600
    ran = replay(tmp_path, "print(use(5))", "--complete")
    assert ran == (0, "6\n", f"it.trace: replayed, {CALLS} calls, and none was left\n")


def test_the_tee_can_be_chosen_for_programs_that_do_not(tmp_path: Path) -> None:
    script = "with tee.Context() as it: print(it.version.implementation_id.name)"
    words = ("record", "--tee", "fake:amdtee", "--", *program(USE + script))
    assert pytee(tmp_path, *words).output == "AMDTEE\n"
    assert (tmp_path / "pytee.trace").exists()
    ran = pytee(tmp_path, "record", "--tee", "/dev/tee15", "--", *program(USE + script), status=1)
    assert "/dev/tee15" in ran.errors
    for wrong in ("fake:nothing", "tee0"):
        ran = pytee(tmp_path, "record", "--tee", wrong, "--", "true", status=1)
        assert ran.errors.startswith("pytee trace: error: --tee")


STATUSES = {
    "sys.exit(7)": 7,
    "os._exit(3)": 3,
    "raise ValueError": 1,
    "os.kill(os.getpid(), signal.SIGTERM)": 128 + signal.SIGTERM,
    "os.kill(os.getpid(), signal.SIGKILL)": 128 + signal.SIGKILL,
}


@pytest.mark.parametrize("end", STATUSES)
def test_the_status_is_the_programs(tmp_path: Path, end: str) -> None:
    ran = record(tmp_path, f"use(5)\n{end}\n", status=STATUSES[end])
    assert f"it.trace: {CALLS} calls" in ran.errors
    replay(tmp_path, f"use(5)\n{end}\n", status=STATUSES[end])


@pytest.mark.parametrize("verb", [["record"], ["replay", "it.trace"]], ids=str)
def test_a_program_that_can_not_be_run_has_the_status_that_shells_have_for_it(
    tmp_path: Path, verb: list[str]
) -> None:
    record(tmp_path, "use(5)")
    (tmp_path / "hello.py").write_text("print(1)")
    for name, status, text in (
        ("nothing", 127, "there is no program nothing"),
        ("./hello.py", 126, "./hello.py can't be run: Permission denied: run it with python"),
        (str(tmp_path), 126, "can't be run: Permission denied"),
    ):
        ran = pytee(tmp_path, *verb, "--", name, status=status)
        assert ran.errors.startswith("pytee trace: error: ")
        assert text in ran.errors
        ran = pytee(tmp_path, *verb, "--json", "--", name, status=status)
        data = json.loads(ran.output)
        assert data["status"] == status
        assert text in data["error"]["message"]


def test_a_command_line_without_a_program_is_wrong(tmp_path: Path) -> None:
    ran = pytee(tmp_path, "record", "-o", "it.trace", status=2)
    assert ran.errors == (
        "pytee trace: error: there is no program to record: give it after --, as in -- python"
        " hello.py\n"
    )
    assert pytee(tmp_path, "record", "python", status=2).output == ""
    assert pytee(tmp_path, "replay", status=2).output == ""
    assert pytee(tmp_path, status=2).output == ""


def test_options_may_stand_anywhere_and_those_of_the_program_are_its_own(tmp_path: Path) -> None:
    script = program("print(sys.argv[1:])", "--json", "-o", "x", "--", "--help")
    ran = pytee(tmp_path, "--json", "record", "-o", "it.trace", "--", *script)
    assert ran.errors == "['--json', '-o', 'x', '--', '--help']\n"
    assert json.loads(ran.output) == {"status": 0, "command": script, "calls": 0, "traces": []}


def test_a_program_that_opens_no_tee_is_told(tmp_path: Path) -> None:
    record(tmp_path, "use(5)")
    ran = record(tmp_path, "")
    assert "has not opened a TEE with pytee_client, so there is no trace" in ran.errors
    assert not (tmp_path / "it.trace").exists()


def test_json_says_what_was_recorded_and_replayed(tmp_path: Path) -> None:
    ran = record(
        tmp_path,
        "print(use(5), flush=True)\ntry: use(6, device='/dev/tee7')\nfinally: 1",
        "--json",
        status=1,
    )
    data = json.loads(ran.output)
    assert ran.errors.startswith("6\n")
    (trace,) = data.pop("traces")
    assert data.pop("command")[0] == sys.executable
    assert data == {"status": 1, "calls": CALLS + 1}
    assert trace.pop("process") > 0
    assert trace == {"file": "it.trace", "program": "-c", "calls": CALLS + 1, "errors": 1}
    ran = replay(tmp_path, "print(use(5))", "--json")
    data = json.loads(ran.output)
    del data["command"]
    assert data == {
        "status": 0,
        "program_status": 0,
        "differs": False,
        "complete": False,
        "traces": [
            {
                "file": "it.trace",
                "calls": CALLS + 1,
                "used": True,
                "difference": None,
                "missing": 1,
                "first_missing": f"{tmp_path}/it.trace, line 8: the program ended before"
                " OPEN(path=/dev/tee7)",
            }
        ],
    }


def test_a_difference_is_status_5_even_if_the_program_does_not_care(tmp_path: Path) -> None:
    record(tmp_path, "use(5)")
    script = "try: use(6)\nexcept AssertionError: pass"
    ran = replay(tmp_path, script, status=5)
    assert "line 5: INVOKE differs: params[0].a was 5, and now is 6" in ran.errors
    data = json.loads(replay(tmp_path, script, "--json", status=5).output)
    assert (data["program_status"], data["differs"]) == (0, True)
    assert "INVOKE differs" in data["traces"][0]["difference"]


def test_what_was_not_made_is_told_and_is_status_5_if_everything_must_be(tmp_path: Path) -> None:
    record(tmp_path, "use(5); use(6)")
    ran = replay(tmp_path, "use(5)")
    assert "line 8: the program ended before OPEN(path=/dev/tee0); 6 of 12 calls" in ran.errors
    replay(tmp_path, "use(5)", "--complete", status=5)
    ran = replay(tmp_path, "", "--complete", status=5)
    assert ran.errors == "it.trace: no process has replayed its 12 calls\n"
    ran = replay(tmp_path, "use(5); os.kill(os.getpid(), 9)", "--complete", status=5)
    assert "was killed, or left by os._exit(), before it could say" in ran.errors


def test_what_answers_is_the_trace(tmp_path: Path) -> None:
    record(tmp_path, "print(use(5))")
    path = tmp_path / "it.trace"
    path.write_text(path.read_text().replace('"a": 6', '"a": 77'))
    assert replay(tmp_path, "print(use(5, backend='linux'))").output == "77\n"


def test_a_trace_can_be_checked_without_a_program(tmp_path: Path) -> None:
    record(tmp_path, "use(5)\nif not os.fork(): use(6); os._exit(0)\nos.wait()")
    ran = pytee(tmp_path, "replay", "it.trace")
    assert ran.output == f"it.trace: {CALLS} calls to replay\nit.trace.2: {CALLS} calls to replay\n"
    ran = pytee(tmp_path, "replay", "it.trace", "--json")
    assert json.loads(ran.output)["traces"][1] == {"file": "it.trace.2", "calls": CALLS}
    (tmp_path / "it.trace.2").write_text("{}")
    ran = pytee(tmp_path, "replay", "it.trace", "--", "true", status=1)
    assert ran.errors.startswith("pytee trace: error: it.trace.2 is no trace")


def test_an_earlier_recording_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    record(tmp_path, "use(5)\nif not os.fork(): use(6); os._exit(0)\nos.wait()")
    assert sorted(os.listdir(tmp_path)) == ["it.trace", "it.trace.2"]
    record(tmp_path, "use(5)")
    assert os.listdir(tmp_path) == ["it.trace"]
    (tmp_path / "it.trace").write_text("precious")
    ran = record(tmp_path, "use(5)", status=1)
    assert ran.errors == (
        "pytee trace: error: it.trace is no trace, and is not overwritten: name another --output\n"
    )
    assert (tmp_path / "it.trace").read_text() == "precious"
    os.replace(tmp_path / "it.trace", tmp_path / "it.trace.2")
    ran = record(tmp_path, "use(5)", status=1)
    assert ran.errors.startswith("pytee trace: error: it.trace.2 is no trace")
    assert os.listdir(tmp_path) == ["it.trace.2"]
    (tmp_path / "it.trace.2").unlink()
    (tmp_path / "it.trace").touch()
    record(tmp_path, "use(5)")


@pytest.mark.parametrize("place", ["nowhere/it.trace", ".", "/proc/it.trace"])
def test_a_trace_that_can_not_be_written_is_told_before_the_program_runs(
    tmp_path: Path, place: str
) -> None:
    ran = pytee(tmp_path, "record", "-o", place, "--", "touch", "ran", status=1)
    assert ran.errors.startswith(f"pytee trace: error: {place} ")
    assert not (tmp_path / "ran").exists()


def test_contents_are_recorded_on_demand_with_a_warning_each_time(tmp_path: Path) -> None:
    script = """
from pytee_client.fake.applications import Conformance
from pytee_client.fake.applications.conformance import Command
with tee.Context() as context, context.open_session(Conformance.uuid) as session:
    print(bytes(session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(9))[0]).hex())
"""
    plain = record(tmp_path, script)
    assert replay(tmp_path, script).output == "00" * 9 + "\n"
    ran = record(tmp_path, script, "--payloads", "--no-values")
    assert ran.output == plain.output != "00" * 9 + "\n"
    assert ran.errors.count("warning: it.trace will hold the contents") == 1
    header = json.loads((tmp_path / "it.trace").read_text().splitlines()[0])
    assert (header["payloads"], header["values"]) == (True, False)
    again = replay(tmp_path, script)
    assert again.output == ran.output
    assert again.errors.count("warning: it.trace holds the contents of memory") == 1


WAIT = "use(5)\nopen('ready', 'w').close()\nwhile True: time.sleep(LIMIT)\n"


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_passed_on_to_the_program(tmp_path: Path, sent: signal.Signals) -> None:
    handler = f"signal.signal({sent.value}, lambda *_: sys.exit(9))\nLIMIT = {LIMIT}\n"
    words = command("record", "--tee", "fake:optee", "--", *program(USE + handler + WAIT))
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        wait_until((tmp_path / "ready").exists)
        running.send_signal(sent)
        _, errors = running.communicate(timeout=LIMIT)
    assert running.returncode == 9
    assert f"pytee.trace: {CALLS} calls" in errors


def test_ctrl_c_ends_the_program_and_not_the_recording_of_it(tmp_path: Path) -> None:
    words = command(
        "record", "--tee", "fake:optee", "--", *program(f"{USE}LIMIT = {LIMIT}\n{WAIT}")
    )
    with subprocess.Popen(
        words, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        wait_until((tmp_path / "ready").exists)
        # As a terminal does it.
        os.killpg(running.pid, signal.SIGINT)
        _, errors = running.communicate(timeout=LIMIT)
    assert running.returncode == 128 + signal.SIGINT
    assert "KeyboardInterrupt" in errors
    assert f"pytee.trace: {CALLS} calls" in errors


def test_tests_are_recorded_and_replayed(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(f"{USE}\ndef test_it():\n    assert use(5) == 6\n")
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = ["--", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    for verb in (["record", "--tee", "fake:optee", "-o", "it.trace"], ["replay", "it.trace"]):
        done = subprocess.run(
            command(*verb, *words),
            cwd=tmp_path,
            env=path,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 0, done
        assert "1 passed" in done.stdout
        assert f"{CALLS} calls" in done.stderr
