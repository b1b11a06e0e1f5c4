# SPDX-License-Identifier: BSD-2-Clause
"""What the outputs of an operation come back as."""

from __future__ import annotations

from ._stand_ins import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["Output", "Outputs", "RequiredSize", "Value"]


class Value(NamedTuple("Value", [("a", int), ("b", int)])):
    """Two unsigned 32-bit numbers (TEEC_Value) that a Trusted Application returned."""

    __module__ = "pytee_client.parameters"
    __slots__ = ()


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
