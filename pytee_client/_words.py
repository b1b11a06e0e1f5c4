# SPDX-License-Identifier: BSD-2-Clause
"""Other numbers in the two 32-bit words of a value: of 64 bits, signed, with a fraction.

How they lie there is each Trusted Application's own choice. high says which of a and b has the
more significant half of 64 bits.
"""

from __future__ import annotations

from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from ._stand_ins import High

__all__ = [
    "join_f64",
    "join_i64",
    "join_u64",
    "split_f64",
    "split_u64",
    "to_f32",
    "to_i32",
    "word_of_f32",
]

_WORD: Final = Struct("=I")
_SIGNED: Final = Struct("=i")
_FLOAT: Final = Struct("=f")
_LONG: Final = Struct("=Q")
_DOUBLE: Final = Struct("=d")
_MASK: Final = 2**32 - 1


def _order(high: object) -> bool:
    """Return whether a has the high half."""
    if not isinstance(high, str) or high not in ("a", "b"):
        raise ValueError(f'high must be "a" or "b", the word with the high half, not {high!r}')
    return high == "a"


def split_u64(number: int, high: High) -> tuple[int, int]:
    """Return the words a and b of a number from -2**63 to 2**64 - 1."""
    upper, lower = number >> 32 & _MASK, number & _MASK
    return (upper, lower) if _order(high) else (lower, upper)


def join_u64(a: int, b: int, high: High) -> int:
    """Return the unsigned number of 64 bits in two words."""
    return a << 32 | b if _order(high) else b << 32 | a


def join_i64(a: int, b: int, high: High) -> int:
    """Return the signed number of 64 bits in two words."""
    number = join_u64(a, b, high)
    return number - 2**64 if number >= 2**63 else number


def split_f64(number: float, high: High) -> tuple[int, int]:
    """Return the words a and b of a double."""
    (bits,) = _LONG.unpack(_DOUBLE.pack(number))
    return split_u64(bits, high)


def join_f64(a: int, b: int, high: High) -> float:
    """Return the double in two words."""
    number: float
    (number,) = _DOUBLE.unpack(_LONG.pack(join_u64(a, b, high)))
    return number


def word_of_f32(number: float) -> int:
    """Return the word of a float, rounded to 32 bits; OverflowError if it is too large."""
    word: int
    (word,) = _WORD.unpack(_FLOAT.pack(number))
    return word


def to_f32(word: int) -> float:
    """Return the float in a word."""
    number: float
    (number,) = _FLOAT.unpack(_WORD.pack(word))
    return number


def to_i32(word: int) -> int:
    """Return the signed number in a word."""
    number: int
    (number,) = _SIGNED.unpack(_WORD.pack(word))
    return number
