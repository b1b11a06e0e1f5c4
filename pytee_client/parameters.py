# SPDX-License-Identifier: BSD-2-Clause
"""What can stand in the four slots of an operation, and what comes back.

One class for each parameter type of the specification (GPD_SPE_007 4.4.6): the
constant TEEC_MEMREF_TEMP_INPUT is the class MemrefTempInput. Plain values stand
for the common ones: a bytes-like object for MemrefTempInput, a pair of ints for
ValueInput, shared memory for MemrefWhole, None for an unused slot.

All are immutable values and may be shared between threads; the buffers they
name must not be changed while a call uses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Buffer

    from .memory import SharedMemory

    Parameter: TypeAlias = (
        "ValueInput | ValueOutput | ValueInOut | MemrefTempInput | MemrefTempOutput"
        " | MemrefTempInOut | MemrefWhole | MemrefPartialInput | MemrefPartialOutput"
        " | MemrefPartialInOut | Buffer | SharedMemory | Sequence[int] | None"
    )

__all__ = [
    "MemrefPartialInOut",
    "MemrefPartialInput",
    "MemrefPartialOutput",
    "MemrefTempInOut",
    "MemrefTempInput",
    "MemrefTempOutput",
    "MemrefWhole",
    "RequiredSize",
    "Value",
    "ValueInOut",
    "ValueInput",
    "ValueOutput",
]


class Value(NamedTuple):
    """Two unsigned 32-bit numbers (TEEC_Value) that a Trusted Application returned."""

    a: int
    b: int


class RequiredSize(NamedTuple):
    """Stands for an output that did not fit: how many bytes it needs.

    A buffer of the caller's has what the Trusted Application wrote, if it wrote anything.
    """

    required: int


@dataclass(frozen=True, slots=True)
class ValueInput:
    """Two unsigned 32-bit numbers for the Trusted Application (TEEC_VALUE_INPUT)."""

    a: int
    b: int = 0


@dataclass(frozen=True, slots=True)
class ValueOutput:
    """Two numbers from the Trusted Application (TEEC_VALUE_OUTPUT); comes back as a Value."""


@dataclass(frozen=True, slots=True)
class ValueInOut:
    """Two numbers that the Trusted Application may change (TEEC_VALUE_INOUT)."""

    a: int
    b: int = 0


@dataclass(frozen=True, slots=True)
class MemrefTempInput:
    """Bytes for the Trusted Application (TEEC_MEMREF_TEMP_INPUT).

    Args:
        buffer: a contiguous bytes-like object, of which the TEE sees a copy; None for
            a null memory reference, which needs the device's MEMREF_NULL capability.
    """

    buffer: Buffer | None


@dataclass(frozen=True, slots=True)
class MemrefTempOutput:
    """Room for bytes from the Trusted Application (TEEC_MEMREF_TEMP_OUTPUT).

    Args:
        buffer: a number of bytes, and they come back as bytes; or a writable
            contiguous buffer, and a memoryview of it comes back; or None for a null
            memory reference, with which some applications tell the size they need.
            What comes back is cut to the size that the Trusted Application set; a
            larger size comes back as RequiredSize.
    """

    buffer: Buffer | int | None


@dataclass(frozen=True, slots=True)
class MemrefTempInOut:
    """Bytes that the Trusted Application may change (TEEC_MEMREF_TEMP_INOUT).

    Args:
        buffer: a writable contiguous buffer, of which a memoryview comes back as from
            MemrefTempOutput; None for a null memory reference.
    """

    buffer: Buffer | None


@dataclass(frozen=True, slots=True)
class MemrefWhole:
    """All of a block of shared memory, in its own directions (TEEC_MEMREF_WHOLE).

    If the block has the direction OUTPUT, a memoryview of it comes back, cut to the size
    that the Trusted Application set; of a DescriptorSharedMemory that size alone, an int.
    """

    block: SharedMemory


@dataclass(frozen=True, slots=True)
class _MemrefPartial:
    """Part of a block of shared memory.

    Args:
        block: must have the direction of the parameter, and be of the session's context.
        offset: where the part begins, in bytes.
        size: its length in bytes; all that follows offset by default.
    """

    block: SharedMemory
    offset: int = 0
    size: int | None = None


@dataclass(frozen=True, slots=True)
class MemrefPartialInput(_MemrefPartial):
    """Part of a block, for the Trusted Application to read (TEEC_MEMREF_PARTIAL_INPUT).

    Args:
        block: shared memory with the direction INPUT.
        offset: where the part begins, in bytes.
        size: its length in bytes; all that follows offset by default.
    """


@dataclass(frozen=True, slots=True)
class MemrefPartialOutput(_MemrefPartial):
    """Part of a block, for the Trusted Application to write (TEEC_MEMREF_PARTIAL_OUTPUT).

    A memoryview of the part comes back, cut to the size that the Trusted Application set;
    of a DescriptorSharedMemory that size alone, an int.

    Args:
        block: shared memory with the direction OUTPUT.
        offset: where the part begins, in bytes.
        size: its length in bytes; all that follows offset by default.
    """


@dataclass(frozen=True, slots=True)
class MemrefPartialInOut(_MemrefPartial):
    """Part of a block, to be read and written (TEEC_MEMREF_PARTIAL_INOUT).

    A memoryview of the part comes back, cut to the size that the Trusted Application set;
    of a DescriptorSharedMemory that size alone, an int.

    Args:
        block: shared memory with both directions.
        offset: where the part begins, in bytes.
        size: its length in bytes; all that follows offset by default.
    """


Outputs: TypeAlias = tuple[Any, ...]
"""Value, bytes, memoryview, int or RequiredSize for each output parameter, in slot order.

An int is the size of an output in a DescriptorSharedMemory.
"""
