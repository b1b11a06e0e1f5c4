# SPDX-License-Identifier: BSD-2-Clause
"""Nothing that a machine has in its files keeps doctor from telling what it found."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pytee_client.cli._doctor import examine
from pytee_client.cli._doctor.acl import allows
from pytee_client.cli._doctor.examination import CHECKS
from pytee_client.cli._doctor.machine import Machine, Node
from pytee_client.cli._doctor.patient import Patient

from ....support.examined import ALICE, HEALTHY, Plan, acl_of, check_sentences


def as_folder(path: Path) -> None:
    path.mkdir()


def as_garbage(path: Path) -> None:
    path.write_bytes(random.Random(str(path)).randbytes(1000))


def as_nothing(path: Path) -> None:
    path.write_bytes(b"")


def as_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def as_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    "break_it", [as_folder, as_garbage, as_nothing, as_link_to_itself, as_pipe]
)
def test_whatever_file_is_broken_all_checks_are_made(
    tmp_path: Path, break_it: Callable[[Path], None]
) -> None:
    for number, name in enumerate(HEALTHY):
        if break_it is as_pipe and name.startswith("sys/"):
            # The kernel puts none there.
            continue
        root = tmp_path / str(number)
        machine = Plan(without=[name]).machine(root)
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        break_it(path)
        begun: list[str] = []
        findings = examine(Patient(machine, None, None), begun.append)
        assert begun == list(CHECKS)
        check_sentences(findings)


def test_an_empty_machine_is_examined(tmp_path: Path) -> None:
    findings = examine(Patient(Machine(str(tmp_path), user=ALICE), None, None))
    assert {one.check for one in findings} >= {"devices", "firmware", "modules", "messages"}
    check_sentences(findings)


def test_the_files_of_this_machine_can_be_read() -> None:
    findings = examine(Patient(Machine(), None, None))
    assert {one.check for one in findings} >= {"package", "devices", "container", "security"}


def test_no_descriptor_is_lost(tmp_path: Path) -> None:
    machine = Plan().machine(tmp_path)
    (tmp_path / "folder").mkdir()
    before = os.listdir("/proc/self/fd")
    assert machine.read("/folder") is None
    assert machine.read("/nothing") is None
    examine(Patient(machine, None, None))
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("size", range(40))
def test_a_broken_access_control_list_is_read_as_far_as_it_goes(size: int) -> None:
    whole = acl_of([1000])
    assert allows(Node("/dev/tee0", 0o660, 0, 0, whole), ALICE)
    assert isinstance(allows(Node("/dev/tee0", 0o660, 0, 0, whole[:size]), ALICE), bool)
    assert not allows(Node("/dev/tee0", 0o660, 0, 0, acl_of([1000], mask=4)), ALICE)
