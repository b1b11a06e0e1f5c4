# SPDX-License-Identifier: BSD-2-Clause
"""Arguments of requests: reading and checking them, and writing the results back."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator
from typing import Any, Final

from ..._boundary import copy_buffer_from_user, copy_from_user, copy_to_user
from ...kernels import uapi
from ..structures import NO_PARAM, Core, Param, SharedMemory, TeeContext
from .release import LinuxRelease

__all__ = ["END_OF_ADDRESSES", "RequestArgument", "check_user_range", "is_known", "read_structure"]

# No processor gives a program addresses beyond this one.
END_OF_ADDRESSES: Final = 1 << 63


def check_user_range(address: int, length: int) -> None:
    """Refuse a range that no program can have."""
    if address + length >= END_OF_ADDRESSES:
        raise OSError(errno.EFAULT, "no program has these addresses")


def is_known(kind: uapi.ParamType, release: LinuxRelease) -> bool:
    """Return whether a release knows a type of parameter."""
    if kind.is_buffer:
        return release.has_user_buffers
    return release.has_object_parameters or not kind.is_object


def read_structure(layout: struct.Struct, address: int) -> tuple[int, ...]:
    """Read a structure from the program."""
    return layout.unpack(copy_from_user(address, layout.size))


_BUF_DATA: Final = uapi.BUF_DATA
_BUFFER_AT: Final = _BUF_DATA.size
_PARAM: Final = uapi.PARAM
_PARAM_SIZE: Final = _PARAM.size
_A_OFFSET: Final = uapi.PARAM_A_OFFSET
_B_OFFSET: Final = uapi.PARAM_B_OFFSET
_VALUES: Final = uapi.PARAM_VALUES
_OBJECT: Final = uapi.PARAM_OBJECT
_SIZE: Final = uapi.PARAM_SIZE
# Looking up a member of an enumeration is slow.
_LAST_OF_ALL_RELEASES: Final = uapi.ParamType.MEMREF_INOUT
# By attr: the type, and whether it carries META.
_KINDS: Final = {
    kind | meta: (kind, bool(meta)) for kind in uapi.ParamType for meta in (0, uapi.META)
}


def _parse(core: Core, context: TeeContext, attr: int, a: int, b: int, c: int) -> Param:
    known = _KINDS.get(attr)
    if known is None:
        raise OSError(errno.EINVAL, "unknown type or attributes of a parameter")
    kind, meta = known
    if kind.is_value:
        return Param(kind, meta, a, b, c) if kind.is_input else Param(kind, meta)
    if not kind.is_memref:
        if kind > _LAST_OF_ALL_RELEASES and not is_known(kind, core.release):
            raise OSError(errno.EINVAL, "this release lacks this type of parameter")
        if kind.is_buffer:
            check_user_range(a, b)
            return Param(kind, meta, a, b)
        return Param(kind, meta, a, b, c) if kind.is_input else Param(kind, meta)
    if c == uapi.TEE_MEMREF_NULL:
        if not context.device.driver.carries_null_memref(context.device):
            raise OSError(errno.EINVAL, "the device does not support null memory references")
        return Param(kind, meta, a, b)
    memory = core.find_memory(context, c)
    if a + b > memory.size:
        core.put_memory(memory)
        raise OSError(errno.EINVAL, "the memory reference exceeds the memory")
    return Param(kind, meta, a, b, memory=memory)


class RequestArgument:
    """The argument of a request with parameters. It holds their memory.

    Attributes:
        header: the fields of the structure before the parameters.
        params: the parameters.
    """

    def __init__(
        self,
        core: Core,
        context: TeeContext,
        argument: int,
        layout: struct.Struct,
    ) -> None:
        self._core = core
        longest = core.release.max_argument_size
        copy = copy_buffer_from_user(argument, longest)
        base, length = _BUF_DATA.unpack_from(copy)
        size = layout.size
        if not size <= length <= longest:
            raise OSError(errno.EINVAL, "no such argument")
        is_whole = len(copy) > _BUFFER_AT
        self._base = base
        self._params_at = params_at = base + size
        self.header: tuple[Any, ...] = (
            layout.unpack_from(copy, _BUFFER_AT) if is_whole else read_structure(layout, base)
        )
        if size + self.header[-1] * _PARAM_SIZE != length:
            raise OSError(errno.EINVAL, "the length does not fit the number of parameters")
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
                param = _parse(core, context, attr, a, b, c)
                if param.memory is not None:
                    self._memory.append(param.memory)
                if param.type.is_output and not param.meta:
                    self._outputs.append((params_at + len(params) * _PARAM_SIZE, param))
                params.append(param)
        except BaseException:
            self.put_memory()
            raise

    def _one_by_one(self) -> Iterator[tuple[int, ...]]:
        """Read the parameters one by one: Linux checks each before it reads the next."""
        for index in range(self.header[-1]):
            yield read_structure(_PARAM, self._params_at + index * _PARAM_SIZE)

    def write_back(self, offset: int, result: bytes) -> None:
        """Write the results and the outputs to the program."""
        copy_to_user(self._base + offset, result)
        for address, param in self._outputs:
            kind = param.type
            if kind.is_value:
                copy_to_user(
                    address + uapi.PARAM_A_OFFSET, uapi.PARAM_VALUES.pack(param.a, param.b, param.c)
                )
            elif kind.is_object:
                copy_to_user(
                    address + uapi.PARAM_A_OFFSET, uapi.PARAM_OBJECT.pack(param.a, param.b)
                )
            else:
                copy_to_user(address + uapi.PARAM_B_OFFSET, uapi.PARAM_SIZE.pack(param.b))

    def put_memory(self) -> None:
        """Release the memory of the parameters, as the end of a with statement does."""
        for memory in self._memory:
            self._core.put_memory(memory)

    def __enter__(self) -> RequestArgument:
        return self

    def __exit__(self, *error: object) -> None:
        self.put_memory()
