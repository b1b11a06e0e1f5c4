# SPDX-License-Identifier: BSD-2-Clause
"""Whether an OP-TEE needs a supplicant."""

from __future__ import annotations

from enum import Enum

__all__ = ["SupplicantUse"]


class SupplicantUse(Enum):
    """Whether OP-TEE needs a supplicant, and what a call does without one.

    A supplicant loads Trusted Applications that are not installed from files, and keeps
    persistent objects in files.
    """

    NONE = "none"
    """It needs none: only installed Trusted Applications exist, and OP-TEE keeps the files."""

    WAIT = "wait"
    """A call that needs a supplicant waits for one, as on a real machine."""

    NOWAIT = "nowait"
    """A call that needs a supplicant fails with COMMUNICATION if there is none."""
