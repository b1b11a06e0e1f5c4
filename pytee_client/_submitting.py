# SPDX-License-Identifier: BSD-2-Clause
"""Commands for which nobody waits: Session.submit()."""

from __future__ import annotations

from . import _hints as t
from ._calls.pool import CallPool
from ._limits import Limited
from ._outputs import Outputs
from ._parameter import OutputParameter
from ._process import importing
from .parameters import Parameter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar, overload

    from typing_extensions import Unpack

    from ._calls.submitted import Translation
    from ._limits import Limits
    from ._outputs import Output, RequiredSize
    from .memory import SharedMemory
    from .parameters import InputParameter, MemrefWhole

    _A = TypeVar("_A", bound=Output)
    _B = TypeVar("_B", bound=Output)
    _M = TypeVar("_M", bound=memoryview | int)


class Submitting(Limited):
    """The base of a session: what has workers run its commands."""

    _calls: CallPool

    if TYPE_CHECKING:
        # As those of invoke_command(): type checkers can't put the outputs of a function with
        # overloads into futures.

        @overload
        def submit(self, command_id: int, /, **limits: Unpack[Limits]) -> t.Future[tuple[()]]: ...
        @overload
        def submit(  # pyright: ignore[reportOverlappingOverload]
            self,
            command_id: int,
            first: SharedMemory[_M] | MemrefWhole[_M],
            /,
            **limits: Unpack[Limits],
        ) -> t.Future[tuple[_M | RequiredSize, ...]]: ...
        @overload
        def submit(
            self, command_id: int, first: InputParameter, /, **limits: Unpack[Limits]
        ) -> t.Future[tuple[()]]: ...
        @overload
        def submit(
            self, command_id: int, first: OutputParameter[_A], /, **limits: Unpack[Limits]
        ) -> t.Future[tuple[_A]]: ...
        @overload
        def submit(
            self,
            command_id: int,
            first: SharedMemory | MemrefWhole,
            second: Parameter,
            /,
            **limits: Unpack[Limits],
        ) -> t.Future[Outputs]: ...
        @overload
        def submit(
            self,
            command_id: int,
            first: Parameter,
            second: SharedMemory | MemrefWhole,
            /,
            **limits: Unpack[Limits],
        ) -> t.Future[Outputs]: ...
        @overload
        def submit(
            self,
            command_id: int,
            first: InputParameter,
            second: InputParameter,
            /,
            **limits: Unpack[Limits],
        ) -> t.Future[tuple[()]]: ...
        @overload
        def submit(
            self,
            command_id: int,
            first: InputParameter,
            second: OutputParameter[_A],
            /,
            **limits: Unpack[Limits],
        ) -> t.Future[tuple[_A]]: ...
        @overload
        def submit(
            self,
            command_id: int,
            first: OutputParameter[_A],
            second: InputParameter,
            /,
            **limits: Unpack[Limits],
        ) -> t.Future[tuple[_A]]: ...
        @overload
        def submit(
            self,
            command_id: int,
            first: OutputParameter[_A],
            second: OutputParameter[_B],
            /,
            **limits: Unpack[Limits],
        ) -> t.Future[tuple[_A, _B]]: ...
        @overload
        def submit(
            self, command_id: int, /, *parameters: Parameter, **limits: Unpack[Limits]
        ) -> t.Future[Outputs]: ...

    def submit(
        self,
        command_id: int,
        /,
        *parameters: Parameter,
        timeout: float | None = None,
        grace: float | None = None,
    ) -> t.Future[t.Any]:
        """Start a command of the Trusted Application, and return at once.

        A thread of the library runs it, as soon as fewer than Context.max_calls are with the
        TEE. Its buffers belong to the call until it is over.

        Raises an auditing event pytee_client.invoke_command with the arguments destination,
        command_id.

        Args:
            command_id: any unsigned 32-bit number that the Trusted Application knows.
            parameters: up to four, in slot order; see pytee_client.parameters.
            timeout: in how many seconds, from now on, it has to end; see invoke_command().
            grace: for how many seconds more it may then take.

        Returns:
            A concurrent.futures.Future, whose result() returns and raises what
            invoke_command() does. Its cancel() waits for nothing. It returns True if the command
            has not begun, and then it never will; else the TEE is asked to cancel it, and the
            result is what it answers. Callbacks run in a thread of the library.

        Raises:
            ParameterTypeError, ParameterRangeError, ReadOnlyBufferError,
            BadParametersError: a parameter is wrong; nothing is sent.
            ClosedSessionError: the session is closed.
            DeadSessionError: the Trusted Application panicked before; nothing is sent.

        Threads: may be called from any.
        """
        return self._submit(command_id, parameters, timeout, grace)

    def _submit(
        self,
        command_id: int,
        parameters: Sequence[object],
        timeout: float | None,
        grace: float | None,
        translation: Translation | None = None,
    ) -> t.Future[t.Any]:
        """Start a command; translation makes another result, or another error, of its own."""
        with importing:
            from ._calls.submitted import submit_command

        limit = self._limit(timeout, grace)
        return submit_command(self._calls, command_id, parameters, limit, self, translation)
