# SPDX-License-Identifier: BSD-2-Clause
"""Where the shared memory lies that calls refer to."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final

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
    """The blocks of shared memory that there are, by the files that they were made of.

    A block lives as long as its descriptor or a mapping of it. In a replay two can have one
    id, if the threads of the program do not come in the order that they had: each thread then
    has its own.

    Threads: may be used from any.
    """

    def __init__(self) -> None:
        # A session that is collected as garbage closes itself, wherever the thread is.
        self._lock = threading.RLock()
        self._by_id: dict[tuple[int, int], list[_Block]] = {}
        self._by_file: dict[int, _Block] = {}
        self._by_mapping: dict[int, _Block] = {}

    def add(self, context: int, number: int, file: int, size: int, address: int | None) -> None:
        """Know a block: of which file, by which id, and its own file."""
        key = context, number & _UINT32
        block = _Block(key, size, address, threading.get_ident(), file)
        with self._lock:
            self._by_id.setdefault(key, []).append(block)
            self._by_file[file] = block

    def map(self, file: int, address: int, length: int) -> None:
        """Know a mapping of a block."""
        with self._lock:
            block = self._by_file.get(file)
            if block is not None:
                block.mappings[address] = length
                self._by_mapping[address] = block

    def unmap(self, address: int) -> None:
        """Forget a mapping."""
        with self._lock:
            block = self._by_mapping.pop(address, None)
            if block is not None:
                del block.mappings[address]
                self._settle(block)

    def close(self, file: int) -> None:
        """Forget a block's file."""
        with self._lock:
            block = self._by_file.pop(file, None)
            if block is not None:
                block.is_open = False
                self._settle(block)

    def _settle(self, block: _Block) -> None:
        if not block.is_open and not block.mappings:
            self._by_id[block.key].remove(block)

    def find(self, context: int, number: int, offset: int, size: int) -> int | None:
        """Return where a memref's memory lies; None if it can't be reached or there is none."""
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
        """Return the file of the block that a memref names, if it is open."""
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
