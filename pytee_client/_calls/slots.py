# SPDX-License-Identifier: BSD-2-Clause
"""Setting parameters: one function for each class of parameters, and for plain values.

Each function sets the slot, notes how its output is read, if there is one, and returns the type
of the parameter.
"""

from __future__ import annotations

import struct

from .. import parameters as p
from .._boundary import is_size, plain_data, to_size
from .._boundary.buffers import EMPTY
from .._boundary.call import (
    MEMREF_PARTIAL_INOUT,
    MEMREF_PARTIAL_INPUT,
    MEMREF_PARTIAL_OUTPUT,
    MEMREF_TEMP_INOUT,
    MEMREF_TEMP_INPUT,
    MEMREF_TEMP_OUTPUT,
    MEMREF_WHOLE,
    SLOTS,
    VALUE_INOUT,
    VALUE_INPUT,
    VALUE_OUTPUT,
    OwnMemory,
)
from .._checks import said
from .._growing import Growing, OutputGrowsError
from .._parameter import BaseParameter
from .._stand_ins import Buffer
from ..enums import MemoryFlags
from ..errors import BadParametersError, OutOfMemoryError, ParameterTypeError
from ..memory import AllocatedSharedMemory, SharedMemory, view_part
from .memory_in_blocks import may_lie_in_block, set_in_block
from .plain_values import hint_for, to_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

    from .._boundary import NativeContext, NativeSharedMemory
    from .call import Call

_INPUT: Final = int(MemoryFlags.INPUT)
_OUTPUT: Final = int(MemoryFlags.OUTPUT)
_INOUT: Final = _INPUT | _OUTPUT


def foreign_block(block: SharedMemory) -> BadParametersError:
    """Say that a block can't be used in this context."""
    return BadParametersError(f"{block!r} belongs to another context: allocate one here")


def _hold(call: Call, block: SharedMemory, native: NativeSharedMemory) -> memoryview | None:
    """Keep a block until the call is over, and its pages even if it is closed meanwhile."""
    try:
        view = block._view()
    except (ValueError, BufferError, TypeError):
        # Another thread closed it.
        block._check_live()
        raise
    if view is not None:
        call.hold(view)
    call.keep_alive(native)
    return view


def _set_part(
    call: Call,
    context: NativeContext,
    index: int,
    block: SharedMemory,
    native: NativeSharedMemory,
    offset: int,
    size: int,
    directions: int,
) -> None:
    if native.context is not context:
        raise foreign_block(block)
    view = _hold(call, block, native)
    call.set_part(index, native, offset, size)
    if directions & _OUTPUT:
        call.expect_memory(index, size, _cut_view, (view, offset))


def _cut_view(place: tuple[memoryview | None, int], size: int) -> memoryview | int:
    view, offset = place
    if view is None:
        # Of memory that shows no bytes, only the size came back.
        return size
    return view_part(view, offset, size) if offset else view_of(view, size)


def _block(call: Call, context: NativeContext, index: int, block: SharedMemory) -> int:
    native = block._live_native()
    _set_part(call, context, index, block, native, 0, native.size, native.directions)
    return MEMREF_WHOLE


def _whole(call: Call, context: NativeContext, index: int, parameter: p.MemrefWhole) -> int:
    return _block(call, context, index, _block_of(parameter._block, index))


def _partial(
    call: Call, context: NativeContext, index: int, parameter: p.MemrefPartial, directions: int
) -> None:
    block = _block_of(parameter._block, index)
    native = block._live_native()
    offset, size = _part_of_block(block, native, parameter, directions, f"parameter {index}")
    _set_part(call, context, index, block, native, offset, size, directions)


def _partial_input(
    call: Call, context: NativeContext, index: int, parameter: p.MemrefPartialInput
) -> int:
    _partial(call, context, index, parameter, _INPUT)
    return MEMREF_PARTIAL_INPUT


def _partial_output(
    call: Call, context: NativeContext, index: int, parameter: p.MemrefPartialOutput[Any]
) -> int:
    _partial(call, context, index, parameter, _OUTPUT)
    return MEMREF_PARTIAL_OUTPUT


def _partial_inout(
    call: Call, context: NativeContext, index: int, parameter: p.MemrefPartialInOut[Any]
) -> int:
    _partial(call, context, index, parameter, _INOUT)
    return MEMREF_PARTIAL_INOUT


