# SPDX-License-Identifier: BSD-2-Clause
"""Messages between a driver and its TEE: the parameters of an operation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..._boundary import WorkingCopy
from ...kernels.uapi import ParamType
from ..secure_world.parameters import (
    MemrefParameter,
    Parameter,
    Parameters,
    ValueParameter,
)
from ..structures import NO_PARAM, Param, SharedMemory

__all__ = ["CLIENT_PARAMS", "Message", "are_carried"]

CLIENT_PARAMS: Final = 4
_UINT32: Final = 0xFFFFFFFF
# Looking up a member of an enumeration is slow.
_NONE: Final = ParamType.NONE
_LAST_CARRIED: Final = ParamType.MEMREF_INOUT


def are_carried(params: list[Param]) -> bool:
    """Return whether a message can carry the parameters: values and memrefs without META."""
    for param in params:
        if param is not NO_PARAM and (param.meta or param.type > _LAST_CARRIED):
            return False
    return True


@dataclass(slots=True)
class _Span:
    """A range of shared memory. Memory of the program is compared by address, not by block."""

    memory: SharedMemory
    start: int
    end: int
    is_output: bool

    @classmethod
    def of(cls, param: Param) -> _Span:
        """Return the range of a memref."""
        assert param.memory is not None
        start = param.memory.address + param.a
        return cls(param.memory, start, start + param.b, param.type.is_output)

    @property
    def pages(self) -> object:
        """The memory that the addresses belong to: pages of the kernel, or None for the program."""
        return self.memory.pages

    def contains(self, other: _Span) -> bool:
        """Return whether another range is a part of this one."""
        return self.pages is other.pages and self.start <= other.start and other.end <= self.end

    def copy(self) -> WorkingCopy:
        """Copy the bytes out, and keep their address for those that change."""
        address = self.memory.address_of(self.start - self.memory.address)
        return WorkingCopy(address, self.end - self.start, writable=self.is_output)


def _joined(spans: Iterable[_Span]) -> list[_Span]:
    """Join sorted ranges that overlap."""
    joined: list[_Span] = []
    for span in spans:
        last = joined[-1] if joined else span
        if last is not span and last.pages is span.pages and span.start < last.end:
            last.end = max(last.end, span.end)
            last.is_output |= span.is_output
        else:
            joined.append(span)
    return joined


class Message:
    """Convert the parameters of an operation for a Trusted Application, and back.

    The application gets copies of the memory, as a view that it keeps could outlive the
    memory. Slots that overlap in memory share one copy. At the end only the bytes that the
    application changed are written, so that what the program wrote meanwhile stays.

    Attributes:
        parameters: the parameters for the Trusted Application.
        memrefs: how many parameters refer to memory.
    """

    def __init__(self, params: list[Param]) -> None:
        self._copies: list[tuple[_Span, WorkingCopy]] = []
        self._outputs: list[tuple[Param, ValueParameter | MemrefParameter]] = []
        parameters: list[Parameter] = []
        memrefs: list[tuple[Param, MemrefParameter]] = []
        for param in params:
            kind = param.type
            if kind is _NONE:
                parameters.append(None)
                continue
            parameter: ValueParameter | MemrefParameter
            if not kind.is_memref:
                parameter = ValueParameter(kind, param.a & _UINT32, param.b & _UINT32)
            else:
                parameter = MemrefParameter(kind, None)
                if param.memory is not None:
                    memrefs.append((param, parameter))
            parameters.append(parameter)
            if kind.is_output:
                self._outputs.append((param, parameter))
        parameters += [None] * (CLIENT_PARAMS - len(parameters))
        self.parameters: Parameters = Parameters(parameters)
        self.memrefs: int = len(memrefs)
        if memrefs:
            self._copy(memrefs)

    def _copy(self, memrefs: list[tuple[Param, MemrefParameter]]) -> None:
        """Give the memrefs copies of their memory."""
        spans = [_Span.of(param) for param, _ in memrefs]
        spans.sort(key=lambda span: (id(span.pages), span.start))
        for span in _joined(spans):
            self._copies.append((span, span.copy()))
        for param, parameter in memrefs:
            view = self._bytes_of(param)
            parameter._map(view if param.type.is_output else view.toreadonly(), param.b)

    def _bytes_of(self, param: Param) -> memoryview:
        wanted = _Span.of(param)
        for span, copy in self._copies:
            # An empty output can also lie in the copy of an input, which is read-only.
            if span.contains(wanted) and span.is_output >= wanted.is_output:
                return copy.view[wanted.start - span.start : wanted.end - span.start]
        raise AssertionError("every memref has been copied")

    def finish(self) -> None:
        """Write the outputs to the parameters and the memory of the client."""
        for param, parameter in self._outputs:
            if isinstance(parameter, ValueParameter):
                param.a, param.b = parameter.a, parameter.b
            else:
                param.b = parameter.size
        for _, copy in self._copies:
            copy.write_changes()
