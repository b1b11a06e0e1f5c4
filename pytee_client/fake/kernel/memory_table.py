# SPDX-License-Identifier: BSD-2-Clause
"""The shared memory of a kernel: its descriptors, its mappings, and who uses it."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import threading
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias, final

from ..structures import SharedMemory, TeeContext
from .mapping_request import MappingRequest
from .mappings import Mappings
from .release import LinuxRelease

__all__ = ["MemoryTable"]

Pages: TypeAlias = mmap.mmap
_UINT32: Final = 0xFFFFFFFF


@final
class MemoryTable:
    """Count the references to each block of shared memory, and free it after the last.

    Drivers reach it through their contexts; see Core.

    Args:
        release: the release of Linux.
        lock: the lock of the kernel.
        on_free: called, without the lock, with the context of a block that was freed.

    Attributes:
        release: the release of Linux.
        files: the blocks, by descriptor. Read it with the lock held.
        mappings: the mappings of the blocks. Use them with the lock held.

    Threads: may be used from any.
    """

    def __init__(
        self,
        release: LinuxRelease,
        lock: threading.RLock,
        on_free: Callable[[TeeContext], None],
    ) -> None:
        self.release = release
        self.files: dict[int, SharedMemory] = {}
        self.mappings: Mappings = Mappings()
        self._lock = lock
        self._on_free = on_free

    def add(
        self, context: TeeContext, fd: int, size: int, address: int, pages: Pages | None
    ) -> SharedMemory:
        """Add a block, with its descriptor as the first reference."""
        with self._lock:
            number = context.device.lowest_free_id()
            memory = SharedMemory(context, number, size, address, pages)
            context.device.memory[number] = memory
            context.memory_ids += 1
            self.files[fd] = memory
            return memory

    def duplicate(self, fd: int, duplicate: int) -> None:
        """Add another descriptor of a block, if fd is one."""
        with self._lock:
            memory = self.files.get(fd)
            if memory is not None:
                memory.references += 1
                self.files[duplicate] = memory

    def close(self, fd: int) -> None:
        """Close a descriptor of a block.

        Raises:
            OSError: EBADF; there is no such descriptor.
        """
        with self._lock:
            memory = self.files.pop(fd, None)
            if memory is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            os.close(fd)
        self.put_memory(memory)

    def unmap(self, address: int, length: int) -> None:
        """End the mappings of blocks in a range."""
        with self._lock:
            ended = list(self.mappings.unmap(address, length))
        for memory in ended:
            self.put_memory(memory)

    def map(self, fd: int, request: MappingRequest, *, is_open: bool) -> int:
        """Map a block and return the address.

        Args:
            fd: a descriptor.
            request: what the program asks for.
            is_open: whether fd is a descriptor of something other than memory.

        Raises:
            OSError: as Linux raises it; see MappingRequest.check().
        """
        with self._lock:
            memory = self.files.get(fd)
            may_execute = not self.release.forbids_executable_mappings
            is_open = is_open or memory is not None
            request.check(memory, is_open=is_open, may_execute=may_execute)
            assert memory is not None
            return self.mappings.map(memory, fd, request)

    def check_not_mapped(self, address: int, length: int) -> None:
        """Refuse a range in a mapping of a block, whose pages Linux can't pin.

        Raises:
            OSError: EFAULT.
        """
        with self._lock:
            if self.mappings.has(address, length):
                raise OSError(errno.EFAULT, "this range is a mapping of shared memory")

    def find_memory(self, context: TeeContext, number: int) -> SharedMemory:
        """Return the block with an id in a context, and take a reference to it.

        Raises:
            OSError: EINVAL; there is no such block in this context.
        """
        with self._lock:
            # Linux keeps ids in an int, and ignores the upper half of the number.
            memory = context.device.memory.get(number & _UINT32)
            if memory is None or memory.context is not context:
                raise OSError(errno.EINVAL, "there is no such memory in this context")
            memory.references += 1
            return memory

    def put_memory(self, memory: SharedMemory) -> None:
        """Drop a reference, and free the block after the last."""
        with self._lock:
            memory.references -= 1
            if memory.references:
                return
            del memory.context.device.memory[memory.id]
            if memory.pages is not None:
                memory.pages.close()
            memory.context.memory_ids -= 1
        self._on_free(memory.context)

    @contextlib.contextmanager
    def hold_memory(self, context: TeeContext, number: int) -> Iterator[SharedMemory]:
        """Keep the block with an id in a context for as long as a driver uses it."""
        memory = self.find_memory(context, number)
        try:
            yield memory
        finally:
            self.put_memory(memory)
