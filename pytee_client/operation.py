# SPDX-License-Identifier: BSD-2-Clause
"""An operation as something that another thread can cancel (TEEC_Operation)."""

from __future__ import annotations

import threading

from ._calls.call import Call
from ._checks import to_instance
from .enums import OperationState
from .errors import BadStateError

__all__ = ["Operation"]


class Operation:
    """Lets another thread cancel one call of open_session() or invoke_command().

    Make one for each call, and pass it to the call.

    Threads: request_cancellation() and state are meant for threads other than the one
    that makes the call.
    """

    def __init__(self) -> None:
        self._call = Call(cancellable=True)
        self._lock = threading.Lock()
        self._in_use = False

    @property
    def state(self) -> OperationState:
        """How far the operation is."""
        return self._call.state

    def request_cancellation(self) -> None:
        """Cancel the operation (TEEC_RequestCancellation, GPD_SPE_007 4.5.10).

        Before the call: the call raises CancelError with origin API. During the call: the TEE
        is told, and the Trusted Application decides whether it stops. After the call: nothing
        happens, and later commands are not touched.

        Blocks until the TEE has a free thread for the request.
        """
        self._call.request_cancellation()

    def __repr__(self) -> str:
        return f"<Operation {self.state.name.lower()}>"


class ClaimedCall:
    """Claims an operation for one call; without an operation it makes a call of its own.

    An operation that was not sent can be claimed again.
    """

    def __init__(self, operation: Operation | None) -> None:
        self._operation = operation

    def __enter__(self) -> Call:
        operation = self._operation
        if operation is None:
            return Call()
        to_instance(operation, Operation, "the operation", "make one with Operation()")
        with operation._lock:
            if operation._in_use or operation.state in (OperationState.SENT, OperationState.DONE):
                raise BadStateError("the operation was used before: make one for each call")
            operation._in_use = True
        return operation._call

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if self._operation is not None:
            self._operation._in_use = False
