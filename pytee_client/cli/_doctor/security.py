# SPDX-License-Identifier: BSD-2-Clause
"""What Linux's security modules say: SELinux and AppArmor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .acl import allows
from .finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .machine import Machine
    from .patient import Patient

__all__ = ["check_security", "why_refused"]

# Types that a policy gives to devices that it does not know.
_UNKNOWN_TYPES: Final = ("device_t", "unlabeled_t", "default_t", "file_t")


def _enforces_selinux(machine: Machine) -> bool | None:
    """Return whether SELinux refuses, and does not only log; None if there is none."""
    text = machine.text("/sys/fs/selinux/enforce")
    return None if text is None else text == "1"


def _label(machine: Machine, path: str) -> str | None:
    label = machine.attribute(path, "security.selinux")
    return None if label is None else label.decode("utf-8", "replace").rstrip("\0")


def _own_label(machine: Machine) -> str:
    return machine.text("/proc/self/attr/current") or "unknown"


def _profile(machine: Machine) -> str | None:
    """Return the profile of AppArmor that confines this process; None if none does."""
    if machine.text("/sys/module/apparmor/parameters/enabled") != "Y":
        return None
    said = machine.text("/proc/self/attr/apparmor/current") or machine.text(
        "/proc/self/attr/current"
    )
    return None if said in (None, "", "unconfined") else said


def why_refused(machine: Machine, container: str | None, path: str) -> str:
    """Return what helps if permissions allow what the kernel refuses."""
    if _enforces_selinux(machine):
        return (
            f"SELinux enforces a policy: it does not let {_own_label(machine)} use a device with"
            f" the label {_label(machine, path) or 'unknown'}. See ausearch -m avc, and have the"
            " policy allow it."
        )
    profile = _profile(machine)
    if profile is not None and "complain" not in profile:
        return (
            f"AppArmor confines this process to the profile {profile}: add {path} rw, to the"
            " profile, or run outside of it."
        )
    if container is not None:
        return (
            f"The container's list of devices (cgroup) lacks it: with docker or podman pass it by"
            f" --device {path}, and not by --volume."
        )
    return (
        "Look for what else restricts this process: DeviceAllow= or PrivateDevices= in the unit"
        " of its service, a cgroup's list of devices, or a mount with nodev."
    )


def check_security(patient: Patient) -> Iterator[Finding]:
    """Tell the labels, and what they refuse."""
    machine = patient.machine
    if machine is None:
        return
    enforces, profile = _enforces_selinux(machine), _profile(machine)
    if enforces is None and profile is None:
        yield Finding("security", State.INFO, "Neither SELinux nor AppArmor confines this process.")
    if profile is not None:
        yield Finding(
            "security", State.INFO, f"AppArmor confines this process to the profile {profile}."
        )
    if enforces is not None:
        yield from _of_selinux(patient, machine, enforces)


def _of_selinux(patient: Patient, machine: Machine, enforces: bool) -> Iterator[Finding]:
    mode = "enforcing" if enforces else "permissive: it logs, and refuses nothing"
    yield Finding(
        "security",
        State.INFO,
        f"SELinux is {mode}; this process has the label {_own_label(machine)}.",
    )
    for device in patient.devices:
        label = _label(machine, device.path)
        node = machine.node(device.path)
        if label is None or node is None:
            continue
        parts = label.split(":")
        kind = parts[2] if len(parts) > 2 else label
        is_refused = allows(node, machine.user) and not patient.can_open(device)
        if is_refused and enforces:
            yield Finding(
                "security",
                State.PROBLEM,
                f"SELinux seems to refuse {device.path}, which has the label {label}.",
                why_refused(machine, patient.container, device.path),
            )
        elif kind in _UNKNOWN_TYPES:
            yield Finding(
                "security",
                State.WARNING,
                f"{device.path} has the label {label}, which is that of any device.",
                "Give it a type of its own in the policy (semanage fcontext, then restorecon), so"
                " that the policy can say who uses the TEE.",
            )
        else:
            yield Finding("security", State.OK, f"{device.path} has the label {label}.")
