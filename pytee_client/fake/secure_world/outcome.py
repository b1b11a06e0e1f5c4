# SPDX-License-Identifier: BSD-2-Clause
"""The outcome of a call into the secure world."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ...enums import Origin, Result
from ..structures import Reply

__all__ = ["SUCCESS", "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome(Reply):
    """The outcome of a call into the secure world; most drivers reply it as it is.

    Attributes:
        result: the 32-bit code.
        origin: where the code comes from.
        session: the session that was opened; 0 if there is none.
        cause: the exception behind TARGET_DEAD, or behind the failure of a supplicant.
    """

    origin: int = field()
    session: int = 0


SUCCESS: Final = Outcome(Result.SUCCESS, Origin.TRUSTED_APP)
"""The outcome of most calls."""
