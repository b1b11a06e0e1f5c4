# SPDX-License-Identifier: BSD-2-Clause
"""Calls of the C library: a TEEC_Operation with what one run of it needs (struct call)."""

from __future__ import annotations

import atexit
import struct
from operator import attrgetter

from .._native import ffi, lib
from .._outputs import Value
from ..enums import OperationState
from .python_kernel import functions, make_value_functions, raise_interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, TypeAlias

    from .._stand_ins import Buffer
    from .context import NativeContext
    from .memory import NativeSharedMemory

    # A time-out and the time after it for the call to come back once it is cancelled, in
    # nanoseconds. With a time-out of 0 nothing is sent.
    Limit: TypeAlias = tuple[int, int]

SLOTS: Final = 4

VALUE_INPUT: Final[int] = lib.TEEC_VALUE_INPUT
VALUE_OUTPUT: Final[int] = lib.TEEC_VALUE_OUTPUT
VALUE_INOUT: Final[int] = lib.TEEC_VALUE_INOUT
MEMREF_TEMP_INPUT: Final[int] = lib.TEEC_MEMREF_TEMP_INPUT
MEMREF_TEMP_OUTPUT: Final[int] = lib.TEEC_MEMREF_TEMP_OUTPUT
MEMREF_TEMP_INOUT: Final[int] = lib.TEEC_MEMREF_TEMP_INOUT
MEMREF_WHOLE: Final[int] = lib.TEEC_MEMREF_WHOLE
MEMREF_PARTIAL_INPUT: Final[int] = lib.TEEC_MEMREF_PARTIAL_INPUT
MEMREF_PARTIAL_OUTPUT: Final[int] = lib.TEEC_MEMREF_PARTIAL_OUTPUT
MEMREF_PARTIAL_INOUT: Final[int] = lib.TEEC_MEMREF_PARTIAL_INOUT

# What became of a call whose caller waited for a worker.
CAME_BACK: Final[int] = lib.CALL_CAME_BACK
LATE: Final[int] = lib.CALL_LATE
UNSENT: Final[int] = lib.CALL_UNSENT
GIVEN_UP: Final[int] = lib.CALL_GIVEN_UP

# These are C functions without a frame of Python around them: each such frame is half a per cent
# of what a call costs above the C library. They take a call's struct, and numbers that
# C can make an int of; they raise OverflowError or TypeError for others. True says that the
# call needs attention: it failed, or somebody waits for its end.
#
# The command, and the types of the parameters that were set.
invoke: Final[Callable[[Any, int, int], bool]] = lib.call_invoke
# The command, and the one parameter, an output too: a block.
invoke_block: Final[Callable[[Any, int, Any], bool]] = lib.call_invoke_block
# These do it without cffi, and raise the auditing event of a command. They take a call's address.
# Nothing was sent if the command or a number is no plain int of 32 bits.
#
# Without parameters, with a bytearray that is pinned, or with what the call keeps. None says that
# nothing was sent.
invoke_nothing: Final[Callable[[int, object], bool | None]] = functions["invoke_nothing"]
invoke_bytes: Final[Callable[[int, object, bytearray], bool | None]] = functions["invoke_bytes"]
repeat: Final[Callable[[int], bool]] = functions["repeat_call"]
# With a value as a tuple of two numbers, or with one that the call keeps. They return the value
# that came back, or None if the call needs attention; NotImplemented says that nothing was sent.
_value_functions: Final = make_value_functions(Value)
invoke_value: Final[Callable[[int, object, object], Value | None]] = _value_functions[0]
repeat_value: Final[Callable[[int], Value | None]] = _value_functions[1]

# Have workers make it within a limit, or the calling thread without one.
set_limit: Final[Callable[[Any, int, int], None]] = lib.call_set_limit
set_no_limit: Final[Callable[[Any], None]] = lib.call_set_no_limit

pin_bytes: Final[Callable[[Buffer], Any]] = ffi.from_buffer
release: Final[Callable[[Any], None]] = ffi.release

# What only the types of blocks and of their parts have.
_BLOCK_BIT: Final = MEMREF_WHOLE & ~MEMREF_TEMP_INOUT

_PAIR: Final = struct.Struct("=II")
# Of a call's numbers: the two of its first slot.
unpack_value: Final = _PAIR.unpack_from
# Of a call: the size that its first slot came back with.
first_size: Final[Callable[[NativeCall], int]] = attrgetter("_first.size")

_thread: Final[Callable[[Any], int]] = lib.call_thread
_CALL: Final = ffi.typeof("struct call *")
_BYTES: Final = ffi.typeof("char[]")
_SLOT_SIZE: Final[int] = ffi.sizeof("TEEC_Parameter")


