# SPDX-License-Identifier: BSD-2-Clause
"""What people are told of a request to a supplicant."""

from __future__ import annotations

import struct
from typing import Final
from uuid import UUID

from ..enums import Result
from ..kernels.uapi import ParamType
from .device import Request, RequestParam
from .rpc_command import FsOperation, RpcCommand

__all__ = ["kind_of", "request_text", "result_text", "uuid_of"]

_WORDS: Final = struct.Struct("=QQ")


def uuid_of(name: RequestParam) -> UUID:
    """Return the UUID of an application, as a request has it: 16 bytes in two numbers."""
    return UUID(bytes=_WORDS.pack(name.a, name.b))


def kind_of(request: Request) -> str:
    """Return the name of a request's function, or its number if it has none."""
    try:
        return RpcCommand(request.func).name
    except ValueError:
        return str(request.func)


def request_text(request: Request) -> str:
    """Say what a request is for, but nothing of what is in memory or in files."""
    kind = kind_of(request)
    first = request.params[0] if request.params else None
    if first is None:
        return kind
    if request.func == RpcCommand.LOAD_TA and first.attr == ParamType.VALUE_INPUT:
        return f"{kind} {uuid_of(first)}"
    if request.func == RpcCommand.FS and first.a in list(FsOperation):
        return f"{kind} {FsOperation(first.a).name}"
    return kind


def result_text(result: int) -> str:
    """Return the name of a result, or its number if it has none."""
    try:
        return Result(result).name
    except ValueError:
        return f"0x{result:08x}"
