# SPDX-License-Identifier: BSD-2-Clause
"""The list of devices: how the kernel asks OP-TEE which Trusted Applications are devices."""

from __future__ import annotations

from enum import IntEnum
from typing import Final
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import MemrefParameter
from .client_context import ClientContext

__all__ = ["DEVICE_ENUMERATION", "EnumerationCommand", "enumerate_applications"]

DEVICE_ENUMERATION: Final = UUID("7011a688-ddde-4053-a5a9-7b3c4ddf13b8")
"""The UUID of the pseudo Trusted Application that lists devices."""

_UUID_SIZE: Final = 16


class EnumerationCommand(IntEnum):
    """The commands of the pseudo Trusted Application that lists devices."""

    DEVICES = 0
    DEVICES_WITH_SUPPLICANT = 1
    DEVICES_WITH_RPMB = 2


def enumerate_applications(client: ClientContext, command: EnumerationCommand) -> list[UUID]:
    """Ask OP-TEE for a list of devices: first for its size, then for the list.

    The list is empty if OP-TEE lacks the application, or the application fails.

    Args:
        client: a connection of the kernel to OP-TEE.
        command: which list.
    """
    opened = client.open_session(DEVICE_ENUMERATION)
    if opened.result != Result.SUCCESS or opened.session is None:
        return []
    try:
        answer = MemrefParameter(ParamType.MEMREF_OUTPUT, None, 0)
        reply = client.invoke_func(opened.session, command, answer)
        if reply.result != Result.SHORT_BUFFER:
            return []
        data = bytearray(answer.size)
        answer = MemrefParameter(ParamType.MEMREF_OUTPUT, data)
        reply = client.invoke_func(opened.session, command, answer)
        if reply.result != Result.SUCCESS:
            return []
    finally:
        client.close_session(opened.session)
    ends = range(_UUID_SIZE, min(answer.size, len(data)) + 1, _UUID_SIZE)
    return [UUID(bytes=bytes(data[end - _UUID_SIZE : end])) for end in ends]
