# SPDX-License-Identifier: BSD-2-Clause
"""How doctor tells what it found, and with which status it ends."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.cli import doctor, main
from pytee_client.cli._doctor import Finding, Patient, State, call, examine
from pytee_client.faults import Answer, Fail, Fault, FaultyKernel, Gate, Hold, Plan, SystemCall
from pytee_client.ta import optee

from ...support import examined
from ...support.waiting import LIMIT

HELLO_WORLD = optee.uuid_of("hello_world")


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    main(["doctor", *words, "--json"])
    return json.loads(capsys.readouterr().out)


def on(
    monkeypatch: pytest.MonkeyPatch,
    root: Path,
    plan: examined.Plan = examined.Plan(),  # noqa: B008
) -> None:
    """Have the verb examine a machine of files."""
    machine = plan.machine(root)
    monkeypatch.setattr(doctor, "Machine", lambda: machine)
    monkeypatch.delenv("PYTEE_CLIENT_BACKEND", raising=False)


def test_a_machine_without_problems_is_status_0(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on(monkeypatch, tmp_path)
    data = told(capsys)
    assert (data["status"], data["worst"]) == (0, "unknown")
    assert all(set(one) == {"check", "state", "what", "remedy"} for one in data["findings"])
    assert main(["doctor", "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_a_problem_is_status_5_and_a_missing_tee_is_status_3(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on(monkeypatch, tmp_path / "a", examined.Plan(user=examined.ALICE))
    assert told(capsys)["status"] == 5
    on(monkeypatch, tmp_path / "b", examined.Plan(without=examined.NO_DRIVER))
    data = told(capsys)
    assert (data["status"], data["worst"]) == (3, "problem")
    assert told(capsys, "--tee", "fake:optee")["status"] == 0


def test_quiet_prints_warnings_and_problems_with_their_remedies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on(monkeypatch, tmp_path, examined.Plan(user=examined.ALICE))
    assert main(["doctor", "-q"]) == 5
    text = capsys.readouterr().out
    assert text.startswith(
        "problem  permissions    /dev/tee0 is crw-rw---- root:tee; this process,"
    )
    assert "                     -> Run usermod --append --groups tee alice as root," in text
    assert "ok  " not in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_one_device_is_examined_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = {"sys/class/tee/tee1/implementation_id": "2\n", "dev/tee1": ""}
    on(monkeypatch, tmp_path, examined.Plan(having=second))
    assert "/dev/tee1 is AMD-TEE." in json.dumps(told(capsys))
    data = json.dumps(told(capsys, "--tee", "/dev/tee0"))
    assert "/dev/tee1" not in data
    missing = told(capsys, "--tee", "/dev/tee2")
    assert missing["status"] == 3
    (problem,) = (one for one in missing["findings"] if one["state"] == "problem")
    assert problem["what"] == "There is no /dev/tee2 for clients."
    assert problem["remedy"] == "This machine has /dev/tee0, /dev/tee1."


@pytest.mark.parametrize("name", ["teepriv0", "link"])
def test_a_supplicants_device_is_told_from_one_for_clients(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    on(monkeypatch, tmp_path, examined.Plan(having={"dev/link": "->teepriv0"}))
    data = told(capsys, "--tee", f"/dev/{name}")
    assert data["status"] == 3
    (problem,) = (one for one in data["findings"] if one["state"] == "problem")
    assert "is the supplicant's device, and not for clients" in problem["what"]
    assert problem["remedy"] == "Use /dev/tee0, or the like, for programs."


def test_the_environment_may_choose_the_fake_or_nonsense(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    data = told(capsys)
    assert (data["status"], data["worst"]) == (0, "warning")
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "nonsense")
    assert "is neither linux nor fake" in json.dumps(told(capsys))


def findings_of(kernel: Any) -> list[Finding]:
    return examine(Patient(None, kernel, None))


def only(findings: list[Finding], check: str) -> Finding:
    (found,) = (one for one in findings if one.check == check)
    return found


def test_a_kernel_in_python_has_no_files_of_the_machine() -> None:
    findings = findings_of(fake.Kernel())
    examined.check_sentences(findings)
    said = {one.check for one in findings if "does not apply" in one.what}
    assert said == {
        "permissions",
        "applications",
        "firmware",
        "modules",
        "configuration",
        "messages",
        "container",
        "security",
    }
    assert only(findings, "call").what.startswith("hello_world on /dev/tee0 answers: opened in ")
    assert "shares the program's own memory" in only(findings, "capabilities").what


def test_what_a_device_lacks_is_told() -> None:
    capabilities = only(findings_of(fake.Kernel("amdtee")), "capabilities")
    assert "a pool of its driver, which gives at most 4 MiB" in capabilities.what
    assert "no MEMREF_NULL" in capabilities.what


def test_a_device_without_the_api_is_a_problem_unless_there_is_another() -> None:
    alone = only(findings_of(fake.Kernel("tstee")), "capabilities")
    assert alone.state is State.PROBLEM
    assert "does not take the GlobalPlatform TEE Client API" in alone.what
    both = findings_of(fake.Kernel("tstee", "optee"))
    assert [one.state for one in both if one.check == "capabilities"] == [State.INFO, State.OK]


def test_a_device_that_may_not_be_opened_is_a_problem_with_its_remedy() -> None:
    kernel = fake.Kernel()
    kernel.forbid("/dev/tee0")
    capabilities = only(findings_of(kernel), "capabilities")
    assert capabilities.state is State.PROBLEM
    assert "/dev/tee0 can't be opened: " in capabilities.what
    # What helps is told once.
    assert capabilities.remedy
    assert capabilities.remedy[1:-1] not in capabilities.what


def test_a_kernel_without_devices_has_no_tee() -> None:
    kernel = fake.Kernel()
    kernel.unbind()
    devices = only(findings_of(kernel), "devices")
    assert (devices.state, devices.what) == (
        State.PROBLEM,
        "There is no TEE device for clients.",
    )


def test_a_fake_that_lacks_its_supplicant_is_called_without_one() -> None:
    kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT))
    findings = findings_of(kernel)
    supplicant = only(findings, "supplicant")
    assert (supplicant.state, supplicant.remedy) == (
        State.PROBLEM,
        "Have a supplicant.Supplicant(kernel, ...) while it is used.",
    )
    assert only(findings, "call").what.startswith(
        "OP-TEE's device enumeration on /dev/tee0 answers"
    )


def with_faults(*planned: Fault) -> FaultyKernel:
    """Return a fake whose calls have faults; its devices are listed as they are."""
    kernel = fake.Kernel()
    faulty = FaultyKernel(kernel, Plan(planned))
    for name in ("sysfs", "monitor_devices"):
        setattr(faulty, name, getattr(kernel, name))
    return faulty


def test_an_example_that_is_missing_is_replaced_by_op_tees_own_list() -> None:
    missing = Answer(tee.Result.ITEM_NOT_FOUND, tee.Origin.TEE)
    found = only(findings_of(with_faults(Fault(SystemCall.OPEN_SESSION, missing))), "call")
    assert found.state is State.OK
    assert found.what.startswith("OP-TEE's device enumeration on /dev/tee0 answers")


@pytest.mark.parametrize("call_that_fails", [SystemCall.OPEN_SESSION, SystemCall.INVOKE])
def test_a_call_that_fails_is_a_problem(call_that_fails: SystemCall) -> None:
    kernel = with_faults(Fault(call_that_fails, Fail(errno.EIO), times=None))
    found = only(findings_of(kernel), "call")
    assert found.state is State.PROBLEM
    assert found.what.startswith("A test call on /dev/tee0 failed: ")


def test_a_call_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "_TIME_OUT", 0.05)
    with Gate() as gate:
        kernel = with_faults(Fault(SystemCall.INVOKE, Hold(gate), times=None))
        found = only(findings_of(kernel), "call")
        assert gate.held == 1
    assert found.state is State.PROBLEM
    assert "A test call on /dev/tee0 failed: " in found.what


class OtherHelloWorld(fake.TrustedApplication):
    """An application of somebody else's under the UUID."""

    uuid = HELLO_WORLD

    def invoke_command(
        self, session: fake.ClientSession, command_id: int, parameters: fake.Parameters
    ) -> None:
        parameters.value(0).a = 7


