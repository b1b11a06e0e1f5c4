# SPDX-License-Identifier: BSD-2-Clause
"""Operations of the C library, and how parameters get into them and back."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

from .. import parameters as p
from .._native import ffi, lib
from ..enums import MemoryFlags, OperationState
from ..errors import BadParametersError, OutOfMemoryError, ParameterTypeError
from ..memory import SharedMemory, part_of
from .checks import pin, to_size, to_uint32
from .kernel import raise_interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Buffer

    from .context import NativeContext

SLOTS: Final = 4
# The address of an empty buffer, which may have none of its own: without one it
# would be a null memory reference.
EMPTY: Final = ffi.new("char[1]")

# What each call needs of the C library, looked up once.
_BYTES: Final = ffi.typeof("char[]")
_OPERATION: Final = ffi.typeof("TEEC_Operation *")
_ORIGIN: Final = ffi.typeof("uint32_t *")
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

_PAIR: Final = struct.Struct("=II")
_new_tuple: Final = tuple.__new__
_Reader: TypeAlias = "Callable[[], object]"


@final
class NativeOperation:
    """A TEEC_Operation, what its parameters keep alive during a call, and their way back.

    May be used again when its call is over; by one call at a time.

    Attributes:
        struct: the structure.
        origin: where the library says who answered.
        thread: which thread's call it is in, 0 for none; its owner's to say.
    """

    __slots__ = (
        "__weakref__",
        "_kept",
        "_numbers",
        "_pins",
        "_readers",
        "origin",
        "struct",
        "thread",
    )

    def __init__(self) -> None:
        """Start idle."""
        self.struct = ffi.new(_OPERATION)
        self.origin = ffi.new(_ORIGIN)
        self.thread = 0
        # The parameters as bytes, in which a pair of numbers is written in one step.
        self._numbers = ffi.buffer(ffi.addressof(self.struct, "params"))
        self._kept: list[object] = []
        self._pins: list[Any] = []
        # What reads an output; a number stands for a pair of numbers at that offset.
        self._readers: list[_Reader | int] = []

    @property
    def state(self) -> OperationState:
        """What has become of it."""
        return _STATES[lib.tee_operation_state(self.struct)]

    def request_cancellation(self) -> None:
        """Ask for its end."""
        lib.TEEC_RequestCancellation(self.struct)
        raise_interrupted()

    def fill(self, context: NativeContext, arguments: Sequence[object]) -> int:
        """Set the parameters and return their types; clear() is due, whatever comes of it."""
        if len(arguments) > SLOTS:
            raise BadParametersError(f"{len(arguments)} parameters given, but an operation has 4")
        types = 0
        for index, argument in enumerate(arguments):
            fill = _FILLERS.get(type(argument), _plain)
            types |= fill(self, context, index, argument) << (4 * index)
        return types

    def outputs(self) -> p.Outputs:
        """Return what came back, in slot order."""
        return tuple(
            [
                reader()
                if callable(reader)
                else _new_tuple(p.Value, _PAIR.unpack_from(self._numbers, reader))
                for reader in self._readers
            ]
        )

    def clear(self) -> None:
        """Let go of all memory, which the frames of an error would else keep in use."""
        self._readers.clear()
        if self._pins:
            for memory in self._pins:
                ffi.release(memory)
            self._pins.clear()
        self._kept.clear()

    def _nothing(self, context: NativeContext, index: int, argument: None) -> int:
        return _NONE

    def _value_input(
        self, context: NativeContext, index: int, argument: p.ValueInput | p.ValueInOut
    ) -> int:
        try:
            _PAIR.pack_into(self._numbers, index * _SLOT_SIZE, argument.a, argument.b)
        except struct.error:
            # One of these says what is wrong with it.
            for name in ("a", "b"):
                to_uint32(getattr(argument, name), f"parameter {index}, {name}")
            raise
        return _VALUE_INPUT

    def _value_output(self, context: NativeContext, index: int, argument: object) -> int:
        self._readers.append(index * _SLOT_SIZE)
        return _VALUE_OUTPUT

    def _value_inout(self, context: NativeContext, index: int, argument: p.ValueInOut) -> int:
        self._value_input(context, index, argument)
        self._readers.append(index * _SLOT_SIZE)
        return _VALUE_INOUT

    def _temp_input(self, context: NativeContext, index: int, argument: p.MemrefTempInput) -> int:
        slot = self.struct.params[index].tmpref
        if argument.buffer is None:
            _set_temporary(slot, ffi.NULL, 0)
        else:
            memory = self._pin(argument.buffer, f"parameter {index}", writable=False)
            size = len(memory)
            _set_temporary(slot, memory if size else EMPTY, size)
        return _TEMP_INPUT

    def _temp_output(self, context: NativeContext, index: int, argument: p.MemrefTempOutput) -> int:
        if isinstance(argument.buffer, int):
            self._own_output(index, to_size(argument.buffer, f"parameter {index}, its size"))
        else:
            self._caller_output(index, argument.buffer)
        return _TEMP_OUTPUT

    def _temp_inout(self, context: NativeContext, index: int, argument: p.MemrefTempInOut) -> int:
        self._caller_output(index, argument.buffer)
        return _TEMP_INOUT

    def _pin(self, buffer: Buffer, what: str, *, writable: bool) -> Any:
        memory = pin(buffer, what, writable=writable)
        self._pins.append(memory)
        return memory

    def _own_output(self, index: int, size: int) -> None:
        slot = self.struct.params[index].tmpref
        try:
            memory = ffi.new(_BYTES, size)
        except (MemoryError, OverflowError):
            raise OutOfMemoryError(f"allocating an output of {size} bytes") from None
        _set_temporary(slot, memory if size else EMPTY, size)
        view = ffi.buffer(memory)
        self._add_output(slot, size, lambda end: view[:end])

    def _caller_output(self, index: int, buffer: Buffer | None) -> None:
        slot = self.struct.params[index].tmpref
        if buffer is None:
            _set_temporary(slot, ffi.NULL, 0)
            self._add_output(slot, 0, bytes)
            return
        memory = self._pin(buffer, f"parameter {index}", writable=True)
        size = len(memory)
        _set_temporary(slot, memory if size else EMPTY, size)
        self._add_output(slot, size, lambda end: part_of(buffer, 0, end))

    def _add_output(self, slot: Any, capacity: int, cut: Callable[[int], object]) -> None:
        def read() -> object:
            end = slot.size
            return cut(end) if end <= capacity else p.RequiredSize(end)

        self._readers.append(read)

    def _set_registered(
        self,
        context: NativeContext,
        index: int,
        block: SharedMemory,
        offset: int,
        size: int,
        output: bool,
    ) -> None:
        native = block._live()
        if native.context is not context:
            raise BadParametersError(f"{block!r} belongs to another context: allocate one here")
        # The block can't be closed while this export stands.
        self._pin(block._memory(), "shared memory", writable=False)
        self._kept.append(native)
        slot = self.struct.params[index].memref
        slot.parent = native.struct
        slot.offset = offset
        slot.size = size
        if output:
            self._add_output(slot, size, lambda used: block._output(offset, used))

    def _whole(self, context: NativeContext, index: int, argument: p.MemrefWhole) -> int:
        block = _block_of(argument.block, index)
        output = bool(block.flags & MemoryFlags.OUTPUT)
        self._set_registered(context, index, block, 0, len(block), output)
        return _WHOLE

    def _partial(
        self, context: NativeContext, index: int, argument: Any, directions: MemoryFlags
    ) -> None:
        what = f"parameter {index}"
        block = _block_of(argument.block, index)
        length = len(block)
        offset = to_size(argument.offset, f"{what}, its offset")
        size = argument.size
        size = max(length - offset, 0) if size is None else to_size(size, f"{what}, its size")
        if offset + size > length:
            raise BadParametersError(
                f"{what}: {size} bytes from {offset} are beyond the {length} bytes of {block!r}"
            )
        if directions & ~block.flags:
            raise BadParametersError(
                f"{what} wants the direction {directions!r}, but {block!r} has not all of it"
            )
        output = bool(directions & MemoryFlags.OUTPUT)
        self._set_registered(context, index, block, offset, size, output)

    def _partial_input(
        self, context: NativeContext, index: int, argument: p.MemrefPartialInput
    ) -> int:
        self._partial(context, index, argument, MemoryFlags.INPUT)
        return _PARTIAL_INPUT

    def _partial_output(
        self, context: NativeContext, index: int, argument: p.MemrefPartialOutput
    ) -> int:
        self._partial(context, index, argument, MemoryFlags.OUTPUT)
        return _PARTIAL_OUTPUT

    def _partial_inout(
        self, context: NativeContext, index: int, argument: p.MemrefPartialInOut
    ) -> int:
        self._partial(context, index, argument, MemoryFlags.INOUT)
        return _PARTIAL_INOUT


def _set_temporary(slot: Any, memory: Any, size: int) -> None:
    slot.buffer = memory
    slot.size = size


_STATES: Final = {
    lib.TEE_OPERATION_IDLE: OperationState.IDLE,
    lib.TEE_OPERATION_REQUESTED: OperationState.REQUESTED,
    lib.TEE_OPERATION_SENT: OperationState.SENT,
    lib.TEE_OPERATION_DONE: OperationState.DONE,
}
_FILLERS: Final[dict[type, Callable[[NativeOperation, NativeContext, int, Any], int]]] = {
    type(None): NativeOperation._nothing,
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


def _block_of(value: object, index: int) -> SharedMemory:
    if not isinstance(value, SharedMemory):
        raise ParameterTypeError(
            f"parameter {index} needs a SharedMemory, not {type(value).__name__}"
        )
    return value


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
