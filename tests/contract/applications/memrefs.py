# SPDX-License-Identifier: BSD-2-Clause
"""Bytes as memory references of every kind."""

from __future__ import annotations

import contextlib
from enum import Enum
from typing import TYPE_CHECKING, Any

import pytee_client as tee

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEFORE, _AFTER = 100, 3


class Kind(Enum):
    """How memory is passed."""

    TEMPORARY = "temporary"
    WHOLE = "whole"
    PARTIAL = "partial"


@contextlib.contextmanager
def memref(
    context: tee.Context, kind: Kind, flags: tee.MemoryFlags, data: bytes
) -> Iterator[tuple[Any, memoryview]]:
    """Yield a parameter with data and a view of its memory, surrounded by what must not change."""
    if kind is Kind.TEMPORARY:
        buffer = bytearray(data)
        yield _TEMPORARY[flags](buffer), memoryview(buffer)
        return
    before, after = (_BEFORE, _AFTER) if kind is Kind.PARTIAL else (0, 0)
    size = before + len(data) + after
    with context.allocate_shared_memory(size, flags) as block:
        block[:] = b"<" * before + data + b">" * after
        with memoryview(block)[before : before + len(data)] as view:
            if kind is Kind.WHOLE:
                yield block, view
            else:
                yield _PARTIAL[flags](block, before, len(data)), view
        assert block[:before] == b"<" * before
        assert block[size - after :] == b">" * after


_TEMPORARY: dict[tee.MemoryFlags, Any] = {
    tee.MemoryFlags.INPUT: tee.MemrefTempInput,
    tee.MemoryFlags.OUTPUT: tee.MemrefTempOutput,
    tee.MemoryFlags.INOUT: tee.MemrefTempInOut,
}
_PARTIAL: dict[tee.MemoryFlags, Any] = {
    tee.MemoryFlags.INPUT: tee.MemrefPartialInput,
    tee.MemoryFlags.OUTPUT: tee.MemrefPartialOutput,
    tee.MemoryFlags.INOUT: tee.MemrefPartialInOut,
}
