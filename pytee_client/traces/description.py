# SPDX-License-Identifier: BSD-2-Clause
"""Descriptions of ioctls for traces."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from .._boundary import copy_from_user
from ..kernels import ObservedCall, SystemCall, uapi
from .blocks import Blocks
from .layout import LAYOUTS, TYPES, ParamLayout, attr_name

__all__ = ["Description", "Scope", "describe_argument", "describe_result", "locate"]

Description: TypeAlias = dict[str, Any]
_Param: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Scope:
    """How much of a system call a description contains.

    Attributes:
        payloads: whether it contains the contents of memory.
        values: whether it contains the numbers of value parameters.
        read_block: reads a block that can't be read at its address, given its file, the offset
            and the size.
    """

    payloads: bool
    values: bool
    read_block: Callable[[int, int, int], bytes] | None = None


def describe_argument(call: ObservedCall, file: int, blocks: Blocks, scope: Scope) -> Description:
    """Describe the argument of an ioctl; file is the number of its file."""
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
    """Describe what a successful ioctl wrote to its argument."""
    layout = LAYOUTS.get(call.call)
    # Read it again: now it contains what the kernel wrote.
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
            # The size of its memory is the given size, not the one that was written.
            lies = (*param[:2], given[index][2], param[3])
            if call.call is SystemCall.SUPPL_RECV:
                lies = param
            description["params"].append(_with_data(described, lies, file, blocks, scope, wanted))
    return description


def locate(param: _Param, file: int, blocks: Blocks) -> int | None:
    """Return the address of the memory of a parameter; None if it has none."""
    attr, a, b, c = param
    layout = TYPES.get(attr & ~uapi.META)
    if layout is not None and layout.is_memref:
        return blocks.find(file, c, a, b)
    if layout is not None and layout.is_buffer:
        return a
    return None


def _describe_input(call: SystemCall, param: _Param, scope: Scope) -> tuple[Description, bool]:
    """Describe the fields that the kernel reads, and return whether it reads the memory."""
    layout = TYPES.get(param[0] & ~uapi.META, _UNKNOWN)
    if call is SystemCall.SUPPL_RECV:
        return _describe(param, "", layout, scope), False
    if call is SystemCall.SUPPL_SEND:
        names = "" if layout.is_buffer or not layout.writes else "abc"
        return _describe(param, names, layout, scope), layout.writes
    return _describe(param, layout.inputs, layout, scope), layout.reads


def _describe_output(call: SystemCall, param: _Param, scope: Scope) -> tuple[Description, bool]:
    """Describe the fields that the kernel wrote, and return whether it wrote the memory."""
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
            # Linux does not copy memory of a device.
            block = blocks.file_of(file, number)
            if block is None or scope.read_block is None:
                return description
            data = scope.read_block(block, offset, size)
    except OSError:
        return description
    description["data"] = base64.b64encode(data).decode()
    return description
