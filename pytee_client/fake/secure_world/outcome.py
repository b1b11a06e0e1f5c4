# SPDX-License-Identifier: BSD-2-Clause
"""How a call into the secure world ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ...enums import Origin, Result
from ..reply import Reply

__all__ = ["SUCCESS", "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome(Reply):
    """How a call into the secure world ended, which is what most drivers reply.

    Attributes:
        result: the 32-bit code.
        origin: who says so.
        session: the session that was opened, 0 if none.
        cause: the exception of the panic behind TARGET_DEAD, or of a supplicant's absence.
    """

    origin: int = field()
    session: int = 0


SUCCESS: Final = Outcome(Result.SUCCESS, Origin.TRUSTED_APP)
"""How most calls end."""
