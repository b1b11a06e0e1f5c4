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
    """Two unsigned 32-bit numbers; what is set in an output goes back to the client."""

    type: ParamType
    a: int = 0
    b: int = 0


@dataclass(slots=True)
class MemrefParameter:
    """A memory reference.

    Attributes:
        type: its direction.
        buffer: the bytes, read-only for an input; None for a null one.
        size: its size in bytes; what is set in an output goes back to the client, and a
            size larger than the buffer says how much is needed.

    The buffer can be shorter than the size from the start. If a call's memrefs overlap in one
    block of memory, OP-TEE maps one that contains another, which begins in a later page, only
    as far as the other's last page (seen in 4.5); pseudo TAs get it whole. A real Trusted
    Application that touches what is beyond panics, and so does one in Python by the exception
    of an index that is out of range; slices need a look at the length.
    """

    type: ParamType
    buffer: memoryview | None
    size: int


Parameters: TypeAlias = "Sequence[ValueParameter | MemrefParameter | None]"
"""The four parameters of an operation, None for those that are not used."""
