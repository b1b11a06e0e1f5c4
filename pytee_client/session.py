# SPDX-License-Identifier: BSD-2-Clause
"""A session with a Trusted Application (TEEC_Session)."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from ._boundary import NativeOperation, to_uint32
from ._owner import Owner
from .errors import BadStateError, ClosedSessionError, ForkedContextError

if TYPE_CHECKING:
    from uuid import UUID

    from ._boundary import NativeSession
    from .context import Context
    from .operation import Operation
    from .parameters import Outputs, Parameter

__all__ = ["Session"]


class Session(Owner):
    """An open session with a Trusted Application; made by Context.open_session().

    A session keeps its context alive.

    Attributes:
        context: the context it was opened in.
        destination: the UUID of the Trusted Application.
        outputs: what opening it returned, in slot order, until it is closed; see
            invoke_command().

    Threads: any number may invoke commands at once; the TEE runs them one after the
    other. close() waits for them.
    """

    def __init__(
        self, context: Context, destination: UUID, native: NativeSession, outputs: Outputs
    ) -> None:
        """Wrap an open session."""
        self.context = context
        self.destination = destination
        self.outputs = outputs
        self._native = native
        self._pid = os.getpid()
        self._idle = threading.Condition()
        self._callers: list[int] = []
        self._finished = False
        self._closed = False

    def invoke_command(
        self, command_id: int, *parameters: Parameter, operation: Operation | None = None
    ) -> Outputs:
        """Run a command of the Trusted Application and wait for its end.

        Source: TEEC_InvokeCommand, GPD_SPE_007 4.5.9; kernel ioctl TEE_IOC_INVOKE.

        Args:
            command_id: any unsigned 32-bit number that the Trusted Application knows.
            parameters: up to four; see pytee_client.parameters.
            operation: by which another thread can cancel the call.

        Returns:
            The outputs, in slot order: a Value for two numbers, bytes for an output given
            by its size, a memoryview of the caller's own memory for one given as a buffer
            or a block, cut to the size that the Trusted Application set; that size alone
            for a DescriptorSharedMemory, which has no bytes here; a RequiredSize in place
            of one that was too small.

        Raises:
            TeecError: the call failed; its class, code and origin say how, and its outputs
                what came back nevertheless.
            ParameterTypeError, ParameterRangeError, ReadOnlyBufferError,
            BadParametersError: the parameters can't be sent; nothing was.
            ClosedSessionError: the session is closed.

        Threads: may be called from any; other Python threads run meanwhile.
        """
        command_id = to_uint32(command_id, "the command id")
        doing = f"invoking command {command_id} of {self.destination}"
        native = self._begin()
        try:
            if operation is None:
                return native.invoke_command(command_id, parameters, NativeOperation(), doing)
            with operation._taken() as taken:
                return native.invoke_command(command_id, parameters, taken, doing)
        finally:
            self._end()

    def _check_live(self) -> None:
        if self._pid != os.getpid():
            raise ForkedContextError(
                "the session belongs to the parent of this process: open a context here"
            )
        if self._closed:
            raise ClosedSessionError("the session is closed: open another")

    def _begin(self) -> NativeSession:
        with self._idle:
            self._check_live()
            self._callers.append(threading.get_ident())
        return self._native

    def _end(self) -> None:
        with self._idle:
            self._callers.remove(threading.get_ident())
            if not self._callers:
                self._idle.notify_all()

    def close(self) -> None:
        """Close the session, after the calls that still run in it. Closing twice is harmless.

        Source: TEEC_CloseSession, GPD_SPE_007 4.5.8.

        Raises:
            BadStateError: called within a call of its own, as by a signal handler.

        Threads: may be called from any; whoever comes second waits for the first.
        """
        if self._pid != os.getpid():
            # The session is the parent's: closing it here would close it there.
            self._closed = True
            return
        with self._idle:
            if threading.get_ident() in self._callers:
                raise BadStateError(
                    "closing a session within its own call: close it after the call"
                )
            self._closed = True
            try:
                self._idle.wait_for(lambda: not self._callers)
            except BaseException:
                self._closed = self._finished
                raise
            self._closed = self._finished = True
            self.outputs = ()
            self._native.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<Session with {self.destination}, {state}>"
