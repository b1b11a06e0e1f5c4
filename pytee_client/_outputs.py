# SPDX-License-Identifier: BSD-2-Clause
"""What the outputs of an operation come back as."""

from __future__ import annotations

from ._stand_ins import High, NamedTuple
from ._words import join_f64, join_i64, join_u64, to_f32, to_i32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["Output", "Outputs", "RequiredSize", "Value"]


class Value(NamedTuple("Value", [("a", int), ("b", int)])):
    """Two unsigned 32-bit numbers (TEEC_Value) that a Trusted Application returned.

    The methods read other numbers in their bits. The constructors of ValueInput have the same
    names with from_, and the same argument high.
    """

    __module__ = "pytee_client.parameters"
    __slots__ = ()

    def u64(self, *, high: High) -> int:
        """Return both as one unsigned number of 64 bits.

        Args:
            high: the word that has the high half, "a" or "b".

        Raises:
            ValueError: high is neither.
        """
        return join_u64(self.a, self.b, high)

    def i64(self, *, high: High) -> int:
        """Return both as one signed number of 64 bits; see u64()."""
        return join_i64(self.a, self.b, high)

    def f64(self, *, high: High) -> float:
        """Return both as one float of 64 bits, a double in C; see u64()."""
        return join_f64(self.a, self.b, high)

    def i32(self) -> tuple[int, int]:
        """Return a and b as signed numbers."""
        return to_i32(self.a), to_i32(self.b)

    def f32(self) -> tuple[float, float]:
        """Return a and b as floats of 32 bits each, a float in C."""
        return to_f32(self.a), to_f32(self.b)


class RequiredSize(NamedTuple("RequiredSize", [("required", int)])):
    """Stands for an output that did not fit: how many bytes it needs.

    If the output was a buffer of the caller's, the Trusted Application may have written to it.
    """

    __module__ = "pytee_client.parameters"
    __slots__ = ()


# An int is the size of an output in a DescriptorSharedMemory.
Output: TypeAlias = Value | bytes | memoryview | int | RequiredSize
# In slot order.
Outputs: TypeAlias = tuple[Output, ...]
