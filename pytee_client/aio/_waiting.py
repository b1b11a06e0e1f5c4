# SPDX-License-Identifier: BSD-2-Clause
"""Waiting on a loop for what a thread does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from .._logging import log_debug

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._calls.call_future import CallFuture
    from ._threads import DaemonThreads, Job

_T = TypeVar("_T")


class Waker:
    """Wakes one coroutine, from any thread; to be made on its loop.

    Attributes:
        stack: which others can't run before what they interrupted is over: none.
    """

    def __init__(self) -> None:
        self.stack: object = self
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] = self._loop.create_future()

    def wake(self, _: object = None) -> bool:
        """Wake it, or have its next wait end at once; false if its loop is closed."""
        try:
            self._loop.call_soon_threadsafe(self._end)
        except RuntimeError:
            # Nobody waits on a loop that is closed.
            return False
        return True

    def _end(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self, seconds: float | None = None) -> None:
        """Wait to be woken, or for some seconds."""
        timer = None if seconds is None else self._loop.call_later(seconds, self._end)
        try:
            await self._future
        finally:
            self._future = self._loop.create_future()
            if timer is not None:
                timer.cancel()


async def end_of(call: CallFuture[_T] | Job[_T], seconds: float | None = None) -> None:
    """Wait for the end of a call, or for some seconds; if the task is cancelled, give it up."""
    # Also if it is over: a task that makes call after call must let others run.
    try:
        waker = Waker()
        call.add_done_callback(waker.wake)
        await waker.wait(seconds)
    except BaseException as error:
        # Also if the coroutine is thrown away, as at the end of its loop.
        call.give_up()
        if isinstance(error, asyncio.CancelledError):
            log_debug("aio", "a task was cancelled, and has given up what it waited for")
        raise


async def result_of(
    call: CallFuture[_T] | Job[_T],
    threads: DaemonThreads,
    undo: Callable[[_T], object] | None = None,
) -> _T:
    """Wait for the end of a call and return its result; if the task is cancelled, give it up.

    Args:
        call: what is waited for.
        threads: where undo is called.
        undo: takes the result back if it came, but the task was cancelled before it had it.
    """
    try:
        await end_of(call)
    except BaseException:
        came = call.done() and not call.cancelled() and call.exception() is None
        if undo is not None and came:
            result = call.result()
            threads.submit(lambda: undo(result))
            log_debug("aio", "taking back what came when its task was cancelled")
        raise
    try:
        return call.result()
    finally:
        # An error knows this frame, and must not be known by it.
        del call
