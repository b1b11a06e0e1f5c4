# SPDX-License-Identifier: BSD-2-Clause
"""What a driver puts into the argument of a call."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a driver puts into the argument of a call.

    Attributes:
        result: the 32-bit code.
        origin: who says so; None to leave what the caller had there.
        session: the session that was opened; None to leave what the caller had there.
        cause: the exception of the panic behind TARGET_DEAD.
    """

    result: int
    origin: int | None = None
    session: int | None = None
    cause: BaseException | None = None
