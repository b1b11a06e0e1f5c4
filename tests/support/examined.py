# SPDX-License-Identifier: BSD-2-Clause
"""Machines for the verb doctor, made of files in a folder."""

from __future__ import annotations

import os
import re
import stat
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pytee_client.cli._doctor import Finding, Machine, Patient, State, User, examine

from .signed_files import APPLICATION, application

RELEASE = "6.12.1-test"
TEE_GROUP = 900
FIRST_NAMESPACE = "pid:[4026531836]"
OPTEE_NODE = "sys/firmware/devicetree/base/firmware/optee"
MODULES = f"lib/modules/{RELEASE}"

ROOT = User(0, "root", frozenset({0}), frozenset({0}))
ALICE = User(1000, "alice", frozenset({1000}), frozenset({1000}))
MEMBER = User(1000, "alice", frozenset({1000, TEE_GROUP}), frozenset({1000, TEE_GROUP}))
NEW_MEMBER = User(1000, "alice", frozenset({1000}), frozenset({1000, TEE_GROUP}))

GROUPS = {0: "root", TEE_GROUP: "tee", 901: "teepriv", 1000: "alice"}
USERS = {0: "root", 1000: "alice"}

# What a machine with OP-TEE has, when all is well; a link is after ->.
HEALTHY: Mapping[str, str | bytes] = {
    "sys/class/tee/tee0/implementation_id": "1\n",
    "sys/class/tee/tee0/rpmb_routing_model": "kernel\n",
    "sys/class/tee/teepriv0/implementation_id": "1\n",
    "sys/module/tee/refcnt": "1\n",
    "sys/module/optee/refcnt": "1\n",
    f"{OPTEE_NODE}/compatible": "linaro,optee-tz\0",
    f"{OPTEE_NODE}/method": "smc\0",
    "dev/tee0": "",
    "dev/teepriv0": "",
    "dev/kmsg": "6,1,2,-;optee: revision 4.5 (0a1b2c3d)\n6,2,3,-;optee: initialized driver\n"
    "4,3,4,-;ext4: no matter of ours\n",
    "proc/self/ns/pid": f"->{FIRST_NAMESPACE}",
    "proc/144/comm": "tee-supplicant\n",
    "proc/144/cmdline": "/usr/sbin/tee-supplicant\0-d\0",
    "proc/144/stat": "144 (tee-supplicant) S 1 144 144 0\n",
    "proc/144/fd/3": "->/dev/teepriv0",
    f"boot/config-{RELEASE}": "CONFIG_TEE=m\nCONFIG_OPTEE=m\n# CONFIG_AMDTEE is not set\n",
    f"{MODULES}/modules.dep": (
        "kernel/drivers/tee/optee/optee.ko.xz: kernel/drivers/tee/tee.ko.xz\n"
        "kernel/drivers/tee/tee.ko.xz:\n"
    ),
    f"{MODULES}/modules.builtin": "kernel/fs/ext4/ext4.ko\n",
    f"lib/optee_armtz/{APPLICATION}.ta": application(),
}


NO_DEVICE = ("sys/class/tee", "dev/tee0", "dev/teepriv0")
NO_DRIVER = (*NO_DEVICE, "sys/module", "proc/144")
NO_NODE = ("dev/tee0", "dev/teepriv0")
PSP = {
    "sys/bus/pci/devices/0000:06:00.2/vendor": "0x1022\n",
    "sys/bus/pci/devices/0000:06:00.2/device": "0x15df\n",
}
NO_OPTEE = (*NO_DRIVER, OPTEE_NODE)


