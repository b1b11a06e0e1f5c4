# SPDX-License-Identifier: BSD-2-Clause
"""The commands of a session."""

from __future__ import annotations

from collections import deque

from . import _hints as t
from ._calls.one_parameter import (
    call_with_block,
    call_with_bytes,
    call_with_nothing,
    call_with_value,
)
from ._calls.pool import CallPool
from ._calls.prepared import PreparedCommand, prepare
from ._calls.timed import Lane, TimedCalls, take_lane
from ._outputs import Outputs
from ._parameter import OutputParameter
from ._submitting import Submitting
from .memory import AllocatedSharedMemory
from .operation import ClaimedCall, Operation
from .parameters import MemrefTempInOut, Parameter, ValueInOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar, overload

    from typing_extensions import Unpack

    from ._limits import Limits
    from ._outputs import Output, RequiredSize, Value
    from .memory import SharedMemory
    from .parameters import (
        InputParameter,
        MemrefPartialInOut,
        MemrefPartialInput,
        MemrefPartialOutput,
        MemrefTempInput,
        MemrefTempOutput,
        MemrefWhole,
        ValueInput,
        ValueOutput,
    )

    class CallOptions(Limits, total=False):
        operation: Operation | None

    _A = TypeVar("_A", bound=Output)
    _B = TypeVar("_B", bound=Output)
    _M = TypeVar("_M", bound=memoryview | int)


