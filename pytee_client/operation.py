# SPDX-License-Identifier: BSD-2-Clause
"""An operation as something that another thread can cancel (TEEC_Operation)."""

from __future__ import annotations

import threading

from ._calls import Call
from .enums import OperationState
from .errors import BadStateError

__all__ = ["Operation"]


class Operation:
    """One call of open_session() or invoke_command(), to be cancelled from elsewhere.

    Make one for each call and give it to the call.

    Threads: request_cancellation() and state are meant for threads other than the one
    that makes the call.
    """

    def __init__(self) -> None:
        self._call = Call(cancellable=True)
        self._lock = threading.Lock()
        self._in_use = False

    @property
    def state(self) -> OperationState:
        """What has become of the operation."""
        return self._call.state

    def request_cancellation(self) -> None:
        """Ask for the operation's end (TEEC_RequestCancellation, GPD_SPE_007 4.5.10).

        Before the call, the call raises CancelError with origin API. During it the TEE is
        told, and the Trusted Application decides whether it heeds that; what it returns
        is the outcome. After it nothing happens: no later command is touched.

        May wait until the TEE has a thread to be told with.
        """
        self._call.request_cancellation()

    def __repr__(self) -> str:
        return f"<Operation {self.state.name.lower()}>"


class ClaimedCall:
    """The use of an operation by a call, or of none; one that was never sent was not used."""

    def __init__(self, operation: Operation | None) -> None:
        self._operation = operation

    def __enter__(self) -> Call:
        operation = self._operation
        if operation is None:
            return Call()
        with operation._lock:
            if operation._in_use or operation.state in (OperationState.SENT, OperationState.DONE):
                raise BadStateError("the operation was used before: make one for each call")
            operation._in_use = True
        return operation._call

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if self._operation is not None:
            self._operation._in_use = False
