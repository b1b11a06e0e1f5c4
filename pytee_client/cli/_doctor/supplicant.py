# SPDX-License-Identifier: BSD-2-Clause
"""Whether OP-TEE's supplicant runs. Its device is not opened: closing it would disturb one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._supplicant_remedies import Sight, look_for_supplicant
from .finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .machine import Machine
    from .patient import Patient

__all__ = ["check_supplicant", "supplicant_may_serve"]

_START: Final = (
    "Start it: systemctl start tee-supplicant@teepriv0 or systemctl start tee-supplicant, or"
    " tee-supplicant -d as root. The package is tee-supplicant or optee-client."
)
_STATES: Final = {"T": "is stopped", "t": "is stopped by a debugger", "Z": "has died"}


def supplicant_may_serve(patient: Patient) -> bool:
    """Return whether a call that needs a supplicant may come back."""
    if patient.machine is None:
        return look_for_supplicant(patient.kernel) is not Sight.NONE
    found, sees_all = patient.machine.supplicants()
    if not found:
        return not sees_all
    return any(_illness(patient.machine, process) is None for process, _ in found)


def check_supplicant(patient: Patient) -> Iterator[Finding]:
    """Say who serves OP-TEE, or how to start that."""
    machine = patient.machine
    if machine is None:
        yield from _of_python(patient)
        return
    if not patient.has_optee:
        return
    found, sees_all = machine.supplicants()
    for process, device in found:
        yield _serving(machine, process, device)
    if found:
        return
    if not sees_all:
        yield Finding(
            "supplicant",
            State.UNKNOWN,
            "No process that this one can see has the supplicant's device open.",
            "Run this as root and outside of any container to see all processes, or run fuser -v"
            f" /dev/teepriv0 there. If there is none: {_START}",
        )
    elif patient.has_applications:
        yield Finding(
            "supplicant",
            State.PROBLEM,
            "OP-TEE's supplicant does not run: no process has its device open, so the"
            " applications in files can't be loaded, and opening one waits for ever.",
            _START,
        )
    else:
        yield Finding(
            "supplicant",
            State.WARNING,
            "OP-TEE's supplicant does not run: no process has its device open. Only what is part"
            " of OP-TEE can be used, and no storage in files.",
            _START,
        )


def _serving(machine: Machine, process: int, device: str) -> Finding:
    line = (
        " ".join(machine.words_of(process))
        or machine.text(f"/proc/{process}/comm")
        or "without a name"
    )
    ill = _illness(machine, process)
    if ill is not None:
        return Finding(
            "supplicant",
            State.PROBLEM,
            f"Process {process} ({line}) has {device} open, but {ill}: calls that need it wait.",
            f"Let it go on (kill -CONT {process}), or restart it.",
        )
    return Finding("supplicant", State.OK, f"Process {process} ({line}) has {device} open.")


def _illness(machine: Machine, process: int) -> str | None:
    """Return what keeps a process from serving, or None."""
    # The name of a program may have parentheses and blanks itself.
    status = (machine.text(f"/proc/{process}/stat") or "").rpartition(")")[2].split()
    return _STATES.get(status[0]) if status else None


def _of_python(patient: Patient) -> Iterator[Finding]:
    sight = look_for_supplicant(patient.kernel)
    if sight is Sight.NONE:
        yield Finding(
            "supplicant",
            State.PROBLEM,
            "The kernel in Python needs a supplicant, and none serves it.",
            "Have a supplicant.Supplicant(kernel, ...) while it is used.",
        )
    elif sight is Sight.SERVES:
        yield Finding("supplicant", State.OK, "A supplicant serves the kernel in Python.")
    else:
        yield Finding("supplicant", State.INFO, "The kernel in Python needs no supplicant.")
