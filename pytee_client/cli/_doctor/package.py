# SPDX-License-Identifier: BSD-2-Clause
"""This library: its version, and which kernel Context() uses."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Final

from .finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .patient import Patient

__all__ = ["check_package"]

_VARIABLE: Final = "PYTEE_CLIENT_BACKEND"


def _version() -> str:
    try:
        return metadata.version("pytee_client")
    except metadata.PackageNotFoundError:
        return "of a source tree"


def check_package(patient: Patient) -> Iterator[Finding]:
    """Say what runs here, and what Context() would be."""
    machine = patient.machine
    system = os.uname()
    release = system.release if machine is None else machine.release
    yield Finding(
        "package",
        State.OK,
        f"This is pytee_client {_version()} on Python {platform.python_version()}, Linux"
        f" {release}, {system.machine}.",
    )
    yield _backend(patient, os.environ if machine is None else machine.environment)


def _backend(patient: Patient, environment: Mapping[str, str]) -> Finding:
    value = environment.get(_VARIABLE, "")
    if value == "fake" or value.startswith("fake:"):
        return Finding(
            "package",
            State.WARNING,
            f"{_VARIABLE}={value} is set: Context() is the fake kernel, and no TEE protects"
            " anything.",
            f"Unset {_VARIABLE} where the machine's TEE is meant.",
        )
    if value not in ("", "linux") and not value.startswith("/"):
        return Finding(
            "package",
            State.PROBLEM,
            f"{_VARIABLE}={value!r} is neither linux nor fake, nor the path of a device: Context()"
            " raises a ValueError.",
            f"Unset {_VARIABLE}, or set it to linux.",
        )
    if patient.machine is None:
        return Finding(
            "package",
            State.INFO,
            "What is examined is a kernel in Python, and no TEE of this machine.",
        )
    if value or patient.devices or patient.expected is not None:
        return Finding("package", State.OK, "Context() uses the TEE of this machine.")
    return Finding(
        "package",
        State.WARNING,
        "Context() uses the fake kernel here, with a warning, because this machine has no TEE.",
        f'Set {_VARIABLE}=linux, or use Context(backend="linux"), to forbid it.',
    )
