# SPDX-License-Identifier: BSD-2-Clause
"""An operation that can be cancelled without cancelling the task that waits for it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .. import operation as blocking
from .._checks import to_instance
from .._single import Single
from ..enums import OperationState
from ..errors import BadStateError
from ._waiting import result_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from .._calls.call_future import CallFuture
    from ._threads import DaemonThreads

_T = TypeVar("_T")

__all__ = ["Operation"]


class Operation(Single):
    """Lets anybody cancel one opening or one command, and the task get what the TEE says to it.

    Cancelling the task itself ends its wait at once. Make one for each call, and pass it to the
    call.

    Threads: request_cancellation() and state may be used from any.
    """

    def __init__(self) -> None:
        self._call: CallFuture[Any] | None = None
        self._is_requested = False
        self._is_over = False
        # Who takes the only element, claims the operation.
        self._free = deque((None,))

    @property
    def state(self) -> OperationState:
        """How far the operation is; a call that waits for its turn is idle."""
        call = self._call
        if self._is_over or (call is not None and call.done()):
            return OperationState.DONE
        if call is not None and call.running():
            return OperationState.SENT
        return OperationState.REQUESTED if self._is_requested else OperationState.IDLE

    def request_cancellation(self) -> None:
        """Cancel the operation (TEEC_RequestCancellation, GPD_SPE_007 4.5.10).

        Before the call, or while it waits for its turn: it raises CancelError with origin API.
        During the call: the TEE is told, and the Trusted Application decides whether it stops.
        After the call: nothing happens.

        Never blocks: another thread waits until the TEE takes the request.
        """
        # First: a call that is submitted meanwhile looks here.
        self._is_requested = True
        call = self._call
        if call is not None:
            call.cancel()

    def _instead(self) -> str:
        return "make one for each call"


async def run(
    operation: Operation | None,
    submit: Callable[[], Future[_T]],
    cancelled: Callable[[blocking.Operation], _T],
    threads: DaemonThreads,
    undo: Callable[[_T], object] | None = None,
) -> _T:
    """Submit a call and return its result.

    Args:
        operation: lets others cancel it.
        submit: submits it.
        cancelled: makes it with an operation that is cancelled, which sends nothing, and fails.
        threads: see result_of().
        undo: see result_of().
    """
    if operation is None:
        return await result_of(cast("CallFuture[_T]", submit()), threads, undo)
    to_instance(operation, Operation, "the operation", "make one with pytee_client.aio.Operation()")
    try:
        operation._free.pop()
    except IndexError:
        raise BadStateError("the operation was used before: make one for each call") from None
    if operation._is_requested:
        operation._is_over = True
        return _refuse(operation, cancelled)
    try:
        operation._call = call = cast("CallFuture[_T]", submit())
    except BaseException:
        # Nothing was sent.
        operation._free.append(None)
        raise
    if operation._is_requested:
        call.cancel()
    try:
        return await result_of(call, threads, undo)
    except CancelledError:
        # It had its turn only now.
        return _refuse(operation, cancelled)
    finally:
        # An error knows this frame, and must not be known by it.
        operation._is_over = True
        operation._call = None
        del call


def _refuse(operation: Operation, cancelled: Callable[[blocking.Operation], _T]) -> _T:
    requested = blocking.Operation()
    requested.request_cancellation()
    return cancelled(requested)
