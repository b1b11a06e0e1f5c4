# SPDX-License-Identifier: BSD-2-Clause
"""Whether this user may open the devices, and who should not."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from .acl import allows, entries_of
from .finding import Finding, State
from .security import why_refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .machine import Machine, Node
    from .patient import Patient

__all__ = ["check_permissions"]

_RULE: Final = 'KERNEL=="tee[0-9]*", GROUP="tee", MODE="0660"'
_PRIVILEGED_RULE: Final = 'KERNEL=="teepriv[0-9]*", GROUP="teepriv", MODE="0660"'


def check_permissions(patient: Patient) -> Iterator[Finding]:
    """Look at the file of each device, and of each that only a supplicant should open."""
    machine = patient.machine
    if machine is None:
        return
    for device in patient.devices:
        node = machine.node(device.path)
        if node is not None:
            yield from _of_client(patient, machine, node)
    for device in patient.privileged_devices:
        node = machine.node(device.path)
        if node is not None:
            yield _of_supplicant(machine, node)


def _told(machine: Machine, node: Node) -> str:
    owner, group = machine.user_name(node.uid), machine.group(node.gid)
    text = f"{node.path} is {node.filemode} {owner}:{group}"
    users = [machine.user_name(one.number) for one in entries_of(node) if one.is_user]
    groups = [machine.group(one.number) for one in entries_of(node) if one.is_group]
    if users or groups:
        named = [*(f"user {one}" for one in users), *(f"group {one}" for one in groups)]
        text += f", and its access control list names {', '.join(named)}"
    return text


def _of_client(patient: Patient, machine: Machine, node: Node) -> Iterator[Finding]:
    user, told = machine.user, _told(machine, node)
    if machine.may_use(machine.path(node.path)):
        if node.mode & stat.S_IWOTH:
            yield Finding(
                "permissions",
                State.WARNING,
                f"{told}: every user may use the TEE.",
                f"Give a group of users access instead, by a udev rule such as {_RULE}.",
            )
        else:
            yield Finding(
                "permissions", State.OK, f"{told}; this process, of user {user.name}, may use it."
            )
        return
    if allows(node, user):
        yield Finding(
            "permissions",
            State.PROBLEM,
            f"{told}, which lets user {user.name} use it, but the kernel refuses.",
            why_refused(machine, patient.container, node.path),
        )
        return
    yield Finding(
        "permissions",
        State.PROBLEM,
        f"{told}; this process, of user {user.name}, may not use it.",
        _way_in(patient, machine, node),
    )


def _way_in(patient: Patient, machine: Machine, node: Node) -> str:
    user = machine.user
    if node.gid == 0 or node.mode >> 3 & 6 != 6:
        return (
            "Give a group of your users read and write access to it, by a udev rule such as"
            f" {_RULE}, and put the user {user.name} into the group."
        )
    group = machine.group(node.gid)
    if node.gid in user.groups:
        return f"Look at its access control list with getfacl {node.path}: it shuts the group out."
    if node.gid in user.listed_groups:
        return (
            f"User {user.name} is in the group {group}, but this process began before that: log"
            " out and in again, or restart the service that it is of."
        )
    if patient.container is not None:
        return (
            f"Give the processes of the container the group: with docker or podman by --group-add"
            f" {node.gid}."
        )
    if machine.group_name(node.gid) is None:
        return (
            f"Its group has no name here: make one, groupadd --gid {node.gid} tee, then usermod"
            f" --append --groups tee {user.name}, and log in again."
        )
    return f"Run usermod --append --groups {group} {user.name} as root, and log in again."


def _of_supplicant(machine: Machine, node: Node) -> Finding:
    told = _told(machine, node)
    if node.mode & (stat.S_IROTH | stat.S_IWOTH):
        return Finding(
            "permissions",
            State.WARNING,
            f"{told}: every user may be OP-TEE's supplicant, and keep others from being it.",
            f"Give it to the supplicant's group alone, by a udev rule such as {_PRIVILEGED_RULE}.",
        )
    return Finding(
        "permissions", State.OK, f"{told}; it is for the supplicant, and not for clients."
    )
