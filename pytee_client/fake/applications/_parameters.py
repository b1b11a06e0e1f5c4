# SPDX-License-Identifier: BSD-2-Clause
"""How an application that takes one set of parameter types checks and names them."""

from __future__ import annotations

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import MemrefParameter, Parameters, ValueParameter
from ..secure_world.results import PanicError, ResultError

_SLOTS = 4


def expect(parameters: Parameters, *types: ParamType) -> None:
    """Refuse parameters that are not of these types, slot by slot, and no more."""
    given = [ParamType.NONE if parameter is None else parameter.type for parameter in parameters]
    if given != [*types, *[ParamType.NONE] * (_SLOTS - len(types))]:
        raise ResultError(Result.BAD_PARAMETERS)


def value(parameters: Parameters, slot: int) -> ValueParameter:
    """Return the value in a slot."""
    parameter = parameters[slot]
    assert isinstance(parameter, ValueParameter)
    return parameter


def memref(parameters: Parameters, slot: int) -> MemrefParameter:
    """Return the memory reference in a slot."""
    parameter = parameters[slot]
    assert isinstance(parameter, MemrefParameter)
    return parameter


def content(parameters: Parameters, slot: int) -> bytes:
    """Return a copy of the bytes in a slot, of which a null reference has none.

    Raises:
        PanicError: not all of them are mapped, see MemrefParameter.
    """
    parameter = memref(parameters, slot)
    if parameter.buffer is None:
        return b""
    if len(parameter.buffer) < parameter.size:
        raise PanicError(Result.ACCESS_DENIED)
    return parameter.buffer.tobytes()


def put(parameters: Parameters, slot: int, data: bytes) -> None:
    """Answer with data in a slot, or with how much room it needs."""
    parameter = memref(parameters, slot)
    room = 0 if parameter.buffer is None else parameter.size
    parameter.size = len(data)
    if room < len(data):
        raise ResultError(Result.SHORT_BUFFER)
    if parameter.buffer is not None:
        parameter.buffer[: len(data)] = data
