# SPDX-License-Identifier: BSD-2-Clause
"""The memory that a context shares."""

from __future__ import annotations

import errno
import weakref

from . import _hints as t
from ._boundary import (
    NativeContext,
    NativeSharedMemory,
    address_of,
    address_of_memory,
    pin,
    to_descriptor,
    to_size,
)
from ._logging import log_debug, modules
from ._remedies import for_descriptor, for_memory
from ._results import error_of
from ._sharing import ExplainedErrors, directions, pinned_for_sharing
from ._stand_ins import Buffer
from .enums import MemoryFlags, Origin, Result
from .errors import ClosedContextError
from .memory import (
    AllocatedSharedMemory,
    DescriptorSharedMemory,
    RegisteredSharedMemory,
    SharedMemory,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    _Block = TypeVar("_Block", bound=SharedMemory)


class Memories:
    """The base of a context: what shares memory."""

    _native: NativeContext
    _blocks: set[weakref.ref[SharedMemory]]
    _closing: bool

    @property
    def _context(self) -> t.Context:
        context: t.Context = self  # type: ignore[assignment]
        return context

    def _check_live(self) -> None:
        raise NotImplementedError

    def _live_native(self) -> NativeContext:
        raise NotImplementedError

    def allocate_shared_memory(
        self, size: int, flags: MemoryFlags = MemoryFlags.INOUT
    ) -> AllocatedSharedMemory:
        """Allocate a block of zeroed memory that the TEE can use without a copy.

        Source: TEEC_AllocateSharedMemory, GPD_SPE_007 4.5.5.

        Args:
            size: in bytes; 0 is allowed.
            flags: the directions in which operations may use it.

        Raises:
            OutOfMemoryError: a MemoryError; this process or the TEE has no room.
            ClosedContextError: the context is closed.

        Threads: may be called from any.
        """
        native = self._live_native()
        memory = NativeSharedMemory(native, to_size(size, "the size"), directions(flags))
        try:
            block = AllocatedSharedMemory(self._context, memory)
        except (OSError, ValueError, OverflowError) as error:
            # Python says in other ways too that a size is too large.
            number = getattr(error, "errno", None) or errno.ENOMEM
            if number in (errno.EAGAIN, errno.EINVAL, errno.EOVERFLOW):
                number = errno.ENOMEM
            raise error_of(
                Result.OUT_OF_MEMORY,
                Origin.COMMS,
                number,
                f"allocating {size} bytes of shared memory",
                remedy=for_memory(Result.OUT_OF_MEMORY, number, registers=native.registers_memory),
            ) from error
        # The pages of the block must not stay in use by the frames of an error.
        with (
            ExplainedErrors(self._check_live, native, for_memory),
            pin(block, "the block", writable=True) as pages,
        ):
            if native.registers_memory:
                memory.register(pages, True, "allocating")
            else:
                memory.allocate(pages)
        return self._adopt(block, "allocated", address_of(block))

    def register_shared_memory(
        self, buffer: Buffer, flags: MemoryFlags = MemoryFlags.INOUT
    ) -> RegisteredSharedMemory:
        """Share memory of the program's own in place, where the device can do that.

        Otherwise each operation copies it: if the device lacks the capability REG_MEM, if the
        memory is read-only, or if this release of Linux can't share its type, such as pages
        with memory tags.

        Source: TEEC_RegisterSharedMemory, GPD_SPE_007 4.5.4. The TEE can reach all of the
        pages that the buffer touches, and may write to them whatever the direction.

        Args:
            buffer: contiguous plain data, writable if flags has OUTPUT. It can't be resized
                or freed until the block is closed. As a parameter it stands for the block until
                then, and a part of it for that part.
            flags: the directions in which operations may use it.

        Raises:
            ReadOnlyBufferError: a BufferError; the buffer can't be written.
            ParameterTypeError: not a bytes-like object, or one that holds references.
            OutOfMemoryError: a MemoryError; the TEE has no room.
            BadParametersError: part of the memory is missing, as after the end of a mapped file.
            ClosedContextError: the context is closed.

        Threads: may be called from any.
        """
        native = self._live_native()
        flags = directions(flags)
        pinned, in_place = pinned_for_sharing(buffer, flags)
        memory = NativeSharedMemory(native, len(pinned), flags, pinned)
        with ExplainedErrors(self._check_live, native, for_memory):
            memory.register(pinned, in_place)
        # Memory that each operation copies gains nothing from being found.
        can_be_found = in_place and native.registers_memory
        start = address_of_memory(pinned) if can_be_found else None
        how = "registered" if can_be_found else "registered, to be copied,"
        return self._adopt(RegisteredSharedMemory(self._context, memory, buffer), how, start)

    def register_shared_memory_fd(
        self, fd: t.FileDescriptorLike, flags: MemoryFlags = MemoryFlags.INOUT
    ) -> DescriptorSharedMemory:
        """Share the memory behind a descriptor, such as memory that only the TEE can read.

        Source: TEEC_RegisterSharedMemoryFileDescriptor, an extension of OP-TEE's library; kernel
        ioctl TEE_IOC_SHM_REGISTER_FD, in Linux from 6.18 on, for dma-bufs of the TEE's heaps.

        Args:
            fd: the descriptor, or an object with a fileno(). The caller keeps it, and may
                close it as soon as this returns.
            flags: the directions in which operations may use it.

        Raises:
            NotSupportedError: the kernel can't share memory by descriptor.
            BadParametersError: the memory behind this one can't be shared.
            ParameterTypeError, ParameterRangeError: fd is not a descriptor.
            OutOfMemoryError: a MemoryError; the TEE has no room.
            ClosedContextError: the context is closed.

        Threads: may be called from any.
        """
        native = self._live_native()
        memory = NativeSharedMemory(native, 0, directions(flags))
        descriptor = to_descriptor(fd)
        with ExplainedErrors(self._check_live, native, for_descriptor):
            memory.register_descriptor(descriptor)
        how = "registered by descriptor"
        return self._adopt(DescriptorSharedMemory(self._context, memory), how)

    def trim(self) -> None:
        """Give the TEE back the memory that the context keeps for its next calls.

        Temporary memory references are copied into shared blocks, except outputs of 2 MiB or
        more in whole pages. Sharing a block takes longer than most copies, so a context keeps
        its blocks, wiped, for later calls: up to 64 blocks, 4 MiB in total, or 256 KiB in total
        without the capability REG_MEM. This method releases those that no call uses.

        Raises:
            ClosedContextError: the context is closed.

        Threads: may be called from any; running calls keep their blocks.
        """
        self._live_native().trim()
        if "logging" in modules:
            log_debug("", "gave back the memory that was kept for calls to come")

    def _adopt(self, block: _Block, how: str, start: int | None = None) -> _Block:
        """Add a block that was made somehow; buffers can lie in it if it starts at an address."""
        if start is not None:
            native, registered = block._native, isinstance(block, RegisteredSharedMemory)
            self._native.blocks.add(block, start, native.size, native.directions, registered)
        self._blocks.add(weakref.ref(block, self._blocks.discard))
        block._closed = False
        if self._closing:
            block._close()
            raise ClosedContextError("the context was closed while memory was shared")
        if "logging" in modules:
            log_debug("", "%s %d bytes of shared memory", how, block._native.size)
        return block
