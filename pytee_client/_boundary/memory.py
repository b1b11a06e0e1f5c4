# SPDX-License-Identifier: BSD-2-Clause
"""Shared memory of the C library."""

from __future__ import annotations

from .._native import ffi, lib
from .._results import error_of
from ..enums import MemoryFlags, Origin
from .checks import EMPTY
from .python_kernel import raise_interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .context import NativeContext


class NativeSharedMemory:
    """A TEEC_SharedMemory."""

    __slots__ = ("context", "directions", "flags", "size", "struct")

    def __init__(self, context: NativeContext, size: int, flags: int) -> None:
        """Prepare the structure; nothing is shared yet."""
        self.struct: Any = ffi.new("TEEC_SharedMemory *")
        self.struct.size = size
        self.struct.flags = flags
        self.context: NativeContext = context
        self.size: int = size
        self.directions: int = int(flags)
        self.flags: MemoryFlags = MemoryFlags(flags)

    def register(self, memory: Any, in_place: bool, doing: str = "registering") -> None:
        """Share the memory of a buffer, which the caller keeps where it is until release()."""
        self.struct.buffer = memory if self.size else EMPTY
        code = lib.tee_memory_register(self.context.struct, self.struct, in_place)
        self.check(code, f"{doing} {self.size} bytes of shared memory")

    def allocate(self) -> int:
        """Share memory of the driver, and return its descriptor; do not close it."""
        code = lib.tee_memory_allocate(self.context.struct, self.struct)
        self.check(code, f"allocating {self.size} bytes of shared memory")
        descriptor: int = lib.shared_memory_descriptor(self.struct)
        return descriptor

    def register_descriptor(self, fd: int) -> None:
        """Share the memory behind a descriptor, and learn its size."""
        code = lib.TEEC_RegisterSharedMemoryFileDescriptor(self.context.struct, self.struct, fd)
        self.check(code, f"registering the memory behind descriptor {fd}")
        self.size = self.struct.size

    def check(self, code: int, doing: str) -> None:
        """Raise the error of a function of the C library, if it failed."""
        error = ffi.errno
        raise_interrupted(lambda: lib.TEEC_ReleaseSharedMemory(self.struct))
        if code:
            origin = Origin.COMMS if error else Origin.API
            raise error_of(code, origin, error, doing)

    def release(self) -> None:
        """End the sharing."""
        lib.TEEC_ReleaseSharedMemory(self.struct)
        raise_interrupted()
