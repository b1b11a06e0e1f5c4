# SPDX-License-Identifier: BSD-2-Clause
"""Blocks of memory that the program and the TEE share (TEEC_SharedMemory)."""

from __future__ import annotations

import mmap

from . import _hints as t
from ._boundary import NativeSharedMemory
from ._closable import Closable
from ._process import Process
from ._stand_ins import Buffer, Generic
from .enums import MemoryFlags
from .errors import (
    ClosedSharedMemoryError,
    ForkedContextError,
    NotSupportedError,
    SharedMemoryInUseError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from typing_extensions import TypeVar

    from .context import Context

    # What the block comes back as.
    _OutputT_co = TypeVar(
        "_OutputT_co", bound=memoryview | int, covariant=True, default=memoryview | int
    )
else:
    _OutputT_co = None

__all__ = [
    "AllocatedSharedMemory",
    "DescriptorSharedMemory",
    "RegisteredSharedMemory",
    "SharedMemory",
]

_OUTPUT: Final = int(MemoryFlags.OUTPUT)


def view_part(buffer: Buffer, offset: int, size: int) -> memoryview:
    """Return a view of part of a buffer; an empty view does not hold the buffer."""
    view = memoryview(buffer)
    return view.cast("B")[offset : offset + size] if size else memoryview(bytearray())


class SharedMemory(Closable, Generic[_OutputT_co]):
    """A block of memory that the program and the TEE share.

    Made by Context.allocate_shared_memory(), Context.register_shared_memory() and
    Context.register_shared_memory_fd(). As a parameter it stands for MemrefWhole. len() is
    its size in bytes.

    Threads: any number may use a block at once; the caller must synchronise access to its
    bytes. close() fails while a call uses the block.
    """

    _context: Context
    _native: NativeSharedMemory
    _is_output: bool
    _process: int
    _exporter: memoryview

    def _attach(self, context: Context, native: NativeSharedMemory) -> None:
        self._context = context
        self._native = native
        self._is_output = bool(native.directions & _OUTPUT)
        self._process = Process.generation
        self._closed = False

    @property
    def context(self) -> Context:
        """The context that the block belongs to."""
        return self._context

    @property
    def flags(self) -> MemoryFlags:
        """The block's directions."""
        return self._native.flags

    def __len__(self) -> int:
        return self._live_native().size

    def _check_live(self) -> None:
        if self._closed:
            raise ClosedSharedMemoryError("the shared memory is closed: allocate a new block")
        if self._process != Process.generation:
            raise ForkedContextError(
                "the shared memory belongs to the parent of this process: open a context here"
            )

    def _live_native(self) -> NativeSharedMemory:
        self._check_live()
        return self._native

    def _exported(self) -> Buffer:
        """Return the buffer that each call exports while it uses the block."""
        return self._exporter

    def _output_at(self, offset: int, size: int) -> memoryview | int:
        """Return the output of a call that set a part of the block to this size."""
        return view_part(self._exported(), offset, size)

    def _release_export(self) -> None:
        """Release what _exported() returns; BufferError while an export of it exists."""
        self._exporter.release()

    def _unpin(self) -> None:
        """Release what only the sharing needed."""

    def close(self) -> None:
        """End the sharing. Closing twice is harmless.

        Raises:
            SharedMemoryInUseError: a BufferError; a call still uses the block, or a
                memoryview of an allocated block is alive (those of a registered buffer
                are the buffer's own, and outlive the block). The block stays as it was.

        Threads: may be called from any.
        """
        if self._closed:
            return
        try:
            self._release_export()
        except BufferError:
            raise SharedMemoryInUseError(
                "closing shared memory: it is still used; release the memoryviews of it, and"
                " wait for the calls that use it"
            ) from None
        self._closed = True
        try:
            self._native.release()
        finally:
            self._unpin()

    def __repr__(self) -> str:
        name = type(self).__name__
        if self._closed:
            return f"<{name}, closed>"
        return f"<{name} of {self._native.size} bytes, {self._native.flags!r}>"


class AllocatedSharedMemory(SharedMemory[memoryview], mmap.mmap):  # type: ignore[misc, override]
    """A block of zeroed memory that was allocated for sharing.

    A writable buffer: memoryview(block) and numpy.frombuffer(block) see what the TEE
    sees, without a copy. A slice of a memoryview of it can be a temporary memory reference:
    the TEE gets that part of the block, without a copy. It has all methods of mmap.mmap
    except resize(). A block of size 0 shows one byte, which is not shared.
    """

    def __new__(cls, context: Context, native: NativeSharedMemory, descriptor: int) -> t.Self:
        """Map the memory; descriptor is the driver's, or -1 for pages of the process."""
        block = super().__new__(cls, descriptor, max(native.size, 1))
        block._attach(context, native)
        return block

    def _exported(self) -> Buffer:
        return self

    def _release_export(self) -> None:
        # The TEE still shares these pages. The kernel keeps them for it, and gives them to
        # nobody else.
        mmap.mmap.close(self)

    def resize(self, newsize: int) -> t.NoReturn:
        """Refuse: shared memory has one size."""
        raise NotSupportedError("shared memory can't be resized: allocate another block")


class RegisteredSharedMemory(SharedMemory[memoryview]):
    """A block of the program's own memory that is shared in place.

    Attributes:
        buffer: the object that was registered. It is kept from being freed or resized
            until the block is closed.
    """

    def __init__(
        self, context: Context, native: NativeSharedMemory, buffer: Buffer, pinned: object
    ) -> None:
        """Hold the buffer, of which pinned is an export."""
        self.buffer = buffer
        self._pinned = pinned
        self._exporter = memoryview(buffer)
        self._attach(context, native)

    def _unpin(self) -> None:
        self._pinned = None


class DescriptorSharedMemory(SharedMemory[int]):
    """A block of memory behind a descriptor, such as a dma-buf that only the TEE can read.

    It is not mapped: the block is not a buffer. Its output is an int, the size that the
    Trusted Application set.
    """

    def __init__(self, context: Context, native: NativeSharedMemory) -> None:
        """Wrap registered memory."""
        # Each block needs a buffer that calls can export.
        self._exporter = memoryview(b"")
        self._attach(context, native)

    def _output_at(self, offset: int, size: int) -> int:
        return size
