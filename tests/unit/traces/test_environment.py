# SPDX-License-Identifier: BSD-2-Clause
"""Programs that are recorded and replayed because their environment says so."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import pytee_client as tee
from pytee_client.fake.applications import HelloWorld
from pytee_client.traces.environment import REPORTS, VARIABLE, setting_of

from ...support.programs import program
from ...support.waiting import LIMIT

USE = """\
import os, sys, threading
import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import HelloWorld

def use(number, **named):
    with tee.Context(**named) as context, context.open_session(HelloWorld.uuid) as session:
        (value,) = session.invoke_command(0, tee.ValueInOut(number))
        return value.a
"""


class Ran(NamedTuple):
    status: int
    output: str
    errors: str


def run(script: str, variables: dict[str, str], *options: str) -> Ran:
    environment = {**os.environ, "PYTEE_CLIENT_BACKEND": "fake", **variables}
    done = subprocess.run(
        program(USE + script, options=options),
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def recorded(script: str, path: Path, *options: str) -> str:
    """Run a program, have it recorded, and return what it printed."""
    ran = run(script, {VARIABLE: setting_of("record", str(path))}, *options)
    assert (ran.status, ran.errors) == (0, "")
    return ran.output


def replayed(script: str, path: Path, reports: Path | None = None) -> Ran:
    variables = {VARIABLE: setting_of("replay", str(path))}
    if reports is not None:
        reports.mkdir()
        variables[REPORTS] = str(reports)
    return run(script, variables)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def calls(path: Path) -> list[object]:
    return [line["call"] for line in lines(path)[1:]]


def last_report(folder: Path, number: int = 1) -> dict[str, object]:
    report: dict[str, object] = json.loads((folder / str(number)).read_text().splitlines()[-1])
    return report


HELLO = ["OPEN", "VERSION", "OPEN_SESSION", "INVOKE", "CLOSE_SESSION", "CLOSE"]


def test_a_program_is_recorded_and_replayed(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    assert recorded("print(use(5))", path) == "6\n"
    assert calls(path) == HELLO
    header = lines(path)[0]
    assert header["values"] is True
    assert header["payloads"] is False
    assert header["program"] == "-c"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ran = replayed("print(use(5))", path, tmp_path / "reports")
    assert ran == (0, "6\n", "")
    assert last_report(tmp_path / "reports") == {"missing": 0, "first": ""}


def test_no_warning_comes_of_it_though_nobody_closes_the_file(tmp_path: Path) -> None:
    assert recorded("print(use(5))", tmp_path / "trace", "-X", "dev", "-W", "error") == "6\n"


def test_all_contexts_of_a_process_are_in_one_trace_whatever_kernel_they_are_on(
    tmp_path: Path,
) -> None:
    script = """
print(use(1, backend=fake.Kernel()), use(2, device="fake:amdtee"), use(3))
thread = threading.Thread(target=lambda: print(use(4, backend=fake.Kernel("optee@7.2"))))
thread.start()
thread.join()
"""
    path = tmp_path / "trace"
    assert recorded(script, path) == "2 3 4\n5\n"
    assert calls(path) == HELLO * 4
    assert {line["thread"] for line in lines(path)[1:]} == {0, 1}
    assert replayed(script, path, tmp_path / "reports").output == "2 3 4\n5\n"
    assert last_report(tmp_path / "reports") == {"missing": 0, "first": ""}


def test_contexts_that_are_open_at_once_are_told_apart(tmp_path: Path) -> None:
    script = """
with tee.Context() as one, tee.Context(backend=fake.Kernel()) as other:
    with one.open_session(HelloWorld.uuid) as a, other.open_session(HelloWorld.uuid) as b:
        print(*a.invoke_command(0, tee.ValueInOut(1)), *b.invoke_command(0, tee.ValueInOut(7)))
"""
    printed = recorded(script, tmp_path / "trace")
    files = [line["in"]["file"] for line in lines(tmp_path / "trace")[1:] if "file" in line["in"]]  # type: ignore[operator, index]
    assert set(files) == {1, 2}
    assert replayed(script, tmp_path / "trace") == (0, printed, "")


CHILDREN = {
    "programs": """
import subprocess
print(use(1), flush=True)
for number in (2, 3):
    subprocess.run([sys.executable, "-c", f"{HEAD}print(use({number}))"], check=True)
""",
    "forks": """
print(use(1), flush=True)
for number in (2, 3):
    pid = os.fork()
    if not pid:
        print(use(number), flush=True)
        os._exit(0)
    assert not os.waitpid(pid, 0)[1]
""",
    "fork-processes": """
import multiprocessing
print(use(1), flush=True)
for number in (2, 3):
    child = multiprocessing.get_context("fork").Process(target=lambda: print(use(number)))
    child.start()
    child.join()
