# SPDX-License-Identifier: BSD-2-Clause
"""How a call into the secure world ended."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Outcome"]


@dataclass(slots=True)
class Outcome:
    """How a call into the secure world ended.

    Attributes:
        result: the 32-bit code.
        origin: who says so.
        session: the session that was opened, 0 if none.
        cause: the exception of the panic behind TARGET_DEAD, or of a supplicant's absence.
    """

    result: int
    origin: int
    session: int = 0
    cause: BaseException | None = None
