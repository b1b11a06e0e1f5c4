# SPDX-License-Identifier: BSD-2-Clause
"""The addresses of the shared memory that system calls refer to."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final

from .._process import renewed
from ..kernels import uapi

__all__ = ["Blocks"]

_UINT32: Final = 0xFFFFFFFF


@dataclass(slots=True, eq=False)
class _Block:
    key: tuple[int, int]
    size: int
    address: int | None
    thread: int
    file: int
    is_open: bool = True
    mappings: dict[int, int] = field(default_factory=dict)


class Blocks:
    """Find blocks of shared memory by context and id.

    A block exists as long as its descriptor or a mapping of it. In a replay two blocks can have
    the same id, if threads make their calls in another order than in the recording. Each thread
    then uses the block that it created.

    Threads: may be used from any.
    """

    def __init__(self) -> None:
        # A session that is collected as garbage closes itself, wherever the thread is.
        self._lock = renewed(threading.RLock())
        self._by_id: dict[tuple[int, int], list[_Block]] = {}
        self._by_file: dict[int, _Block] = {}
        self._by_mapping: dict[int, _Block] = {}

    def add(self, context: int, number: int, file: int, size: int, address: int | None) -> None:
        """Add a block.

        Args:
            context: the number of the file of its device.
            number: its id.
            file: the number of its own file.
            size: its size in bytes.
            address: its address; None if it has to be mapped.
        """
        key = context, number & _UINT32
        block = _Block(key, size, address, threading.get_ident(), file)
        with self._lock:
            self._by_id.setdefault(key, []).append(block)
            self._by_file[file] = block

    def map(self, file: int, address: int, length: int) -> None:
        """Add a mapping of a block."""
        with self._lock:
            block = self._by_file.get(file)
            if block is not None:
                block.mappings[address] = length
                self._by_mapping[address] = block

    def unmap(self, address: int) -> None:
        """Remove a mapping."""
        with self._lock:
            block = self._by_mapping.pop(address, None)
            if block is not None:
                del block.mappings[address]
                self._remove_if_unused(block)

    def close(self, file: int) -> None:
        """Close the file of a block."""
        with self._lock:
            block = self._by_file.pop(file, None)
            if block is not None:
                block.is_open = False
                self._remove_if_unused(block)

    def _remove_if_unused(self, block: _Block) -> None:
        if not block.is_open and not block.mappings:
            self._by_id[block.key].remove(block)

    def find(self, context: int, number: int, offset: int, size: int) -> int | None:
        """Return the address of the memory of a memref; None if it is unknown or not mapped."""
        with self._lock:
            block = self._find(context, number, offset + size)
            if block is None:
                return None
            if block.address is not None:
                return block.address + offset
            for address, length in block.mappings.items():
                if offset + size <= length:
                    return address + offset
            return None

    def file_of(self, context: int, number: int) -> int | None:
        """Return the file of the block of a memref; None if it is closed."""
        with self._lock:
            block = self._find(context, number, 0)
            return block.file if block is not None and block.is_open else None

    def _find(self, context: int, number: int, end: int) -> _Block | None:
        blocks = self._by_id.get((context, number & _UINT32))
        if number == uapi.TEE_MEMREF_NULL or not blocks:
            return None
        own = threading.get_ident()
        block = next((one for one in reversed(blocks) if one.thread == own), blocks[-1])
        return block if end <= block.size else None
