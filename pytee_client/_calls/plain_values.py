# SPDX-License-Identifier: BSD-2-Clause
"""Plain values as parameters: numbers, and what to say of those that can't be one."""

from __future__ import annotations

from .._boundary.buffers import ENCODE
from .._checks import to_uint32

__all__ = ["hint_for", "to_words"]


def to_words(a: object, b: object, index: int) -> tuple[int, int]:
    """Check the two numbers of a value."""
    return to_uint32(a, f"parameter {index}, a"), to_uint32(b, f"parameter {index}, b")


def hint_for(value: object) -> str:
    """Say what to pass in place of something that is no parameter."""
    if isinstance(value, type):
        return "pass an object, not a class"
    if isinstance(value, str):
        return ENCODE
    if isinstance(value, tuple | list):
        return "a value is a pair of ints"
    return "use a pair of ints or a ValueInput"
