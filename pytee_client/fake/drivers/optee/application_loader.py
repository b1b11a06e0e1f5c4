# SPDX-License-Identifier: BSD-2-Clause
"""Loading Trusted Applications from the supplicant."""

from __future__ import annotations

import struct
from typing import Final, final
from uuid import UUID

from ....kernels.uapi import ParamType
from ....supplicant.rpc_command import RpcCommand
from ...secure_world.application_image import application_of
from ...secure_world.trusted_application import TrustedApplication
from ...structures import Param
from .rpc import Rpc

__all__ = ["ApplicationLoader"]

_WORDS: Final = struct.Struct("=QQ")


@final
class ApplicationLoader:
    """Load Trusted Applications with the request LOAD_TA.

    Args:
        rpc: the requests to the supplicant.

    Threads: may be used from any.
    """

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def load(self, uuid: UUID) -> type[TrustedApplication]:
        """Load an application: request the size of its image, then the image.

        Raises:
            ResultError: ITEM_NOT_FOUND; SECURITY if the image is not of an application with this
                UUID; OUT_OF_MEMORY, also for an empty image; COMMUNICATION if no supplicant
                answers; or the result of the supplicant.
        """
        size = self._request(uuid, Param(ParamType.MEMREF_OUTPUT))
        with self._rpc.shared(size) as memory:
            place = Param(ParamType.MEMREF_OUTPUT, b=size, memory=memory)
            size = min(self._request(uuid, place), size)
            image = memory.read(0, size)
        return application_of(image, uuid)

    def _request(self, uuid: UUID, place: Param) -> int:
        """Request the image into a memref, and return the size of the image."""
        first, second = _WORDS.unpack(uuid.bytes)
        name = Param(ParamType.VALUE_INPUT, a=first, b=second)
        self._rpc.request(RpcCommand.LOAD_TA, [name, place])
        return place.b
