# SPDX-License-Identifier: BSD-2-Clause
"""Shorter ways for the most common calls: those with one parameter that comes back, or with none.

Above the C library, such a call spends nearly all of its time in Python: each function call and
each new object is half a per cent of it. So each way here is one function, which calls no other
function of Python, and takes a call from the pool and gives it back by itself. Plain and prepared
commands both come here. Values that do not fit a way go to CallPool.run(), which takes parameters
of every kind, or refuses them.
"""

from __future__ import annotations

from .._audit import INVOKE_COMMAND, audit
from .._boundary.call import (
    first_size,
    invoke_block,
    invoke_bytes,
    invoke_nothing,
    invoke_value,
    pin_bytes,
    repeat,
    repeat_value,
    unpack_value,
)
from .._checks import to_uint32
from .._closable import closed_memory
from .._outputs import RequiredSize, Value
from ..enums import Result
from ..errors import ParameterTypeError
from ..memory import AllocatedSharedMemory, view_part
from ..parameters import MemrefTempInOut, MemrefWhole, ValueInOut
from .call import new_tuple
from .plain_values import to_words
from .slots import foreign_block, view_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from typing import Any, Final

    from .._outputs import Outputs
    from ..memory import SharedMemory
    from .call import Call
    from .timed import AnyCalls

_BAD_STATE: Final = int(Result.BAD_STATE)


def call_with_nothing(calls: AnyCalls, command_id: int) -> Outputs:
    """Run a command without parameters."""
    free = calls.free
    try:
        call = free.pop()
    except IndexError:
        call = calls.new()
    try:
        needs_attention = invoke_nothing(call.address, command_id)
        if needs_attention is not False:
            if needs_attention is None:
                return calls.invoke(call, command_id, ())
            call.given_command = command_id
            calls.attend(call)
        return ()
    finally:
        free.append(call)


def call_with_value(calls: AnyCalls, command_id: int, value: tuple[int, int]) -> Outputs:
    """Run a command with two numbers that it may change."""
    free = calls.free
    try:
        call = free.pop()
    except IndexError:
        call = calls.new()
    try:
        output = invoke_value(call.address, command_id, value)
        if output is NotImplemented:
            try:
                number = to_uint32(command_id, "the command id")
                words = to_words(*pair_of(value, 0), 0)
            except (TypeError, ValueError):
                return calls.invoke(call, command_id, (ValueInOut(*pair_of(value, 0)),))
            output = invoke_value(call.address, number, words)
        if output is None:
            _attend(calls, call, command_id, call.expect_value, 0)
            output = new_tuple(Value, unpack_value(call.numbers))
        return (output,)
    finally:
        free.append(call)


def call_with_bytes(calls: AnyCalls, command_id: int, buffer: bytearray) -> Outputs:
    """Run a command with a buffer that it may change."""
    # A bytearray that is registered is found there.
    if type(buffer) is not bytearray or calls.registered:
        return calls.run(command_id, (MemrefTempInOut(buffer),))
    free = calls.free
    try:
        call = free.pop()
    except IndexError:
        call = calls.new()
    # While it exists, the buffer can't be freed or resized.
    memory = pin_bytes(buffer)
    try:
        size = len(buffer)
        needs_attention = invoke_bytes(call.address, command_id, buffer)
        if needs_attention is not False:
            if needs_attention is None:
                return calls.invoke(call, command_id, (MemrefTempInOut(buffer),))
            _attend(calls, call, command_id, call.expect_memory, 0, size, view_of, buffer)
        end = first_size(call)
        if end == size and size:
            return (memoryview(buffer),)
        return (view_part(buffer, 0, end) if end <= size else RequiredSize(end),)
    except BaseException:
        # Else the frames of the error would keep it.
        call.let_go(memory)
        raise
    finally:
        free.append(call)


def call_with_block(calls: AnyCalls, command_id: int, block: SharedMemory) -> Outputs:
    """Run a command with a block that it may change."""
    if type(block) is not AllocatedSharedMemory or type(command_id) is not int:
        return calls.run(command_id, (MemrefWhole(block),))
    if not block._is_output:
        return calls.run(command_id, (block,))
    audit(INVOKE_COMMAND, calls.session.destination, command_id)
    free = calls.free
    try:
        call = free.pop()
    except IndexError:
        call = calls.new()
    try:
        try:
            # While the view exists, the block can't be closed.
            view = memoryview(block)
        except ValueError:
            raise closed_memory() from None
        try:
            native = block._native
            try:
                needs_attention = invoke_block(call.struct, command_id, native.struct)
            except OverflowError:
                view.release()
                return calls.invoke(call, command_id, (block,))
            if needs_attention:
                if native.is_closed and call.result == _BAD_STATE and not call.outcome:
                    raise closed_memory()
                if native.context is not calls.session.context:
                    raise foreign_block(block)
                _attend(calls, call, command_id, call.expect_memory, 0, native.size, view_of, view)
            end = first_size(call)
            if end == native.size and end:
                return (view,)
            output = view_part(view, 0, end) if end <= native.size else RequiredSize(end)
            view.release()
            return (output,)
        except BaseException:
            # Else the frames of the error would keep the view.
            call.keep_used(block._native, view)
            raise
    finally:
        free.append(call)


def repeat_with_value(calls: AnyCalls, free: deque[Call], make: Callable[[], Call]) -> Outputs:
    """Run a command once more whose one parameter comes back as two numbers."""
    try:
        call = free.pop()
    except IndexError:
        call = make()
    try:
        output = repeat_value(call.address)
        if output is None:
            calls.attend(call)
            output = new_tuple(Value, unpack_value(call.numbers))
        return (output,)
    finally:
        free.append(call)


def repeat_with_bytes(
    calls: AnyCalls, free: deque[Call], make: Callable[[], Call], buffer: bytearray, size: int
) -> Outputs:
    """Run a command once more whose one parameter comes back in a buffer that is not empty."""
    try:
        call = free.pop()
    except IndexError:
        call = make()
    try:
        if repeat(call.address):
            calls.attend(call)
        if first_size(call) == size:
            return (memoryview(buffer),)
        return call.outputs()
    finally:
        free.append(call)


def pair_of(content: object, index: int) -> tuple[int, int]:
    """Return what has to be a pair of numbers."""
    if not isinstance(content, tuple | list) or len(content) != 2:
        raise ParameterTypeError(f"parameter {index} needs a pair of ints")
    a, b = content
    return a, b


def _attend(
    calls: AnyCalls, call: Call, command: object, expect: Callable[..., None], *output: Any
) -> None:
    """Give a call attention whose output was not noted beforehand."""
    try:
        expect(*output)
        call.given_command = command
        calls.attend(call)
    finally:
        call.clear()
