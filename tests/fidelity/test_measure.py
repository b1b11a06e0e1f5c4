# SPDX-License-Identifier: BSD-2-Clause
"""The measure itself: that it finds what differs, with a fake kernel in the machine's place."""

from __future__ import annotations

import contextlib
import io
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pytee_client.enums import Origin, Result
from pytee_client.fake import Kernel, LinuxRelease

from ..machines.job import Job
from ..machines.optee import fidelity
from ..machines.optee.machine import MACHINE_FAILED, Outcome
from . import __main__ as command_line
from . import record
from .columns import SUPPLICANT_ROWS
from .interpreter import Ground, Transcript, run
from .measure import Measure
from .process import Outcome as StepOutcome
from .program import Program
from .vectors import VECTORS

SEED, PROGRAMS = 30, 25


@dataclass
class Machine:
    """Runs the jobs of the measure here, on a fake kernel of a profile.

    Attributes:
        folder: for the files of the jobs.
        profile: which kernel.
        release: which release of Linux it is.
        status: what the first job ends with, after its programs.
        jobs: those that were run.
    """

    folder: Path
    profile: str = "optee"
    release: LinuxRelease = field(default_factory=LinuxRelease.default)
    status: int = 0
    jobs: list[Job] = field(default_factory=list)

    def run(self, job: Job) -> Outcome:
        self.jobs.append(job)
        console = io.StringIO()
        status = kept = 0
        for place in self.folder.iterdir():
            place.unlink()
        with contextlib.redirect_stdout(console):
            for line in job.script.splitlines():
                command, _, otherwise = line.partition("||")
                words = shlex.split(command)
                if words[:3] == ["python3", "-m", "tests.fidelity"] and not status:
                    status = command_line.main([self._here(word) for word in words[3:]])
                    if otherwise.strip() == "status=$?":
                        kept, status = status or kept, 0
        status = status or kept
        print(console.getvalue(), end="")
        log = self.folder / "console"
        log.write_text(console.getvalue())
        files = {name: self.folder / Path(name).name for name in job.wanted}
        sent = {name: place.read_bytes() for name, place in files.items() if place.exists()}
        status = status or (self.status if len(self.jobs) == 1 else 0)
        return Outcome(status, "", sent, log, log)

    def _here(self, word: str) -> str:
        return str(self.folder / Path(word).name) if word.startswith("/tmp/") else word


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)

    def kernel() -> Kernel:
        return Kernel(machine.profile, release=machine.release)

    monkeypatch.setattr(command_line, "LinuxKernel", kernel)
    return machine


def fail_from(
    monkeypatch: pytest.MonkeyPatch, call: int, failure: Callable[[Transcript], Transcript]
) -> None:
    """Have a program come to something else, by the number of the call that runs it."""
    calls = iter(range(1, 10_000))

    def run_or_fail(ground: Ground, program: Program) -> Transcript:
        transcript = run(ground, program)
        return failure(transcript) if next(calls) == call else transcript

    monkeypatch.setattr(record, "run", run_or_fail)


def test_equal_kernels_do_not_differ(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert fidelity.measure(machine.run, SEED, PROGRAMS) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    vectors = len(VECTORS) + len(SUPPLICANT_ROWS)
    assert last.startswith(f"fidelity: {vectors} vectors, {PROGRAMS} programs, ")
    assert last.endswith(" steps, 0 differences")
    assert len(machine.jobs) == 1


@pytest.mark.parametrize("name", ["6.12.43", "7.2"])
def test_the_fake_is_of_the_release_that_the_machine_has(
    machine: Machine, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.release = LinuxRelease.named(name)
    assert fidelity.measure(machine.run, SEED, PROGRAMS) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1].endswith(" 0 differences")
    assert "\nLinux " not in out


def test_a_backport_is_one_line_and_no_difference(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    oldest = LinuxRelease.named("6.12.43")
    machine.release = replace(oldest, version="6.12.50", rejects_empty_allocations=True)
    assert fidelity.measure(machine.run, SEED, PROGRAMS) == 0
    lines = capsys.readouterr().out.splitlines()
    about = [line for line in lines if line.startswith("Linux ")]
    assert about == ["Linux 6.12.50 rejects_empty_allocations, known since 6.12.113"]
    assert lines[-1].endswith(" 0 differences")


def test_a_release_that_the_fake_can_not_be_is_not_compared(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.release = replace(LinuxRelease.default(), max_argument_size=512)
    assert fidelity.measure(machine.run, SEED, PROGRAMS) == 1
    assert "max_argument_size is 512" in (last := capsys.readouterr().out.splitlines()[-1])
    assert "--adopt" in last


def test_kernels_that_are_not_equal_differ_and_the_shortest_program_is_shown(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.profile = "optee-no-reg-mem"
    assert fidelity.measure(machine.run, SEED, PROGRAMS) == 1
    lines = capsys.readouterr().out.splitlines()
    assert not lines[-1].endswith(" 0 differences")
    assert any(line.startswith(f"seed {SEED}, program ") for line in lines)
    assert any(line.startswith(f"seed {SEED}, teepriv, program ") for line in lines)
    assert any(line.startswith("vector 'registering'") for line in lines)
    assert any(line.startswith("* ") for line in lines)


def test_a_difference_that_does_not_come_again_is_shown_as_it_was(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = StepOutcome("EIO")
    number = 3
    fail_from(monkeypatch, len(VECTORS) + number + 1, lambda found: {**found, "s0": wrong})
    assert fidelity.measure(machine.run, SEED, PROGRAMS) == 1
    out = capsys.readouterr().out
    assert f"seed {SEED}, program {number}, as it was recorded:\n* s0 = " in out
    assert "1 differences" in out.splitlines()[-1]


def test_a_tee_without_memory_is_started_anew(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exhausted = StepOutcome(0, (Result.OUT_OF_MEMORY, Origin.TEE))
    fail_from(monkeypatch, len(VECTORS) + 10, lambda found: {**found, "s0": exhausted})
    assert fidelity.measure(machine.run, SEED, PROGRAMS) == 0
    out, said = capsys.readouterr()
    assert f" {PROGRAMS} programs, " in out.splitlines()[-1]
    assert "1 times exhaustion: " in said
    assert len(machine.jobs) == 2


def test_a_program_without_an_end_is_named_and_the_rest_go_on(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.status = fidelity.STUCK
    written = record.write

    def write(out: io.BufferedWriter, ground: Ground, programs: object) -> bool:
        chosen = list(programs)  # type: ignore[call-overload]
        if len(machine.jobs) == 1 and len(chosen) < len(VECTORS):
            chosen = chosen[:5]
        return written(out, ground, chosen)

    monkeypatch.setattr(record, "write", write)
    assert fidelity.measure(machine.run, SEED, PROGRAMS) == 1
    out = capsys.readouterr().out
    assert f"seed {SEED}, program 5: it has no end" in out
    assert f" {PROGRAMS - 1} programs, " in out


def test_a_machine_that_fails_is_no_success(machine: Machine) -> None:
    machine.status = MACHINE_FAILED
    assert fidelity.measure(machine.run, SEED, PROGRAMS) == MACHINE_FAILED


def test_records_of_other_programs_are_not_compared() -> None:
    found = Measure(SEED, LinuxRelease.default())
    ground = Ground(Kernel())
    out = io.BytesIO()
    record.write(out, ground, [(0, {})])
    with pytest.raises(RuntimeError, match="another program"):
        found.add(out.getvalue(), teepriv=False, first=0)
    found.close()
    ground.close()