def test_an_answer_that_is_wrong_is_a_problem() -> None:
    found = only(findings_of(fake.Kernel(applications=[OtherHelloWorld])), "call")
    assert (found.state, "says that 7 comes after 41" in found.what) == (State.PROBLEM, True)


def test_what_can_not_be_looked_at_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from pytee_client.cli._doctor import examination

    def fail(_: Patient) -> list[Finding]:
        raise PermissionError(13, "no")

    monkeypatch.setitem(examination.CHECKS, "call", fail)
    found = only(findings_of(fake.Kernel()), "call")
    assert (found.state, found.what) == (
        State.UNKNOWN,
        "This could not be looked at: [Errno 13] no",
    )


def test_the_limit_of_a_test_call_is_below_that_of_tests() -> None:
    assert call._TIME_OUT < LIMIT


def test_the_supplicants_device_is_never_opened() -> None:
    kernel = with_faults()
    findings_of(kernel)
    opened = {call.path for call in kernel.calls if call.call is SystemCall.OPEN}
    assert opened == {"/dev/tee0"}


@pytest.mark.parametrize("example", doctor.EXAMPLES)
def test_examples_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, example: str) -> None:
    on(monkeypatch, tmp_path, examined.Plan(having={"dev/tee1": ""}))
    verb = example.partition(" ||")[0]
    assert main(verb.split()) == 0


def test_names_of_processes_can_not_command_a_terminal(tmp_path: Path) -> None:
    plan = examined.Plan(having={"proc/144/cmdline": "a\x1b[2J\nb\0"})
    (found,) = (one for one in plan.findings(tmp_path) if one.check == "supplicant")
    assert found.what == "Process 144 (a\ufffd[2J b) has /dev/teepriv0 open."
