# SPDX-License-Identifier: BSD-2-Clause
"""The exception for a result other than SUCCESS."""

from __future__ import annotations

__all__ = ["ResultError"]


class ResultError(Exception):
    """A result other than SUCCESS, of a Trusted Application or of a FileSystem.

    Raise it in an entry point to return its code. Any other exception there is a panic.

    Args:
        code: a member of Result, or a code that the application defines.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"0x{code:08x}")
        self.code = code
