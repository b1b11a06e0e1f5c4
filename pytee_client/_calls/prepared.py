# SPDX-License-Identifier: BSD-2-Clause
"""Commands that are prepared once and run many times."""

from __future__ import annotations

from collections import deque
from functools import partial

from .. import parameters as p
from .._boundary import to_uint32
from .._boundary.call import SLOTS, repeat
from ..errors import BadParametersError, ParameterTypeError
from ..memory import AllocatedSharedMemory, SharedMemory
from .one_parameter import (
    bytes_output,
    call_with_block,
    call_with_bytes,
    call_with_value,
    value_output,
)
from .slots import CLASSES, Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .pool import CallPool

    _Run = Callable[..., p.Outputs]


class PreparedCommand(partial):  # type: ignore[type-arg]
    """A command of a session, prepared by Session.prepare(); calling it runs the command.

    Attributes:
        command_id: which command it is.
        slots: what its slots were prepared with.

    Threads: may be called from any, and by many at once; the caller must synchronise access
    to a buffer that several calls share.
    """

    # A partial costs less to call than an object with a method __call__: nothing is looked up.
    command_id: int
    slots: tuple[object, ...]

    def __repr__(self) -> str:
        slots = "".join(
            f", {slot.__name__ if isinstance(slot, type) else repr(slot)}" for slot in self.slots
        )
        return f"<PreparedCommand {self.command_id}{slots}>"


def prepare(calls: CallPool, command_id: int, slots: Sequence[object]) -> PreparedCommand:
    """Prepare a command; slots are parameters, or their classes where the content varies."""
    calls.check_live()
    command_id = to_uint32(command_id, "the command id")
    if len(slots) > SLOTS:
        raise BadParametersError(f"{len(slots)} parameters given, but an operation has {SLOTS}")
    for index, slot in enumerate(slots):
        if isinstance(slot, type) and slot not in CLASSES:
            raise ParameterTypeError(f"parameter {index} can't be of the type {slot.__name__}")
    command = PreparedCommand(_run_of(calls, command_id, slots))
    command.command_id, command.slots = command_id, tuple(slots)
    return command


def _run_of(calls: CallPool, command_id: int, slots: Sequence[object]) -> _Run:
    slots = [p.ValueOutput() if slot is p.ValueOutput else slot for slot in slots]
    only = slots[0] if len(slots) == 1 else None
    if only is p.ValueInOut:
        return _with_value(calls, command_id)
    if only is p.MemrefTempInOut or only is p.MemrefWhole:
        return _with_memory(calls, command_id, only)
    if all(map(_is_kept, slots)):
        return _with_nothing(calls, command_id, slots)
    return _with_contents(calls, command_id, slots)


def _is_kept(slot: object) -> bool:
    """True of what can stay in a call from run to run.

    Blocks may be closed in between, of which a memoryview may be a slice; and an output of
    the call's own begins with zeros.
    """
    if isinstance(slot, type | SharedMemory | p.MemrefWhole | p.MemrefPartial):
        return False
    buffer = getattr(slot, "buffer", slot)
    return not isinstance(buffer, int | memoryview)


def _with_nothing(calls: CallPool, command_id: int, slots: Sequence[object]) -> _Run:
    def make() -> Call:
        call = calls.new()
        try:
            call.keep(command_id, call.fill(calls.session.context, slots))
        except BaseException:
            call.clear()
            raise
        return call

    # What can't be sent is refused here.
    free = deque([make()])
    outputs = _reader_of(slots)

    def run() -> p.Outputs:
        try:
            call = free.pop()
        except IndexError:
            call = make()
        try:
            if repeat(call.struct):
                calls.attend(call)
            return outputs(call)
        finally:
            free.append(call)

    return run


def _reader_of(slots: Sequence[object]) -> Callable[[Call], p.Outputs]:
    """Find the shortest way to what comes back."""
    if len(slots) == 1:
        (slot,) = slots
        if isinstance(slot, p.ValueOutput | p.ValueInOut):
            return value_output
        if isinstance(slot, p.MemrefTempInOut) and isinstance(slot.buffer, bytearray):
            return partial(bytes_output, buffer=slot.buffer, size=len(slot.buffer))
    return Call.outputs


def _with_value(calls: CallPool, command_id: int) -> _Run:
    free = calls.free

    def run(value: tuple[int, int]) -> p.Outputs:
        a, b = value if type(value) is tuple and len(value) == 2 else _as_pair(value, 0)
        try:
            call = free.pop()
        except IndexError:
            call = calls.new()
        try:
            return call_with_value(calls, call, command_id, a, b)
        finally:
            free.append(call)

    return run


def _with_memory(calls: CallPool, command_id: int, kind: Any) -> _Run:
    free = calls.free

    def run(content: Any) -> p.Outputs:
        try:
            call = free.pop()
        except IndexError:
            call = calls.new()
        try:
            if kind is p.MemrefTempInOut:
                if type(content) is bytearray:
                    return call_with_bytes(calls, call, command_id, content)
            elif type(content) is AllocatedSharedMemory and content._is_output:
                return call_with_block(calls, call, command_id, content)
            return calls.invoke(call, command_id, (kind(content),))
        finally:
            free.append(call)

    return run


def _with_contents(calls: CallPool, command_id: int, slots: Sequence[object]) -> _Run:
    varying = [index for index, slot in enumerate(slots) if isinstance(slot, type)]
    free = calls.free

    def run(*contents: object) -> p.Outputs:
        if len(contents) != len(varying):
            raise ParameterTypeError(
                f"{len(contents)} contents given, but {len(varying)} slots have to be filled"
            )
        parameters: list[Any] = list(slots)
        for index, content in zip(varying, contents, strict=True):
            parameters[index] = _as_parameter(parameters[index], content, index)
        try:
            call = free.pop()
        except IndexError:
            call = calls.new()
        try:
            return calls.invoke(call, command_id, parameters)
        finally:
            free.append(call)

    return run


def _as_parameter(kind: Any, content: Any, index: int) -> Any:
    """Make a parameter of what its class takes: one thing, or a tuple of them."""
    if issubclass(kind, p.ValueInput | p.ValueInOut):
        return kind(*_as_pair(content, index))
    takes = kind.__match_args__
    if len(takes) == 1 or not isinstance(content, tuple | list):
        return kind(content)
    if not 1 <= len(content) <= len(takes):
        raise ParameterTypeError(f"parameter {index} needs a tuple of {', '.join(takes)}")
    return kind(*content)


def _as_pair(content: object, index: int) -> tuple[int, int]:
    if not isinstance(content, tuple | list) or len(content) != 2:
        raise ParameterTypeError(f"parameter {index} needs a pair of ints")
    a, b = content
    return a, b
