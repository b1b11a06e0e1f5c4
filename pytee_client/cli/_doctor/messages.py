# SPDX-License-Identifier: BSD-2-Clause
"""What the kernel has complained of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .patient import Patient

__all__ = ["check_messages"]

# Levels of messages.
_WARNING: Final = 4
_ERROR: Final = 3
_MOST: Final = 5


def check_messages(patient: Patient) -> Iterator[Finding]:
    """Show what the kernel has complained of."""
    if patient.machine is None:
        return
    messages = patient.messages
    if messages is None:
        yield Finding(
            "messages",
            State.UNKNOWN,
            "The kernel's messages can't be read by this user.",
            "Run this as root, or look at them with dmesg | grep -i tee.",
        )
        return
    bad = [(level, text) for level, text in messages if level <= _WARNING]
    for level, text in bad[-_MOST:]:
        kind = "an error" if level <= _ERROR else "a warning"
        yield Finding(
            "messages",
            State.WARNING,
            f"The kernel has logged {kind} about a TEE: {text}",
            "See what dmesg says before and after it.",
        )
    if not bad:
        said = f"{len(messages)} messages about TEEs" if messages else "nothing about TEEs"
        yield Finding("messages", State.OK, f"The kernel has logged {said}, and no warning.")
