# SPDX-License-Identifier: BSD-2-Clause
"""What doctor finds on each TEE."""

from __future__ import annotations

import contextlib
import grp
import io
import json
import os
import pwd
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.cli import main
from pytee_client.cli._doctor import Machine, Patient, State
from pytee_client.cli._doctor.configuration import configuration_of
from pytee_client.cli._doctor.supplicant import check_supplicant

from ...support.command_lines import words_for
from ...support.targets import Target

pytestmark = pytest.mark.once
NAMES = {tee.ImplementationId.OPTEE: "OP-TEE", tee.ImplementationId.AMDTEE: "AMD-TEE"}
TOP = Path(__file__).parents[3]


class Findings:
    """What a run of doctor found."""

    def __init__(self, output: str) -> None:
        self.data = json.loads(output)
        self.status = self.data["status"]

    def of(self, check: str) -> list[dict[str, Any]]:
        """Return the findings of a check."""
        return [one for one in self.data["findings"] if one["check"] == check]

    def one(self, check: str, what: str) -> dict[str, Any]:
        """Return the finding of a check whose text has what is looked for."""
        (found,) = (one for one in self.of(check) if re.search(what, one["what"]))
        return found

    def state(self, check: str, what: str = "") -> str:
        """Return the state of such a finding."""
        text: str = self.one(check, what)["state"]
        return text


@pytest.fixture(scope="module")
def found(target: Target) -> Findings:
    """What it finds, once for all tests of a target: on a real one it opens a session."""
    output = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(output):
        main(["doctor", *words_for(target), "--json"])
    assert isinstance(output.buffer, io.BytesIO)
    return Findings(output.buffer.getvalue().decode())


def test_a_tee_that_works_has_no_problem(target: Target, found: Findings) -> None:
    assert [one for one in found.data["findings"] if one["state"] == "problem"] == []
    assert found.status == 0
    assert main(["doctor", "--quiet", *words_for(target)]) == 0


def test_the_device_and_its_driver_are_named(target: Target, found: Findings) -> None:
    what = f"^{target.device} is {re.escape(NAMES[target.implementation])}"
    assert found.state("devices", what) == "ok"


def test_capabilities_are_told_in_words(
    target: Target, context: tee.Context, found: Findings
) -> None:
    what = found.one("capabilities", target.device)["what"]
    has = context.version.generic_capabilities
    assert ("shares the program's own memory" in what) is (tee.GenericCapabilities.REG_MEM in has)
    takes_null = "takes null memory references" in what
    assert takes_null is (tee.GenericCapabilities.MEMREF_NULL in has)


def test_a_call_is_answered(target: Target, found: Findings) -> None:
    assert found.state("call", f"^hello_world on {target.device} answers") == "ok"


@pytest.mark.real_only
def test_the_revision_of_op_tee_is_told(target: Target, found: Findings) -> None:
    what = found.one("devices", target.device)["what"]
    told = re.search(r"OP-TEE (\d+)\.(\d+)", what)
    assert told
    (device,) = (one for one in tee.enumerate_devices(target.backend) if one.path == target.device)
    if device.revision is not None:
        assert (int(told[1]), int(told[2])) == (device.revision.major, device.revision.minor)
    assert int(told[1]) >= 4


@pytest.mark.real_only
def test_the_process_of_the_supplicant_is_named(found: Findings) -> None:
    (supplicant,) = found.of("supplicant")
    match = re.match(
        r"Process (\d+) \(tee-supplicant -d\) has /dev/teepriv0 open", supplicant["what"]
    )
    assert match
    assert Path(f"/proc/{match[1]}/comm").read_text() == "tee-supplicant\n"


@pytest.mark.real_only
def test_a_supplicant_that_is_stopped_is_a_problem(target: Target) -> None:
    patient = Patient(Machine(), None, target.device)
    (before,) = check_supplicant(patient)
    assert before.state is State.OK
    process = int(before.what.split()[1])
    os.kill(process, signal.SIGSTOP)
    try:
        (stopped,) = check_supplicant(patient)
    finally:
        os.kill(process, signal.SIGCONT)
    assert (stopped.state, "but is stopped" in stopped.what) == (State.PROBLEM, True)
    assert stopped.remedy == f"Let it go on (kill -CONT {process}), or restart it."


@pytest.mark.real_only
def test_applications_are_counted_by_who_signed_them(found: Findings) -> None:
    files = found.of("applications")
    assert [one["state"] for one in files if "has " in one["what"]][:1] == ["ok"]
    found.one("applications", r"optee_armtz has \d\d applications of version 0, signed by ")
    found.one("applications", r"1 application of version 0, signed by subkey 1a5948c5-")
    found.one("applications", r"1 application of version 0, signed by subkey a720ccbb-")


