# SPDX-License-Identifier: BSD-2-Clause
"""A connection to a TEE, on a loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from enum import IntEnum
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar, cast
from uuid import UUID

from .. import context as blocking
from .. import memory as blocking_memory
from .._checks import check_results
from .._hint_types import Backend, FileDescriptorLike, Self
from .._limits import DEFAULT_GRACE
from .._single import Single
from .._stand_ins import Buffer
from ..enums import Login, MemoryFlags
from ..errors import BadStateError, ClosedContextError
from ..identity import gid_for_login, to_login
from ..observing import Observer
from ..parameters import Parameter
from ..version import Version
from . import _commands, memory, session, session_pool
from . import operation as operations
from ._clients import OpensClients
from ._closing import close
from ._threads import DaemonThreads, Job
from ._waiting import result_of
from .memory import AllocatedSharedMemory, DescriptorSharedMemory, RegisteredSharedMemory
from .operation import Operation
from .session import Session
from .session_pool import SessionPool

if TYPE_CHECKING:
    from ..session import Session as BlockingSession

_BlockT = TypeVar("_BlockT", AllocatedSharedMemory, RegisteredSharedMemory, DescriptorSharedMemory)

__all__ = ["Context"]


class Context(OpensClients, Single):
    """A connection to a TEE; sessions are opened and memory is shared in it.

    It is opened when it is awaited, or by `async with`, in a thread of its own::

        async with aio.Context() as context, await context.open_session(uuid) as session:
            (value,) = await session.invoke_command(0, ValueInOut(1, 0), timeout=5)

    It warns with ResourceWarning if nobody closes it. Arguments, errors and what they mean are
    those of pytee_client.Context.

    Args:
        device: the path of a device; None for the first device.
        backend: "linux", "fake", or a kernel in Python.
        timeout: seconds that calls have by default; None for no limit.
        grace: seconds that a Trusted Application has to stop after that, by default.
        max_calls: how many calls threads of the library make at once. Others wait, in order.
        observer: what is called with a CallEvent for each opening and each command: in the thread
            that made the call, or in that of a loop whose task was cancelled.
        slow_after: how many seconds openings and commands may take in the TEE, before the logger
            "pytee_client" tells of them at WARNING.

    Threads: any number may use a context at once, and any number of loops. Besides the threads
    for calls it has at most 4, for what may wait for the TEE too, such as closing.
    Processes: a child of a fork can't use its parent's contexts.
    """

    def __init__(
        self,
        device: str | os.PathLike[str] | None = None,
        *,
        backend: Backend | None = None,
        timeout: float | None = None,
        grace: float = DEFAULT_GRACE,
        max_calls: int = 16,
        observer: Observer | None = None,
        slow_after: float | None = None,
    ) -> None:
        self._open = partial(
            blocking.Context,
            device,
            backend=backend,
            timeout=timeout,
            grace=grace,
            max_calls=max_calls,
            observer=observer,
            slow_after=slow_after,
        )
        self._opening: Job[blocking.Context] | None = None
        self._context: blocking.Context | None = None
        self._closed = False
        self._threads = DaemonThreads()

    def __await__(self) -> Generator[object, None, Self]:
        return self._opened().__await__()

    async def __aenter__(self) -> Self:
        return await self._opened()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _opened(self) -> Self:
        if self._context is None:
            if self._closed:
                raise _closed()
            if self._opening is not None:
                raise BadStateError("the context is being opened by another task: await it once")
            self._opening = self._threads.submit(self._open, blocking.Context.close)
            try:
                opened = await result_of(self._opening, self._threads, blocking.Context.close)
            finally:
                self._opening = None
            if self._closed:
                self._threads.submit(opened.close)
                raise _closed()
            self._context = opened
        self._context._check_live()
        return self

    def _open_here(self) -> blocking.Context:
        """Open it without a loop, in the thread that calls; return what it stands on."""
        self._context = self._open()
        return self._context

    @property
    def _live(self) -> blocking.Context:
        if self._context is None:
            if self._closed:
                raise _closed()
            raise BadStateError("the context is not open yet: await it, or use 'async with'")
        return self._context

    @property
    def version(self) -> Version:
        """Which kernel and which TEE answer; also after close()."""
        return self._live.version

    @property
    def closed(self) -> bool:
        """True once it is closed."""
        return self._closed if self._context is None else self._context.closed

    @property
    def timeout(self) -> float | None:
        """Seconds that calls have by default; None for no limit."""
        return self._live.timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._live.timeout = seconds

    @property
    def grace(self) -> float:
        """Seconds that a Trusted Application has to stop after the deadline, by default."""
        return self._live.grace

    @grace.setter
    def grace(self, seconds: float) -> None:
        self._live.grace = seconds

    async def open_session(
        self,
        destination: UUID,
        *parameters: Parameter,
        login: int = Login.PUBLIC,
        gid: int | str | None = None,
        operation: Operation | None = None,
        results: type[IntEnum] | None = None,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> Session:
        """Open a session with a Trusted Application; see pytee_client.Context.open_session().

        If the task is cancelled, CancelledError is raised at once. The TEE is asked to stop, and
        a session that it opens all the same is closed.

        Args:
            destination: the UUID of the Trusted Application.
            parameters: up to four for its open-session entry point.
            login: who the client says it is.
            gid: the number or the name of the group; for the two group logins only.
            operation: lets others cancel the opening, and the task get what comes back.
            results: an IntEnum class that names the Trusted Application's own codes.
            timeout: seconds until DeadlineError; None for the context's default.
            grace: seconds that the TEE then has to stop; None for the context's default.

        Raises:
            DeadlineError: a TimeoutError; the time was over.
            TeecError: the opening failed, as pytee_client.Context.open_session() says.

        Threads: may be called from any, on any loop.
        """
        context = self._live
        opened = await operations.run(
            operation,
            lambda: context._submit_session(
                destination,
                *parameters,
                login=login,
                gid=gid,
                results=results,
                timeout=timeout,
                grace=grace,
            ),
            lambda requested: context.open_session(
                destination,
                *parameters,
                login=login,
                gid=gid,
                results=results,
                operation=requested,
            ),
            self._threads,
            _close_session,
        )
        return Session(self, opened)

    def session_pool(
        self,
        destination: UUID,
        /,
        *parameters: Parameter,
        size: int = 4,
        login: int = Login.PUBLIC,
        gid: int | str | None = None,
        results: type[IntEnum] | None = None,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> SessionPool:
        """Make a pool of sessions with a Trusted Application, which opens them when it needs them.

        Args:
            destination: the UUID of the Trusted Application.
            parameters: what each session is opened with.
            size: how many sessions there may be at once.
            login: as of open_session().
            gid: as of open_session().
            results: as of open_session().
            timeout: seconds that callers have by default, to get a session and for a command;
                None for the context's default.
            grace: seconds that the Trusted Application has to stop after that, by default.

        Raises:
            ParameterTypeError, ParameterRangeError: an argument is wrong.
            ClosedContextError: the context is closed.

        Threads: may be called from any, on any loop. Does not wait.
        """
        self._live._check_live()
        check_results(results)
        login = to_login(login)
        options = {"login": login, "gid": gid_for_login(login, gid), "results": results}
        return SessionPool(self, destination, parameters, size, options, timeout, grace)

    async def allocate_shared_memory(
        self, size: int, flags: MemoryFlags = MemoryFlags.INOUT
    ) -> AllocatedSharedMemory:
        """Allocate a block of zeroed memory that the TEE can use without a copy.

        See pytee_client.Context.allocate_shared_memory(). Source: TEEC_AllocateSharedMemory,
        GPD_SPE_007 4.5.5.

        Args:
            size: in bytes; 0 is allowed.
            flags: the directions in which operations may use it.

        Raises:
            OutOfMemoryError: a MemoryError; this process or the TEE has no room.
            ClosedContextError: the context is closed.

        Threads: may be called from any, on any loop.
        """
        share = partial(self._live.allocate_shared_memory, size, flags)
        return await self._share(share, AllocatedSharedMemory)

    async def register_shared_memory(
        self, buffer: Buffer, flags: MemoryFlags = MemoryFlags.INOUT
    ) -> RegisteredSharedMemory:
        """Share memory of the program's own in place, where the device can do that.

        See pytee_client.Context.register_shared_memory(). Source: TEEC_RegisterSharedMemory,
        GPD_SPE_007 4.5.4.

        Args:
            buffer: contiguous plain data, writable if flags has OUTPUT.
            flags: the directions in which operations may use it.

        Raises:
            TeecError: as pytee_client.Context.register_shared_memory() says.

        Threads: may be called from any, on any loop.
        """
        share = partial(self._live.register_shared_memory, buffer, flags)
        return await self._share(share, RegisteredSharedMemory)

    async def register_shared_memory_fd(
        self, fd: FileDescriptorLike, flags: MemoryFlags = MemoryFlags.INOUT
    ) -> DescriptorSharedMemory:
        """Share the memory behind a descriptor, such as memory that only the TEE can read.

        See pytee_client.Context.register_shared_memory_fd().

        Args:
            fd: the descriptor, or an object with a fileno(), open until this returns.
            flags: the directions in which operations may use it.

        Raises:
            TeecError: as pytee_client.Context.register_shared_memory_fd() says.

        Threads: may be called from any, on any loop.
        """
        share = partial(self._live.register_shared_memory_fd, fd, flags)
        return await self._share(share, DescriptorSharedMemory)

    async def _share(
        self, share: Callable[[], blocking_memory.SharedMemory], kind: type[_BlockT]
    ) -> _BlockT:
        def make() -> _BlockT:
            block = share()
            # It is one of the context's blocks already, and stays the same object.
            block.__class__ = kind
            made = cast("_BlockT", block)
            made._owner = self
            return made

        undo = blocking_memory.SharedMemory.close
        return await result_of(self._threads.submit(make, undo), self._threads, undo)

    async def trim(self) -> None:
        """Give the TEE back the memory that the context keeps for its next calls.

        Raises:
            ClosedContextError: the context is closed.

        Threads: may be called from any, on any loop; running calls keep their memory.
        """
        await result_of(self._threads.submit(self._live.trim), self._threads)

    async def close(self, *, timeout: float | None = None) -> None:
        """Close the context with its sessions and its shared memory. Closing twice is harmless.

        Source: TEEC_FinalizeContext, GPD_SPE_007 4.5.3.

        Waits for the calls that somebody waits for. If the task is cancelled, the closing goes on.

        Args:
            timeout: seconds to wait for the calls; after them they are asked to stop.

        Raises:
            DeadlineError: a TimeoutError; calls still run.

        Threads: may be called from any, on any loop.
        """
        self._closed = True
        if self._context is not None:
            await close(self._threads, self._context, timeout)

    def _instead(self) -> str:
        return "open another, which is a connection of its own"

    def __repr__(self) -> str:
        if self._context is not None:
            return repr(self._context)
        return f"<Context, {'closed' if self._closed else 'not open yet'}>"


def _closed() -> ClosedContextError:
    return ClosedContextError("the context is closed: open another")


def _close_session(session: BlockingSession) -> None:
    session.close()


# What belongs to a context names its class in hints, and can't import it.
for _module in (_commands, memory, session, session_pool):
    vars(_module)["Context"] = Context