class Commands(Submitting):
    """The base of a session: what runs its commands."""

    # Those that no thread uses.
    _lanes: deque[Lane]

    if TYPE_CHECKING:

        @overload
        def invoke_command(
            self, command_id: int, /, **options: Unpack[CallOptions]
        ) -> tuple[()]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: SharedMemory[_M] | MemrefWhole[_M],
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[_M | RequiredSize, ...]: ...
        @overload
        def invoke_command(
            self, command_id: int, first: InputParameter, /, **options: Unpack[CallOptions]
        ) -> tuple[()]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: OutputParameter[_A],
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[_A]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: SharedMemory | MemrefWhole,
            second: Parameter,
            /,
            **options: Unpack[CallOptions],
        ) -> Outputs: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: Parameter,
            second: SharedMemory | MemrefWhole,
            /,
            **options: Unpack[CallOptions],
        ) -> Outputs: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: InputParameter,
            second: InputParameter,
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[()]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: InputParameter,
            second: OutputParameter[_A],
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[_A]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: OutputParameter[_A],
            second: InputParameter,
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[_A]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            first: OutputParameter[_A],
            second: OutputParameter[_B],
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[_A, _B]: ...
        @overload
        def invoke_command(
            self,
            command_id: int,
            /,
            *parameters: Parameter,
            **options: Unpack[CallOptions],
        ) -> Outputs: ...

    def invoke_command(
        self,
        command_id: int,
        /,
        *parameters: Parameter,
        operation: Operation | None = None,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> Outputs:
        """Run a command of the Trusted Application and wait for its end.

        Source: TEEC_InvokeCommand, GPD_SPE_007 4.5.9; kernel ioctl TEE_IOC_INVOKE.

        Raises an auditing event pytee_client.invoke_command with the arguments destination,
        command_id.

        Args:
            command_id: any unsigned 32-bit number that the Trusted Application knows.
            parameters: up to four, in slot order; see pytee_client.parameters.
            operation: lets another thread cancel the call.
            timeout: in how many seconds it has to end; by default the session's. math.inf is
                no time-out. With 0 nothing is sent. At the end of this time its cancellation is
                requested.
            grace: for how many seconds more it may then take; by default the session's.

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
            DeadlineError: a TimeoutError; it did not end in time, and may run on. It has then its
                buffers until it ends; what it writes late reaches nobody.

        Threads: may be called from any; other Python threads run meanwhile.
        """
        calls: CallPool | TimedCalls = self._calls
        lane = None
        if timeout is not None or self._timeout is not None:
            lane = take_lane(
                self._lanes,
                self._calls,
                self._timeout if timeout is None else timeout,
                self._grace if grace is None else grace,
            )
            if lane is not None:
                calls = lane
        try:
            if operation is not None:
                claim = ClaimedCall(operation)
                with claim as call:
                    self._calls.check_usable()
                    self._calls.adopt(call)
                    # It may have been meant for a call with a time-out before.
                    call.within(None)
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
        finally:
            if lane is not None:
                self._lanes.append(lane)

    if TYPE_CHECKING:

        @overload
        def prepare(
            self, command_id: int, /, **limits: Unpack[Limits]
        ) -> PreparedCommand[tuple[()]]: ...
        @overload
        def prepare(
            self,
            command_id: int,
            slot: SharedMemory[_M] | MemrefWhole[_M],
            /,
            **limits: Unpack[Limits],
        ) -> PreparedCommand[tuple[_M | RequiredSize, ...]]: ...
        @overload
        def prepare(
            self,
            command_id: int,
            slot: type[MemrefWhole],
            /,
            **limits: Unpack[Limits],
        ) -> PreparedCommand[tuple[memoryview | int | RequiredSize, ...]]: ...
        @overload
        def prepare(
            self,
            command_id: int,
            slot: InputParameter | type[ValueInput | MemrefTempInput | MemrefPartialInput],
            /,
            **limits: Unpack[Limits],
        ) -> PreparedCommand[tuple[()]]: ...
        @overload
        def prepare(
            self,
            command_id: int,
            slot: OutputParameter[_A],
            /,
            **limits: Unpack[Limits],
        ) -> PreparedCommand[tuple[_A]]: ...
        @overload
        def prepare(
            self,
            command_id: int,
            slot: type[ValueOutput | ValueInOut],
            /,
            **limits: Unpack[Limits],
        ) -> PreparedCommand[tuple[Value]]: ...
        @overload
        def prepare(
            self,
            command_id: int,
            slot: type[MemrefTempOutput[t.Any] | MemrefTempInOut[t.Any]],
            /,
            **limits: Unpack[Limits],
        ) -> PreparedCommand[tuple[bytes | memoryview | RequiredSize]]: ...
        @overload
        def prepare(
            self,
            command_id: int,
            slot: type[MemrefPartialOutput[t.Any] | MemrefPartialInOut[t.Any]],
            /,
            **limits: Unpack[Limits],
        ) -> PreparedCommand[tuple[memoryview | int | RequiredSize]]: ...
        @overload
        def prepare(
            self,
            command_id: int,
            /,
            *slots: Parameter | type[object],
            **limits: Unpack[Limits],
        ) -> PreparedCommand[Outputs]: ...

    def prepare(
        self,
        command_id: int,
        /,
        *slots: Parameter | type[object],
        timeout: float | None = None,
        grace: float | None = None,
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
            timeout: in how many seconds each call has to end; see invoke_command(). By default
                it is what the session has now.
            grace: for how many seconds more it may then take.

        Returns:
            A PreparedCommand: call it to run the command and wait for its end. It takes one
            argument for each slot that is a class, what the class takes: a pair of ints, a
            buffer or a number of bytes, a block, or a tuple of a block, an offset and a size.
            It returns and raises what invoke_command() does, the auditing event too.

        Raises:
            ParameterTypeError, ParameterRangeError, ReadOnlyBufferError,
            BadParametersError: a parameter is wrong. If a slot is a class, calling the
                PreparedCommand raises this.
            ClosedSessionError: the session is closed.
            DeadSessionError: the Trusted Application panicked before.

        Threads: any number may call it at once; the caller must synchronise access to a
        buffer that several calls share.
        """
        limit = self._limit(timeout, grace)
        calls = self._calls if limit is None else TimedCalls(self._calls, limit)
        return prepare(calls, command_id, slots)
