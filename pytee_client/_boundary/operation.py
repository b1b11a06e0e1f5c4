# SPDX-License-Identifier: BSD-2-Clause
"""Operations of the C library, and how parameters get into them and back."""

from __future__ import annotations

import struct

from .. import parameters as p
from .._native import ffi, lib
from ..enums import MemoryFlags, OperationState
from ..errors import BadParametersError, OutOfMemoryError, ParameterTypeError
from ..memory import AllocatedSharedMemory, SharedMemory, part_of
from .checks import block_of, check_value, foreign_block, part_of_block, pin, to_size
from .kernel import raise_interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final, TypeAlias

    from typing_extensions import Buffer

    from .context import NativeContext, NativeSharedMemory

SLOTS: Final = 4
# The address of an empty buffer, which may have none of its own: without one it
# would be a null memory reference.
EMPTY: Final = ffi.new("char[1]")

# What each call needs of the C library, looked up once.
_BYTES: Final = ffi.typeof("char[]")
_CALL: Final = ffi.typeof("struct call *")
_SLOT_SIZE: Final[int] = ffi.sizeof("TEEC_Parameter")
_NONE: Final[int] = lib.TEEC_NONE
_VALUE_INPUT: Final[int] = lib.TEEC_VALUE_INPUT
_VALUE_OUTPUT: Final[int] = lib.TEEC_VALUE_OUTPUT
_VALUE_INOUT: Final[int] = lib.TEEC_VALUE_INOUT
_TEMP_INPUT: Final[int] = lib.TEEC_MEMREF_TEMP_INPUT
_TEMP_OUTPUT: Final[int] = lib.TEEC_MEMREF_TEMP_OUTPUT
_TEMP_INOUT: Final[int] = lib.TEEC_MEMREF_TEMP_INOUT
_WHOLE: Final[int] = lib.TEEC_MEMREF_WHOLE
_PARTIAL_INPUT: Final[int] = lib.TEEC_MEMREF_PARTIAL_INPUT
_PARTIAL_OUTPUT: Final[int] = lib.TEEC_MEMREF_PARTIAL_OUTPUT
_PARTIAL_INOUT: Final[int] = lib.TEEC_MEMREF_PARTIAL_INOUT
_INPUT: Final = int(MemoryFlags.INPUT)
_OUTPUT: Final = int(MemoryFlags.OUTPUT)

_PAIR: Final = struct.Struct("=II")
# Makes a named tuple of a tuple in half the time that its class takes for two numbers.
new_tuple: Final = tuple.__new__


# An output in memory: its slot, its capacity, and what cuts its source to the size set. Not a
# named tuple, which takes ten times as long to make.
_Output: TypeAlias = "tuple[Any, int, Callable[[Any, int], object], object]"


