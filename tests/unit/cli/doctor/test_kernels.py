# SPDX-License-Identifier: BSD-2-Clause
"""What doctor says of a kernel, and of what a machine says of itself."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pytee_client.cli._doctor import State

from ....support.examined import (
    NO_DRIVER,
    NO_OPTEE,
    OPTEE_NODE,
    PSP,
    RELEASE,
    Plan,
    Situation,
)

SITUATIONS = {
    "device tree": Situation(
        Plan(), "firmware", State.OK, "has /firmware/optee, with the status 'okay' and .*'smc'"
    ),
    "disabled node": Situation(
        Plan(without=NO_DRIVER, having={f"{OPTEE_NODE}/status": "disabled\0"}),
        "firmware",
        State.PROBLEM,
        "but with the status 'disabled'",
        'Set its status to "okay"',
    ),
    "node without a method": Situation(
        Plan(without=[*NO_DRIVER, f"{OPTEE_NODE}/method"]),
        "firmware",
        State.PROBLEM,
        "but with no method: Linux can't call OP-TEE",
        'method = "smc"',
    ),
    "device tree of another": Situation(
        Plan(without=NO_OPTEE, having={"sys/firmware/devicetree/base/model": "a board\0"}),
        "firmware",
        State.INFO,
        "device tree has no node of a TEE",
        "CFG_DT",
    ),
    "no device tree": Situation(
        Plan(without=NO_OPTEE), "firmware", State.INFO, "no device tree", "PCI bus"
    ),
    "secure processor": Situation(
        Plan(without=NO_OPTEE, having=PSP),
        "firmware",
        State.OK,
        r"The machine has an AMD Secure Processor \(PCI 0000:06:00\.2\)",
    ),
    "device of nothing": Situation(
        Plan(without=[OPTEE_NODE]), "firmware", State.INFO, "but there is a device"
    ),
    "configuration": Situation(
        Plan(),
        "configuration",
        State.OK,
        rf"CONFIG_TEE=m, CONFIG_OPTEE=m \(/boot/config-{RELEASE}\)",
    ),
    "configuration of the running kernel": Situation(
        Plan(having={"proc/config.gz": gzip.compress(b"CONFIG_TEE=y\nCONFIG_OPTEE=y\n")}),
        "configuration",
        State.OK,
        r"CONFIG_TEE=y, CONFIG_OPTEE=y \(/proc/config.gz\)",
    ),
    "no OP-TEE in the kernel": Situation(
        Plan(without=NO_DRIVER, having={f"boot/config-{RELEASE}": "CONFIG_TEE=y\n"}),
        "configuration",
        State.PROBLEM,
        "built without CONFIG_OPTEE",
        "Build a kernel with CONFIG_OPTEE=m",
    ),
    "no TEE in the kernel": Situation(
        Plan(without=NO_OPTEE, having={f"boot/config-{RELEASE}": "CONFIG_X86=y\n"}),
        "configuration",
        State.WARNING,
        "built without CONFIG_TEE",
        "CONFIG_TEE=m",
    ),
    "no configuration": Situation(
        Plan(without=["boot"]), "configuration", State.UNKNOWN, "neither in", "modprobe configs"
    ),
    "broken configuration": Situation(
        Plan(without=["boot"], having={"proc/config.gz": b"\x1f\x8bnone"}),
        "configuration",
        State.UNKNOWN,
        "neither in",
        "modprobe configs",
    ),
    "messages": Situation(Plan(), "messages", State.OK, "2 messages about TEEs, and no warning"),
    "error of the driver": Situation(
        Plan(having={"dev/kmsg": "3,9,9,-;optee: api uid mismatch\n3,9,9,-;ext4: bad\n"}),
        "messages",
        State.WARNING,
        "logged an error about a TEE: optee: api uid mismatch",
        "See what dmesg says",
    ),
    "messages that are root's": Situation(
        Plan(without=["dev/kmsg"]), "messages", State.UNKNOWN, "can't be read", "Run this as root"
    ),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_situation_has_its_finding_and_its_remedy(name: str, tmp_path: Path) -> None:
    SITUATIONS[name].check_finding(tmp_path)
