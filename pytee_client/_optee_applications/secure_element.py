# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's pseudo applications for a secure element."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ApduCase", "Scp03Keys"]


class Scp03Keys(IntEnum):
    """Which keys the channel to a secure element uses."""

    CURRENT = 0
    ROTATE = 1


class ApduCase(IntEnum):
    """What a command has beside its header (ISO/IEC 7816-4); E is for extended lengths."""

    NO_HINT = 0
    CASE_1 = 1
    CASE_2 = 2
    CASE_2E = 3
    CASE_3 = 4
    CASE_3E = 5
    CASE_4 = 6
    CASE_4E = 7
