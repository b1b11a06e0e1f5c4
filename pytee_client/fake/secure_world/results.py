# SPDX-License-Identifier: BSD-2-Clause
"""The exceptions that leave an entry point of a Trusted Application."""

from __future__ import annotations

from ...supplicant.results import ResultError, checked_code

__all__ = ["PanicError", "ResultError"]


class PanicError(Exception):
    """The panic of a Trusted Application (TEE_Panic).

    Args:
        code: the code of the panic, 32 bits.

    Raises:
        TypeError: the code is no int.
        ValueError: it does not fit into 32 bits.
    """

    def __init__(self, code: int) -> None:
        code = checked_code(code)
        super().__init__(f"TEE_Panic(0x{code:x})")
        self.code = code
