# SPDX-License-Identifier: BSD-2-Clause
"""Numbers of a fixed width, in values and in memory."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .._checks import UINT32_MAX, to_float, to_number
from .._words import join_u64, split_u64
from ..errors import ParameterRangeError
from .kinds import ContentError, ValueKind

__all__ = [
    "F32",
    "F64",
    "I8",
    "I16",
    "I32",
    "I64",
    "U8",
    "U16",
    "U32",
    "U64",
    "FloatKind",
    "IntKind",
    "NumberKind",
]


class NumberKind(ValueKind[Any, Any]):
    """A number.

    Attributes:
        code: its letter in the formats of the module struct.
        size: its size in bytes, in memory.
    """

    def __init__(self, name: str, python: type, code: str) -> None:
        super().__init__(name, python)
        self.code = code
        self.size = Struct(f"<{code}").size

    def __call__(self, given: Any) -> Any:
        """Check a number, and return it."""
        return self.check(given, "the number")

    def check(self, given: Any, what: str) -> Any:
        """Return a number; raise if it is none, or does not fit."""
        raise NotImplementedError


class IntKind(NumberKind):
    """A whole number of 8 to 64 bits."""

    def __init__(self, name: str, code: str) -> None:
        super().__init__(name, int, code)
        bits = 8 * self.size
        self._is_signed = code.islower()
        # The largest signed number in its word, or in both.
        self._sign = 2**63 - 1 if bits == 64 else 2**31 - 1
        self.low = -(2 ** (bits - 1)) if self._is_signed else 0
        self.high = 2**bits - 1 + self.low
        low = f"-2**{bits - 1}" if self._is_signed else "0"
        self._limits = f"from {low} to 2**{bits - self._is_signed} - 1"

    def check(self, given: Any, what: str) -> int:
        """Return an int that fits."""
        if type(given) is int and self.low <= given <= self.high:
            return given
        return to_number(given, what, self.low, self.high, self._limits)

    # These two are in each call of many commands, and so call no other function.
    def words(self, given: Any, what: str) -> tuple[int, int]:
        """Return the number in a, or its high half in a and its low half in b."""
        number: int = given
        if type(given) is not int or not self.low <= given <= self.high:
            number = self.check(given, what)
        if self.size == 8:
            return number >> 32 & UINT32_MAX, number & UINT32_MAX
        # A small signed number fills the word with its sign.
        return number & UINT32_MAX, 0

    def read(self, a: int, b: int, *more: int) -> int:
        """Return the number in a, or in both words."""
        number = a << 32 | b if self.size == 8 else a
        if self._is_signed and number > self._sign:
            number -= 2 * (self._sign + 1)
        if not self.low <= number <= self.high:
            raise ContentError(f"the value {self.name} is out of its range")
        return number


class FloatKind(NumberKind):
    """A number with a fraction, of 32 or 64 bits."""

    def __init__(self, name: str, code: str) -> None:
        super().__init__(name, float, code)
        self._float = Struct(f"<{code}")
        self._word = Struct("<Q" if self.size == 8 else "<I")

    def check(self, given: Any, what: str) -> float:
        """Return a float that fits."""
        number = to_float(given, what)
        try:
            self._float.pack(number)
        except OverflowError:
            raise ParameterRangeError(f"{what} is too large for {self.name}: use F64") from None
        return number

    def words(self, given: Any, what: str) -> tuple[int, int]:
        """Return its bits in a, or the high half of them in a and the low half in b."""
        bits: int
        (bits,) = self._word.unpack(self._float.pack(self.check(given, what)))
        return split_u64(bits, "a") if self.size == 8 else (bits, 0)

    def read(self, a: int, b: int, *more: int) -> float:
        """Return the number in a, or in both words."""
        number: float
        bits = join_u64(a, b, "a") if self.size == 8 else a
        (number,) = self._float.unpack(self._word.pack(bits))
        return number


if TYPE_CHECKING:
    # To type checkers they are the types of their numbers, also in annotations.
    U8: TypeAlias = int
    U16: TypeAlias = int
    U32: TypeAlias = int
    U64: TypeAlias = int
    I8: TypeAlias = int
    I16: TypeAlias = int
    I32: TypeAlias = int
    I64: TypeAlias = int
    F32: TypeAlias = float
    F64: TypeAlias = float
else:
    U8: Final = IntKind("U8", "B")
    U16: Final = IntKind("U16", "H")
    U32: Final = IntKind("U32", "I")
    U64: Final = IntKind("U64", "Q")
    I8: Final = IntKind("I8", "b")
    I16: Final = IntKind("I16", "h")
    I32: Final = IntKind("I32", "i")
    I64: Final = IntKind("I64", "q")
    F32: Final = FloatKind("F32", "f")
    F64: Final = FloatKind("F64", "d")
