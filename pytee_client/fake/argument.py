# SPDX-License-Identifier: BSD-2-Clause
"""The arguments of requests in the program's memory: read, checked, and written back to."""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING, Protocol

from .._boundary import copy_from_user, copy_to_user
from . import uapi
from .drivers.driver import Param

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .drivers.driver import SharedMemory, TeeContext

__all__ = ["END_OF_ADDRESSES", "Call", "MemoryTable", "check_user_range", "read"]

# Beyond this all agree that there are none; how many there are is the processor's business.
END_OF_ADDRESSES = 1 << 63


class MemoryTable(Protocol):
    """What the reading of arguments asks of the kernel's core.

    Attributes:
        max_argument: how long an argument with parameters may be, in bytes.
        knows_buffers_and_objects: whether user buffers and objects are parameters.
    """

    max_argument: int
    knows_buffers_and_objects: bool

    def find_memory(self, context: TeeContext, number: int) -> SharedMemory:
        """Return, with a reference, the memory that a memref names."""

    def put_memory(self, memory: SharedMemory) -> None:
        """Drop a reference; the last takes the memory with it."""


def check_user_range(address: int, length: int) -> None:
    """Refuse addresses that no program has."""
    if address + length >= END_OF_ADDRESSES:
        raise OSError(errno.EFAULT, "not the process's addresses")


def read(layout: struct.Struct, address: int) -> tuple[int, ...]:
    """Read a structure of the program's."""
    return layout.unpack(copy_from_user(address, layout.size))


def _parse(memory_table: MemoryTable, context: TeeContext, raw: tuple[int, ...]) -> Param:
    attr, a, b, c = raw
    if attr & ~uapi.KNOWN_ATTR_BITS:
        raise OSError(errno.EINVAL, "unknown attributes")
    try:
        kind = uapi.ParamType(attr & 0xFF)
    except ValueError:
        raise OSError(errno.EINVAL, "unknown parameter type") from None
    if not memory_table.knows_buffers_and_objects and kind > uapi.ParamType.MEMREF_INOUT:
        raise OSError(errno.EINVAL, "a parameter type of later kernels")
    meta = bool(attr & uapi.META)
    if kind.is_buffer:
        check_user_range(a, b)
        return Param(kind, meta, a, b)
    if not kind.is_memref:
        return Param(kind, meta, a, b, c) if kind.is_input else Param(kind, meta)
    if c == uapi.TEE_MEMREF_NULL:
        if not context.device.driver.carries_null_memref(context.device):
            raise OSError(errno.EINVAL, "null memory references are not known")
        return Param(kind, meta, a, b)
    memory = memory_table.find_memory(context, c)
    if a + b > memory.size:
        memory_table.put_memory(memory)
        raise OSError(errno.EINVAL, "beyond the memory")
    return Param(kind, meta, a, b, memory=memory)


class Call:
    """The argument of a request with parameters, which it holds the memory of.

    Attributes:
        header: the fields before the parameters.
        params: the parameters.
    """

    def __init__(
        self,
        memory_table: MemoryTable,
        context: TeeContext,
        argument: int,
        layout: struct.Struct,
    ) -> None:
        self._memory_table = memory_table
        self._base, length = read(uapi.BUF_DATA, argument)
        if not layout.size <= length <= memory_table.max_argument:
            raise OSError(errno.EINVAL, "no such argument")
        self.header = layout.unpack(copy_from_user(self._base, layout.size))
        count = self.header[-1]
        if layout.size + count * uapi.PARAM.size != length:
            raise OSError(errno.EINVAL, "not the length of so many parameters")
        self._params_at = self._base + layout.size
        self.params: list[Param] = []
        try:
            for index in range(count):
                fields = read(uapi.PARAM, self._params_at + index * uapi.PARAM.size)
                self.params.append(_parse(memory_table, context, fields))
        except BaseException:
            self._put()
            raise

    def write_back(self, offset: int, result: bytes) -> None:
        """Write the results, and what the outputs became."""
        copy_to_user(self._base + offset, result)
        for address, data in self._outputs():
            copy_to_user(address, data)

    def _outputs(self) -> Iterator[tuple[int, bytes]]:
        for index, param in enumerate(self.params):
            if param.meta or not param.type.is_output:
                continue
            address = self._params_at + index * uapi.PARAM.size
            if param.type.is_memref or param.type.is_buffer:
                yield address + 16, struct.pack("=Q", param.b)
            elif param.type.is_object:
                yield address + 8, struct.pack("=QQ", param.a, param.b)
            else:
                yield address + 8, struct.pack("=QQQ", param.a, param.b, param.c)

    def _put(self) -> None:
        for param in self.params:
            if param.memory is not None:
                self._memory_table.put_memory(param.memory)

    def __enter__(self) -> Call:
        return self

    def __exit__(self, *error: object) -> None:
        self._put()
