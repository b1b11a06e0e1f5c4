# SPDX-License-Identifier: BSD-2-Clause
"""pytee trace: what a program asks of a TEE is recorded, shown, and replayed without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ...support.command_lines import Ran, ran, words_for
from ...support.programs import program
from ...support.targets import Target

# No command line names a device without a capability.
pytestmark = pytest.mark.once

# It says which devices it has open: none in a replay.
HELLO = f"""\
import os, sys
from uuid import UUID
import pytee_client as tee

HELLO_WORLD, CONFORMANCE = UUID("{Target.HELLO_WORLD}"), UUID("{Target.CONFORMANCE}")

def devices():
    links = [f"/proc/self/fd/{{name}}" for name in os.listdir("/proc/self/fd")]
    return sorted({{os.readlink(link) for link in links if os.path.islink(link)}} & DEVICES)

DEVICES = {{f"/dev/tee{{number}}" for number in range(16)}}
"""
USE = """
with tee.Context() as context, context.open_session(HELLO_WORLD) as session:
    for number in range(3):
        (value,) = session.invoke_command(0, tee.ValueInOut(number))
        print(value.a)
    try:
        session.invoke_command(77)
    except tee.TeecError as error:
        print(error.code, error.origin)
    print("open:", devices(), file=sys.stderr)
"""
FILL = 3
MEMORY = f"""
with tee.Context() as context, context.open_session(CONFORMANCE) as session:
    print(bytes(session.invoke_command({FILL}, tee.MemrefTempOutput(30))[0]).hex())
"""
Trace = Callable[..., Ran]


@pytest.fixture
def trace(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Trace:
    """Run the verb in the folder of the test. What programs print is captured, too."""
    monkeypatch.chdir(tmp_path)

    def run(action: str, *words: str, status: int = 0) -> Ran:
        done = ran(capfd, "trace", action, *words)
        assert done.status == status, done
        return done

    return run


def record(trace: Trace, target: Target, script: str, *words: str, **named: Any) -> Ran:
    options = (*words_for(target), "-o", "it.trace", *words)
    return trace("record", *options, "--", *program(HELLO + script), **named)


def test_a_program_is_recorded_and_replayed_without_its_device(
    target: Target, trace: Trace
) -> None:
    recorded = record(trace, target, USE)
    assert recorded.output.splitlines()[:3] == ["1", "2", "3"]
    assert (f"open: ['{target.device}']" in recorded.errors) is target.is_real
    assert "it.trace: " in recorded.errors
    replayed = trace("replay", "it.trace", "--complete", "--", *program(HELLO + USE))
    assert replayed.output == recorded.output
    assert "open: []" in replayed.errors


def test_what_answers_in_a_replay_is_the_trace(
    target: Target, trace: Trace, tmp_path: Path
) -> None:
    record(trace, target, USE)
    path = tmp_path / "it.trace"
    path.write_text(path.read_text().replace('"a": 3,', '"a": 333,'))
    replayed = trace("replay", "it.trace", "--", *program(HELLO + USE))
    assert replayed.output.splitlines()[:3] == ["1", "2", "333"]


def test_the_contents_of_memory_are_replayed_if_they_were_recorded(
    target: Target, trace: Trace
) -> None:
    plain = record(trace, target, MEMORY)
    assert trace("replay", "it.trace", "--", *program(HELLO + MEMORY)).output == "00" * 30 + "\n"
    recorded = record(trace, target, MEMORY, "--payloads")
    assert recorded.output == plain.output
    replayed = trace("replay", "it.trace", "--", *program(HELLO + MEMORY))
    assert replayed.output == plain.output
    shown = trace("show", "it.trace", "--contents", "--json").data
    (fill,) = (call for call in shown["calls"] if call["command"] == FILL)
    assert fill["parameters"][0]["content_after"] == plain.output.strip()


def test_a_program_that_does_something_else_is_status_5(target: Target, trace: Trace) -> None:
    record(trace, target, USE)
    other = USE.replace("range(3)", "range(2)")
    done = trace("replay", "it.trace", "--", *program(HELLO + other), status=5)
    assert "INVOKE differs" in done.errors
    done = trace("replay", "it.trace", "--complete", "--", *program(HELLO), status=5)
    assert "no process has replayed" in done.errors


def test_what_was_recorded_is_shown(target: Target, trace: Trace, tmp_path: Path) -> None:
    record(trace, target, USE)
    text = trace("show", "it.trace").output
    assert f"OPEN {target.device}\n" in text
    assert "OPEN_SESSION hello_world: SUCCESS\n" in text
    assert text.count("INVOKE 0 inc_value [value inout (") == 3
    data = trace("show", "it.trace", "--json").data
    lines = [json.loads(line) for line in (tmp_path / "it.trace").read_text().splitlines()]
    assert len(data["calls"]) == len(lines) - 1
    (session,) = data["sessions"]
    assert session["uuid"] == str(Target.HELLO_WORLD)
    assert session["device"] == target.device
    invoked = [call for call in data["calls"] if call["call"] == "INVOKE"]
    assert [call["result"] for call in invoked] == ["SUCCESS"] * 3 + [invoked[3]["result"]]
    assert invoked[3]["failed"]
    assert all(call["took"] > 0 for call in invoked)
    assert sum(call["took"] for call in data["calls"]) <= data["microseconds"]
    failed = trace("show", "it.trace", "--errors", "--json").data["calls"]
    assert failed == [call for call in data["calls"] if call["failed"]]
    trace("show", "it.trace", "--html", "it.html")
    page = (tmp_path / "it.html").read_text()
    assert page.count("<tr id=") == len(data["calls"])


def test_children_have_traces_of_their_own(target: Target, trace: Trace) -> None:
    script = f"{USE}\nsys.stdout.flush()\nif not os.fork():\n" + "".join(
        f"    {line}\n" for line in USE.splitlines()
    )
    script += "    sys.stdout.flush()\n    os._exit(4)\nassert os.wait()[1] == 4 << 8\n"
    recorded = record(trace, target, script)
    done = trace("replay", "it.trace", "--complete", "--json", "--", *program(HELLO + script))
    assert [one["file"] for one in done.data["traces"]] == ["it.trace", "it.trace.2"]
    assert recorded.output.count("3\n") == done.errors.count("3\n") == 2


def test_the_status_of_a_recorded_program_is_its_own(target: Target, trace: Trace) -> None:
    record(trace, target, f"{USE}\nsys.exit(42)", status=42)
    script = f"{USE}\nos.kill(os.getpid(), 15)"
    record(trace, target, script, status=128 + 15)
    trace("replay", "it.trace", "--", *program(HELLO + script), status=128 + 15)