@pytest.mark.real_only
def test_the_device_tree_the_modules_and_the_kernel_are_looked_at(found: Findings) -> None:
    what = "has /firmware/optee, with the status 'okay' and the method 'smc'"
    assert found.state("firmware", what) == "ok"
    assert found.state("modules", "tee is .*optee is ") == "ok"
    (configuration,) = found.of("configuration")
    known = configuration_of(Machine())
    assert configuration["state"] == ("unknown" if known is None else "ok")
    if known is not None:
        assert "CONFIG_OPTEE=" in configuration["what"]
    assert found.of("messages")[0]["state"] in ("ok", "warning")


@pytest.fixture
def user() -> pwd.struct_passwd:
    """A user of the machine who is not root."""
    return next(one for one in pwd.getpwall() if one.pw_uid)


@pytest.fixture
def group(target: Target, user: pwd.struct_passwd) -> Iterator[grp.struct_group]:
    """Have the device belong to a group that the user is not in, as udev's rules do it."""
    its_groups = os.getgrouplist(user.pw_name, user.pw_gid)
    found = next(one for one in grp.getgrall() if one.gr_gid and one.gr_gid not in its_groups)
    status = os.stat(target.device)
    os.chown(target.device, 0, found.gr_gid)
    os.chmod(target.device, 0o660)
    yield found
    os.chown(target.device, status.st_uid, status.st_gid)
    os.chmod(target.device, status.st_mode & 0o7777)


def as_user(user: pwd.struct_passwd, groups: list[int], target: Target) -> Findings:
    """Run doctor as a user of the machine that is not root."""
    done = subprocess.run(
        [sys.executable, "-m", "pytee_client", "doctor", "--json", *words_for(target)],
        cwd=TOP,
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=groups,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stderr == ""
    found = Findings(done.stdout)
    assert done.returncode == found.status
    return found


@pytest.mark.real_only
def test_who_is_not_in_the_group_is_told_to_join_it(
    target: Target, user: pwd.struct_passwd, group: grp.struct_group
) -> None:
    found = as_user(user, [], target)
    assert found.status == 5
    what = f"{target.device} is crw-rw---- root:{group.gr_name}; .* may not use it"
    refused = found.one("permissions", what)
    assert refused["state"] == "problem"
    assert f"usermod --append --groups {group.gr_name} {user.pw_name}" in refused["remedy"]
    # Others' processes are hidden.
    assert found.state("supplicant", "No process that this one can see") == "unknown"


@pytest.mark.real_only
def test_who_is_in_the_group_has_no_problem(
    target: Target, user: pwd.struct_passwd, group: grp.struct_group
) -> None:
    found = as_user(user, [group.gr_gid], target)
    what = f"{target.device} is crw-rw---- root:{group.gr_name}"
    assert found.state("permissions", what) == "ok"
    assert found.state("call", "answers") == "ok"
    assert found.status == 0


@pytest.mark.real_only
def test_who_finds_the_device_to_be_roots_is_told_of_udev(
    target: Target, user: pwd.struct_passwd
) -> None:
    mode = os.stat(target.device).st_mode & 0o7777
    os.chmod(target.device, 0o600)
    try:
        found = as_user(user, [], target)
    finally:
        os.chmod(target.device, mode)
    assert found.status == 5
    assert 'KERNEL=="tee[0-9]*"' in found.one("permissions", target.device)["remedy"]


@pytest.mark.real_only
def test_the_supplicants_device_is_told_from_one_for_clients(
    target: Target,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["doctor", "--tee", target.supplicant_device, "--json"]) == 3
    found = Findings(capsys.readouterr().out)
    assert found.state("devices", "is the supplicant's device, and not for clients") == "problem"


@pytest.mark.real_only
def test_a_node_that_is_missing_is_a_problem(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = f"{target.device}.moved"
    os.rename(target.device, moved)
    try:
        assert main(["doctor", "--json", *words_for(target)]) == 5
    finally:
        os.rename(moved, target.device)
    found = Findings(capsys.readouterr().out)
    what = f"The kernel has {target.device}, but there is no such file here"
    assert found.one("devices", what)["remedy"]


@pytest.mark.real_only
def test_a_link_to_a_device_is_examined_as_the_device(
    target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "my-tee"
    link.symlink_to(target.device)
    assert main(["doctor", "--tee", str(link), "--json"]) == 0
    found = Findings(capsys.readouterr().out)
    assert found.state("devices", f"{link} is OP-TEE") == "ok"
    assert found.state("call", "answers") == "ok"
