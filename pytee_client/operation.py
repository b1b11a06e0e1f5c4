# SPDX-License-Identifier: BSD-2-Clause
"""An operation as something that another thread can cancel (TEEC_Operation)."""

from __future__ import annotations

from collections import deque

from ._calls.call import Call
from ._checks import to_instance
from ._single import Single
from .enums import OperationState
from .errors import BadStateError

__all__ = ["Operation"]


class Operation(Single):
    """Lets another thread cancel one call of open_session() or invoke_command().

    Make one for each call, and pass it to the call.

    Threads: request_cancellation() and state are meant for threads other than the one
    that makes the call.
    """

    def __init__(self) -> None:
        self._call = Call(cancellable=True)
        # Empty while a call has claimed it: who takes the only element, takes it alone.
        self._free = deque((self._call,))
        # So far, and whether a run came before that of the call.
        self._is_requested = False
        self._runs_again = False

    @property
    def state(self) -> OperationState:
        """How far the operation is."""
        state = self._call.state
        # It is not idle again between the runs of a command whose output grows.
        if self._runs_again and state in (OperationState.IDLE, OperationState.REQUESTED):
            return OperationState.DONE if self._free else OperationState.SENT
        return state

    def request_cancellation(self) -> None:
        """Cancel the operation (TEEC_RequestCancellation, GPD_SPE_007 4.5.10).

        Before the call: the call raises CancelError with origin API. During the call: the TEE
        is told, and the Trusted Application decides whether it stops. After the call: nothing
        happens, and later commands are not touched.

        An application that waits (TEE_Wait) and heeds cancellation is woken at once: the thread
        of the call is sent a signal that the program does not use (docs/c-library.md).

        If the command runs again because an output grows, no further run starts.

        Blocks until the TEE has a free thread for the request.
        """
        # First: a run that starts meanwhile looks here.
        self._is_requested = True
        self._call.request_cancellation()

    def _instead(self) -> str:
        return "make one for each call"

    def __repr__(self) -> str:
        return f"<Operation {self.state.name.lower()}>"


class ClaimedCall:
    """Claims an operation for one call.

    An operation that was not sent can be claimed again.
    """

    def __init__(self, operation: Operation) -> None:
        self._operation = operation

    def __enter__(self) -> Call:
        operation = self._operation
        to_instance(operation, Operation, "the operation", "make one with Operation()")
        try:
            call = operation._free.pop()
        except IndexError:
            raise _used_before() from None
        if operation.state in (OperationState.SENT, OperationState.DONE):
            operation._free.append(call)
            raise _used_before()
        return call

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self._operation._free.append(self._operation._call)

    def again(self) -> Call:
        """Return a call for another run, which is cancelled if the operation was."""
        call = Call(cancellable=True)
        operation = self._operation
        operation._runs_again = True
        operation._call = call
        if operation._is_requested:
            call.request_cancellation()
        return call


def _used_before() -> BadStateError:
    return BadStateError("the operation was used before: make one for each call")
