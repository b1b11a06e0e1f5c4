# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel was built with."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TYPE_CHECKING, Final

from .finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .machine import Machine
    from .patient import Patient

__all__ = ["check_configuration", "configuration_of"]

_OPTIONS: Final = {
    "tee": "CONFIG_TEE",
    "optee": "CONFIG_OPTEE",
    "amdtee": "CONFIG_AMDTEE",
    "ccp": "CONFIG_CRYPTO_DEV_SP_PSP",
    "arm-tstee": "CONFIG_ARM_TSTEE",
    "qcomtee": "CONFIG_QCOMTEE",
}
_LINE: Final = re.compile(r"^(CONFIG_\w+)=([ym])$", re.M)
_LARGEST: Final = 16 << 20


def configuration_of(machine: Machine) -> tuple[str, dict[str, str]] | None:
    """Return where the kernel's configuration is, and its options that are y or m."""
    release = machine.release
    for path in (
        "/proc/config.gz",
        f"/boot/config-{release}",
        f"/lib/modules/{release}/config",
        f"/usr/lib/modules/{release}/config",
        f"/lib/modules/{release}/build/.config",
    ):
        content = machine.read(path)
        if content is None:
            continue
        if path.endswith(".gz"):
            content = _unpacked(content)
        options = dict(_LINE.findall(content.decode("ascii", "replace")))
        if options:
            return path, options
    return None


def _unpacked(content: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, _LARGEST)
    except (zlib.error, gzip.BadGzipFile):
        return b""


def check_configuration(patient: Patient) -> Iterator[Finding]:
    """Say which drivers of TEEs the kernel was built with, and which it lacks."""
    machine = patient.machine
    if machine is None:
        return
    found = configuration_of(machine)
    if found is None:
        yield Finding(
            "configuration",
            State.UNKNOWN,
            f"The kernel's configuration is neither in /proc/config.gz nor in"
            f" /boot/config-{machine.release}.",
            "Where the kernel has that, modprobe configs makes the first.",
        )
        return
    path, options = found
    expected = patient.expected
    wanted = ("tee", *(expected.modules if expected is not None else ()))
    missing = [_OPTIONS[one] for one in wanted if _OPTIONS[one] not in options]
    if missing and not patient.devices:
        yield Finding(
            "configuration",
            State.PROBLEM if expected is not None else State.WARNING,
            f"The kernel was built without {' and '.join(missing)} ({path}).",
            f"Build a kernel with {' and '.join(f'{one}=m' for one in missing)}, or install one.",
        )
        return
    said = [f"{one}={options[one]}" for one in _OPTIONS.values() if one in options]
    without = "" if said else "no driver for a TEE"
    yield Finding(
        "configuration",
        State.OK if said else State.INFO,
        f"The kernel was built with {', '.join(said) or without} ({path}).",
    )
