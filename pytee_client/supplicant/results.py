# SPDX-License-Identifier: BSD-2-Clause
"""The exception for a result other than SUCCESS."""

from __future__ import annotations

from operator import index
from typing import Any, Final

from .._checks import is_bool

__all__ = ["ResultError", "checked_code"]

_LAST_CODE: Final = 0xFFFFFFFF


class ResultError(Exception):
    """A result other than SUCCESS, of a Trusted Application or of a FileSystem.

    Raise it in an entry point to return its code. Any other exception there is a panic.

    Args:
        code: a member of Result, or a code that the application defines.

    Raises:
        TypeError: the code is no int.
        ValueError: it does not fit into 32 bits.
    """

    def __init__(self, code: int) -> None:
        code = checked_code(code)
        super().__init__(f"0x{code:08x}")
        self.code = code


def checked_code(code: Any) -> int:
    """Return a result, or the code of a panic, if it is one.

    Raises:
        TypeError: it is no int.
        ValueError: it does not fit into 32 bits.
    """
    try:
        number = int(index(code))
    except TypeError:
        raise TypeError(f"a result is an int such as tee.Result.BUSY, not {code!r}") from None
    if is_bool(code):
        raise TypeError(f"a result is an int such as tee.Result.BUSY, not {code!r}")
    if not 0 <= number <= _LAST_CODE:
        raise ValueError(f"a result is from 0 to 0xFFFFFFFF, not {number}")
    return number
