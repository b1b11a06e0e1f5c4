# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's messages about TEEs."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .machine import Machine

__all__ = ["revision_in", "tee_messages"]

_PATH: Final = "/dev/kmsg"
_RECORD: Final = re.compile(rb"(\d+),\d+,\d+,[^;]*;([^\n]*)")
_ABOUT_TEES: Final = re.compile(
    r"\b(?:optee|op-tee|amdtee|amd-tee|tstee|qcomtee|tee-supplicant|tee\d|teepriv\d|tee core)\b",
    re.I,
)
_REVISION: Final = re.compile(r"optee: revision (\d+)\.(\d+)(?: \((\w+)\))?")
_LARGEST_RECORD: Final = 8192
_MOST_RECORDS: Final = 100_000


def tee_messages(machine: Machine) -> list[tuple[int, str]] | None:
    """Return the kernel's messages about TEEs, with their levels; None if they can't be read."""
    try:
        descriptor = os.open(machine.path(_PATH), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return [
            (level, text)
            for record in _records(descriptor)
            for level, text in _parsed(record)
            if _ABOUT_TEES.search(text)
        ]
    finally:
        os.close(descriptor)


def _records(descriptor: int) -> Iterator[bytes]:
    """Yield records; each read returns one, and one that was overwritten is an EPIPE."""
    for _ in range(_MOST_RECORDS):
        try:
            record = os.read(descriptor, _LARGEST_RECORD)
        except BrokenPipeError:
            continue
        except OSError:
            return
        if not record:
            return
        yield record


def _parsed(record: bytes) -> Iterator[tuple[int, str]]:
    for match in _RECORD.finditer(record):
        # The rest of the number says who wrote it.
        yield int(match[1]) & 7, match[2].decode("utf-8", "replace")


def revision_in(messages: list[tuple[int, str]] | None) -> str | None:
    """Return the revision that OP-TEE's driver has told, such as "4.5", or None."""
    for _, text in reversed(messages or []):
        match = _REVISION.search(text)
        if match:
            return f"{match[1]}.{match[2]}" + (f" ({match[3]})" if match[3] else "")
    return None