class NativeCall:
    """A struct call, which one call at a time uses, again and again.

    Attributes:
        struct, address: the structure, for the functions above.
        numbers: its parameters as bytes, for unpack_value().
        context: the context that it uses; None if there is none yet.
        is_given_up: whether it runs without anybody who waits for it, or came back so. It owns
            whatever it was given until it is back, and C keeps it. C sets this, at the moment
            that this is so, if somebody waited.
        cause: what made its last run fail on a kernel in Python, if a worker made it.
    """

    __slots__ = (
        "__weakref__",
        "_first",
        "_memrefs",
        "_operation",
        "_tmprefs",
        "address",
        "cause",
        "context",
        "is_given_up",
        "numbers",
        "struct",
    )

    def __init__(self, *, cancellable: bool = False) -> None:
        """Start idle; only cancellable operations have to be listed while they run."""
        self.struct: Any = ffi.new(_CALL)
        self.address: int = lib.call_set_owner(self.struct, id(self), cancellable)
        # What C uses while it runs has to be there until it ends.
        self.context: NativeContext | None = None
        self.is_given_up: bool = False
        self.cause: BaseException | None = None
        self._operation = ffi.addressof(self.struct, "operation")
        self._first = self._operation.params[0].tmpref
        # Made when asked for: sessions that are opened, and calls with values, need none.
        self._tmprefs: list[Any] = []
        self._memrefs: list[Any] = []
        self.numbers: Any = ffi.buffer(ffi.addressof(self._operation, "params"))

    @property
    def state(self) -> OperationState:
        """How far its operation is."""
        return _STATES[lib.tee_operation_state(self._operation)]

    @property
    def is_opening(self) -> bool:
        """Whether it opens a session."""
        is_opening: bool = lib.call_is_opening(self.struct)
        return is_opening

    @property
    def command(self) -> int:
        """The command that was invoked last."""
        command: int = self.struct.command
        return command

    @property
    def types(self) -> int:
        """The types of the parameters."""
        types: int = self.struct.types
        return types

    @property
    def has_part(self) -> bool:
        """Whether one of the parameters that it keeps is a part of a block."""
        types: int = self.struct.types
        return any(types >> 4 * index & _BLOCK_BIT for index in range(SLOTS))

    @property
    def result(self) -> int:
        """The result of the last run."""
        result: int = self.struct.result
        return result

    @property
    def origin(self) -> int:
        """The layer that the result comes from."""
        origin: int = self.struct.origin
        return origin

    @property
    def error(self) -> int:
        """The errno behind the result, or 0."""
        error: int = self.struct.error
        return error

    @property
    def thread(self) -> int:
        """The thread that runs it now; 0 for none."""
        return _thread(self.struct)

    def request_cancellation(self) -> None:
        """Request the cancellation of the operation; waits until the TEE has the request."""
        lib.call_cancel(self.struct)
        raise_interrupted()

    def use(self, context: NativeContext) -> None:
        """Have it use a context from now on."""
        self.context = context
        self.struct.queue = ffi.addressof(context.struct, "queue")

    def describe(self, command_id: int, types: int) -> None:
        """Have it tell the command, and the types of its parameters, without a run."""
        self.struct.command, self.struct.types = command_id, types

    def forget_run(self) -> None:
        """Be as if nothing was sent, until the next run begins."""
        lib.call_forget_run(self.struct)

    @property
    def was_sent(self) -> bool:
        """Whether its last run reached the kernel; of a context with an observer."""
        was_sent: bool = lib.call_was_sent(self.struct)
        return was_sent

    @property
    def nanoseconds(self) -> int:
        """For how long its last run was there, or is by now if the call was given up."""
        nanoseconds: int = lib.call_nanoseconds(self.struct)
        return nanoseconds

    @property
    def outcome(self) -> int:
        """What became of its last run."""
        outcome: int = self.struct.outcome
        return outcome

    def hurry(self) -> None:
        """Have it begin at once, however many calls workers make."""
        self.struct.is_urgent = True

    def submit(self, command_id: int, types: int) -> bool:
        """Have a worker make it, and then call _come_back(); false if the call has an error.

        Without a session, _come_back() is all that the worker does.
        """
        begins: bool = lib.call_submit(self.struct, command_id, types)
        return begins

    @property
    def was_submitted(self) -> bool:
        """Whether a worker got it since this was set to false, or is to get it."""
        was_submitted: bool = self.struct.tells
        return was_submitted

    @was_submitted.setter
    def was_submitted(self, value: bool) -> None:
        self.struct.tells = value

    def stop(self) -> bool:
        """Withdraw it: true if it has not begun, and never will.

        Else have its cancellation requested. For a call that was submitted; it waits for nothing.
        """
        stopped: bool = lib.call_stop(self.struct)
        return stopped

    def leave_session(self) -> None:
        """Be in the session no more; for a call that was given up, and is over."""
        lib.end_in_thread(self.struct)

    def request_cancellation_elsewhere(self) -> None:
        """Have the cancellation of a call that a worker makes requested; waits for nothing."""
        lib.cancel_elsewhere(self.struct)

    def give_up(self) -> bool:
        """Leave it, if it was submitted, to itself; false if it is coming back, or over."""
        is_given_up: bool = lib.call_give_up(self.struct)
        return is_given_up

    @property
    def is_withdrawn(self) -> bool:
        """Whether stop() took it back before it began."""
        is_withdrawn: bool = self.struct.is_withdrawn
        return is_withdrawn

    @property
    def is_pending(self) -> bool:
        """Whether a worker has it, or is to have it."""
        is_pending: bool = lib.call_is_pending(self.struct)
        return is_pending

    @property
    def is_running(self) -> bool:
        """Whether a worker has it."""
        is_running: bool = lib.call_is_running(self.struct)
        return is_running

    def _keep_cause(self) -> None:
        """Take the cause from the kernel in the thread that it served; called by C."""
        if self.context is not None and self.context.kernel is not None:
            self.cause = self.context.kernel.take_cause()

    def _come_back(self, is_given_up: bool) -> None:
        """Do what is to be done at its end, in the worker; called by C."""
        raise NotImplementedError

    def set_value(self, index: int, a: int, b: int) -> None:
        """Set two numbers; struct.error if they are not unsigned numbers of 32 bits."""
        _PAIR.pack_into(self.numbers, index * _SLOT_SIZE, a, b)

    def set_null(self, index: int) -> None:
        """Set a null memory reference."""
        self.set_memory(index, ffi.NULL, 0)

    def set_memory(self, index: int, memory: Any, size: int) -> None:
        """Set a temporary memory reference."""
        slot = self._tmpref(index)
        slot.buffer = memory
        slot.size = size

    def set_part(self, index: int, block: NativeSharedMemory, offset: int, size: int) -> None:
        """Set a part of a block."""
        if not self._memrefs:
            self._memrefs += [self._operation.params[index].memref for index in range(SLOTS)]
        slot = self._memrefs[index]
        slot.parent = block.struct
        slot.offset = offset
        slot.size = size

    def temporary(self, index: int) -> tuple[Any, int]:
        """Return the address and the size of a temporary memory reference."""
        slot = self._tmpref(index)
        return slot.buffer, slot.size

    def part(self, index: int) -> tuple[Any, int, int]:
        """Return the block of a part, as a TEEC_SharedMemory, its offset and its size."""
        slot = self._memrefs[index]
        return slot.parent, slot.offset, slot.size

    def value(self, index: int) -> tuple[int, int]:
        """Return the two numbers in a slot."""
        a, b = unpack_value(self.numbers, index * _SLOT_SIZE)
        return a, b

    def size(self, index: int) -> int:
        """Return the size in a slot with a memory reference of either kind."""
        size: int = self._tmpref(index).size
        return size

    def is_null(self, index: int) -> bool:
        """Return whether a slot with a temporary memory reference has a null one."""
        return not self._tmpref(index).buffer

    def directions_of_block(self, index: int) -> int:
        """Return the directions of the block whose whole a slot has."""
        directions: int = self._operation.params[index].memref.parent.flags
        return directions

    def keep(self, command_id: int, types: int) -> None:
        """Have repeat() invoke a command with the parameters as they are now."""
        self.struct.command = command_id
        self.struct.types = types
        ffi.memmove(ffi.addressof(self.struct, "given"), self.numbers, len(self.numbers))

    def _tmpref(self, index: int) -> Any:
        if not self._tmprefs:
            self._tmprefs += [self._operation.params[index].tmpref for index in range(SLOTS)]
        return self._tmprefs[index]


class OwnMemory:
    """Zeroed memory for an output of which the caller gave the size alone; MemoryError if none."""

    __slots__ = ("_bytes", "address")

    def __init__(self, size: int) -> None:
        self.address = ffi.new(_BYTES, size)
        self._bytes = ffi.buffer(self.address)

    def copy(self, size: int) -> bytes:
        """Return its first bytes."""
        copy: bytes = self._bytes[:size]
        return copy


# At the end of the interpreter, calls that run get this long, in nanoseconds, to come back.
atexit.register(lib.workers_end, 250_000_000)

_STATES: Final = {
    lib.TEE_OPERATION_IDLE: OperationState.IDLE,
    lib.TEE_OPERATION_REQUESTED: OperationState.REQUESTED,
    lib.TEE_OPERATION_SENT: OperationState.SENT,
    lib.TEE_OPERATION_DONE: OperationState.DONE,
}
