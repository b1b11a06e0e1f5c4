# SPDX-License-Identifier: BSD-2-Clause
"""The memory that an operation reads, kept so that it can be sent again as it was."""

from __future__ import annotations

from .._native import ffi, lib
from ..errors import ParameterTypeError
from .call import (
    MEMREF_PARTIAL_INOUT,
    MEMREF_PARTIAL_INPUT,
    MEMREF_PARTIAL_OUTPUT,
    MEMREF_TEMP_INOUT,
    MEMREF_TEMP_INPUT,
    MEMREF_TEMP_OUTPUT,
    MEMREF_WHOLE,
    SLOTS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

    from .call import NativeCall

_READ: Final = frozenset(
    (
        MEMREF_TEMP_INPUT,
        MEMREF_TEMP_INOUT,
        MEMREF_WHOLE,
        MEMREF_PARTIAL_INPUT,
        MEMREF_PARTIAL_INOUT,
    )
)
_WRITTEN: Final = frozenset(
    (
        MEMREF_TEMP_OUTPUT,
        MEMREF_TEMP_INOUT,
        MEMREF_WHOLE,
        MEMREF_PARTIAL_OUTPUT,
        MEMREF_PARTIAL_INOUT,
    )
)
_TEMPORARY: Final = (MEMREF_TEMP_INPUT, MEMREF_TEMP_INOUT)
_INPUT: Final[int] = lib.TEEC_MEM_INPUT
_OUTPUT: Final[int] = lib.TEEC_MEM_OUTPUT


class Inputs:
    """What a call reads that the call may write over: its memory, by slot."""

    __slots__ = ("_contents",)

    def __init__(self, call: NativeCall, types: int, own: frozenset[int]) -> None:
        """Copy what a call reads whose parameters are set; own are slots with its own memory.

        If it writes to no other memory, then nothing that it reads can change.
        """
        self._contents: dict[int, bytes] = {}
        slots = list(_slots_of(types))
        if not any(kind in _WRITTEN and index not in own for index, kind in slots):
            return
        for index, kind in slots:
            memory = _memory_of(call, index, kind)
            if memory is not None:
                self._contents[index] = bytes(memory)

    def restore(self, call: NativeCall, types: int) -> None:
        """Have a call whose parameters are set again send what was copied."""
        for index, kind in _slots_of(types):
            content = self._contents.get(index)
            if content is None:
                continue
            memory = _memory_of(call, index, kind)
            if memory is None or memory[:] == content:
                continue
            if kind == MEMREF_TEMP_INPUT:
                # This memory may be read-only. The copy lives as long as this object.
                call.set_memory(index, ffi.from_buffer(content), len(content))
            else:
                memory[:] = content


def _slots_of(types: int) -> Iterator[tuple[int, int]]:
    for index in range(SLOTS):
        yield index, types >> (4 * index) & 0xF


def _memory_of(call: NativeCall, index: int, kind: int) -> Any:
    """Return the bytes that a slot reads, or None if there are none that can change."""
    if kind not in _READ:
        return None
    address, size = call.temporary(index) if kind in _TEMPORARY else _part_of(call, index, kind)
    return ffi.buffer(ffi.cast("char *", address), size) if size else None


def _part_of(call: NativeCall, index: int, kind: int) -> tuple[Any, int]:
    block, offset, size = call.part(index)
    if kind == MEMREF_WHOLE:
        offset, size = 0, block.size
    # What can't be written may be read-only, so it can't be restored, and need not be.
    if not block.flags & _OUTPUT or not block.flags & _INPUT:
        return ffi.NULL, 0
    if block.buffer == ffi.NULL and kind != MEMREF_PARTIAL_INPUT:
        raise ParameterTypeError(
            f"parameter {index} can't be sent again as it was for an output that grows, as its"
            " bytes are not in this process: give each output its size"
        )
    if block.buffer == ffi.NULL:
        return ffi.NULL, 0
    return ffi.cast("char *", block.buffer) + offset, size
