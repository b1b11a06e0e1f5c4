# SPDX-License-Identifier: BSD-2-Clause
"""What doctor says of who may use a device."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytee_client.cli._doctor import State

from ....support.examined import (
    ALICE,
    MEMBER,
    NEW_MEMBER,
    TEE_GROUP,
    Plan,
    Situation,
)

LABEL = ("/dev/tee0", "security.selinux")
SELINUX = {
    "sys/fs/selinux/enforce": "1",
    "proc/self/attr/current": "system_u:system_r:httpd_t:s0\0",
}
APPARMOR = {
    "sys/module/apparmor/parameters/enabled": "Y\n",
    "proc/self/attr/apparmor/current": "docker-default (enforce)\n",
}


SITUATIONS = {
    "root": Situation(
        Plan(), "permissions", State.OK, "is crw-rw---- root:tee; this process, of user root, may"
    ),
    "member of the group": Situation(
        Plan(user=MEMBER), "permissions", State.OK, "this process, of user alice, may use it"
    ),
    "not in the group": Situation(
        Plan(user=ALICE),
        "permissions",
        State.PROBLEM,
        "crw-rw---- root:tee; this process, of user alice, may not use it",
        "Run usermod --append --groups tee alice as root, and log in again",
    ),
    "in the group since today": Situation(
        Plan(user=NEW_MEMBER),
        "permissions",
        State.PROBLEM,
        "may not use it",
        "in the group tee, but this process began before that: log out and in again",
    ),
    "in a container without the group": Situation(
        Plan(user=ALICE, having={".dockerenv": ""}),
        "permissions",
        State.PROBLEM,
        "may not use it",
        f"--group-add {TEE_GROUP}",
    ),
    "group without a name": Situation(
        Plan(user=ALICE, gid=4711),
        "permissions",
        State.PROBLEM,
        "root:4711; this process",
        "groupadd --gid 4711 tee",
    ),
    "root's alone": Situation(
        Plan(user=ALICE, mode=0o600, gid=0),
        "permissions",
        State.PROBLEM,
        "crw------- root:root; .* may not",
        "udev rule such as .*GROUP=.*put the user alice into the group",
    ),
    "of root's group": Situation(
        Plan(user=ALICE, mode=0o660, gid=0),
        "permissions",
        State.PROBLEM,
        "may not use it",
        "udev rule such as",
    ),
    "group that may only read": Situation(
        Plan(user=MEMBER, mode=0o640), "permissions", State.PROBLEM, "may not", "udev rule"
    ),
    "everybody's": Situation(
        Plan(user=ALICE, mode=0o666),
        "permissions",
        State.WARNING,
        "every user may use the TEE",
        "Give a group of users access instead",
    ),
    "access control list": Situation(
        Plan(user=ALICE, acl=[1000]),
        "permissions",
        State.OK,
        "its access control list names user alice; this process, of user alice, may",
    ),
    "access control list of others": Situation(
        Plan(user=ALICE, acl=[1001]),
        "permissions",
        State.PROBLEM,
        "its access control list names user 1001; .* may not",
        "usermod",
    ),
    "supplicant's device for everybody": Situation(
        Plan(privileged_mode=0o666),
        "permissions",
        State.WARNING,
        "teepriv0 is crw-rw-rw- root:teepriv: every user may be OP-TEE's supplicant",
        'KERNEL=="teepriv',
    ),
    "supplicant's device": Situation(
        Plan(), "permissions", State.OK, "teepriv0 .* for the supplicant, and not for clients"
    ),
    "refused against permissions": Situation(
        Plan(user=MEMBER, refused=True),
        "permissions",
        State.PROBLEM,
        "which lets user alice use it, but the kernel refuses",
        "DeviceAllow= or PrivateDevices=",
    ),
    "refused by a container": Situation(
        Plan(user=MEMBER, refused=True, having={"run/.containerenv": ""}),
        "permissions",
        State.PROBLEM,
        "the kernel refuses",
        "--device /dev/tee0, and not by --volume",
    ),
    "refused by SELinux": Situation(
        Plan(
            user=MEMBER,
            refused=True,
            having=SELINUX,
            attributes={LABEL: b"system_u:object_r:tee_device_t:s0\0"},
        ),
        "permissions",
        State.PROBLEM,
        "the kernel refuses",
        "does not let system_u:system_r:httpd_t:s0 use a device with the label"
        " system_u:object_r:tee_device_t:s0. See ausearch",
    ),
    "refused by AppArmor": Situation(
        Plan(user=MEMBER, refused=True, having=APPARMOR),
        "permissions",
        State.PROBLEM,
        "the kernel refuses",
        "profile docker-default .enforce.: add /dev/tee0 rw,",
    ),
    "SELinux refuses": Situation(
        Plan(user=MEMBER, refused=True, having=SELINUX, attributes={LABEL: b"u:r:t:s0"}),
        "security",
        State.PROBLEM,
        "SELinux seems to refuse /dev/tee0, which has the label u:r:t:s0",
        "ausearch -m avc",
    ),
    "SELinux with a label": Situation(
        Plan(having=SELINUX, attributes={LABEL: b"u:r:tee_device_t:s0"}),
        "security",
        State.OK,
        "/dev/tee0 has the label u:r:tee_device_t:s0",
    ),
    "SELinux with no own label": Situation(
        Plan(having=SELINUX, attributes={LABEL: b"system_u:object_r:device_t:s0"}),
        "security",
        State.WARNING,
        "device_t:s0, which is that of any device",
        "semanage fcontext, then restorecon",
    ),
    "SELinux that only logs": Situation(
        Plan(having={**SELINUX, "sys/fs/selinux/enforce": "0"}),
        "security",
        State.INFO,
        "SELinux is permissive",
    ),
    "AppArmor": Situation(
        Plan(having=APPARMOR), "security", State.INFO, "to the profile docker-default"
    ),
    "AppArmor elsewhere": Situation(
        Plan(having={**APPARMOR, "proc/self/attr/apparmor/current": "unconfined\n"}),
        "security",
        State.INFO,
        "Neither SELinux nor AppArmor confines",
    ),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_situation_has_its_finding_and_its_remedy(name: str, tmp_path: Path) -> None:
    SITUATIONS[name].check_finding(tmp_path)
