# SPDX-License-Identifier: BSD-2-Clause
"""What a driver and a Trusted Application tell each other in a call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..trusted_application import MemrefParameter, ValueParameter
from ..uapi import ParamType
from .driver import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..secure_world import Outcome
    from .driver import Param, SharedMemory

__all__ = ["CLIENT_PARAMS", "Message", "are_carried"]

CLIENT_PARAMS: Final = 4
_UINT32: Final = 0xFFFFFFFF


def are_carried(params: list[Param]) -> bool:
    """Return whether a message has words for the parameters: values and memrefs, without META."""
    return not any(p.meta or p.type.is_buffer or p.type.is_object for p in params)


class Message:
    """The parameters of a call as the Trusted Application gets them, and back.

    It gets copies: a view of the program's memory that it kept would outlive it. Slots
    that overlap in one block of memory still see each other's bytes, and what the program
    writes meanwhile stays, but where the application writes too.
    """

    def __init__(self, params: list[Param]) -> None:
        self._params = params
        self._copies: dict[SharedMemory, tuple[int, bytes, memoryview]] = {}
        for memory in {param.memory for param in params if param.memory is not None}:
            used = [param for param in params if param.memory is memory]
            start = min(param.a for param in used)
            end = max(param.a + param.b for param in used)
            before = memory.read(start, end)
            self._copies[memory] = start, before, memoryview(bytearray(before))
        given = [self._parameter_of(param) for param in params]
        self.parameters = given + [None] * (CLIENT_PARAMS - len(given))

    def _parameter_of(self, param: Param) -> ValueParameter | MemrefParameter | None:
        if param.type is ParamType.NONE:
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
        assert param.memory is not None
        start, _, copy = self._copies[param.memory]
        return copy[param.a - start : param.a - start + param.b]

    def finish(self, outcome: Outcome) -> Reply:
        """Update the client's parameters, whatever the outcome, and return it."""
        for param, parameter in zip(self._params, self.parameters, strict=False):
            if not param.type.is_output:
                continue
            if isinstance(parameter, ValueParameter):
                param.a, param.b = parameter.a & _UINT32, parameter.b & _UINT32
            elif isinstance(parameter, MemrefParameter):
                param.b = parameter.size
        for memory, (start, before, copy) in self._copies.items():
            after = copy.tobytes()
            for first, beyond in _changes(before, after):
                memory.write(start + first, after[first:beyond])
        return Reply(outcome.result, outcome.origin, outcome.session, outcome.cause)


def _changes(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the bytes differ: the first, and the one beyond the last."""
    if before != after:
        difference = int.from_bytes(before, "little") ^ int.from_bytes(after, "little")
        for run in re.finditer(rb"[^\0]+", difference.to_bytes(len(before), "little")):
            yield run.span()
