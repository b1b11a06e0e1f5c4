# SPDX-License-Identifier: BSD-2-Clause
"""Trusted Applications as Python classes.

Modelled on the TEE Internal Core API (GPD_SPE_010): the entry points of a Trusted
Application are methods, TA_InvokeCommandEntryPoint is invoke_command, and the functions
it may call are methods of its session, TEE_Wait is wait.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from ...enums import Result
from .results import ResultError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from .internal_core import InternalCore
    from .parameters import Parameters
    from .properties import PropertyValue
    from .session import ClientSession

__all__ = ["TrustedApplication"]


class TrustedApplication:
    """The base of Trusted Applications; one object is one instance.

    Entry points return None for SUCCESS, or raise ResultError. The kernel runs one entry
    point of an instance at a time, in the thread of the client that called it, and, as
    OP-TEE does, one of all single instances.

    Attributes:
        uuid: the UUID that clients open sessions with.
        single_instance: all sessions share one instance.
        multi_session: that instance may have more than one session.
        keep_alive: that instance stays when its last session is closed; not after a panic.
        properties: its own properties, and other values for the specification's, by name.
        core: the functions that it may call, such as core.open_ta_session(); from create() on.
        pseudo: it is part of the TEE itself. OP-TEE shows those a memref of size 0 as a
            null one.
        device_enum: it is a device of the kernel's, from the start (TA_FLAG_DEVICE_ENUM).
        device_enum_supp: it is one as soon as there is a supplicant
            (TA_FLAG_DEVICE_ENUM_SUPP).
        device_enum_tee_storage_private: it is one as soon as it can store something, which
            takes a supplicant too (TA_FLAG_DEVICE_ENUM_TEE_STORAGE_PRIVATE).
    """

    uuid: ClassVar[UUID]
    single_instance: ClassVar[bool] = False
    multi_session: ClassVar[bool] = False
    keep_alive: ClassVar[bool] = False
    pseudo: ClassVar[bool] = False
    device_enum: ClassVar[bool] = False
    device_enum_supp: ClassVar[bool] = False
    device_enum_tee_storage_private: ClassVar[bool] = False
    properties: ClassVar[Mapping[str, PropertyValue]] = MappingProxyType({})
    core: InternalCore

    def create(self) -> None:
        """Begin the instance (TA_CreateEntryPoint)."""

    def destroy(self) -> None:
        """End the instance (TA_DestroyEntryPoint)."""

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Let a client in (TA_OpenSessionEntryPoint)."""

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run a command (TA_InvokeCommandEntryPoint)."""
        raise ResultError(Result.NOT_IMPLEMENTED)

    def close_session(self, session: ClientSession) -> None:
        """See a client off (TA_CloseSessionEntryPoint)."""