""",
}


@pytest.mark.parametrize("kind", CHILDREN)
def test_each_process_has_a_trace_of_its_own(tmp_path: Path, kind: str) -> None:
    script = f"HEAD = {f'import sys; sys.path[:] = {sys.path!r}{chr(10)}{USE}'!r}\n"
    script += CHILDREN[kind]
    path = tmp_path / "trace"
    assert recorded(script, path) == "2\n3\n4\n"
    made = [path, tmp_path / "trace.2", tmp_path / "trace.3"]
    assert sorted(tmp_path.iterdir()) == made
    processes = set()
    for number, one in enumerate(made, 1):
        assert calls(one) == HELLO
        assert lines(one)[4]["in"]["params"][0]["a"] == number  # type: ignore[index]
        processes.add(lines(one)[0]["process"])
    assert len(processes) == 3
    ran = replayed(script, path, tmp_path / "reports")
    assert ran == (0, "2\n3\n4\n", "")
    for number in (1, 2, 3):
        assert last_report(tmp_path / "reports", number) == {"missing": 0, "first": ""}


def test_a_child_of_a_fork_leaves_its_parents_trace_and_report_alone(tmp_path: Path) -> None:
    script = """
context = tee.Context()
pid = os.fork()
if not pid:
    context.close()
    sys.exit()
assert not os.waitpid(pid, 0)[1]
print(os.path.getsize(os.environ["PYTEE_CLIENT_TRACE"].partition(":")[2]))
context.close()
"""
    path = tmp_path / "trace"
    recorded(script, path)
    assert calls(path) == ["OPEN", "VERSION", "CLOSE"]
    assert [one.name for one in tmp_path.iterdir()] == ["trace"]
    assert replayed(script, path, tmp_path / "reports").status == 0
    assert len((tmp_path / "reports" / "1").read_text().splitlines()) == 1


def test_a_file_that_exists_is_kept(tmp_path: Path) -> None:
    (tmp_path / "trace").write_text("precious")
    recorded("use(5)", tmp_path / "trace")
    recorded("use(6)", tmp_path / "trace")
    assert (tmp_path / "trace").read_text() == "precious"
    assert calls(tmp_path / "trace.2") == calls(tmp_path / "trace.3") == HELLO


@pytest.mark.parametrize("options", ["", "payloads", "no-values", "payloads,no-values"])
def test_options_say_how_much_is_recorded(tmp_path: Path, options: str) -> None:
    words = ",".join(["record", *options.split(",")]) if options else "record"
    script = "use(5)\n"
    assert run(script, {VARIABLE: f"{words}:{tmp_path}/trace"}, "-W", "error").status == 0
    header = lines(tmp_path / "trace")[0]
    assert header["payloads"] is ("payloads" in options)
    assert header["values"] is ("no-values" not in options)
    assert ('"a": 5' in (tmp_path / "trace").read_text()) is ("no-values" not in options)


def test_a_program_whose_trace_can_not_be_written_works(tmp_path: Path) -> None:
    variables = {VARIABLE: f"record:{tmp_path}/nowhere/trace"}
    ran = run("print(use(5), use(6))", variables)
    assert (ran.status, ran.output) == (0, "6 7\n")
    assert ran.errors.count("RuntimeWarning") == 1
    assert "can't be written, so nothing is recorded" in ran.errors
    assert run("print(use(5))", variables, "-W", "error").output == "6\n"


def test_a_program_whose_trace_ends_early_works(tmp_path: Path) -> None:
    script = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
print(use(5))
size = os.path.getsize(os.environ["PYTEE_CLIENT_TRACE"].partition(":")[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
print(use(6), use(7))
"""
    ran = run(script, {VARIABLE: f"record:{tmp_path}/trace"})
    assert (ran.status, ran.output) == (0, "6\n7 8\n")
    assert ran.errors.count("RuntimeWarning") == 1
    assert "ends here: [Errno 27] File too large" in ran.errors
    assert calls(tmp_path / "trace") == HELLO


