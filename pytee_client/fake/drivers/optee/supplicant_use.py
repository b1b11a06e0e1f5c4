# SPDX-License-Identifier: BSD-2-Clause
"""What an OP-TEE needs its supplicant for."""

from __future__ import annotations

from enum import Enum

__all__ = ["SupplicantUse"]


class SupplicantUse(Enum):
    """Whether OP-TEE needs a supplicant, and what it does without one.

    With one, Trusted Applications that are not installed are files that the supplicant
    loads, and persistent objects are in files of the supplicant's.
    """

    NONE = "none"
    """It needs none: Trusted Applications are those installed, and files are its own."""

    WAIT = "wait"
    """A call that needs it waits until there is one, as on a real machine."""

    NOWAIT = "nowait"
    """A call that needs it fails at once with COMMUNICATION, as for clients in the kernel."""
