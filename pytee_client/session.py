# SPDX-License-Identifier: BSD-2-Clause
"""A session with a Trusted Application (TEEC_Session)."""

from __future__ import annotations

from enum import IntEnum

from . import _hints as t
from ._boundary import NativeSession
from ._calls.one_parameter import (
    call_with_block,
    call_with_bytes,
    call_with_nothing,
    call_with_value,
)
from ._calls.pool import CallPool
from ._calls.prepared import PreparedCommand, prepare
from ._checks import check_made_by
from ._closable import Closable
from ._known_applications import named
from ._outputs import Outputs
from .memory import AllocatedSharedMemory
from .operation import ClaimedCall, Operation
from .parameters import MemrefTempInOut, Parameter, ValueInOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar, overload

    from ._outputs import Output, RequiredSize, Value
    from .context import Context
    from .memory import SharedMemory
    from .parameters import (
        InputParameter,
        MemrefPartialInOut,
        MemrefPartialInput,
        MemrefPartialOutput,
        MemrefTempInput,
        MemrefTempOutput,
        MemrefWhole,
        OutputParameter,
        ValueInput,
        ValueOutput,
    )

    _A = TypeVar("_A", bound=Output)
    _B = TypeVar("_B", bound=Output)
    _M = TypeVar("_M", bound=memoryview | int)

__all__ = ["Session"]


