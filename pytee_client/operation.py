# SPDX-License-Identifier: BSD-2-Clause
"""An operation as something that another thread can cancel (TEEC_Operation)."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from ._boundary import NativeOperation
from .enums import OperationState
from .errors import BadStateError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Operation"]


class Operation:
    """One call of open_session() or invoke_command(), to be cancelled from elsewhere.

    Make one for each call and give it to the call.

    Threads: request_cancellation() and state are meant for threads other than the one
    that makes the call.
    """

    def __init__(self) -> None:
        self._native = NativeOperation(cancellable=True)
        self._lock = threading.Lock()
        self._in_use = False

    @property
    def state(self) -> OperationState:
        """What has become of the operation."""
        return self._native.state

    def request_cancellation(self) -> None:
        """Ask for the operation's end (TEEC_RequestCancellation, GPD_SPE_007 4.5.10).

        Before the call, the call raises CancelError with origin API. During it the TEE is
        told, and the Trusted Application decides whether it heeds that; what it returns
        is the outcome. After it nothing happens: no later command is touched.

        May wait until the TEE has a thread to be told with.
        """
        self._native.request_cancellation()

    @contextlib.contextmanager
    def _taken(self) -> Iterator[NativeOperation]:
        """Take the operation for a call; one that never was sent has not used it."""
        with self._lock:
            if self._in_use or self.state in (OperationState.SENT, OperationState.DONE):
                raise BadStateError("the operation was used before: make one for each call")
            self._in_use = True
        try:
            yield self._native
        finally:
            self._in_use = False

    def __repr__(self) -> str:
        return f"<Operation {self.state.name.lower()}>"