class NativeOperation:
    """A TEEC_Operation, what its parameters keep alive during a call, and their way back.

    May be used again when its call is over; by one call at a time.

    Attributes:
        call: the structure that it is part of.
        numbers: its parameters as bytes, in which a pair of numbers is read in one step.
        first: its first slot, as a temporary memory reference.
    """

    __slots__ = (
        "__weakref__",
        "_kept",
        "_memrefs",
        "_outputs",
        "_pins",
        "_tmprefs",
        "call",
        "first",
        "numbers",
        "struct",
    )

    def __init__(self, *, cancellable: bool = False) -> None:
        """Start idle; what is not cancellable need not be listed while it is under way."""
        self.call = ffi.new(_CALL)
        self.call.cancellable = cancellable
        self.struct = ffi.addressof(self.call, "operation")
        self.first = self.struct.params[0].tmpref
        # Made when asked for: sessions that are opened, and calls with values, need none.
        self._tmprefs: list[Any] = []
        self._memrefs: list[Any] = []
        self.numbers = ffi.buffer(ffi.addressof(self.struct, "params"))
        self._kept: list[object] = []
        self._pins: list[Any] = []
        # A number stands for a pair of numbers at that offset.
        self._outputs: list[_Output | int] = []

    @property
    def state(self) -> OperationState:
        """What has become of it."""
        return _STATES[lib.tee_operation_state(self.struct)]

    @property
    def origin(self) -> int:
        """Where the library says who answered."""
        origin: int = self.call.origin
        return origin

    @property
    def origin_address(self) -> Any:
        """Where the library shall say it."""
        return ffi.addressof(self.call, "origin")

    @property
    def thread(self) -> int:
        """Which thread's call it is in; 0 for none."""
        thread: int = lib.call_thread(self.call)
        return thread

    def request_cancellation(self) -> None:
        """Ask for its end."""
        lib.TEEC_RequestCancellation(self.struct)
        raise_interrupted()

    def _tmpref(self, index: int) -> Any:
        if not self._tmprefs:
            self._tmprefs += [self.struct.params[index].tmpref for index in range(SLOTS)]
        return self._tmprefs[index]

    def _memref(self, index: int) -> Any:
        if not self._memrefs:
            self._memrefs += [self.struct.params[index].memref for index in range(SLOTS)]
        return self._memrefs[index]

    def fill(self, context: NativeContext, arguments: Sequence[object]) -> int:
        """Set the parameters and return their types; clear() is due, whatever comes of it."""
        if len(arguments) > SLOTS:
            raise BadParametersError(f"{len(arguments)} parameters given, but an operation has 4")
        types = 0
        for index, argument in enumerate(arguments):
            if argument is not None:
                fill = _PLAIN_FILLERS.get(type(argument), _plain)
                types |= fill(self, context, index, argument) << (4 * index)
        return types

    def outputs(self) -> p.Outputs:
        """Return what came back, in slot order."""
        found: list[object] = []
        for output in self._outputs:
            if isinstance(output, int):
                found.append(new_tuple(p.Value, _PAIR.unpack_from(self.numbers, output)))
            else:
                slot, capacity, cut, source = output
                end = slot.size
                found.append(cut(source, end) if end <= capacity else p.RequiredSize(end))
        return tuple(found)

    def expect_value(self) -> None:
        """Have two numbers read as the output of the first slot."""
        self._outputs.append(0)

    def expect_first(self, buffer: Buffer, size: int) -> None:
        """Have a buffer read as the output of the first slot."""
        self._outputs.append((self.first, size, _first_bytes_of, buffer))

    def keep(self, command_id: int, types: int) -> None:
        """Have call_repeat() send the parameters as they are now."""
        self.call.command = command_id
        self.call.types = types
        ffi.memmove(ffi.addressof(self.call, "given"), self.numbers, len(self.numbers))

    @property
    def expected(self) -> Sequence[_Output | int]:
        """What will be read."""
        return self._outputs

    def clear(self) -> None:
        """Let go of all memory, which the frames of an error would else keep in use."""
        self._outputs.clear()
        if self._pins:
            for memory in self._pins:
                ffi.release(memory)
            self._pins.clear()
        self._kept.clear()

    def _pair(self, context: NativeContext, index: int, argument: Any) -> int:
        if len(argument) != 2:
            return _plain(self, context, index, argument)
        try:
            _PAIR.pack_into(self.numbers, index * _SLOT_SIZE, *argument)
        except struct.error:
            check_value(p.ValueInput(*argument), index)
            raise
        return _VALUE_INPUT

    def _bytes(self, context: NativeContext, index: int, argument: bytes | bytearray) -> int:
        memory = self._pin(argument, index, False)
        size = len(memory)
        self._set_temporary(index, memory if size else EMPTY, size)
        return _TEMP_INPUT

    def _value_input(
        self, context: NativeContext, index: int, argument: p.ValueInput | p.ValueInOut
    ) -> int:
        try:
            _PAIR.pack_into(self.numbers, index * _SLOT_SIZE, argument._a, argument._b)
        except struct.error:
            check_value(argument, index)
            raise
        return _VALUE_INPUT

    def _value_output(self, context: NativeContext, index: int, argument: object) -> int:
        self._outputs.append(index * _SLOT_SIZE)
        return _VALUE_OUTPUT

    def _value_inout(self, context: NativeContext, index: int, argument: p.ValueInOut) -> int:
        self._value_input(context, index, argument)
        self._outputs.append(index * _SLOT_SIZE)
        return _VALUE_INOUT

    def _temp_input(self, context: NativeContext, index: int, argument: p.MemrefTempInput) -> int:
        buffer = argument._buffer
        if buffer is None:
            self._set_temporary(index, ffi.NULL, 0)
        else:
            memory = self._pin(buffer, index, False)
            size = len(memory)
            if type(buffer) is memoryview and self._set_slice(
                context, index, buffer, memory, _INPUT
            ):
                return _PARTIAL_INPUT
            self._set_temporary(index, memory if size else EMPTY, size)
        return _TEMP_INPUT

    def _temp_output(self, context: NativeContext, index: int, argument: p.MemrefTempOutput) -> int:
        buffer = argument._buffer
        if isinstance(buffer, int):
            self._own_output(index, to_size(buffer, f"parameter {index}, its size"))
            return _TEMP_OUTPUT
        if self._caller_output(context, index, buffer, _OUTPUT):
            return _PARTIAL_OUTPUT
        return _TEMP_OUTPUT

    def _temp_inout(self, context: NativeContext, index: int, argument: p.MemrefTempInOut) -> int:
        if self._caller_output(context, index, argument._buffer, _INPUT | _OUTPUT):
            return _PARTIAL_INOUT
        return _TEMP_INOUT

    def _pin(self, buffer: Buffer, index: int, writable: bool) -> Any:
        memory = pin(buffer, index, writable)
        self._pins.append(memory)
        return memory

    def _set_temporary(self, index: int, memory: Any, size: int) -> Any:
        slot = self._tmpref(index)
        slot.buffer = memory
        slot.size = size
        return slot

    def _own_output(self, index: int, size: int) -> None:
        try:
            memory = ffi.new(_BYTES, size)
        except (MemoryError, OverflowError):
            raise OutOfMemoryError(f"allocating an output of {size} bytes") from None
        slot = self._set_temporary(index, memory if size else EMPTY, size)
        # It keeps the memory alive.
        self._outputs.append((slot, size, _bytes_of, ffi.buffer(memory)))

    def _caller_output(
        self, context: NativeContext, index: int, buffer: Buffer | None, directions: int
    ) -> bool:
        """Set an output in the caller's memory; true if it is part of a block."""
        if buffer is None:
            slot = self._set_temporary(index, ffi.NULL, 0)
            self._outputs.append((slot, 0, _bytes_of, b""))
            return False
        memory = self._pin(buffer, index, True)
        size = len(memory)
        slot = None
        if type(buffer) is memoryview:
            slot = self._set_slice(context, index, buffer, memory, directions)
        is_slice = slot is not None
        if not is_slice:
            slot = self._set_temporary(index, memory if size else EMPTY, size)
        self._outputs.append((slot, size, _first_bytes_of, buffer))
        return is_slice

    def _set_slice(
        self, context: NativeContext, index: int, view: memoryview, memory: Any, directions: int
    ) -> Any:
        """Set what is a slice of a block as the part that it is; None if it is not, or must not.

        Then a copy of it does.
        """
        block = view.obj
        if not isinstance(block, AllocatedSharedMemory):
            return None
        native = block._live()
        if native.context is not context or directions & ~native.directions:
            return None
        # The byte that an empty block shows is not part of it.
        if not native.size:
            return None
        self._kept.append(native)
        slot = self._memref(index)
        slot.parent = native.struct
        slot.offset = _address(memory) - _address(ffi.from_buffer(block))
        slot.size = len(memory)
        return slot

    def _set_registered(
        self,
        context: NativeContext,
        index: int,
        block: SharedMemory,
        native: NativeSharedMemory,
        offset: int,
        size: int,
        output: int,
    ) -> None:
        if native.context is not context:
            raise foreign_block(block)
        # The block can't be closed while this export stands.
        self._pin(block._memory(), index, False)
        self._kept.append(native)
        slot = self._memref(index)
        slot.parent = native.struct
        slot.offset = offset
        slot.size = size
        if output:
            self._outputs.append((slot, size, _block_output, (block, offset)))

    def _whole(self, context: NativeContext, index: int, argument: p.MemrefWhole) -> int:
        return self._block(context, index, block_of(argument._block, index))

    def _block(self, context: NativeContext, index: int, block: SharedMemory) -> int:
        native = block._live()
        output = native.directions & _OUTPUT
        self._set_registered(context, index, block, native, 0, native.size, output)
        return _WHOLE

    def _partial(
        self, context: NativeContext, index: int, argument: p.MemrefPartial, directions: int
    ) -> None:
        block = block_of(argument._block, index)
        native = block._live()
        offset, size = argument._offset, argument._size
        if not (
            type(offset) is int
            and type(size) is int
            and 0 <= offset <= offset + size <= native.size
            and directions & native.directions == directions
        ):
            offset, size = part_of_block(block, native, argument, directions, f"parameter {index}")
        output = directions & _OUTPUT
        self._set_registered(context, index, block, native, offset, size, output)

    def _partial_input(
        self, context: NativeContext, index: int, argument: p.MemrefPartialInput
    ) -> int:
        self._partial(context, index, argument, _INPUT)
        return _PARTIAL_INPUT

    def _partial_output(
        self, context: NativeContext, index: int, argument: p.MemrefPartialOutput
    ) -> int:
        self._partial(context, index, argument, _OUTPUT)
        return _PARTIAL_OUTPUT

    def _partial_inout(
        self, context: NativeContext, index: int, argument: p.MemrefPartialInOut
    ) -> int:
        self._partial(context, index, argument, _INPUT | _OUTPUT)
        return _PARTIAL_INOUT