WRONG = {
    "hello.trace": "is not of the form record:FILE",
    "record": "must name its file by an absolute path",
    "record:": "must name its file by an absolute path",
    "record:hello.trace": "must name its file by an absolute path",
    "record,everything:/tmp/x": "is not of the form",
    "replay,payloads:/tmp/x": "is not of the form",
    "play:/tmp/x": "is not of the form",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_variable_that_makes_no_sense_is_an_error_that_shows_it(text: str) -> None:
    ran = run('use(1, device="fake:")', {VARIABLE: text})
    assert ran.status == 1
    assert f"ValueError: PYTEE_CLIENT_TRACE={text!r} {WRONG[text]}" in ran.errors


def test_what_is_replayed_needs_no_tee_of_the_names_that_it_opens(tmp_path: Path) -> None:
    script = "print(use(5, device={device!r}, backend={backend!r}))"
    recorded(script.format(device="/dev/tee0", backend="fake"), tmp_path / "trace")
    for device, backend in (
        ("/dev/tee0", "linux"),
        (None, "linux"),
        (None, None),
        ("fake:amdtee", None),
    ):
        ran = replayed(script.format(device=device, backend=backend), tmp_path / "trace")
        assert ran == (0, "6\n", "")


def test_who_leaves_the_trace_is_told_and_reported_even_if_it_does_not_care(
    tmp_path: Path,
) -> None:
    recorded("use(5)", tmp_path / "trace")
    script = "try: use(6)\nexcept AssertionError as error: print(error)\n"
    ran = replayed(script, tmp_path / "trace", tmp_path / "reports")
    assert ran.status == 0
    assert "params[0].a was 5, and now is 6" in ran.output
    assert last_report(tmp_path / "reports") == {"deviation": ran.output.strip()}


def test_who_makes_fewer_calls_reports_how_many_are_left(tmp_path: Path) -> None:
    recorded("use(5)", tmp_path / "trace")
    assert replayed("tee.Context().close()", tmp_path / "trace", tmp_path / "reports").status == 1
    report = last_report(tmp_path / "reports")
    assert "CLOSE(file=1)" in str(report["deviation"])
    assert replayed("", tmp_path / "trace", tmp_path / "unused").status == 0
    assert not list((tmp_path / "unused").iterdir())
    recorded("use(5); use(6)", tmp_path / "longer")
    assert replayed("use(5)", tmp_path / "longer", tmp_path / "fewer").status == 0
    report = last_report(tmp_path / "fewer")
    assert report["missing"] == len(HELLO)
    assert "line 8: the program ended before OPEN(path=/dev/tee0)" in str(report["first"])


def test_what_is_closed_after_the_end_of_a_program_is_not_left(tmp_path: Path) -> None:
    script = "kept = tee.Context(), [1]\nkept[1].append(kept)\n"
    path = tmp_path / "trace"
    ran = run(script, {VARIABLE: setting_of("record", str(path))})
    assert ran.status == 0
    assert replayed(script, path, tmp_path / "reports").status == 0
    assert last_report(tmp_path / "reports")["missing"] == 0


def test_a_process_that_is_not_in_the_trace_is_told(tmp_path: Path) -> None:
    recorded("use(1)", tmp_path / "trace")
    script = """
use(1)
pid = os.fork()
if not pid:
    try:
        use(2)
    except AssertionError as error:
        print(error, flush=True)
    os._exit(0)
assert not os.waitpid(pid, 0)[1]
"""
    ran = replayed(script, tmp_path / "trace", tmp_path / "reports")
    assert ran.status == 0
    assert "is the trace of 1 process that used a TEE, and this is one more" in ran.output
    assert last_report(tmp_path / "reports", 2) == {"deviation": ran.output.strip()}


SECURE = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/auxv.h>

unsigned long getauxval(unsigned long type)
{
	unsigned long (*real)(unsigned long) = dlsym(RTLD_NEXT, "getauxval");

	return type == AT_SECURE ? 1 : real(type);
}
"""


@pytest.fixture
def secure(tmp_path: Path) -> dict[str, str]:
    """The environment of a process whom Linux started with more rights than its parent had."""
    source, library = tmp_path / "secure.c", tmp_path / "secure.so"
    source.write_text(SECURE)
    command = ["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(library), str(source)]
    subprocess.run(command, check=True, timeout=LIMIT)
    return {"LD_PRELOAD": str(library)}


def test_a_process_with_more_rights_than_its_parent_does_not_trust_its_environment(
    tmp_path: Path, secure: dict[str, str]
) -> None:
    variables = {VARIABLE: f"record:{tmp_path}/trace"}
    assert run('print(use(5, device="fake:"))', {**secure, **variables}).output == "6\n"
    assert not (tmp_path / "trace").exists()
    assert run('print(use(5, device="fake:"))', variables).output == "6\n"
    assert (tmp_path / "trace").exists()
    chosen = {"PYTEE_CLIENT_BACKEND": "/dev/tee15"}
    script = """
try:
    tee.Context(backend=None).close()
    print("opened")
except tee.TeecError as error:
    print(error)
"""
    assert "/dev/tee15" in run(script, chosen).output
    assert "/dev/tee15" not in run(script, {**secure, **chosen}).output


def test_a_session_that_the_environment_has_recorded_costs_nothing_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with tee.Context("fake:") as context, context.open_session(HelloWorld.uuid) as session:
        assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)
    script = "assert not [name for name in sys.modules if 'client.traces' in name]\n"
    assert run(f"use(1)\n{script}", {}).status == 0