@dataclass
class Plan:
    """What a machine has otherwise than a healthy one.

    Attributes:
        without: what it lacks: whole folders too.
        having: what it has instead, or besides.
        user: who runs the process.
        mode, gid: the permissions of /dev/tee0.
        privileged_mode: those of /dev/teepriv0.
        acl: the users that the access control list of /dev/tee0 names.
        refused: whether the kernel refuses it against its permissions.
        attributes: extended attributes, by path and name.
        environment: variables.
    """

    without: Iterable[str] = ()
    having: Mapping[str, str | bytes] = field(default_factory=dict[str, "str | bytes"])
    user: User = ROOT
    mode: int = 0o660
    gid: int = TEE_GROUP
    privileged_mode: int = 0o600
    acl: Iterable[int] = ()
    refused: bool = False
    attributes: Mapping[tuple[str, str], bytes] = field(
        default_factory=dict[tuple[str, str], bytes]
    )
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    def machine(self, root: Path) -> Machine:
        """Make the machine in a folder."""
        without = tuple(self.without)
        files = {name: content for name, content in HEALTHY.items() if not name.startswith(without)}
        for name, content in {**files, **self.having}.items():
            _write(root / name, content)
        attributes = dict(self.attributes)
        if self.acl:
            attributes["/dev/tee0", "system.posix_acl_access"] = acl_of(self.acl)

        def status_of(path: str) -> os.stat_result:
            os.stat(path)
            is_client = "teepriv" not in path
            mode = stat.S_IFCHR | (self.mode if is_client else self.privileged_mode)
            return os.stat_result((mode, 1, 1, 1, 0, self.gid if is_client else 901, 0, 0, 0, 0))

        def attribute_of(path: str, name: str) -> bytes:
            try:
                return attributes["/" + str(Path(path).relative_to(root)), name]
            except KeyError:
                raise OSError(61, "No data available") from None

        def may_use(path: str) -> bool:
            from pytee_client.cli._doctor.acl import allows

            node = machine.node("/" + str(Path(path).relative_to(root)))
            return node is not None and allows(node, self.user) and not self.refused

        machine = Machine(
            root=str(root),
            release=RELEASE,
            user=self.user,
            environment=self.environment,
            may_use=may_use,
            group_name=GROUPS.get,
            user_name=lambda uid: USERS.get(uid, str(uid)),
            status_of=status_of,
            attribute_of=attribute_of,
        )
        return machine

    def findings(self, root: Path, path: str | None = None) -> list[Finding]:
        """Examine the machine."""
        return examine(Patient(self.machine(root), None, path))


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content.startswith("->"):
        path.symlink_to(content.removeprefix("->"))
    else:
        path.write_text(content)


def acl_of(users: Iterable[int], mask: int = 6) -> bytes:
    """Return the list that lets users read and write what is otherwise root's."""
    entries = [(0x01, 6, 0), *((0x02, 6, uid) for uid in users), (0x04, 6, 0), (0x10, mask, 0)]
    entries.append((0x20, 0, 0))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


class Situation(NamedTuple):
    """A machine, and what is to be found on it.

    Attributes:
        plan: the machine.
        check, state: the finding.
        what: its text, or a part of that: an expression.
        remedy: a part of its remedy; nothing if there is none.
    """

    plan: Plan
    check: str
    state: State
    what: str
    remedy: str = ""

    def check_finding(self, root: Path) -> None:
        """Check that the situation has its finding, once, and its remedy."""
        findings = self.plan.findings(root)
        found = [
            one
            for one in findings
            if (one.check, one.state) == (self.check, self.state) and re.search(self.what, one.what)
        ]
        assert len(found) == 1, findings
        remedy = found[0].remedy
        if self.remedy:
            assert remedy is not None
            assert re.search(self.remedy, remedy), remedy
        else:
            assert remedy is None
        check_sentences(findings)


def check_sentences(findings: list[Finding]) -> None:
    """Check that findings are sentences, and that whoever is told of a fault is told what helps."""
    for finding in findings:
        for text in filter(None, (finding.what, finding.remedy)):
            assert text[0].isupper() or text.split()[0].startswith(("/", "hello_")), text
            assert text.endswith(".") or ": " in text
            assert text.isprintable()
        if finding.state in (State.WARNING, State.PROBLEM):
            assert finding.remedy, finding
