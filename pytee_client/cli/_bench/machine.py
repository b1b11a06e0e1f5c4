# SPDX-License-Identifier: BSD-2-Clause
"""Facts of the machine, without which figures can't be compared."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any, Final

import pytee_client

from ...context import Context
from ...devices import enumerate_devices
from ...enums import GenericCapabilities

__all__ = ["facts", "remarks"]

_SYSTEM: Final = Path("/sys/devices/system")
_MODELS: Final = re.compile(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", re.MULTILINE)
_ARM_PARTS: Final = re.compile(r"^CPU (implementer|part)\s*:\s*(\w+)$", re.MULTILINE)


def facts(context: Context) -> dict[str, Any]:
    """Return what is known of the device of a context, and of the machine."""
    version = context.version
    path, revision = _device(context)
    return {
        "backend": version.backend,
        "device": path,
        "driver": getattr(version.implementation_id, "name", str(version.implementation_id)),
        "capabilities": [
            one.name for one in GenericCapabilities if one in version.generic_capabilities
        ],
        "tee_revision": revision,
        "board": _text(Path("/proc/device-tree/model"))
        or _text(Path("/sys/class/dmi/id/product_name")),
        "architecture": platform.machine(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "processors_usable": len(os.sched_getaffinity(0)),
        "frequency_governors": _governors(),
        "clock_source": _text(_SYSTEM / "clocksource/clocksource0/current_clocksource"),
        "load": round(os.getloadavg()[0], 2),
        "linux": platform.release(),
        "python": platform.python_version(),
        "python_implementation": platform.python_implementation(),
        # A checkout that is not installed has none.
        "pytee_client": getattr(pytee_client, "__version__", None),
    }


def remarks(facts: dict[str, Any]) -> list[str]:
    """Say what of it makes figures doubtful."""
    found = []
    if facts["backend"] == "fake":
        found.append(
            "this is the fake: its figures are those of a program in Python, and say nothing of a"
            " TEE"
        )
    changing = [one for one in facts["frequency_governors"] if one != "performance"]
    if changing:
        found.append(
            f"the frequency of the processors follows their load (governor {', '.join(changing)}):"
            " for figures that repeat, set the governor performance"
        )
    if facts["load"] > max(facts["processors_usable"] - 1, 0.5):
        found.append(
            f"the load was {facts['load']} on {facts['processors_usable']} processors when this"
            " began: other programs take time away"
        )
    return found


def _device(context: Context) -> tuple[str | None, str | None]:
    """Return the path of a context's device, and the revision of its TEE if Linux tells it."""
    path = context._path
    try:
        devices = enumerate_devices(context._native.kernel)
    except (OSError, TypeError, ValueError):
        devices = ()
    for device in devices:
        if not device.is_privileged and path in (None, device.path):
            revision = device.revision
            text = None if revision is None else f"{revision.major}.{revision.minor}"
            return device.path, text
    return path, None


def _processor() -> str | None:
    """Return what kind of processor it is: ARM says so by numbers."""
    text = _text(Path("/proc/cpuinfo")) or ""
    if found := _MODELS.search(text):
        return found[1].strip()
    parts = dict(_ARM_PARTS.findall(text))
    if not parts:
        return None
    return f"ARM implementer {parts.get('implementer', '?')}, part {parts.get('part', '?')}"


def _governors() -> list[str]:
    found = (_text(one) for one in _SYSTEM.glob("cpu/cpu[0-9]*/cpufreq/scaling_governor"))
    return sorted({one for one in found if one})


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip(" \0\n") or None
    except OSError:
        return None
