# SPDX-License-Identifier: BSD-2-Clause
"""How the kernel asks OP-TEE which Trusted Applications are devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..applications.pseudo_applications import DeviceEnumeration
from ..secure_world.parameters import MemrefParameter

if TYPE_CHECKING:
    from .client_context import ClientContext

__all__ = ["enumerate_applications"]

_UUID_SIZE: Final = 16


def enumerate_applications(client: ClientContext, command: int) -> list[UUID]:
    """Ask the pseudo Trusted Application for it, first how long its answer is.

    What it does not answer, as an OP-TEE that has none, is no device.

    Args:
        client: a connection with OP-TEE.
        command: one of DeviceEnumeration.Command.
    """
    opened = client.open_session(DeviceEnumeration.uuid)
    if opened.result != Result.SUCCESS or opened.session is None:
        return []
    try:
        answer = MemrefParameter(ParamType.MEMREF_OUTPUT, None, 0)
        reply = client.invoke_func(opened.session, command, answer)
        if reply.result != Result.SHORT_BUFFER:
            return []
        data = bytearray(answer.size)
        answer.buffer = memoryview(data)
        reply = client.invoke_func(opened.session, command, answer)
        if reply.result != Result.SUCCESS:
            return []
    finally:
        client.close_session(opened.session)
    ends = range(_UUID_SIZE, min(answer.size, len(data)) + 1, _UUID_SIZE)
    return [UUID(bytes=bytes(data[end - _UUID_SIZE : end])) for end in ends]
