# SPDX-License-Identifier: BSD-2-Clause
"""Commands that are prepared once and run many times.

Each kind of slots has a closure of its own: in a hot loop every look at what is the same
each time would show.
"""

from __future__ import annotations

from collections import deque

from .. import parameters as p
from .._native import lib
from ..errors import BadParametersError, ParameterTypeError
from ..memory import SharedMemory
from .checks import check_value, to_uint32
from .hot_path import new_tuple, repeat, repeat_value, unpack_value
from .operation import PARAMETERS, SLOTS, NativeOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

    from ..session import Session
    from .context import NativeContext

_Value: Final = p.Value
_VALUE_INOUT: Final[int] = lib.TEEC_VALUE_INOUT
_OF_BUFFER: Final = (p.MemrefTempInOut, p.MemrefTempOutput)


def prepare(
    session: Session,
    context: NativeContext,
    command_id: int,
    slots: Sequence[object],
) -> Callable[..., p.Outputs]:
    """Make a function of what varies; slots are parameters, or their classes where it does."""
    command_id = to_uint32(command_id, "the command id")
    if len(slots) > SLOTS:
        raise BadParametersError(f"{len(slots)} parameters given, but an operation has {SLOTS}")
    for index, slot in enumerate(slots):
        if isinstance(slot, type) and slot not in PARAMETERS:
            raise ParameterTypeError(f"parameter {index} can't be of the type {slot.__name__}")
    slots = [p.ValueOutput() if slot is p.ValueOutput else slot for slot in slots]
    only: Any = slots[0] if len(slots) == 1 else None
    if only is p.ValueInOut:
        return _with_value(session, command_id)
    if only is p.MemrefTempInOut:
        return _with_one(session, command_id, p.MemrefTempInOut)
    if only is p.MemrefWhole:
        # A block stands for all of itself.
        return _with_one(session, command_id, _as_block)
    if isinstance(only, SharedMemory | p.MemrefWhole):
        block = only.block if isinstance(only, p.MemrefWhole) else only
        return _with_block(session, command_id, block)
    if not all(map(_is_kept, slots)):
        return _with_contents(session, command_id, slots)

    def make() -> NativeOperation:
        operation = NativeOperation()
        session._add_call(operation)
        try:
            operation.keep(command_id, operation.fill(context, slots))
        except BaseException:
            operation.clear()
            raise
        return operation

    # What can't be sent is refused here.
    first = make()
    if first.expected == [0]:
        return _with_value_back(session, make, first)
    if len(slots) == 1:
        (slot,) = slots
        if isinstance(slot, _OF_BUFFER) and isinstance(slot.buffer, bytearray) and slot.buffer:
            return _with_bytes_back(session, make, first, slot.buffer)
    return _with_nothing(session, make, first)


def _is_kept(slot: object) -> bool:
    """True of what can stay in an operation from call to call.

    Blocks may be closed in between, of which a memoryview may be a slice; and an output of
    the operation's own begins with zeros.
    """
    if isinstance(slot, type | SharedMemory | p.MemrefWhole | p.MemrefPartial):
        return False
    buffer = getattr(slot, "buffer", slot)
    return not isinstance(buffer, int | memoryview)


def _with_nothing(
    session: Session,
    make: Callable[[], NativeOperation],
    first: NativeOperation,
) -> Callable[[], p.Outputs]:
    free = deque([first])

    def run() -> p.Outputs:
        try:
            operation = free.pop()
        except IndexError:
            operation = make()
        try:
            if repeat(operation.call):
                session._look_at(operation)
            return operation.outputs()
        finally:
            free.append(operation)

    return run


def _with_value_back(
    session: Session,
    make: Callable[[], NativeOperation],
    first: NativeOperation,
) -> Callable[[], p.Outputs]:
    free = deque([first])

    def run() -> p.Outputs:
        try:
            operation = free.pop()
        except IndexError:
            operation = make()
        try:
            if repeat(operation.call):
                session._look_at(operation)
            return (new_tuple(_Value, unpack_value(operation.numbers)),)
        finally:
            free.append(operation)

    return run


def _with_bytes_back(
    session: Session,
    make: Callable[[], NativeOperation],
    first: NativeOperation,
    buffer: bytearray,
) -> Callable[[], p.Outputs]:
    free = deque([first])
    size = len(buffer)

    def run() -> p.Outputs:
        try:
            operation = free.pop()
        except IndexError:
            operation = make()
        try:
            if repeat(operation.call):
                session._look_at(operation)
            if operation.first.size == size:
                return (memoryview(buffer),)
            return operation.outputs()
        finally:
            free.append(operation)

    return run


def _with_value(session: Session, command_id: int) -> Callable[[tuple[int, int]], p.Outputs]:
    free: deque[NativeOperation] = deque()

    def make() -> NativeOperation:
        operation = NativeOperation()
        session._add_call(operation)
        operation.expect_value()
        operation.keep(command_id, _VALUE_INOUT)
        return operation

    def run(value: tuple[int, int]) -> p.Outputs:
        try:
            operation = free.pop()
        except IndexError:
            operation = make()
        try:
            if type(value) is not tuple:
                value = _as_pair(value, 0)
            try:
                a, b = value
                # Without bits to be combined it is no int, though C might take it for one.
                a | b
                is_remarkable = repeat_value(operation.call, a, b)
            except (OverflowError, TypeError, ValueError):
                check_value(_as_parameter(p.ValueInOut, value, 0), 0)
                raise
            if is_remarkable:
                session._look_at(operation)
            return (new_tuple(_Value, unpack_value(operation.numbers)),)
        finally:
            free.append(operation)

    return run


def _with_one(
    session: Session, command_id: int, as_parameter: Callable[[Any], Any]
) -> Callable[[Any], p.Outputs]:
    invoke = session.invoke_command

    def run(content: Any) -> p.Outputs:
        return invoke(command_id, as_parameter(content))

    return run


def _with_block(session: Session, command_id: int, block: SharedMemory) -> Callable[[], p.Outputs]:
    invoke = session.invoke_command

    def run() -> p.Outputs:
        return invoke(command_id, block)

    return run


def _with_contents(
    session: Session, command_id: int, slots: Sequence[object]
) -> Callable[..., p.Outputs]:
    varying = [index for index, slot in enumerate(slots) if isinstance(slot, type)]

    def run(*contents: object) -> p.Outputs:
        if len(contents) != len(varying):
            raise ParameterTypeError(
                f"{len(contents)} contents given, but {len(varying)} slots have to be filled"
            )
        parameters: list[Any] = list(slots)
        for index, content in zip(varying, contents, strict=True):
            parameters[index] = _as_parameter(parameters[index], content, index)
        return session.invoke_command(command_id, *parameters)

    return run


def _as_block(content: Any) -> Any:
    return content if isinstance(content, SharedMemory) else p.MemrefWhole(content)


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
