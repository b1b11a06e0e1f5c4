# SPDX-License-Identifier: BSD-2-Clause
"""Parameters that can be declared as they are: blocks of shared memory, and parts of them."""

from __future__ import annotations

from typing import Any

from .._declarations.slots import RAW_KINDS, Direction, RawKind
from ..kernels.uapi import ParamType
from ..memory import (
    AllocatedSharedMemory,
    DescriptorSharedMemory,
    RegisteredSharedMemory,
    SharedMemory,
)
from ..parameters import (
    MemrefPartialInOut,
    MemrefPartialInput,
    MemrefPartialOutput,
    MemrefTempInOut,
    MemrefTempInput,
    MemrefTempOutput,
    MemrefWhole,
    ValueInOut,
    ValueInput,
    ValueOutput,
)

_ALL = frozenset(Direction)


def _register(python: type[Any], direction: Direction, type: ParamType) -> None:
    RAW_KINDS[python] = RawKind(python, frozenset({direction}), type)


# The directions of a block are its own.
for _block in (
    SharedMemory,
    AllocatedSharedMemory,
    DescriptorSharedMemory,
    RegisteredSharedMemory,
    MemrefWhole,
):
    RAW_KINDS[_block] = RawKind(_block, _ALL, None)
_register(ValueInput, Direction.INPUT, ParamType.VALUE_INPUT)
_register(ValueOutput, Direction.OUTPUT, ParamType.VALUE_OUTPUT)
_register(ValueInOut, Direction.INOUT, ParamType.VALUE_INOUT)
for _input in (MemrefTempInput, MemrefPartialInput):
    _register(_input, Direction.INPUT, ParamType.MEMREF_INPUT)
for _output in (MemrefTempOutput, MemrefPartialOutput):
    _register(_output, Direction.OUTPUT, ParamType.MEMREF_OUTPUT)
for _both in (MemrefTempInOut, MemrefPartialInOut):
    _register(_both, Direction.INOUT, ParamType.MEMREF_INOUT)
