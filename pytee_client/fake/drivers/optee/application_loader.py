# SPDX-License-Identifier: BSD-2-Clause
"""Trusted Applications that are not in OP-TEE, and come from the supplicant."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, final

from ....kernels.uapi import ParamType
from ....supplicant.rpc_command import RpcCommand
from ...secure_world.application_image import application_of
from ...structures import Param

if TYPE_CHECKING:
    from uuid import UUID

    from ...secure_world.trusted_application import TrustedApplication
    from .rpc import Rpc

__all__ = ["ApplicationLoader"]

_WORDS: Final = struct.Struct("=QQ")


@final
class ApplicationLoader:
    """Loads Trusted Applications with the request LOAD_TA.

    Args:
        rpc: the way to the supplicant.

    Threads: may be used from any.
    """

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def load(self, uuid: UUID) -> type[TrustedApplication]:
        """Ask for the size of an application's image, then for the image.

        Raises:
            ResultError: ITEM_NOT_FOUND; SECURITY for an image that is no application of this
                UUID; OUT_OF_MEMORY, for an empty one too; COMMUNICATION if no supplicant
                answers; or what it answers.
        """
        size = self._request(uuid, Param(ParamType.MEMREF_OUTPUT))
        with self._rpc.shared(size) as memory:
            place = Param(ParamType.MEMREF_OUTPUT, b=size, memory=memory)
            size = min(self._request(uuid, place), size)
            image = memory.read(0, size)
        return application_of(image, uuid)

    def _request(self, uuid: UUID, place: Param) -> int:
        """Have the image put in a place; return how long it is."""
        first, second = _WORDS.unpack(uuid.bytes)
        name = Param(ParamType.VALUE_INPUT, a=first, b=second)
        self._rpc.request(RpcCommand.LOAD_TA, [name, place])
        return place.b
