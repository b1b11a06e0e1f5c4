# SPDX-License-Identifier: BSD-2-Clause
"""Shared memory in the slots of an operation: whole blocks, parts, and slices of their memory."""

from __future__ import annotations

from .. import parameters as p
from .._boundary import to_size
from .._boundary.call import (
    MEMREF_PARTIAL_INOUT,
    MEMREF_PARTIAL_INPUT,
    MEMREF_PARTIAL_OUTPUT,
    MEMREF_WHOLE,
    distance,
    pin_bytes,
)
from ..enums import MemoryFlags
from ..errors import BadParametersError, ParameterTypeError
from ..memory import AllocatedSharedMemory, SharedMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from .._boundary import NativeContext, NativeSharedMemory
    from .call import Call

_INPUT: Final = int(MemoryFlags.INPUT)
_OUTPUT: Final = int(MemoryFlags.OUTPUT)
_INOUT: Final = _INPUT | _OUTPUT


def foreign_block(block: SharedMemory) -> BadParametersError:
    """Say that a block can't be used in this context."""
    return BadParametersError(f"{block!r} belongs to another context: allocate one here")


def set_slice(
    call: Call, context: NativeContext, index: int, view: memoryview, memory: Any, directions: int
) -> bool:
    """Set a memoryview of a block as a part of the block.

    Return False if it views no block, or this use is not allowed: then it must be copied.
    """
    block = view.obj
    if not isinstance(block, AllocatedSharedMemory):
        return False
    native = block._live_native()
    if native.context is not context or directions & ~native.directions:
        return False
    # The byte that an empty block shows is not part of it.
    if not native.size:
        return False
    call.keep_alive(native)
    call.set_part(index, native, distance(memory, pin_bytes(block)), len(memory))
    return True


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
    # The block can't be closed while this export stands.
    call.pin(block._exported(), index, False)
    call.keep_alive(native)
    call.set_part(index, native, offset, size)
    if directions & _OUTPUT:
        call.expect_memory(index, size, _cut_block, (block, offset))


def _cut_block(place: tuple[SharedMemory, int], size: int) -> memoryview | int:
    block, offset = place
    return block._output_at(offset, size)


def set_block(call: Call, context: NativeContext, index: int, block: SharedMemory) -> int:
    native = block._live_native()
    _set_part(call, context, index, block, native, 0, native.size, native.directions)
    return MEMREF_WHOLE


def set_whole(call: Call, context: NativeContext, index: int, parameter: p.MemrefWhole) -> int:
    return set_block(call, context, index, _block_of(parameter._block, index))


def _partial(
    call: Call, context: NativeContext, index: int, parameter: p.MemrefPartial, directions: int
) -> None:
    block = _block_of(parameter._block, index)
    native = block._live_native()
    offset, size = _part_of_block(block, native, parameter, directions, f"parameter {index}")
    _set_part(call, context, index, block, native, offset, size, directions)


def set_partial_input(
    call: Call, context: NativeContext, index: int, parameter: p.MemrefPartialInput
) -> int:
    _partial(call, context, index, parameter, _INPUT)
    return MEMREF_PARTIAL_INPUT


def set_partial_output(
    call: Call, context: NativeContext, index: int, parameter: p.MemrefPartialOutput[Any]
) -> int:
    _partial(call, context, index, parameter, _OUTPUT)
    return MEMREF_PARTIAL_OUTPUT


def set_partial_inout(
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
