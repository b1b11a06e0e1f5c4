# SPDX-License-Identifier: BSD-2-Clause
"""What doctor says of containers, and of this library."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytee_client.cli._doctor import State

from ....support.examined import (
    NO_DRIVER,
    NO_NODE,
    NO_OPTEE,
    RELEASE,
    Plan,
    Situation,
)

SITUATIONS = {
    "no container": Situation(Plan(), "container", State.INFO, "in no container"),
    "docker": Situation(
        Plan(having={".dockerenv": ""}), "container", State.INFO, r"container \(docker\)"
    ),
    "podman": Situation(
        Plan(without=NO_NODE, having={"run/.containerenv": ""}),
        "container",
        State.PROBLEM,
        "The kernel has /dev/tee0, but the container has no file",
        "podman run --device /dev/tee0",
    ),
    "lxc": Situation(
        Plan(without=NO_NODE, having={"proc/1/environ": "container=lxc\0"}),
        "container",
        State.PROBLEM,
        "container has no file",
        "lxc.mount.entry = /dev/tee0 dev/tee0",
    ),
    "systemd-nspawn": Situation(
        Plan(without=NO_NODE, environment={"container": "systemd-nspawn"}),
        "container",
        State.PROBLEM,
        "container has no file",
        "--bind=/dev/tee0",
    ),
    "kubernetes": Situation(
        Plan(without=NO_NODE, environment={"KUBERNETES_SERVICE_HOST": "10.0.0.1"}),
        "container",
        State.PROBLEM,
        "container has no file",
        "supplementalGroups",
    ),
    "control group of podman": Situation(
        Plan(having={"proc/self/cgroup": "0::/machine.slice/libpod-1.scope\n"}),
        "container",
        State.INFO,
        "container",
    ),
    "some container": Situation(
        Plan(without=NO_NODE, having={"run/systemd/container": "other\n"}),
        "container",
        State.PROBLEM,
        "container has no file",
        "Pass /dev/tee0 into the container",
    ),
    "library": Situation(Plan(), "package", State.OK, f"pytee_client .* Linux {RELEASE}"),
    "the machine's TEE": Situation(Plan(), "package", State.OK, "uses the TEE of this machine"),
    "fake where there is none": Situation(
        Plan(without=NO_OPTEE),
        "package",
        State.WARNING,
        "uses the fake kernel here",
        "PYTEE_CLIENT_BACKEND=linux",
    ),
    "no fake where there should be one": Situation(
        Plan(without=NO_DRIVER), "package", State.OK, "uses the TEE of this machine"
    ),
    "fake by the environment": Situation(
        Plan(environment={"PYTEE_CLIENT_BACKEND": "fake"}),
        "package",
        State.WARNING,
        "no TEE protects anything",
        "Unset PYTEE_CLIENT_BACKEND",
    ),
    "nonsense in the environment": Situation(
        Plan(environment={"PYTEE_CLIENT_BACKEND": "tee0"}),
        "package",
        State.PROBLEM,
        "'tee0' is neither linux nor fake",
        "Unset PYTEE_CLIENT_BACKEND",
    ),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_situation_has_its_finding_and_its_remedy(name: str, tmp_path: Path) -> None:
    SITUATIONS[name].check_finding(tmp_path)
