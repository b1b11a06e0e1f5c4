# SPDX-License-Identifier: BSD-2-Clause
"""What doctor says of the supplicant, and of what it loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytee_client.cli._doctor import Patient, State
from pytee_client.cli._doctor.supplicant import supplicant_may_serve
from pytee_client.cli._doctor.supplicant_folders import folders_of_words

from ....support.examined import (
    MEMBER,
    Plan,
    Situation,
)
from ....support.signed_files import APPLICATION, application

SITUATIONS = {
    "supplicant with folders": Situation(
        Plan(
            having={
                "proc/144/cmdline": "tee-supplicant\0--ta-path=/srv/a:/srv/b\0",
                f"srv/a/{APPLICATION}.ta": application(version=2),
                f"srv/b/optee_armtz/{APPLICATION}.ta": application(version=7),
            }
        ),
        "applications",
        State.OK,
        "/srv/b/optee_armtz has 1 application of version 7",
    ),
    "supplicant": Situation(
        Plan(),
        "supplicant",
        State.OK,
        r"Process 144 \(/usr/sbin/tee-supplicant -d\) has /dev/teepriv0 open",
    ),
    "no supplicant": Situation(
        Plan(without=["proc/144"]),
        "supplicant",
        State.PROBLEM,
        "applications in files can't be loaded",
        "systemctl start tee-supplicant",
    ),
    "no supplicant and no files": Situation(
        Plan(without=["proc/144", "lib/optee_armtz"]),
        "supplicant",
        State.WARNING,
        "Only what is part of OP-TEE can be used",
        "systemctl start tee-supplicant",
    ),
    "supplicant of another user": Situation(
        Plan(without=["proc/144"], user=MEMBER),
        "supplicant",
        State.UNKNOWN,
        "No process that this one can see",
        "as root and outside of any container",
    ),
    "supplicant outside of the container": Situation(
        Plan(without=["proc"], having={"proc/self/ns/pid": "->pid:[4026532999]"}),
        "supplicant",
        State.UNKNOWN,
        "No process that this one can see",
        "outside of any container",
    ),
    "no proc": Situation(
        Plan(without=["proc"]), "supplicant", State.UNKNOWN, "No process", "as root"
    ),
    "stopped supplicant": Situation(
        Plan(having={"proc/144/stat": "144 (a) b) T 1 144\n"}),
        "supplicant",
        State.PROBLEM,
        "has /dev/teepriv0 open, but is stopped",
        "kill -CONT 144",
    ),
    "applications": Situation(
        Plan(),
        "applications",
        State.OK,
        "has 1 application of version 0, signed by a key that the files do not name",
    ),
    "no applications": Situation(
        Plan(without=["lib/optee_armtz"]),
        "applications",
        State.INFO,
        "folders have no files",
        "Copy them to where the supplicant looks",
    ),
    "truncated application": Situation(
        Plan(having={f"lib/optee_armtz/{APPLICATION}.ta": application()[:-1]}),
        "applications",
        State.WARNING,
        r"\.ta \(hello_world\): it is truncated",
        "Install it anew",
    ),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_situation_has_its_finding_and_its_remedy(name: str, tmp_path: Path) -> None:
    SITUATIONS[name].check_finding(tmp_path)


@pytest.mark.parametrize(
    ("plan", "may_serve"),
    [
        (Plan(), True),
        (Plan(without=["proc/144"]), False),
        (Plan(without=["proc/144"], user=MEMBER), True),
        (Plan(having={"proc/144/stat": "144 (tee-supplicant) T 1"}), False),
    ],
)
def test_no_call_is_made_that_would_wait_for_a_supplicant(
    plan: Plan, may_serve: bool, tmp_path: Path
) -> None:
    patient = Patient(plan.machine(tmp_path), None, None)
    assert supplicant_may_serve(patient) is may_serve


@pytest.mark.parametrize(
    ("words", "folders"),
    [
        ("tee-supplicant -d", []),
        ("tee-supplicant -l /a", ["/a", "/a/optee_armtz"]),
        ("tee-supplicant -l/a:/b/ -d", ["/a", "/a/optee_armtz", "/b/", "/b/optee_armtz"]),
        ("tee-supplicant --ta-path /a /dev/teepriv0", ["/a", "/a/optee_armtz"]),
        ("tee-supplicant --ta-dir=tas", ["/lib/tas"]),
        ("tee-supplicant -t /tas", ["/lib/tas"]),
        ("tee-supplicant -t", []),
        ("", []),
    ],
)
def test_a_command_line_names_folders(words: str, folders: list[str]) -> None:
    assert folders_of_words(words.split()) == folders
