# SPDX-License-Identifier: BSD-2-Clause
"""Commands that are prepared once and run many times.

Each kind of slots has a closure of its own: in a hot loop every look at what is the same
each time would show.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from .. import parameters as p
from .._native import lib
from ..errors import BadParametersError, BadStateError, ParameterTypeError
from .checks import to_uint32
from .operation import PARAMETERS, SLOTS, NativeOperation, check_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..session import Session
    from .context import NativeContext, NativeSession

_call_invoke: Final = lib.call_invoke
_call_repeat: Final = lib.call_repeat
_Value: Final = p.Value
_VALUE_INOUT: Final[int] = lib.TEEC_VALUE_INOUT
_new_tuple: Final = tuple.__new__
_unpack: Final = struct.Struct("=II").unpack_from


def prepare(
    session: Session,
    native: NativeSession,
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
    if slots == [p.ValueInOut]:
        return _with_value(session, native, command_id)
    if any(isinstance(slot, type) for slot in slots):
        return _with_contents(session, command_id, slots)

    def make() -> NativeOperation:
        operation = NativeOperation()
        session._add_call(operation)
        operation.keep(command_id, operation.fill(context, slots))
        return operation

    # What can't be sent is refused here.
    first = make()
    if first.expected == [0]:
        return _with_value_back(session, native, make, first)
    return _with_nothing(session, native, make, first)


def _with_nothing(
    session: Session,
    native: NativeSession,
    make: Callable[[], NativeOperation],
    first: NativeOperation,
) -> Callable[[], p.Outputs]:
    is_fake = native.is_fake
    free = [first]

    def run() -> p.Outputs:
        try:
            operation = free.pop()
        except IndexError:
            operation = make()
        try:
            code = _call_repeat(operation.call)
            if code or is_fake:
                native.check(code, operation)
            return operation.outputs()
        except BadStateError:
            session._check_live()
            raise
        finally:
            free.append(operation)
            if session._closed:
                session._tell_closer()

    return run


def _with_value_back(
    session: Session,
    native: NativeSession,
    make: Callable[[], NativeOperation],
    first: NativeOperation,
) -> Callable[[], p.Outputs]:
    is_fake = native.is_fake
    free = [first]

    def run() -> p.Outputs:
        try:
            operation = free.pop()
        except IndexError:
            operation = make()
        try:
            code = _call_repeat(operation.call)
            if code or is_fake:
                native.check(code, operation)
            return (_new_tuple(_Value, _unpack(operation.numbers)),)
        except BadStateError:
            session._check_live()
            raise
        finally:
            free.append(operation)
            if session._closed:
                session._tell_closer()

    return run


def _with_value(
    session: Session, native: NativeSession, command_id: int
) -> Callable[[tuple[int, int]], p.Outputs]:
    is_fake = native.is_fake
    free: list[NativeOperation] = []

    def make() -> NativeOperation:
        operation = NativeOperation()
        session._add_call(operation)
        operation.expect(0)
        return operation

    def run(value: tuple[int, int]) -> p.Outputs:
        try:
            operation = free.pop()
        except IndexError:
            operation = make()
        try:
            try:
                a, b = value
                # Without bits to be combined it is no int, though C might take it for one.
                a | b
                code = _call_invoke(operation.call, command_id, _VALUE_INOUT, a, b)
            except (OverflowError, TypeError, ValueError):
                check_value(_as_parameter(p.ValueInOut, value, 0), 0)
                raise
            if code or is_fake:
                native.check(code, operation)
            return (_new_tuple(_Value, _unpack(operation.numbers)),)
        except BadStateError:
            session._check_live()
            raise
        finally:
            free.append(operation)
            if session._closed:
                session._tell_closer()

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


def _as_parameter(kind: Any, content: Any, index: int) -> Any:
    """Make a parameter of what its class takes: one thing, or a tuple of them."""
    if issubclass(kind, p.ValueInput | p.ValueInOut) and not (
        isinstance(content, tuple | list) and len(content) == 2
    ):
        raise ParameterTypeError(f"parameter {index} needs a pair of ints")
    return kind(*content) if isinstance(content, tuple | list) else kind(content)
