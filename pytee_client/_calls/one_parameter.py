# SPDX-License-Identifier: BSD-2-Clause
"""Shorter ways for the most common calls: those with one parameter that comes back, or with none.

Nearly all of what such a call costs above the C library is Python's: each function called and
each object made is half a per cent of it. Plain and prepared calls both come here. What is not
quite of the kind that a way is for goes the way of all parameters, where it is refused, or taken
as it is meant.
"""

from __future__ import annotations

from .._boundary.call import (
    EMPTY,
    first_size,
    invoke,
    invoke_block,
    invoke_memory,
    invoke_value,
    pin_bytes,
    release,
    unpack_value,
)
from ..errors import ClosedSharedMemoryError
from ..memory import part_of
from ..parameters import MemrefTempInOut, RequiredSize, Value, ValueInOut
from .slots import foreign_block, new_tuple, view_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from ..memory import AllocatedSharedMemory
    from ..parameters import Outputs
    from .pool import CallPool
    from .slots import Call

_UINT32_MAX: Final = 0xFFFFFFFF


def call_with_nothing(calls: CallPool, call: Call, command_id: int) -> Outputs:
    """Run a command without parameters."""
    if type(command_id) is not int or not 0 <= command_id <= _UINT32_MAX:
        return calls.invoke(call, command_id, ())
    if invoke(call.struct, command_id, 0):
        calls.attend(call)
    return ()


def call_with_value(calls: CallPool, call: Call, command_id: int, a: int, b: int) -> Outputs:
    """Run a command with two numbers that it may change."""
    # C would take what has an __int__, such as a Decimal.
    if not type(a) is type(b) is type(command_id) is int:
        return calls.invoke(call, command_id, (ValueInOut(a, b),))
    try:
        needs_attention = invoke_value(call.struct, command_id, a, b)
    except OverflowError:
        return calls.invoke(call, command_id, (ValueInOut(a, b),))
    if needs_attention:
        _attend(calls, call, call.expect_value, 0)
    return (new_tuple(Value, unpack_value(call.numbers)),)


def call_with_bytes(calls: CallPool, call: Call, command_id: int, buffer: bytearray) -> Outputs:
    """Run a command with a buffer that it may change."""
    if type(command_id) is not int:
        return calls.invoke(call, command_id, (MemrefTempInOut(buffer),))
    # As long as it is there, the buffer stays where it is.
    memory = pin_bytes(buffer)
    try:
        size = len(buffer)
        try:
            needs_attention = invoke_memory(
                call.struct, command_id, memory if size else EMPTY, size
            )
        except OverflowError:
            return calls.invoke(call, command_id, (MemrefTempInOut(buffer),))
        if needs_attention:
            _attend(calls, call, call.expect_memory, 0, size, view_of, buffer)
        return bytes_output(call, buffer, size)
    except BaseException:
        # The frames of the error would else keep it.
        release(memory)
        raise


def bytes_output(call: Call, buffer: bytearray, size: int) -> Outputs:
    """Return what came back in a buffer of so many bytes, the output of the first slot."""
    end = first_size(call)
    if end == size and size:
        return (memoryview(buffer),)
    return (part_of(buffer, 0, end) if end <= size else RequiredSize(end),)


def value_output(call: Call) -> Outputs:
    """Return the two numbers that came back in the first slot."""
    return (new_tuple(Value, unpack_value(call.numbers)),)


def call_with_block(
    calls: CallPool, call: Call, command_id: int, block: AllocatedSharedMemory
) -> Outputs:
    """Run a command with a block that it may change."""
    if type(command_id) is not int:
        return calls.invoke(call, command_id, (block,))
    try:
        # As long as it is there, the block can't be closed.
        view = memoryview(block)
    except ValueError:
        block._check_live()
        raise ClosedSharedMemoryError("the shared memory is being closed") from None
    try:
        native = block._native
        try:
            needs_attention = invoke_block(call.struct, command_id, native.struct)
        except OverflowError:
            view.release()
            return calls.invoke(call, command_id, (block,))
        if needs_attention:
            # Whoever closes the context waits for this call, which had its context.
            if native.context is not calls.session.context:
                raise foreign_block(block)
            _attend(calls, call, call.expect_memory, 0, native.size, view_of, view)
        end = first_size(call)
        if end == native.size and end:
            return (view,)
        output = part_of(view, 0, end) if end <= native.size else RequiredSize(end)
        view.release()
        return (output,)
    except BaseException:
        view.release()
        raise


def _attend(calls: CallPool, call: Call, expect: Callable[..., None], *output: Any) -> None:
    """Give a call attention whose output was not noted beforehand."""
    try:
        expect(*output)
        calls.attend(call)
    finally:
        call.clear()
