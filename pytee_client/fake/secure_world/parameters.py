# SPDX-License-Identifier: BSD-2-Clause
"""The parameters of an operation, as a Trusted Application sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...kernels.uapi import ParamType

__all__ = ["MemrefParameter", "Parameters", "ValueParameter"]


@dataclass(slots=True)
class ValueParameter:
    """A value: two unsigned 32-bit numbers. The client gets the numbers of an output."""

    type: ParamType
    a: int = 0
    b: int = 0


@dataclass(slots=True)
class MemrefParameter:
    """A memory reference.

    Attributes:
        type: its direction.
        buffer: the bytes, read-only for an input; None for a null reference.
        size: its size in bytes. The client gets the size of an output; one that is larger
            than the buffer says how much is needed.

    The buffer can be shorter than the size from the start, if memrefs of an operation overlap
    in a block of memory. OP-TEE maps a memref that contains another one, which starts in a
    later page, only up to the last page of the other one (seen in 4.5). Pseudo applications get
    all of it. A real Trusted Application panics if it accesses the rest. One in Python panics
    by the IndexError of an index; before it uses slices it must check len(buffer).
    """

    type: ParamType
    buffer: memoryview | None
    size: int


Parameters: TypeAlias = Sequence[ValueParameter | MemrefParameter | None]
"""The four parameters of an operation; None for an unused one."""
