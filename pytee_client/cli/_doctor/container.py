# SPDX-License-Identifier: BSD-2-Clause
"""Whether this process is in a container, and what that lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .containers import how_to_pass
from .finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .patient import Patient

__all__ = ["check_container"]


def check_container(patient: Patient) -> Iterator[Finding]:
    """Say whether it is a container, and which of the kernel's devices have no file in it."""
    machine = patient.machine
    if machine is None:
        return
    kind = patient.container
    if kind is None:
        yield Finding("container", State.INFO, "This process seems to be in no container.")
        return
    yield Finding("container", State.INFO, f"This process is in a container ({kind}).")
    for device in patient.devices:
        if not machine.exists(device.path):
            yield Finding(
                "container",
                State.PROBLEM,
                f"The kernel has {device.path}, but the container has no file for it.",
                how_to_pass(kind, device.path, None),
            )
