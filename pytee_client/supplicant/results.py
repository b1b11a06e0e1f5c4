# SPDX-License-Identifier: BSD-2-Clause
"""The exception by which a result other than success is returned."""

from __future__ import annotations

__all__ = ["ResultError"]


class ResultError(Exception):
    """Returns a 32-bit code from an entry point of a Trusted Application, or a supplicant's file.

    Any other exception that leaves an entry point is a panic.

    Args:
        code: a member of Result, or a code of the application's own.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"0x{code:08x}")
        self.code = code
