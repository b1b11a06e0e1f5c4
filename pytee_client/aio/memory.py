# SPDX-License-Identifier: BSD-2-Clause
"""Blocks of memory that the program and the TEE share, with a close() that is awaited."""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, TypeVar

from .. import memory as blocking
from .._hint_types import Self
from ..memory import SharedMemory
from ._waiting import result_of

if TYPE_CHECKING:
    from .context import Context

# What a block comes back as.
_OutputT_co = TypeVar("_OutputT_co", bound=memoryview | int, covariant=True)

__all__ = ["AllocatedSharedMemory", "DescriptorSharedMemory", "RegisteredSharedMemory"]


class _Awaitable(SharedMemory[_OutputT_co]):
    """What blocks of memory have on a loop."""

    _owner: Context

    @property
    def context(self) -> Context:  # type: ignore[override]
        """The context that the block belongs to."""
        return self._owner

    def __enter__(self) -> NoReturn:
        raise TypeError("closing shared memory may wait for the TEE: use it with 'async with'")

    async def __aenter__(self) -> Self:
        self._check_live()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:  # type: ignore[override]
        """End the sharing. Closing twice is harmless.

        The TEE gives the memory up at once, or as soon as the last call that uses it is over.
        What is in it stays: memoryviews and arrays of the block can be read and written as
        long as they live, and share nothing any more. The block itself can't be used.

        If the task is cancelled, the closing goes on.

        Threads: may be called from any, on any loop; waits for no call.
        """
        if not self._closed:
            threads = self._owner._threads
            await result_of(threads.submit(partial(SharedMemory.close, self)), threads)


class AllocatedSharedMemory(_Awaitable[memoryview], blocking.AllocatedSharedMemory):  # type: ignore[misc, override]
    """A block of zeroed memory that was allocated for sharing.

    A writable buffer, as pytee_client.AllocatedSharedMemory is.
    """


class RegisteredSharedMemory(_Awaitable[memoryview], blocking.RegisteredSharedMemory):  # pyright: ignore[reportIncompatibleMethodOverride]
    """A block of the program's own memory that is shared in place.

    Attributes:
        buffer: the object that was registered. It is kept from being freed or resized
            until the block is closed.
    """


class DescriptorSharedMemory(_Awaitable[int], blocking.DescriptorSharedMemory):  # pyright: ignore[reportIncompatibleMethodOverride]
    """A block of memory behind a descriptor, such as a dma-buf that only the TEE can read.

    It is not mapped: the block is not a buffer. Its output is an int, the size that the
    Trusted Application set.
    """


blocking.set_closed_class(AllocatedSharedMemory)
