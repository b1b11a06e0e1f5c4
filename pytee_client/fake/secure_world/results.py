# SPDX-License-Identifier: BSD-2-Clause
"""The exceptions that leave an entry point of a Trusted Application."""

from __future__ import annotations

from ...supplicant.results import ResultError

__all__ = ["PanicError", "ResultError"]


class PanicError(Exception):
    """The panic of a Trusted Application (TEE_Panic)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"TEE_Panic(0x{code:x})")
        self.code = code
