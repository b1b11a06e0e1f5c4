# SPDX-License-Identifier: BSD-2-Clause
"""How a container is told, and how it gets a device."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .machine import Machine

__all__ = ["container_of", "how_to_pass"]

_MARKS: Final = {"/.dockerenv": "docker", "/run/.containerenv": "podman"}
_OF_GROUPS: Final = re.compile(r"(docker|kubepods|libpod|lxc|containerd|garden|machine\.slice)")
_NAMES: Final = {
    "libpod": "podman",
    "kubepods": "kubernetes",
    "machine.slice": "systemd-nspawn",
}


def container_of(machine: Machine) -> str | None:
    """Return the kind of container, or None."""
    for path, kind in _MARKS.items():
        if machine.exists(path):
            return kind
    # Container managers say it in a variable, which only root can read of the first process.
    first = (machine.read("/proc/1/environ") or b"").decode("utf-8", "replace")
    variables: dict[str, str] = {}
    for part in first.split("\0"):
        name, _, value = part.partition("=")
        variables[name] = value
    own = machine.environment
    if own.get("KUBERNETES_SERVICE_HOST"):
        return "kubernetes"
    said = own.get("container") or variables.get("container")
    said = said or machine.text("/run/systemd/container")
    if said:
        return said
    match = _OF_GROUPS.search(machine.text("/proc/self/cgroup") or "")
    return _NAMES.get(match[1], match[1]) if match else None


def how_to_pass(kind: str, path: str, gid: int | None) -> str:
    """Say how a container gets a device, and the group that may use it."""
    if kind in ("docker", "podman"):
        group = f" --group-add {gid}" if gid is not None else ""
        return (
            f"Start the container with {kind} run --device {path}{group}; the number of the group"
            f" is what stat -c %g {path} prints outside of it."
        )
    if kind == "systemd-nspawn":
        return f"Start the container with --bind={path} and --property=DeviceAllow='{path} rw'."
    if kind == "lxc":
        return (
            f"Add lxc.mount.entry = {path} {path[1:]} none bind,create=file and an"
            " lxc.cgroup2.devices.allow line for it to the container's configuration."
        )
    if kind == "kubernetes":
        return (
            f"Have a device plugin give {path} to the pod, and set supplementalGroups in its"
            " securityContext to the number of the group that may use it."
        )
    return f"Pass {path} into the container, and give its processes the group that may use it."
