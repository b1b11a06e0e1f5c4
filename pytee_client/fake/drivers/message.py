# SPDX-License-Identifier: BSD-2-Clause
"""What a driver and a Trusted Application tell each other in a call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..trusted_application import MemrefParameter, ValueParameter
from ..uapi import ParamType
from .driver import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..secure_world import Outcome
    from .driver import Param, SharedMemory

__all__ = ["CLIENT_PARAMS", "Message", "are_carried"]

CLIENT_PARAMS: Final = 4
_UINT32: Final = 0xFFFFFFFF
# Members of an enumeration take their time to be looked up.
_NONE: Final = ParamType.NONE
_LAST_CARRIED: Final = ParamType.MEMREF_INOUT


def are_carried(params: list[Param]) -> bool:
    """Return whether a message has words for the parameters: values and memrefs, without META."""
    for param in params:  # noqa: SIM110 - in every call, and a third of any()'s cost
        if param.meta or param.type > _LAST_CARRIED:
            return False
    return True


@dataclass(slots=True)
class _Span:
    """A part of shared memory; of the program's own the addresses count, and not the blocks."""

    memory: SharedMemory
    start: int
    end: int

    @classmethod
    def of(cls, param: Param) -> _Span:
        """Return what a memref means."""
        assert param.memory is not None
        start = param.memory.address + param.a
        return cls(param.memory, start, start + param.b)

    @property
    def pages(self) -> object:
        """What the addresses are in: the kernel's pages, or None for the program."""
        return self.memory.pages

    def contains(self, other: _Span) -> bool:
        """Return whether the other one is a part of this one."""
        return self.pages is other.pages and self.start <= other.start and other.end <= self.end

    def read(self) -> bytes:
        """Copy the bytes out."""
        return self.memory.read(self.start - self.memory.address, self.end - self.memory.address)

    def write(self, offset: int, data: bytes) -> None:
        """Copy bytes in, from an offset on."""
        self.memory.write(self.start - self.memory.address + offset, data)


def _joined(spans: Iterable[_Span]) -> list[_Span]:
    """Join those that overlap, of sorted ones."""
    joined: list[_Span] = []
    for span in spans:
        last = joined[-1] if joined else span
        if last is not span and last.pages is span.pages and span.start < last.end:
            last.end = max(last.end, span.end)
        else:
            joined.append(span)
    return joined


class Message:
    """The parameters of a call as the Trusted Application gets them, and back.

    It gets copies: a view of the program's memory that it kept would outlive it. Slots
    that overlap in memory still see each other's bytes, and what the program
    writes meanwhile stays, but where the application writes too.

    Attributes:
        parameters: what the Trusted Application gets.
        memrefs: how many of the parameters refer to memory.
    """

    def __init__(self, params: list[Param]) -> None:
        self._params = params
        self._copies: list[tuple[_Span, bytes, memoryview]] = []
        spans = [_Span.of(param) for param in params if param.memory is not None]
        self.memrefs = len(spans)
        if spans:
            spans.sort(key=lambda span: (id(span.pages), span.start))
            for span in _joined(spans):
                before = span.read()
                self._copies.append((span, before, memoryview(bytearray(before))))
        given = [self._parameter_of(param) for param in params]
        self.parameters = given + [None] * (CLIENT_PARAMS - len(given))

    def _parameter_of(self, param: Param) -> ValueParameter | MemrefParameter | None:
        if param.type is _NONE:
            return None
        if not param.type.is_memref:
            return ValueParameter(param.type, param.a & _UINT32, param.b & _UINT32)
        if param.memory is None:
            return MemrefParameter(param.type, None, 0)
        view = self._bytes_of(param)
        if not param.type.is_output:
            view = view.toreadonly()
        return MemrefParameter(param.type, view, param.b)

    def _bytes_of(self, param: Param) -> memoryview:
        wanted = _Span.of(param)
        for span, _, copy in self._copies:
            if span.contains(wanted):
                return copy[wanted.start - span.start : wanted.end - span.start]
        raise AssertionError("every memref has been copied")

    def finish(self, outcome: Outcome) -> Reply:
        """Update the client's parameters, whatever the outcome, and return it."""
        for param, parameter in zip(self._params, self.parameters, strict=False):
            if not param.type.is_output:
                continue
            if isinstance(parameter, ValueParameter):
                param.a, param.b = parameter.a & _UINT32, parameter.b & _UINT32
            elif isinstance(parameter, MemrefParameter):
                param.b = parameter.size
        for span, before, copy in self._copies:
            after = copy.tobytes()
            for first, beyond in _changes(before, after):
                span.write(first, after[first:beyond])
        return Reply(outcome.result, outcome.origin, outcome.session, outcome.cause)


def _changes(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the bytes differ: the first, and the one beyond the last."""
    if before != after:
        difference = int.from_bytes(before, "little") ^ int.from_bytes(after, "little")
        for run in re.finditer(rb"[^\0]+", difference.to_bytes(len(before), "little")):
            yield run.span()