def _address(memory: Any) -> int:
    return int(ffi.cast("uintptr_t", memory))


def _first_bytes_of(buffer: Buffer, size: int) -> memoryview:
    # The common one needs neither a cast nor a cut.
    if type(buffer) is bytearray and size == len(buffer) and size:
        return memoryview(buffer)
    return part_of(buffer, 0, size)


def _bytes_of(memory: Any, size: int) -> bytes:
    copy: bytes = memory[:size]
    return copy


def _block_output(place: tuple[SharedMemory, int], size: int) -> object:
    block, offset = place
    return block._output(offset, size)


_STATES: Final = {
    lib.TEE_OPERATION_IDLE: OperationState.IDLE,
    lib.TEE_OPERATION_REQUESTED: OperationState.REQUESTED,
    lib.TEE_OPERATION_SENT: OperationState.SENT,
    lib.TEE_OPERATION_DONE: OperationState.DONE,
}
_FILLERS: Final[dict[type, Callable[[NativeOperation, NativeContext, int, Any], int]]] = {
    p.ValueInput: NativeOperation._value_input,
    p.ValueOutput: NativeOperation._value_output,
    p.ValueInOut: NativeOperation._value_inout,
    p.MemrefTempInput: NativeOperation._temp_input,
    p.MemrefTempOutput: NativeOperation._temp_output,
    p.MemrefTempInOut: NativeOperation._temp_inout,
    p.MemrefWhole: NativeOperation._whole,
    p.MemrefPartialInput: NativeOperation._partial_input,
    p.MemrefPartialOutput: NativeOperation._partial_output,
    p.MemrefPartialInOut: NativeOperation._partial_inout,
}
# Plain values that need not become parameters first.
_PLAIN_FILLERS: Final[dict[type, Callable[[NativeOperation, NativeContext, int, Any], int]]] = {
    **_FILLERS,
    bytes: NativeOperation._bytes,
    bytearray: NativeOperation._bytes,
    tuple: NativeOperation._pair,
    AllocatedSharedMemory: NativeOperation._block,
}


PARAMETERS: Final = frozenset(_FILLERS)


def _plain(operation: NativeOperation, context: NativeContext, index: int, argument: object) -> int:
    """Set a parameter that a plain value stands for."""
    parameter = _parameter_of(argument, index)
    return _FILLERS[type(parameter)](operation, context, index, parameter)


def _parameter_of(argument: Any, index: int) -> object:
    """Return the parameter that a plain value stands for."""
    if isinstance(argument, SharedMemory):
        return p.MemrefWhole(argument)
    if isinstance(argument, tuple | list) and len(argument) == 2:
        return p.ValueInput(*argument)
    if isinstance(argument, str | int | tuple | list):
        hint = {
            str: "encode it, for example with .encode()",
            int: "use a pair of ints or a ValueInput",
        }.get(type(argument), "a value is a pair of ints")
        raise ParameterTypeError(f"parameter {index} can't be {type(argument).__name__}: {hint}")
    return p.MemrefTempInput(argument)
