# SPDX-License-Identifier: BSD-2-Clause
"""Blocks of memory that the program and the TEE share (TEEC_SharedMemory)."""

from __future__ import annotations

import mmap

from . import _hints as t
from ._boundary import NativeSharedMemory, make_closed_class
from ._checks import check_made_by
from ._closable import Closable, closed_memory
from ._logging import log_debug, modules
from ._process import Process
from ._stand_ins import Buffer, Generic
from .enums import MemoryFlags
from .errors import (
    ForkedContextError,
    NotSupportedError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from typing_extensions import TypeVar

    from ._outputs import RequiredSize
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
    bytes. close() waits for nobody.
    """

    _context: Context
    _native: NativeSharedMemory
    _is_output: bool
    _process: int

    def __init__(self, *_: object) -> None:
        check_made_by(
            getattr(self, "_native", None), NativeSharedMemory, "Context.allocate_shared_memory()"
        )

    if TYPE_CHECKING:

        def _comes_back(self) -> tuple[t.Self, _OutputT_co | RequiredSize | None]: ...

    def _attach(self, context: Context, native: NativeSharedMemory) -> None:
        self._context = context
        self._native = native
        self._is_output = bool(native.directions & _OUTPUT)
        self._process = Process.generation

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
            raise closed_memory()
        if self._process != Process.generation:
            raise ForkedContextError(
                "the shared memory belongs to the parent of this process: open a context here"
            )

    def _instead(self) -> str:
        return "share the memory once more with a method of its Context"

    def _live_native(self) -> NativeSharedMemory:
        self._check_live()
        return self._native

    def _view(self) -> memoryview | None:
        """Return a view of its bytes, which keeps them where they are; None if it shows none."""
        raise NotImplementedError

    def _give_up_pages(self) -> None:
        """Have the pages go with the last view of them, if the block has pages of its own."""

    def close(self) -> None:
        """End the sharing. Closing twice is harmless.

        The TEE gives the memory up at once, or as soon as the last call that uses it is over.
        What is in it stays: memoryviews and arrays of the block can be read and written as
        long as they live, and share nothing any more. The block itself can't be used.

        Threads: may be called from any; waits for nobody.
        """
        if self._closed:
            return
        self._close()
        if "logging" in modules:
            log_debug("", "released %d bytes of shared memory", self._native.size)

    def _close(self) -> None:
        # A finalizer does the same, and logs nothing.
        if self._closed:
            return
        try:
            # First, so that nothing new finds it.
            self._native.context.blocks.remove(self)
            self._native.close()
        finally:
            # An interrupt may have come after the end.
            if self._native.is_closed:
                self._give_up_pages()
                self._closed = True

    def __repr__(self) -> str:
        name = type(self).__name__
        if self._closed:
            return f"<{name}, closed>"
        return f"<{name} of {self._native.size} bytes, {self._native.flags!r}>"


class AllocatedSharedMemory(SharedMemory[memoryview], mmap.mmap):  # type: ignore[misc, override]
    """A block of zeroed memory that was allocated for sharing.

    A writable buffer: memoryview(block) and numpy.frombuffer(block) see what the TEE
    sees, without a copy. Whatever shows a part of it, such as a slice of these, can be a
    temporary memory reference: the TEE gets that part of the block, without a copy. It has all
    methods of mmap.mmap
    except resize(). A block of size 0 shows one byte, which is not shared.
    """

    # The class that a block has when it is closed.
    _when_closed: type[t.Self]

    def __new__(cls, context: Context, native: NativeSharedMemory) -> t.Self:
        """Make the pages; nothing is shared yet."""
        check_made_by(native, NativeSharedMemory, "Context.allocate_shared_memory()")
        block = super().__new__(cls, -1, max(native.size, 1))
        block._attach(context, native)
        return block

    def _view(self) -> memoryview:
        return memoryview(self)

    def _give_up_pages(self) -> None:
        # Without any view they go now. Otherwise with the last: a call that uses the block has
        # one, too.
        if self.__class__ is not self._when_closed:
            self.__class__ = self._when_closed
        if not self._native.is_shared:
            # The last view will do it otherwise. Programs need not wait for contextlib's import.
            try:  # noqa: SIM105
                mmap.mmap.close(self)
            except BufferError:
                pass

    def resize(self, newsize: int) -> t.NoReturn:
        """Refuse: shared memory has one size."""
        raise NotSupportedError("shared memory can't be resized: allocate another block")


def _refuse(block: AllocatedSharedMemory, /, *arguments: object, **named: object) -> t.NoReturn:
    raise closed_memory()


_KEPT: Final = ("close", "closed")
_REFUSED: Final = (
    *(name for name in vars(mmap.mmap) if name[0] != "_" and name not in _KEPT),
    "__len__",
    "__getitem__",
    "__setitem__",
    "__delitem__",
    "__contains__",
    "__iter__",
    "__reversed__",
    "_refuse",
)


def set_closed_class(kind: type[AllocatedSharedMemory]) -> None:
    """Make what blocks of a class become when closed: buffers no more, though views live."""
    refusing = type(kind.__name__, (kind,), dict.fromkeys(_REFUSED, _refuse))
    kind._when_closed = make_closed_class(refusing)


set_closed_class(AllocatedSharedMemory)


class RegisteredSharedMemory(SharedMemory[memoryview]):
    """A block of the program's own memory that is shared in place.

    Attributes:
        buffer: the object that was registered. It is kept from being freed or resized
            until the block is closed.
    """

    def __init__(self, context: Context, native: NativeSharedMemory, buffer: Buffer) -> None:
        """Hold the buffer, which native keeps where it is."""
        check_made_by(native, NativeSharedMemory, "Context.register_shared_memory()")
        self.buffer = buffer
        self._attach(context, native)

    def _view(self) -> memoryview:
        return memoryview(self.buffer)


class DescriptorSharedMemory(SharedMemory[int]):
    """A block of memory behind a descriptor, such as a dma-buf that only the TEE can read.

    It is not mapped: the block is not a buffer. Its output is an int, the size that the
    Trusted Application set.
    """

    def __init__(self, context: Context, native: NativeSharedMemory) -> None:
        """Wrap registered memory."""
        check_made_by(native, NativeSharedMemory, "Context.register_shared_memory_fd()")
        self._attach(context, native)

    def _view(self) -> None:
        return None
