# SPDX-License-Identifier: BSD-2-Clause
"""Helpers to check the parameters of an operation, and to access one of them."""

from __future__ import annotations

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import MemrefParameter, Parameters, ValueParameter
from ..secure_world.results import PanicError, ResultError

_SLOTS = 4


def expect(parameters: Parameters, *types: ParamType) -> None:
    """Check that the parameters are of these types, in order, and that no others are used.

    Raises:
        ResultError: BAD_PARAMETERS.
    """
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
    """Return a copy of the bytes in a slot; empty for a null reference.

    Raises:
        PanicError: not all bytes are mapped; see MemrefParameter.
    """
    parameter = memref(parameters, slot)
    if parameter.buffer is None:
        return b""
    if len(parameter.buffer) < parameter.size:
        raise PanicError(Result.ACCESS_DENIED)
    return parameter.buffer.tobytes()


def put(parameters: Parameters, slot: int, data: bytes) -> None:
    """Write data to an output, or its size and SHORT_BUFFER if the output is too small."""
    parameter = memref(parameters, slot)
    room = 0 if parameter.buffer is None else parameter.size
    parameter.size = len(data)
    if room < len(data):
        raise ResultError(Result.SHORT_BUFFER)
    if parameter.buffer is not None:
        parameter.buffer[: len(data)] = data
