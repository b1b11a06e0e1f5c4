# SPDX-License-Identifier: BSD-2-Clause
"""The arguments of the requests that a supplicant makes."""

from __future__ import annotations

import errno
from typing import final

from ..._boundary import copy_to_user
from ...kernels import uapi
from ..structures import Core, Param, TeeContext
from .argument import RequestArgument, check_user_range, is_known, read_structure

__all__ = ["ReceiveArgument", "read_answer"]


@final
class ReceiveArgument(RequestArgument):
    """The argument of TEE_IOC_SUPPL_RECV (struct tee_iocl_supp_recv_arg).

    Its parameters are checked like those of any other request.
    """

    def __init__(self, core: Core, context: TeeContext, argument: int) -> None:
        super().__init__(core, context, argument, uapi.SUPPL_RECV_ARG)

    def deliver(self, func: int, params: list[Param]) -> None:
        """Write a request to the supplicant: its function and its parameters."""
        copy_to_user(self._base, uapi.SUPPL_RECV_ARG.pack(func, len(params)))
        for index, param in enumerate(params):
            copy_to_user(self._params_at + index * uapi.PARAM.size, _packed(param))


def _packed(param: Param) -> bytes:
    attr = param.type | (uapi.META if param.meta else 0)
    if param.type.is_memref:
        memory = param.memory
        offset, number = (0, uapi.TEE_MEMREF_NULL) if memory is None else (param.a, memory.id)
        return uapi.PARAM.pack(attr, offset, param.b, number)
    if param.type.is_buffer:
        return uapi.PARAM.pack(attr, param.a, param.b, 0)
    if not param.type.is_input:
        return uapi.PARAM.pack(attr, 0, 0, 0)
    return uapi.PARAM.pack(attr, param.a, param.b, 0 if param.type.is_object else param.c)


def read_answer(core: Core, argument: int) -> tuple[int, list[Param]]:
    """Read the argument of TEE_IOC_SUPPL_SEND (struct tee_iocl_supp_send_arg).

    Returns:
        The result, and the parameters with only the fields that an answer can set: of a
        memref that is the size. A type that the release lacks counts as NONE.
    """
    base, length = read_structure(uapi.BUF_DATA, argument)
    size = uapi.SUPPL_SEND_ARG.size
    if not size <= length <= core.release.max_argument_size:
        raise OSError(errno.EINVAL, "the argument is too short or too long")
    ret, count = read_structure(uapi.SUPPL_SEND_ARG, base)
    # Only here may the buffer be longer than the parameters.
    if size + count * uapi.PARAM.size > length:
        raise OSError(errno.EINVAL, "the buffer is too short for the parameters")
    places = range(base + size, base + size + count * uapi.PARAM.size, uapi.PARAM.size)
    return ret, [_answered(core, read_structure(uapi.PARAM, place)) for place in places]


def _answered(core: Core, raw: tuple[int, ...]) -> Param:
    attr, a, b, c = raw
    if attr & ~uapi.KNOWN_ATTR_BITS:
        raise OSError(errno.EINVAL, "unknown attributes of a parameter")
    meta = bool(attr & uapi.META)
    try:
        kind = uapi.ParamType(attr & 0xFF)
    except ValueError:
        return Param(uapi.ParamType.NONE, meta)
    if not is_known(kind, core.release):
        return Param(uapi.ParamType.NONE, meta)
    if not kind.is_output:
        return Param(kind, meta)
    if kind.is_memref:
        return Param(kind, meta, b=b)
    if kind.is_buffer:
        check_user_range(a, b)
        return Param(kind, meta, a, b)
    return Param(kind, meta, a, b, 0 if kind.is_object else c)