def _block_of(value: object, index: int) -> SharedMemory:
    if not isinstance(value, SharedMemory):
        raise ParameterTypeError(
            f"parameter {index} needs a SharedMemory, not {type(value).__name__}"
        )
    return value


def _part_of_block(
    block: SharedMemory,
    native: NativeSharedMemory,
    parameter: p.MemrefPartial,
    directions: int,
    what: str,
) -> tuple[int, int]:
    """Return offset and size of a part, or say what is wrong with it."""
    length = native.size
    offset, size = to_size(parameter.offset, f"{what}, its offset"), parameter.size
    size = max(length - offset, 0) if size is None else to_size(size, f"{what}, its size")
    if offset + size > length:
        raise BadParametersError(
            f"{what}: {size} bytes from {offset} are beyond the {length} bytes of {block!r}"
        )
    if directions & ~native.directions:
        raise BadParametersError(
            f"{what} wants the direction {MemoryFlags(directions)!r},"
            f" which {block!r} lacks at least in part"
        )
    return offset, size


def view_of(buffer: Buffer, size: int) -> memoryview:
    """Return the first bytes of a buffer; all of it in its own format and shape."""
    # The common one needs neither a cast nor a cut.
    if type(buffer) is bytearray and size == len(buffer) and size:
        return memoryview(buffer)
    if type(buffer) is memoryview and size == buffer.nbytes and (size or buffer.format != "B"):
        return memoryview(buffer)
    return view_part(buffer, 0, size)


def _set_memory(call: Call, index: int, memory: Any, size: int) -> None:
    """Set memory, also where an empty buffer has no address."""
    call.set_memory(index, memory if size else EMPTY, size)


def _set_value(call: Call, index: int, pair: tuple[int, int]) -> None:
    a, b = pair
    # What is checked here, packing would take for a number too: a bool.
    if not type(a) is type(b) is int:
        a, b = to_words(a, b, index)
    try:
        call.set_value(index, a, b)
    except struct.error:
        to_words(a, b, index)
        raise


def _value_input(
    call: Call, context: NativeContext, index: int, parameter: p.ValueInput | p.ValueInOut
) -> int:
    _set_value(call, index, parameter._pair)
    return VALUE_INPUT


def _value_output(call: Call, context: NativeContext, index: int, parameter: object) -> int:
    call.expect_value(index)
    return VALUE_OUTPUT


def _value_inout(call: Call, context: NativeContext, index: int, parameter: p.ValueInOut) -> int:
    _set_value(call, index, parameter._pair)
    call.expect_value(index)
    return VALUE_INOUT


def _temp_input(
    call: Call, context: NativeContext, index: int, parameter: p.MemrefTempInput
) -> int:
    buffer = parameter._buffer
    if buffer is None:
        call.set_null(index)
        return MEMREF_TEMP_INPUT
    if type(buffer) is bytes:
        return _bytes(call, context, index, buffer)
    return _buffer(call, context, index, buffer)


def _temp_output(
    call: Call, context: NativeContext, index: int, parameter: p.MemrefTempOutput[Any]
) -> int:
    buffer = parameter._buffer
    if is_size(buffer):
        _set_own_output(call, index, to_size(buffer, f"parameter {index}, its size"))
        return MEMREF_TEMP_OUTPUT
    if isinstance(buffer, Growing):
        raise OutputGrowsError
    is_part = _set_callers_output(call, context, index, buffer, _OUTPUT)
    return MEMREF_PARTIAL_OUTPUT if is_part else MEMREF_TEMP_OUTPUT


def _temp_inout(
    call: Call, context: NativeContext, index: int, parameter: p.MemrefTempInOut[Any]
) -> int:
    is_part = _set_callers_output(call, context, index, parameter._buffer, _INOUT)
    return MEMREF_PARTIAL_INOUT if is_part else MEMREF_TEMP_INOUT


def _set_own_output(call: Call, index: int, size: int) -> None:
    try:
        memory = OwnMemory(size)
    except (MemoryError, OverflowError):
        raise OutOfMemoryError(f"allocating an output of {size} bytes") from None
    _set_memory(call, index, memory.address, size)
    # It keeps the memory alive.
    call.expect_memory(index, size, OwnMemory.copy, memory)


