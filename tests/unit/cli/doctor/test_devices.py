# SPDX-License-Identifier: BSD-2-Clause
"""What doctor says of devices, and of their drivers."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytee_client.cli._doctor import State

from ....support.examined import (
    MODULES,
    NO_DEVICE,
    NO_DRIVER,
    NO_NODE,
    NO_OPTEE,
    PSP,
    RELEASE,
    Plan,
    Situation,
)

SITUATIONS = {
    "healthy": Situation(
        Plan(), "devices", State.OK, r"/dev/tee0 is OP-TEE 4\.5 \(0a1b2c3d\); the kernel itself"
    ),
    "revision of sysfs": Situation(
        Plan(having={"sys/class/tee/tee0/revision": "4.10 (00000000000000ff)\n"}),
        "devices",
        State.OK,
        r"OP-TEE 4\.10 \(00000000000000ff\)",
    ),
    "no module": Situation(
        Plan(without=NO_DRIVER),
        "devices",
        State.PROBLEM,
        "There is no TEE device for clients",
        'The device tree has /firmware/optee, .*"modprobe optee"',
    ),
    "driver that found nothing": Situation(
        Plan(without=NO_DEVICE),
        "devices",
        State.PROBLEM,
        "There is no TEE device",
        "driver is loaded .* but found no TEE: see what dmesg says",
    ),
    "no TEE": Situation(
        Plan(without=NO_OPTEE), "devices", State.PROBLEM, "There is no TEE", "has no TEE device"
    ),
    "node that udev has not made": Situation(
        Plan(without=NO_NODE),
        "devices",
        State.PROBLEM,
        "The kernel has /dev/tee0, but there is no such file here",
        "Mount devtmpfs in /dev, or start udev",
    ),
    "node missing in docker": Situation(
        Plan(without=NO_NODE, having={".dockerenv": ""}),
        "devices",
        State.PROBLEM,
        "no such file here",
        "docker run --device /dev/tee0",
    ),
    "node without sysfs": Situation(
        Plan(without=("sys/class/tee",)), "devices", State.OK, "driver that is not known here"
    ),
    "broken attribute": Situation(
        Plan(having={"sys/class/tee/tee0/implementation_id": "x\n"}),
        "devices",
        State.PROBLEM,
        "list of TEE devices can't be read: .*implementation_id",
        "sysfs is mounted",
    ),
    "unknown driver": Situation(
        Plan(having={"sys/class/tee/tee0/implementation_id": "77\n"}),
        "devices",
        State.OK,
        "not known here \\(77\\)",
    ),
    "modules": Situation(Plan(), "modules", State.OK, "tee is loaded, optee is loaded"),
    "built in": Situation(
        Plan(having={f"{MODULES}/modules.builtin": "kernel/drivers/tee/optee/optee.ko\n"}),
        "modules",
        State.OK,
        "optee is built in",
    ),
    "module that is not loaded": Situation(
        Plan(without=NO_DRIVER),
        "modules",
        State.PROBLEM,
        "The module optee, which this TEE needs, is not loaded",
        "modprobe optee .*modules-load.d",
    ),
    "module that is missing": Situation(
        Plan(without=NO_DRIVER, having={f"{MODULES}/modules.dep": "kernel/tee.ko:\n"}),
        "modules",
        State.PROBLEM,
        f"The kernel {RELEASE} has no module optee",
        f"linux-modules-extra-{RELEASE}",
    ),
    "no list of modules": Situation(
        Plan(without=[*NO_DRIVER, MODULES]),
        "modules",
        State.UNKNOWN,
        "can't be seen",
        "modprobe optee as root, outside",
    ),
    "modules of AMD-TEE": Situation(
        Plan(
            without=NO_OPTEE,
            having={**PSP, f"{MODULES}/modules.dep": "drivers/ccp.ko.zst:\namdtee.ko:\n"},
        ),
        "modules",
        State.PROBLEM,
        "The module amdtee, which this TEE needs, is not loaded",
        "modprobe amdtee",
    ),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_situation_has_its_finding_and_its_remedy(name: str, tmp_path: Path) -> None:
    SITUATIONS[name].check_finding(tmp_path)
