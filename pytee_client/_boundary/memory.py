# SPDX-License-Identifier: BSD-2-Clause
"""Shared memory of the C library."""

from __future__ import annotations

import weakref

from .._native import ffi, lib
from .._results import error_of
from ..enums import MemoryFlags, Origin
from .buffers import EMPTY
from .python_kernel import guard, raise_interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._process import Inherited
    from .context import NativeContext


class NativeSharedMemory:
    """A struct shared_memory: a TEEC_SharedMemory that calls of many threads use.

    Its sharing ends with close() and the last call that uses it, or with the last reference.

    Attributes:
        context: the context it belongs to.
        size: in bytes.
        directions, flags: in which operations may use it.
        struct: the TEEC_SharedMemory.
        is_closed: whether close() was called; calls that use it may go on.
    """

    __slots__ = (
        "__weakref__",
        "_guard",
        "_pinned",
        "_shared",
        "context",
        "directions",
        "flags",
        "is_closed",
        "size",
        "struct",
    )

    def __init__(self, context: NativeContext, size: int, flags: int, pinned: Any = None) -> None:
        """Prepare the structure; nothing is shared yet.

        pinned is the caller's memory, from pin(), which stays where it is as long as it is
        shared.
        """
        self._pinned = pinned
        self._shared = ffi.new("struct shared_memory *")
        self._guard = guard(self._shared, lib.block_drop, *context.needed, pinned)
        self.struct: Any = ffi.addressof(self._shared, "memory")
        self.struct.size = size
        self.struct.flags = flags
        self.context: NativeContext = context
        self.is_closed: bool = False
        self.size: int = size
        self.directions: int = int(flags)
        self.flags: MemoryFlags = MemoryFlags(flags)

    def register(self, memory: Any, in_place: bool, doing: str = "registering") -> None:
        """Share memory, which is that of pinned, or pages that are only the block's."""
        self.struct.buffer = memory if self.size else EMPTY
        code = lib.block_register(self._shared, self.context.struct, in_place)
        self._check(code, f"{doing} {self.size} bytes of shared memory")

    def allocate(self, pages: Any) -> None:
        """Share memory of the driver, which takes the place of these pages until close()."""
        mapped: set[weakref.ref[Inherited]] = self.context.mapped
        mapped.add(weakref.ref(self, mapped.discard))
        code = lib.block_allocate(self._shared, self.context.struct, pages, len(pages))
        self._check(code, f"allocating {self.size} bytes of shared memory")

    def register_descriptor(self, fd: int) -> None:
        """Share the memory behind a descriptor, and learn its size."""
        code = lib.block_register_descriptor(self._shared, self.context.struct, fd)
        self._check(code, f"registering the memory behind descriptor {fd}")
        self.size = self.struct.size

    def _check(self, code: int, doing: str) -> None:
        raise_interrupted()
        if code:
            error = self._shared.error
            origin = Origin.COMMS if error else Origin.API
            raise error_of(code, origin, error, doing)

    @property
    def refuses_calls(self) -> bool:
        """True once it is closed, even if the thread that closes it is not back from C."""
        refuses: bool = lib.block_is_closed(self._shared)
        return refuses

    @property
    def is_shared(self) -> bool:
        """True while the TEE has it."""
        is_shared: bool = lib.block_is_shared(self._shared)
        return is_shared

    def leave_in_child(self) -> None:
        """Have a copy of the driver's memory in a child of a fork, in place of the memory."""
        lib.block_leave(self._shared)

    def close(self) -> None:
        """End the sharing: at once, or with the last call that uses it."""
        lib.block_close(self._shared)
        self.is_closed = True
        raise_interrupted()
        self.unpin()

    def unpin(self) -> None:
        """Release the caller's memory, if it is not shared any more."""
        if self._pinned is not None and not self.is_shared:
            ffi.release(self._pinned)