def _set_callers_output(
    call: Call, context: NativeContext, index: int, buffer: Buffer | None, directions: int
) -> bool:
    """Set an output in the caller's memory; true if it is part of a block."""
    if buffer is None:
        call.set_null(index)
        call.expect_memory(index, 0, _no_bytes, None)
        return False
    data = plain_data(buffer, index, True)
    memory = call.hold(data)
    size = len(memory)
    is_part = may_lie_in_block(context, data) and set_in_block(
        call, context, index, memory, size, directions
    )
    if not is_part:
        _set_memory(call, index, memory, size)
    call.expect_memory(index, size, view_of, data)
    return is_part


def _no_bytes(source: None, size: int) -> bytes:
    return b""


_SETTERS_OF_CLASSES: Final[dict[type, Callable[[Call, NativeContext, int, Any], int]]] = {
    p.ValueInput: _value_input,
    p.ValueOutput: _value_output,
    p.ValueInOut: _value_inout,
    p.MemrefTempInput: _temp_input,
    p.MemrefTempOutput: _temp_output,
    p.MemrefTempInOut: _temp_inout,
    p.MemrefWhole: _whole,
    p.MemrefPartialInput: _partial_input,
    p.MemrefPartialOutput: _partial_output,
    p.MemrefPartialInOut: _partial_inout,
}
PARAMETER_CLASSES: Final = frozenset(_SETTERS_OF_CLASSES)


def _bytes(call: Call, context: NativeContext, index: int, data: bytes) -> int:
    _set_memory(call, index, call.hold(data), len(data))
    return MEMREF_TEMP_INPUT


def _buffer(call: Call, context: NativeContext, index: int, buffer: Buffer) -> int:
    memory = call.pin(buffer, index, False)
    size = len(memory)
    if may_lie_in_block(context, buffer) and set_in_block(
        call, context, index, memory, size, _INPUT
    ):
        return MEMREF_PARTIAL_INPUT
    _set_memory(call, index, memory, size)
    return MEMREF_TEMP_INPUT


def _pair(call: Call, context: NativeContext, index: int, pair: tuple[int, int]) -> int:
    if len(pair) != 2:
        return _set_plain(call, context, index, pair)
    _set_value(call, index, pair)
    return VALUE_INPUT


# Also plain values, which are faster without a parameter in between.
_SETTERS: Final[dict[type, Callable[[Call, NativeContext, int, Any], int]]] = {
    **_SETTERS_OF_CLASSES,
    bytes: _bytes,
    bytearray: _buffer,
    tuple: _pair,
    AllocatedSharedMemory: _block,
}


def _set_plain(call: Call, context: NativeContext, index: int, value: object) -> int:
    """Set a parameter of a class derived from ours, or what a plain value stands for."""
    if not isinstance(value, BaseParameter):
        value = _parameter_of(value, index)
    return _setter_of(type(value), index)(call, context, index, value)


def _setter_of(kind: type, index: int) -> Callable[[Call, NativeContext, int, Any], int]:
    for cls in kind.__mro__:
        if cls in _SETTERS_OF_CLASSES:
            return _SETTERS_OF_CLASSES[cls]
    raise ParameterTypeError(
        f"parameter {index} can't be {kind.__name__}: use one of the classes that derive from it"
    )


def is_parameter_class(kind: type) -> bool:
    """Return whether a class is one of parameters, or derives from one."""
    return not PARAMETER_CLASSES.isdisjoint(kind.__mro__)


# Tuples, as it would take longer to make unions for each value than to look at it.
_SEQUENCES: Final = (tuple, list)
_NO_PARAMETERS: Final = (type, str, int, float, *_SEQUENCES)


def _parameter_of(value: Any, index: int) -> object:
    """Return the parameter that a plain value stands for."""
    if isinstance(value, SharedMemory):
        return p.MemrefWhole(value)
    if isinstance(value, _SEQUENCES) and len(value) == 2:
        return p.ValueInput(*value)
    if isinstance(value, _NO_PARAMETERS):
        raise ParameterTypeError(f"parameter {index} can't be {said(value)}: {hint_for(value)}")
    return p.MemrefTempInput(value)


def set_parameters(call: Call, context: NativeContext, parameters: Sequence[object]) -> int:
    """Set the parameters of a call and return their types.

    call.clear() must follow, also after an error. OutputGrowsError comes if an output grows.
    """
    if len(parameters) > SLOTS:
        raise BadParametersError(
            f"{len(parameters)} parameters given, but an operation has {SLOTS}"
        )
    types = 0
    for index, parameter in enumerate(parameters):
        if parameter is not None:
            set_slot = _SETTERS.get(type(parameter), _set_plain)
            types |= set_slot(call, context, index, parameter) << (4 * index)
    return types
