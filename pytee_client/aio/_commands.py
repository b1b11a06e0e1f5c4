# SPDX-License-Identifier: BSD-2-Clause
"""The commands of a session on a loop, with the types of their outputs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .. import operation as blocking_operation
from .. import session as blocking
from .._outputs import Output, Outputs, RequiredSize, Value
from .._parameter import OutputParameter
from .._single import Single
from ..memory import SharedMemory
from ..parameters import (
    InputParameter,
    MemrefPartialInOut,
    MemrefPartialInput,
    MemrefPartialOutput,
    MemrefTempInOut,
    MemrefTempInput,
    MemrefTempOutput,
    MemrefWhole,
    Parameter,
    ValueInOut,
    ValueInput,
    ValueOutput,
)
from . import operation as operations
from ._clients import HasClients
from .operation import Operation
from .prepared import PreparedCommand

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .._limits import Limits
    from .context import Context

    class CallOptions(Limits, total=False):
        operation: Operation | None


_A = TypeVar("_A", bound=Output)
_B = TypeVar("_B", bound=Output)
_M = TypeVar("_M", bound=memoryview | int)


class Commands(HasClients, Single):
    """Runs the commands of a session.

    Attributes:
        context: the context it was opened in.
    """

    context: Context
    _session: blocking.Session

    if TYPE_CHECKING:

        @overload
        async def invoke_command(
            self,
            command_id: int,
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[()]: ...
        @overload
        async def invoke_command(
            self,
            command_id: int,
            first: SharedMemory[_M] | MemrefWhole[_M],
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[_M | RequiredSize, ...]: ...
        @overload
        async def invoke_command(
            self,
            command_id: int,
            first: InputParameter,
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[()]: ...
        @overload
        async def invoke_command(
            self,
            command_id: int,
            first: OutputParameter[_A],
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[_A]: ...
        @overload
        async def invoke_command(
            self,
            command_id: int,
            first: SharedMemory | MemrefWhole,
            second: Parameter,
            /,
            **options: Unpack[CallOptions],
        ) -> Outputs: ...
        @overload
        async def invoke_command(
            self,
            command_id: int,
            first: Parameter,
            second: SharedMemory | MemrefWhole,
            /,
            **options: Unpack[CallOptions],
        ) -> Outputs: ...
        @overload
        async def invoke_command(
            self,
            command_id: int,
            first: InputParameter,
            second: InputParameter,
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[()]: ...
        @overload
        async def invoke_command(
            self,
            command_id: int,
            first: InputParameter,
            second: OutputParameter[_A],
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[_A]: ...
        @overload
        async def invoke_command(
            self,
            command_id: int,
            first: OutputParameter[_A],
            second: InputParameter,
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[_A]: ...
        @overload
        async def invoke_command(
            self,
            command_id: int,
            first: OutputParameter[_A],
            second: OutputParameter[_B],
            /,
            **options: Unpack[CallOptions],
        ) -> tuple[_A, _B]: ...
        @overload
        async def invoke_command(
            self,
            command_id: int,
            /,
            *parameters: Parameter,
            **options: Unpack[CallOptions],
        ) -> Outputs: ...

    async def invoke_command(
        self,
        command_id: int,
        /,
        *parameters: Parameter,
        operation: Operation | None = None,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> Outputs:
        """Run a command of the Trusted Application; see pytee_client.Session.invoke_command().

        If the task is cancelled, CancelledError is raised at once, and the Trusted Application
        is asked to stop. Until it does, the call runs on by itself, and nobody else gets its
        buffers: what it writes late reaches nobody.

        Args:
            command_id: any unsigned 32-bit number that the Trusted Application knows.
            parameters: up to four, in slot order; see pytee_client.parameters.
            operation: lets others cancel the call, and the task get what comes back.
            timeout: in how many seconds it has to end; by default the session's. math.inf is
                no time-out. With 0 nothing is sent.
            grace: for how many seconds more it may then take; by default the session's.

        Raises:
            DeadlineError: a TimeoutError; the time was over.
            TeecError: the call failed, as pytee_client.Session.invoke_command() says.

        Threads: may be called from any, on any loop. Calls begin in the order in which they
        were made.
        """
        session = self._session
        return await operations.run(
            operation,
            lambda: session.submit(command_id, *parameters, timeout=timeout, grace=grace),
            partial(_invoke_cancelled, session, command_id, parameters),
            self.context._threads,
        )

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
            slot: type[MemrefTempOutput[Any] | MemrefTempInOut[Any]],
            /,
            **limits: Unpack[Limits],
        ) -> PreparedCommand[tuple[bytes | memoryview | RequiredSize]]: ...
        @overload
        def prepare(
            self,
            command_id: int,
            slot: type[MemrefPartialOutput[Any] | MemrefPartialInOut[Any]],
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
    ) -> PreparedCommand[Any]:
        """Prepare a command that is to be run many times; see pytee_client.Session.prepare().

        Args:
            command_id: any unsigned 32-bit number that the Trusted Application knows.
            slots: up to four parameters, or their classes where the content varies.
            timeout: in how many seconds each call has to end; by default the session's.
            grace: for how many seconds more it may then take; by default the session's.

        Returns:
            A PreparedCommand: call and await it to run the command. ::

                increment = session.prepare(0, ValueInOut)
                for number in numbers:
                    ((result, _),) = await increment((number, 0))

        Raises:
            TeecError: as pytee_client.Session.prepare() says. Nothing is sent.

        Threads: any number may call it at once, on any loop.
        """
        prepared = self._session.prepare(command_id, *slots, timeout=timeout, grace=grace)
        submit = partial(self._session.submit, timeout=timeout, grace=grace)
        return PreparedCommand(prepared, submit, self.context._threads)


def _invoke_cancelled(
    session: blocking.Session,
    command_id: int,
    parameters: tuple[Parameter, ...],
    operation: blocking_operation.Operation,
) -> Outputs:
    return session.invoke_command(command_id, *parameters, operation=operation)
