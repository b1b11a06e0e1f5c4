# SPDX-License-Identifier: BSD-2-Clause
"""The twin in Python of tests/ta/conformance, for the contract tests on the fake."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum
from typing import ClassVar, NoReturn, TypeVar
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import MemrefParameter, Parameters, ValueParameter
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

_UINT32 = 0xFFFFFFFF
# Seconds.
_PAUSE = 0.001
_OPENED = 0x4F50454E
_OPEN_PANIC = 1
_OPEN_WAIT = 2
_OPEN_WAIT_MASKED = 3
_OPEN_COMPUTE = 4
_T = TypeVar("_T", ValueParameter, MemrefParameter)


class Command(IntEnum):
    """The commands of the Trusted Application."""

    NOTHING = 0
    VALUES = 1
    MEMREF_XOR = 2
    MEMREF_FILL = 3
    MEMREF_CHECKSUM = 4
    SET_SIZE = 5
    WAIT = 6
    PANIC = 7
    IDENTITY = 8
    MEMREF_LOOK = 9
    WAIT_AND_XOR = 10
    FILL_AND_SET_SIZE = 11
    COMPUTE = 12


def _of(kind: type[_T], parameters: Parameters, *types: ParamType) -> list[tuple[int, _T]]:
    """Return the slots and parameters of these types."""
    return [
        (slot, parameter)
        for slot, parameter in enumerate(parameters)
        if isinstance(parameter, kind) and parameter.type in types
    ]


def _fill(slot: int, memref: MemrefParameter) -> None:
    if memref.buffer is not None:
        size = len(memref.buffer)
        period = bytes((16 * slot + j) & 0xFF for j in range(256))
        memref.buffer[:] = (period * (size // 256 + 1))[:size]
        _touch_the_rest(memref)


def _touch_the_rest(memref: MemrefParameter) -> None:
    """Panic if not all bytes are mapped; see MemrefParameter.

    The twin in C works byte by byte, and panics after it has changed the mapped bytes.
    """
    if memref.buffer is not None and len(memref.buffer) < memref.size:
        raise IndexError(f"only {len(memref.buffer)} of {memref.size} bytes are mapped")


def _invert(value: ValueParameter) -> None:
    value.a ^= _UINT32
    value.b ^= _UINT32


class Conformance(TrustedApplication):
    """Change parameters as each command says, and report how they arrive."""

    uuid: ClassVar[UUID] = UUID("7ca72964-d95a-432d-92d3-65b5bad2be67")

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Refuse, wait or panic, as the first value says; fill the outputs unless it panics."""
        wish = parameters[0]
        if not isinstance(wish, ValueParameter) or wish.type is not ParamType.VALUE_INPUT:
            wish = ValueParameter(ParamType.VALUE_INPUT, 0, 0)
        if wish.b == _OPEN_PANIC:
            session.panic(wish.a)
        for slot, value in _of(ValueParameter, parameters, ParamType.VALUE_OUTPUT):
            value.a, value.b = _OPENED, slot
        for slot, memref in _of(MemrefParameter, parameters, ParamType.MEMREF_OUTPUT):
            _fill(slot, memref)
        if wish.b == _OPEN_WAIT:
            session.unmask_cancellation()
            session.wait(wish.a)
        elif wish.b == _OPEN_WAIT_MASKED:
            session.wait(wish.a)
        elif wish.b == _OPEN_COMPUTE:
            _compute(session, wish.a, parameters[1])
        elif wish.a:
            raise ResultError(wish.a)

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run one of the commands."""
        run = _COMMANDS.get(command_id)
        if run is None:
            raise ResultError(Result.NOT_SUPPORTED)
        run(session, parameters)


def _nothing(session: ClientSession, parameters: Parameters) -> None:
    pass


def _values(session: ClientSession, parameters: Parameters) -> None:
    if any(isinstance(parameter, MemrefParameter) for parameter in parameters):
        raise ResultError(Result.BAD_PARAMETERS)
    inputs = _of(ValueParameter, parameters, ParamType.VALUE_INPUT, ParamType.VALUE_INOUT)
    a = sum(value.a for _, value in inputs)
    b = sum(value.b for _, value in inputs)
    for slot, value in _of(ValueParameter, parameters, ParamType.VALUE_OUTPUT):
        value.a, value.b = (a + slot) & _UINT32, (b + slot) & _UINT32
    for _, value in _of(ValueParameter, parameters, ParamType.VALUE_INOUT):
        _invert(value)


def _xor(session: ClientSession, parameters: Parameters) -> None:
    for slot, memref in _of(MemrefParameter, parameters, ParamType.MEMREF_INOUT):
        if memref.buffer is not None:
            key = (0xA5 + slot) & 0xFF
            memref.buffer[:] = memref.buffer.tobytes().translate(bytes(b ^ key for b in range(256)))
            _touch_the_rest(memref)


def _fill_all(session: ClientSession, parameters: Parameters) -> None:
    outputs = _of(MemrefParameter, parameters, ParamType.MEMREF_OUTPUT, ParamType.MEMREF_INOUT)
    for slot, memref in outputs:
        _fill(slot, memref)


def _checksum(session: ClientSession, parameters: Parameters) -> None:
    inputs = _of(MemrefParameter, parameters, ParamType.MEMREF_INPUT, ParamType.MEMREF_INOUT)
    for _, memref in inputs:
        _touch_the_rest(memref)
    data = b"".join(memref.buffer.tobytes() for _, memref in inputs if memref.buffer is not None)
    checksum = sum(position * byte for position, byte in enumerate(data, 1)) & _UINT32
    for _, value in _of(ValueParameter, parameters, ParamType.VALUE_OUTPUT):
        value.a, value.b = checksum, len(data)


def _set_size(session: ClientSession, parameters: Parameters) -> NoReturn:
    wish = parameters[0]
    if not isinstance(wish, ValueParameter) or wish.type is not ParamType.VALUE_INPUT:
        raise ResultError(Result.BAD_PARAMETERS)
    outputs = _of(MemrefParameter, parameters, ParamType.MEMREF_OUTPUT, ParamType.MEMREF_INOUT)
    for _, memref in outputs:
        memref.size = wish.b
    for _, value in _of(ValueParameter, parameters, ParamType.VALUE_OUTPUT):
        value.a, value.b = 0x11111111, 0x22222222
    for _, value in _of(ValueParameter, parameters, ParamType.VALUE_INOUT):
        _invert(value)
    raise ResultError(wish.a)


def _wait(session: ClientSession, parameters: Parameters) -> None:
    time, flag = parameters[0], parameters[1]
    if not isinstance(time, ValueParameter) or time.type is not ParamType.VALUE_INPUT:
        raise ResultError(Result.BAD_PARAMETERS)
    if time.b == 1:
        session.unmask_cancellation()
    try:
        session.wait(time.a)
    finally:
        if isinstance(flag, ValueParameter) and flag.type is ParamType.VALUE_OUTPUT:
            flag.a, flag.b = int(session.get_cancellation_flag()), 0


def _compute(
    session: ClientSession, milliseconds: int, mark: ValueParameter | MemrefParameter | None
) -> None:
    """Take so long; with pauses, as the twin in C does not keep others from computing either."""
    if isinstance(mark, MemrefParameter) and mark.type is ParamType.MEMREF_INOUT and mark.buffer:
        mark.buffer[0] = 1
    end = time.monotonic() + milliseconds / 1000
    while not session.get_cancellation_flag():
        if (left := end - time.monotonic()) <= 0:
            return
        time.sleep(min(left, _PAUSE))
    raise ResultError(Result.CANCEL)


def _compute_for(session: ClientSession, parameters: Parameters) -> None:
    wish = parameters[0]
    if not isinstance(wish, ValueParameter) or wish.type is not ParamType.VALUE_INPUT:
        raise ResultError(Result.BAD_PARAMETERS)
    if wish.b == 1:
        session.unmask_cancellation()
    _compute(session, wish.a, parameters[1])


def _wait_and_xor(session: ClientSession, parameters: Parameters) -> None:
    wish = parameters[0]
    if not isinstance(wish, ValueParameter) or wish.type is not ParamType.VALUE_INPUT:
        raise ResultError(Result.BAD_PARAMETERS)
    session.wait(wish.a)
    _checksum(session, parameters)
    _xor(session, parameters)


def _fill_and_set_size(session: ClientSession, parameters: Parameters) -> NoReturn:
    _fill_all(session, parameters)
    _set_size(session, parameters)


def _panic(session: ClientSession, parameters: Parameters) -> NoReturn:
    code = parameters[0]
    given = isinstance(code, ValueParameter) and code.type is ParamType.VALUE_INPUT
    session.panic(code.a if given and isinstance(code, ValueParameter) else 0)


def _identity(session: ClientSession, parameters: Parameters) -> None:
    login, uuid, *others = parameters
    if (
        not isinstance(login, ValueParameter)
        or login.type is not ParamType.VALUE_OUTPUT
        or not isinstance(uuid, MemrefParameter)
        or uuid.type is not ParamType.MEMREF_OUTPUT
        or any(others)
    ):
        raise ResultError(Result.BAD_PARAMETERS)
    short = uuid.buffer is None or uuid.size < 16
    uuid.size = 16
    if short or uuid.buffer is None:
        raise ResultError(Result.SHORT_BUFFER)
    login.a = session.identity.login
    uuid.buffer[:16] = session.identity.uuid.bytes_le


def _look(session: ClientSession, parameters: Parameters) -> None:
    mask = types = 0
    for slot, parameter in enumerate(parameters):
        if parameter is None:
            continue
        types |= parameter.type << (4 * slot)
        if isinstance(parameter, MemrefParameter):
            seen = 1 | (parameter.buffer is not None) << 1 | (parameter.size != 0) << 2
            mask |= seen << (4 * slot)
    for _, value in _of(ValueParameter, parameters, ParamType.VALUE_OUTPUT):
        value.a, value.b = mask, types


_COMMANDS: dict[int, Callable[[ClientSession, Parameters], None]] = {
    Command.NOTHING: _nothing,
    Command.VALUES: _values,
    Command.MEMREF_XOR: _xor,
    Command.MEMREF_FILL: _fill_all,
    Command.MEMREF_CHECKSUM: _checksum,
    Command.SET_SIZE: _set_size,
    Command.WAIT: _wait,
    Command.PANIC: _panic,
    Command.IDENTITY: _identity,
    Command.MEMREF_LOOK: _look,
    Command.WAIT_AND_XOR: _wait_and_xor,
    Command.FILL_AND_SET_SIZE: _fill_and_set_size,
    Command.COMPUTE: _compute_for,
}