class Session(Closable):
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
        self,
        context: Context,
        destination: t.UUID,
        native: NativeSession,
        outputs: Outputs = (),
        results: type[IntEnum] | None = None,
    ) -> None:
        """Wrap an open session; results names codes of the Trusted Application."""
        check_made_by(native, NativeSession, "Context.open_session()")
        self.context: Context = context
        self.destination: t.UUID = destination
        self.outputs: Outputs = outputs
        self._calls = CallPool(native, destination, results)

    @property
    def closed(self) -> bool:
        """True once it is closed, or is being closed."""
        return self._calls.is_closed

    @property
    def is_dead(self) -> bool:
        """True once a command found that the Trusted Application had panicked.

        That is TARGET_DEAD with origin TEE. Every further command raises DeadSessionError before
        anything is sent: close() the session, and open another. If an application has one instance
        for all its sessions, its panic ends all of them, those of other clients too; each is known
        to be dead when its next command fails.
        """
        return self._calls.death is not None

    if TYPE_CHECKING:

        @overload
        def invoke_command(
            self, command_id: int, /, *, operation: Operation | None = None
        ) -> tuple[()]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: SharedMemory[_M] | MemrefWhole[_M],
            /,
            *,
            operation: Operation | None = None,
        ) -> tuple[_M | RequiredSize, ...]: ...
        @overload
        def invoke_command(
            self, command_id: int, first: InputParameter, /, *, operation: Operation | None = None
        ) -> tuple[()]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: OutputParameter[_A],
            /,
            *,
            operation: Operation | None = None,
        ) -> tuple[_A]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: SharedMemory | MemrefWhole,
            second: Parameter,
            /,
            *,
            operation: Operation | None = None,
        ) -> Outputs: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: Parameter,
            second: SharedMemory | MemrefWhole,
            /,
            *,
            operation: Operation | None = None,
        ) -> Outputs: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: InputParameter,
            second: InputParameter,
            /,
            *,
            operation: Operation | None = None,
        ) -> tuple[()]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: InputParameter,
            second: OutputParameter[_A],
            /,
            *,
            operation: Operation | None = None,
        ) -> tuple[_A]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: OutputParameter[_A],
            second: InputParameter,
            /,
            *,
            operation: Operation | None = None,
        ) -> tuple[_A]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: OutputParameter[_A],
            second: OutputParameter[_B],
            /,
            *,
            operation: Operation | None = None,
        ) -> tuple[_A, _B]: ...
        @overload
        def invoke_command(
            self, command_id: int, /, *parameters: Parameter, operation: Operation | None = None
        ) -> Outputs: ...

    def invoke_command(
        self,
        command_id: int,
        /,
        *parameters: Parameter,
        operation: Operation | None = None,
    ) -> Outputs:
        """Run a command of the Trusted Application and wait for its end.

        Source: TEEC_InvokeCommand, GPD_SPE_007 4.5.9; kernel ioctl TEE_IOC_INVOKE.

        Args:
            command_id: any unsigned 32-bit number that the Trusted Application knows.
            parameters: up to four, in slot order; see pytee_client.parameters.
            operation: lets another thread cancel the call.

        Returns:
            The outputs, in slot order. Each is a Value for two numbers, bytes for an output
            given by its size, or a memoryview of the caller's buffer or block, which has the
            format and shape of a buffer that is full, and else is of bytes. Memory is cut
            to the size that the Trusted Application set. For a DescriptorSharedMemory, which
            has no bytes here, the output is that size. A RequiredSize replaces an output that
            was too small, unless it grows: then the command runs again; see MemrefTempOutput.

        Raises:
            TeecError: the call failed; its class, code and origin say why, and its outputs
                are what came back.
            ParameterTypeError, ParameterRangeError, ReadOnlyBufferError,
            BadParametersError: a parameter is wrong; nothing was sent.
            ClosedSessionError: the session is closed.
            DeadSessionError: the Trusted Application panicked before; nothing was sent.

        Threads: may be called from any; other Python threads run meanwhile.
        """
        calls = self._calls
        if operation is not None:
            claim = ClaimedCall(operation)
            with claim as call:
                calls.check_usable()
                calls.adopt(call)
                return calls.invoke(call, command_id, parameters, claim.again)
        if len(parameters) == 1:
            first = parameters[0]
            if type(first) is ValueInOut:
                return call_with_value(calls, command_id, first._pair)
            if type(first) is MemrefTempInOut and type(first._buffer) is bytearray:
                return call_with_bytes(calls, command_id, first._buffer)
            if type(first) is AllocatedSharedMemory:
                return call_with_block(calls, command_id, first)
        elif not parameters:
            return call_with_nothing(calls, command_id)
        return calls.run(command_id, parameters)

    if TYPE_CHECKING:

        @overload
        def prepare(self, command_id: int, /) -> PreparedCommand[tuple[()]]: ...
        @overload
        def prepare(
            self, command_id: int, slot: SharedMemory[_M] | MemrefWhole[_M], /
        ) -> PreparedCommand[tuple[_M | RequiredSize, ...]]: ...
        @overload
        def prepare(
            self, command_id: int, slot: type[MemrefWhole], /
        ) -> PreparedCommand[tuple[memoryview | int | RequiredSize, ...]]: ...
        @overload
        def prepare(
            self,
            command_id: int,
            slot: InputParameter | type[ValueInput | MemrefTempInput | MemrefPartialInput],
            /,
        ) -> PreparedCommand[tuple[()]]: ...
        @overload
        def prepare(
            self, command_id: int, slot: OutputParameter[_A], /
        ) -> PreparedCommand[tuple[_A]]: ...
        @overload
        def prepare(
            self, command_id: int, slot: type[ValueOutput | ValueInOut], /
        ) -> PreparedCommand[tuple[Value]]: ...
        @overload
        def prepare(
            self, command_id: int, slot: type[MemrefTempOutput[t.Any] | MemrefTempInOut[t.Any]], /
        ) -> PreparedCommand[tuple[bytes | memoryview | RequiredSize]]: ...
        @overload
        def prepare(
            self,
            command_id: int,
            slot: type[MemrefPartialOutput[t.Any] | MemrefPartialInOut[t.Any]],
            /,
        ) -> PreparedCommand[tuple[memoryview | int | RequiredSize]]: ...
        @overload
        def prepare(
            self, command_id: int, /, *slots: Parameter | type[object]
        ) -> PreparedCommand[Outputs]: ...

    def prepare(
        self, command_id: int, /, *slots: Parameter | type[object]
    ) -> PreparedCommand[t.Any]:
        """Prepare a command that is to be run many times.

        Its parameters are checked once, so in a hot loop it costs less than
        invoke_command(), and returns the same. ::

            increment = session.prepare(0, ValueInOut)
            for number in numbers:
                ((result, _),) = increment((number, 0))

            buffer = bytearray(4096)
            encrypt = session.prepare(7, MemrefTempInOut(buffer))
            while stream.readinto(buffer):
                (encrypted,) = encrypt()

        Args:
            command_id: any unsigned 32-bit number that the Trusted Application knows.
            slots: up to four. A parameter, as of invoke_command(), is used at each call;
                the bytes in its buffer may change. If no slot is a class, its buffer can't
                be freed or resized while the command exists. A class of parameters takes
                its content from each call, except ValueOutput, which needs none.

        Returns:
            A PreparedCommand: call it to run the command and wait for its end. It takes one
            argument for each slot that is a class, what the class takes: a pair of ints, a
            buffer or a number of bytes, a block, or a tuple of a block, an offset and a size.
            It returns and raises what invoke_command() does.

        Raises:
            ParameterTypeError, ParameterRangeError, ReadOnlyBufferError,
            BadParametersError: a parameter is wrong. If a slot is a class, calling the
                PreparedCommand raises this.
            ClosedSessionError: the session is closed.
            DeadSessionError: the Trusted Application panicked before.

        Threads: any number may call it at once; the caller must synchronise access to a
        buffer that several calls share.
        """
        return prepare(self._calls, command_id, slots)

    def _check_live(self) -> None:
        self._calls.check_live()

    def _instead(self) -> str:
        return "open another with Context.open_session()"

    def close(self) -> None:
        """Close the session, after the calls that still run in it. Closing twice is harmless.

        Source: TEEC_CloseSession, GPD_SPE_007 4.5.8.

        Raises:
            BadStateError: called within a call of its own, as by a signal handler.

        An interrupt while it waits leaves a session that takes no calls; close it once more.

        Threads: may be called from any; a second caller waits for the first.
        """
        try:
            self._calls.close()
        finally:
            # An interrupt may have come after the end.
            if self._calls.is_over:
                self._closed = True
                self.outputs = ()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "dead" if self.is_dead else "open"
        return f"<Session with {named(self.destination)}, {state}>"
