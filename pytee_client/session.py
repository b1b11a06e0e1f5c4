# SPDX-License-Identifier: BSD-2-Clause
"""A session with a Trusted Application (TEEC_Session)."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from threading import get_ident

from ._boundary import NativeOperation, check_value, foreign_block, prepare, to_uint32
from ._boundary.hot_path import (
    EMPTY,
    invoke,
    invoke_block,
    invoke_memory,
    invoke_value,
    new_tuple,
    pin_bytes,
    release,
    unpack_value,
)
from ._owner import Owner
from ._process import Process
from .enums import Origin
from .errors import BadStateError, ClosedSessionError, ClosedSharedMemoryError, ForkedContextError
from .memory import AllocatedSharedMemory, part_of
from .operation import Taken
from .parameters import MemrefTempInOut, RequiredSize, Value, ValueInOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final
    from uuid import UUID

    from ._boundary import NativeSession
    from .context import Context
    from .operation import Operation
    from .parameters import Outputs, Parameter

__all__ = ["Session"]

_PATIENCE: Final = 1
_UINT32_MAX: Final = 0xFFFFFFFF


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
        self._process = Process.generation
        # One for each call that ran at the same time as others. Those that no call
        # uses are free; one that an interrupt lost between the two is garbage.
        self._operations: set[weakref.ref[NativeOperation]] = set()
        self._free: deque[NativeOperation] = deque()
        self._idle = threading.Condition()
        self._finished = False
        self._closed = False

    def invoke_command(
        self,
        command_id: int,
        first: Parameter = None,
        *more: Parameter,
        operation: Operation | None = None,
    ) -> Outputs:
        """Run a command of the Trusted Application and wait for its end.

        Source: TEEC_InvokeCommand, GPD_SPE_007 4.5.9; kernel ioctl TEE_IOC_INVOKE.

        Args:
            command_id: any unsigned 32-bit number that the Trusted Application knows.
            first: the parameter in the first slot; see pytee_client.parameters.
            more: those in the other three.
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
        free = self._free
        try:
            call = free.pop()
        except IndexError:
            call = self._new_call()
        try:
            if more or operation is not None:
                return self._invoke_slots(call, command_id, (first, *more), operation)
            # Most calls have one parameter; what is spent on them is spent here.
            if type(first) is ValueInOut:
                try:
                    a, b = first._a, first._b
                    # Without bits to be combined it is no int, though C may take it for one.
                    a | b | command_id
                    if invoke_value(call.call, command_id, a, b):
                        self._look_at_once(call, call.expect_value)
                except (OverflowError, TypeError):
                    if type(a) is type(b) is type(command_id) is int:
                        to_uint32(command_id, "the command id")
                        check_value(first, 0)
                        raise
                    return self._invoke_any(call, command_id, (first,))
                return (new_tuple(Value, unpack_value(call.numbers)),)
            if type(first) is MemrefTempInOut and type(first._buffer) is bytearray:
                return self._invoke_with_bytes(call, command_id, first._buffer)
            if type(first) is AllocatedSharedMemory and first._is_output:
                return self._invoke_with_block(call, command_id, first)
            if first is None and type(command_id) is int and 0 <= command_id <= _UINT32_MAX:
                if invoke(call.call, command_id, 0):
                    self._look_at(call)
                return ()
            return self._invoke_any(call, command_id, (first,))
        finally:
            free.append(call)

    def _invoke_slots(
        self,
        call: NativeOperation,
        command_id: int,
        parameters: Sequence[Parameter],
        operation: Operation | None,
    ) -> Outputs:
        if operation is None:
            return self._invoke_any(call, command_id, parameters)
        with Taken(operation) as taken:
            self._check_live()
            self._add_call(taken)
            return self._invoke_any(taken, command_id, parameters)

    def _invoke_with_bytes(
        self, call: NativeOperation, command_id: int, buffer: bytearray
    ) -> Outputs:
        # As long as it is there, the buffer stays where it is.
        memory = pin_bytes(buffer)
        try:
            size = len(buffer)
            try:
                is_remarkable = invoke_memory(
                    call.call, command_id | 0, memory if size else EMPTY, size
                )
            except (OverflowError, TypeError):
                return self._invoke_any(call, command_id, (MemrefTempInOut(buffer),))
            if is_remarkable:
                self._look_at_once(call, call.expect_first, buffer, size)
            end = call.first.size
            if end == size and size:
                return (memoryview(buffer),)
            return (part_of(buffer, 0, end) if end <= size else RequiredSize(end),)
        except BaseException:
            # The frames of the error would else keep it.
            release(memory)
            raise

    def _invoke_with_block(
        self, call: NativeOperation, command_id: int, block: AllocatedSharedMemory
    ) -> Outputs:
        try:
            # As long as it is there, the block can't be closed.
            view = memoryview(block)
        except ValueError:
            block._check_live()
            raise ClosedSharedMemoryError("the shared memory is being closed") from None
        try:
            native = block._native
            try:
                is_remarkable = invoke_block(call.call, command_id | 0, native.struct)
            except (OverflowError, TypeError):
                view.release()
                return self._invoke_any(call, command_id, (block,))
            if is_remarkable:
                # Whoever closes the context waits for this call, which had its context.
                if native.context is not self.context._native:
                    raise foreign_block(block)
                self._look_at_once(call, call.expect_first, view, native.size)
            end = call.first.size
            if end == native.size and end:
                return (view,)
            output = part_of(view, 0, end) if end <= native.size else RequiredSize(end)
            view.release()
            return (output,)
        except BaseException:
            view.release()
            raise

    def _invoke_any(
        self, call: NativeOperation, command_id: int, parameters: Sequence[Parameter]
    ) -> Outputs:
        try:
            return self._native.invoke_command(call, command_id, parameters)
        except BadStateError as error:
            if error.origin == Origin.API:
                self._check_live()
            raise
        finally:
            if self._closed:
                self._tell_closer()

    def _look_at(self, call: NativeOperation) -> None:
        """Raise what came of a call that was remarkable, if it was no success."""
        try:
            self._native.check(call)
        except BadStateError as error:
            if error.origin == Origin.API:
                self._check_live()
            raise
        finally:
            if self._closed:
                self._tell_closer()

    def _look_at_once(
        self, call: NativeOperation, expect: Callable[..., None], *output: object
    ) -> None:
        try:
            expect(*output)
            self._look_at(call)
        finally:
            call.clear()

    def command(self, command_id: int, *slots: Parameter | type[object]) -> Callable[..., Outputs]:
        """Prepare a command that is to be run many times.

        What is prepared need not be looked at again: in a hot loop it costs a part of what
        invoke_command() does, and gives the same. ::

            increment = session.command(0, ValueInOut)
            for number in numbers:
                ((result, _),) = increment((number, 0))

            buffer = bytearray(4096)
            encrypt = session.command(7, MemrefTempInOut(buffer))
            while stream.readinto(buffer):
                (encrypted,) = encrypt()

        Args:
            command_id: any unsigned 32-bit number that the Trusted Application knows.
            slots: up to four. A parameter, as of invoke_command(), is the same at each
                call; its buffer may change, and if all slots are such, it is kept from being
                freed or resized as long as the command is there. A class of parameters is
                filled at each call, unless it is ValueOutput.

        Returns:
            A function that runs the command and waits for its end. For each slot that is a
            class it takes what the class does: a pair of ints, a buffer or a number of
            bytes, a block, a tuple of a block, an offset and a size. It returns and raises
            what invoke_command() does.

        Raises:
            ParameterTypeError, ParameterRangeError, ReadOnlyBufferError,
            BadParametersError: the parameters can't be sent; here, if all slots are the same
                at each call, else by the function.
            ClosedSessionError: the session is closed.

        Threads: the function may be called from any, and by many at once; what they do to
        the bytes of one buffer is theirs to order.
        """
        self._check_live()
        return prepare(self, self.context._live(), command_id, slots)

    def _check_live(self) -> None:
        if self._process != Process.generation:
            raise ForkedContextError(
                "the session belongs to the parent of this process: open a context here"
            )
        if self._closed:
            raise ClosedSessionError("the session is closed: open another")

    def _new_call(self) -> NativeOperation:
        self._check_live()
        call = NativeOperation()
        self._add_call(call)
        return call

    def _add_call(self, call: NativeOperation) -> None:
        self._native.adopt(call)
        with self._idle:
            self._operations.add(weakref.ref(call, self._operations.discard))

    def _tell_closer(self) -> None:
        if self._process != Process.generation:
            # The lock may be that of a thread which is the parent's only.
            return
        with self._idle:
            self._idle.notify_all()

    def _threads(self) -> set[int]:
        """Return the threads that are in a call."""
        # A copy, as a signal's handler may call in between.
        calls = [reference() for reference in self._operations.copy()]
        return {call.thread for call in calls if call is not None} - {0}

    def close(self) -> None:
        """Close the session, after the calls that still run in it. Closing twice is harmless.

        Source: TEEC_CloseSession, GPD_SPE_007 4.5.8.

        Raises:
            BadStateError: called within a call of its own, as by a signal handler.

        Threads: may be called from any; whoever comes second waits for the first.
        """
        if self._process != Process.generation:
            # The session is the parent's: closing it here would close it there.
            self._closed = True
            return
        with self._idle:
            if get_ident() in self._threads():
                raise BadStateError(
                    "closing a session within its own call: close it after the call"
                )

            def is_idle() -> bool:
                # Again: another closer who was interrupted has taken it back.
                self._closed = True
                self._native.set_closing(True)
                return not self._threads()

            try:
                # An interrupt may keep the last call from telling that it ends.
                while not self._idle.wait_for(is_idle, _PATIENCE):
                    pass
            except BaseException:
                self._closed = self._finished
                self._native.set_closing(self._finished)
                raise
            self._closed = self._finished = True
            self.outputs = ()
            self._native.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<Session with {self.destination}, {state}>"
