# SPDX-License-Identifier: BSD-2-Clause
"""Ioctls in words and numbers, as traces have them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from .._boundary import copy_from_user
from ..kernels import SystemCall, uapi
from .layout import LAYOUTS, TYPES, ParamLayout, attr_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..kernels import ObservedCall
    from .blocks import Blocks

__all__ = ["Description", "Scope", "describe_argument", "describe_result", "locate"]

Description: TypeAlias = dict[str, Any]
_Param: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Scope:
    """How much of a call is described.

    Attributes:
        payloads: whether the contents of memory are.
        values: whether the numbers of value parameters are.
        read_block: reads of a block that can't be read where the program has it: of which
            file, from where, how much.
    """

    payloads: bool
    values: bool
    read_block: Callable[[int, int, int], bytes] | None = None


def describe_argument(call: ObservedCall, file: int, blocks: Blocks, scope: Scope) -> Description:
    """Describe what an ioctl asks; file is the number of what it is made on."""
    description: Description = {"file": file}
    layout = LAYOUTS.get(call.call)
    if layout is None:
        return {**description, "request": hex(call.request)}
    if not call.argument:
        return {**description, "unreadable": True}
    data = call.argument
    if call.call.header_size:
        data = call.buffer
        description["buf_len"] = call.buffer_length
    description |= layout.unpack(data, layout.inputs)
    if call.params:
        params = (_describe_input(call.call, param, scope) for param in call.params)
        description["params"] = [
            _with_data(described, param, file, blocks, scope, wanted)
            for (described, wanted), param in zip(params, call.params, strict=True)
        ]
    return description


def describe_result(call: ObservedCall, file: int, blocks: Blocks, scope: Scope) -> Description:
    """Describe what an ioctl that has succeeded wrote back."""
    layout = LAYOUTS.get(call.call)
    # Looked at anew: now it is what has been written back.
    after = type(call).of_ioctl(call.fd, call.request, call.address)
    data = after.buffer if call.call.header_size else after.argument
    if layout is None or not data:
        return {}
    description: Description = dict(layout.unpack(data, layout.outputs))
    params = after.params
    if call.call is SystemCall.SUPPL_RECV:
        params = params[: description["num_params"]]
    if params and call.call is not SystemCall.SUPPL_SEND:
        given = call.params
        description["params"] = []
        for index, param in enumerate(params):
            described, wanted = _describe_output(call.call, param, scope)
            # Its memory is as large as what was given, whatever its size is now.
            lies = (*param[:2], given[index][2], param[3])
            if call.call is SystemCall.SUPPL_RECV:
                lies = param
            description["params"].append(_with_data(described, lies, file, blocks, scope, wanted))
    return description


def locate(param: _Param, file: int, blocks: Blocks) -> int | None:
    """Return where the memory lies that a parameter refers to; None if there is none."""
    attr, a, b, c = param
    layout = TYPES.get(attr & ~uapi.META)
    if layout is not None and layout.is_memref:
        return blocks.find(file, c, a, b)
    if layout is not None and layout.is_buffer:
        return a
    return None


def _describe_input(call: SystemCall, param: _Param, scope: Scope) -> tuple[Description, bool]:
    """Describe what the kernel reads of a parameter, and say whether its memory is."""
    layout = TYPES.get(param[0] & ~uapi.META, _UNKNOWN)
    if call is SystemCall.SUPPL_RECV:
        return _describe(param, "", layout, scope), False
    if call is SystemCall.SUPPL_SEND:
        names = "" if layout.is_buffer or not layout.writes else "abc"
        return _describe(param, names, layout, scope), layout.writes
    return _describe(param, layout.inputs, layout, scope), layout.reads


def _describe_output(call: SystemCall, param: _Param, scope: Scope) -> tuple[Description, bool]:
    """Describe what the kernel wrote of a parameter, and say whether its memory was."""
    layout = TYPES.get(param[0] & ~uapi.META, _UNKNOWN)
    if call is SystemCall.SUPPL_RECV:
        return _describe(param, "abc", layout, scope), layout.reads
    if param[0] & uapi.META:
        return _describe(param, "", layout, scope), False
    return _describe(param, layout.outputs, layout, scope), layout.writes


_UNKNOWN = ParamLayout("unknown")


def _describe(param: _Param, names: str, layout: ParamLayout, scope: Scope) -> Description:
    description: Description = {"attr": attr_name(param[0])}
    if scope.values or not layout.is_value:
        description |= {name: param[1 + "abc".index(name)] for name in names}
    return description


def _with_data(
    description: Description,
    param: _Param,
    file: int,
    blocks: Blocks,
    scope: Scope,
    wanted: bool,
) -> Description:
    address = locate(param, file, blocks) if scope.payloads and wanted else None
    if address is None:
        return description
    _, offset, size, number = param
    try:
        try:
            data = copy_from_user(address, size)
        except OSError:
            # Linux copies nothing of a device's memory.
            block = blocks.file_of(file, number)
            if block is None or scope.read_block is None:
                return description
            data = scope.read_block(block, offset, size)
    except OSError:
        return description
    description["data"] = base64.b64encode(data).decode()
    return description
