# SPDX-License-Identifier: BSD-2-Clause
"""The parameters that are two numbers."""

from __future__ import annotations

from . import _hints as t
from ._checks import UINT32_MAX, to_float, to_int32, to_int64, to_uint64
from ._outputs import Value
from ._parameter import BaseParameter, OutputParameter
from ._stand_ins import High
from ._words import split_f64, split_u64, word_of_f32
from .errors import ParameterRangeError

__all__ = ["ValueInOut", "ValueInput", "ValueOutput"]


class _Value(BaseParameter):
    __match_args__ = ("a", "b")

    def __init__(self, a: int, b: int = 0) -> None:
        # As they are sent, and in one step.
        self._pair = (a, b)

    @property
    def a(self) -> int:
        """The first number."""
        return self._pair[0]

    @property
    def b(self) -> int:
        """The second number."""
        return self._pair[1]

    @classmethod
    def from_u64(cls, number: int, *, high: High) -> t.Self:
        """Make a value of one unsigned number of 64 bits.

        Args:
            number: from 0 to 2**64 - 1.
            high: the word that gets the high half, "a" or "b": each Trusted Application has
                its own order.

        Raises:
            ParameterTypeError, ParameterRangeError: this is no such number.
            ValueError: high is neither "a" nor "b".
        """
        return cls(*split_u64(to_uint64(number, "the number"), high))

    @classmethod
    def from_i64(cls, number: int, *, high: High) -> t.Self:
        """Make a value of one signed number of 64 bits; see from_u64()."""
        return cls(*split_u64(to_int64(number, "the number"), high))

    @classmethod
    def from_f64(cls, number: float, *, high: High) -> t.Self:
        """Make a value of one float of 64 bits, a double in C; see from_u64()."""
        return cls(*split_f64(to_float(number, "the number"), high))

    @classmethod
    def from_i32(cls, a: int, b: int = 0) -> t.Self:
        """Make a value of two signed numbers of 32 bits.

        Raises:
            ParameterTypeError, ParameterRangeError: one is no number from -2**31 to 2**31 - 1.
        """
        return cls(to_int32(a, "a") & UINT32_MAX, to_int32(b, "b") & UINT32_MAX)

    @classmethod
    def from_f32(cls, a: float, b: float = 0.0) -> t.Self:
        """Make a value of two floats of 32 bits, to which they are rounded; float in C.

        Raises:
            ParameterTypeError, ParameterRangeError: one is no number, or too large.
        """
        return cls(_float_word(a, "a"), _float_word(b, "b"))


def _float_word(value: object, what: str) -> int:
    number = to_float(value, what)
    try:
        return word_of_f32(number)
    except OverflowError:
        raise ParameterRangeError(
            f"{what} is {number!r}, too large for a float of 32 bits: use from_f64()"
        ) from None


class ValueInput(_Value):
    """Two unsigned 32-bit numbers for the Trusted Application (TEEC_VALUE_INPUT).

    Other numbers have constructors: from_u64(), from_i64(), from_f64(), from_i32(), from_f32().
    """

    __module__ = "pytee_client.parameters"


class ValueOutput(OutputParameter[Value]):
    """Two numbers from the Trusted Application (TEEC_VALUE_OUTPUT); comes back as a Value."""

    __module__ = "pytee_client.parameters"


class ValueInOut(_Value, OutputParameter[Value]):
    """Two numbers that the Trusted Application may change (TEEC_VALUE_INOUT).

    It has the constructors of ValueInput, and comes back as a Value.
    """

    __module__ = "pytee_client.parameters"
