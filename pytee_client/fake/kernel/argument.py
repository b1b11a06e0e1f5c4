# SPDX-License-Identifier: BSD-2-Clause
"""The arguments of requests in the program's memory: read, checked, and written back to."""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..._boundary import copy_buffer_from_user, copy_from_user, copy_to_user
from ...kernels import uapi
from ..drivers.driver import NO_PARAM, Param

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..drivers.driver import SharedMemory, TeeContext
    from .release import LinuxRelease

__all__ = ["END_OF_ADDRESSES", "Call", "MemoryTable", "check_user_range", "is_known", "read"]

# Beyond this all agree that there are none; how many there are is the processor's business.
END_OF_ADDRESSES: Final = 1 << 63


class MemoryTable(Protocol):
    """What the reading of arguments asks of the kernel's core.

    Attributes:
        release: the release of Linux, which says how long an argument with parameters may
            be, and which types of parameters there are.
    """

    release: LinuxRelease

    def find_memory(self, context: TeeContext, number: int) -> SharedMemory:
        """Return, with a reference, the memory that a memref names."""
        ...

    def put_memory(self, memory: SharedMemory) -> None:
        """Drop a reference; the last takes the memory with it."""


def check_user_range(address: int, length: int) -> None:
    """Refuse addresses that no program has."""
    if address + length >= END_OF_ADDRESSES:
        raise OSError(errno.EFAULT, "not the process's addresses")


def is_known(kind: uapi.ParamType, release: LinuxRelease) -> bool:
    """Return whether a release knows a type of parameter."""
    if kind.is_buffer:
        return release.has_user_buffers
    return release.has_object_parameters or not kind.is_object


def read(layout: struct.Struct, address: int) -> tuple[int, ...]:
    """Read a structure of the program's."""
    return layout.unpack(copy_from_user(address, layout.size))


_BUF_DATA: Final = uapi.BUF_DATA
_BUFFER_AT: Final = _BUF_DATA.size
_PARAM: Final = uapi.PARAM
_PARAM_SIZE: Final = _PARAM.size
# What of a parameter is written back, from its b or its a on.
_SIZE: Final = struct.Struct("=Q")
_OBJECT: Final = struct.Struct("=QQ")
_VALUE: Final = struct.Struct("=QQQ")
# Members of an enumeration take their time to be looked up.
_LAST_OF_ALL_RELEASES: Final = uapi.ParamType.MEMREF_INOUT
# By attr: the type, and whether it carries META.
_KINDS: Final = {
    kind | meta: (kind, bool(meta)) for kind in uapi.ParamType for meta in (0, uapi.META)
}


def _parse(
    memory_table: MemoryTable, context: TeeContext, attr: int, a: int, b: int, c: int
) -> Param:
    known = _KINDS.get(attr)
    if known is None:
        raise OSError(errno.EINVAL, "no such parameter type, or unknown attributes")
    kind, meta = known
    if kind.is_value:
        return Param(kind, meta, a, b, c) if kind.is_input else Param(kind, meta)
    if not kind.is_memref:
        if kind > _LAST_OF_ALL_RELEASES and not is_known(kind, memory_table.release):
            raise OSError(errno.EINVAL, "a parameter type of other releases")
        if kind.is_buffer:
            check_user_range(a, b)
            return Param(kind, meta, a, b)
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
        longest = memory_table.release.max_argument_size
        copy = copy_buffer_from_user(argument, longest)
        base, length = _BUF_DATA.unpack_from(copy)
        size = layout.size
        if not size <= length <= longest:
            raise OSError(errno.EINVAL, "no such argument")
        is_whole = len(copy) > _BUFFER_AT
        self._base = base
        self._params_at = params_at = base + size
        self.header: tuple[Any, ...] = (
            layout.unpack_from(copy, _BUFFER_AT) if is_whole else read(layout, base)
        )
        if size + self.header[-1] * _PARAM_SIZE != length:
            raise OSError(errno.EINVAL, "not the length of so many parameters")
        params: list[Param] = []
        self.params = params
        self._outputs: list[tuple[int, Param]] = []
        self._memory: list[SharedMemory] = []
        try:
            for attr, a, b, c in (
                _PARAM.iter_unpack(copy[_BUFFER_AT + size :]) if is_whole else self._one_by_one()
            ):
                if not attr:
                    params.append(NO_PARAM)
                    continue
                param = _parse(memory_table, context, attr, a, b, c)
                if param.memory is not None:
                    self._memory.append(param.memory)
                if param.type.is_output and not param.meta:
                    self._outputs.append((params_at + len(params) * _PARAM_SIZE, param))
                params.append(param)
        except BaseException:
            self.put()
            raise

    def _one_by_one(self) -> Iterator[tuple[int, ...]]:
        """Read the parameters as Linux does, which finds fault with one before it reads on."""
        for index in range(self.header[-1]):
            yield read(_PARAM, self._params_at + index * _PARAM_SIZE)

    def write_back(self, offset: int, result: bytes) -> None:
        """Write the results, and what the outputs became."""
        copy_to_user(self._base + offset, result)
        for address, param in self._outputs:
            kind = param.type
            if kind.is_value:
                copy_to_user(address + 8, _VALUE.pack(param.a, param.b, param.c))
            elif kind.is_object:
                copy_to_user(address + 8, _OBJECT.pack(param.a, param.b))
            else:
                copy_to_user(address + 16, _SIZE.pack(param.b))

    def put(self) -> None:
        """Let go of the memory, as the end of a with statement does."""
        for memory in self._memory:
            self._memory_table.put_memory(memory)

    def __enter__(self) -> Call:
        return self

    def __exit__(self, *error: object) -> None:
        self.put()
