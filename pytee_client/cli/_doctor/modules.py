# SPDX-License-Identifier: BSD-2-Clause
"""Which modules of the kernel there are for TEEs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .machine import Machine
    from .patient import Patient

__all__ = ["Modules", "check_modules"]

_KNOWN: Final = ("tee", "optee", "amdtee", "arm-tstee", "qcomtee")
_FILE: Final = re.compile(r"(?:^|/)([\w-]+)\.ko(?:\.\w+)?(?::|$)", re.M)


class Modules:
    """The modules of a machine.

    Attributes:
        loaded: those that are loaded, or built in with something to show in sysfs.
        built_in: those that are part of the kernel.
        available: those that can be loaded; None if the list can't be read.
    """

    def __init__(self, machine: Machine) -> None:
        self.loaded = {_plain(one) for one in machine.names("/sys/module")}
        for line in (machine.text("/proc/modules") or "").splitlines():
            self.loaded.add(_plain(line.partition(" ")[0]))
        self.built_in = _listed(machine, "modules.builtin") or set()
        self.available = _listed(machine, "modules.dep")

    def state_of(self, name: str) -> str:
        """Return what is known of a module, in words."""
        name = _plain(name)
        if name in self.built_in:
            return "built in"
        if name in self.loaded:
            return "loaded"
        if self.available is None:
            return "unknown"
        return "available" if name in self.available else "missing"


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _listed(machine: Machine, file: str) -> set[str] | None:
    for top in ("/lib/modules", "/usr/lib/modules"):
        text = machine.text(f"{top}/{machine.release}/{file}")
        if text is not None:
            return {_plain(name) for name in _FILE.findall(text)}
    return None


def check_modules(patient: Patient) -> Iterator[Finding]:
    """Say which are there; without a device, which one to load or to install."""
    machine = patient.machine
    if machine is None:
        return
    modules = Modules(machine)
    states = {name: modules.state_of(name) for name in _KNOWN}
    there = [f"{name} is {state}" for name, state in states.items() if state != "missing"]
    there = [one for one in there if not one.endswith("unknown")]
    expected = patient.expected
    if patient.devices or expected is None:
        yield Finding(
            "modules",
            State.OK if patient.devices else State.INFO,
            f"Modules for TEEs: {', '.join(there) or 'none is seen'}.",
        )
        return
    for name in expected.modules:
        yield _needed(name, modules.state_of(name), machine.release)


def _needed(name: str, state: str, release: str) -> Finding:
    if state in ("loaded", "built in"):
        return Finding(
            "modules",
            State.INFO,
            f"The module {name}, which this TEE needs, is {state}.",
        )
    if state == "available":
        return Finding(
            "modules",
            State.PROBLEM,
            f"The module {name}, which this TEE needs, is not loaded.",
            f"Run modprobe {name} as root, and put a line {name} into /etc/modules-load.d/tee.conf"
            " to have it after the next start.",
        )
    if state == "unknown":
        return Finding(
            "modules",
            State.UNKNOWN,
            f"Whether there is a module {name}, which this TEE needs, can't be seen: there is no"
            f" /lib/modules/{release}/modules.dep.",
            f"Run modprobe {name} as root, outside of any container.",
        )
    return Finding(
        "modules",
        State.PROBLEM,
        f"The kernel {release} has no module {name}, which this TEE needs.",
        "Install the package with the rest of its modules (Ubuntu has"
        f" linux-modules-extra-{release}), or a kernel that has it.",
    )
