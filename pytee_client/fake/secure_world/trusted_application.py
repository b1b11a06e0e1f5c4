# SPDX-License-Identifier: BSD-2-Clause
"""Trusted Applications as Python classes.

They follow the TEE Internal Core API (GPD_SPE_010). Entry points are methods:
TA_InvokeCommandEntryPoint is invoke_command(). The functions that an application may call are
methods of its core and its sessions: TEE_Wait is ClientSession.wait().
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from ...enums import Result
from .entry_points import commands_of, run_entry_point
from .parameters import Parameters
from .properties import PropertyValue
from .results import ResultError
from .session import ClientSession

if TYPE_CHECKING:
    from .internal_core import InternalCore

__all__ = ["TrustedApplication", "check_application"]


class TrustedApplication:
    """The base of Trusted Applications; one object is one instance.

    A method with the decorator command() serves a command. An application can instead, or
    also, override invoke_command(), which gets all commands.

    Entry points and commands return None for SUCCESS, or raise ResultError. Anything else that
    they return, and any other exception, is a panic. The kernel runs one entry point of an
    instance at a time, in the thread of the client. As in OP-TEE, only one entry point of all
    single-instance applications runs at a time.

    Attributes:
        uuid: the UUID that clients open sessions with.
        single_instance: whether all sessions share one instance.
        multi_session: whether that instance may have more than one session.
        keep_alive: whether that instance stays after its last session, except after a panic.
        unknown_command: the result of a command that no method serves.
        properties: its own properties, and values that replace those of the specification,
            by name.
        core: the functions that it may call, such as core.open_ta_session(). It is set before
            create().
        pseudo: whether it is part of the TEE itself. OP-TEE shows such an application a memref
            of size 0 as a null reference.
        device_enum: whether it is a device of the bus from the start (TA_FLAG_DEVICE_ENUM).
        device_enum_supp: whether it becomes a device when there is a supplicant
            (TA_FLAG_DEVICE_ENUM_SUPP).
        device_enum_tee_storage_private: whether it becomes a device when there is storage,
            which needs a supplicant too (TA_FLAG_DEVICE_ENUM_TEE_STORAGE_PRIVATE).

    Threads: its methods need no lock of their own for what one instance has. What instances
    share, such as attributes of the class, they must synchronise.
    """

    uuid: ClassVar[UUID]
    single_instance: ClassVar[bool] = False
    multi_session: ClassVar[bool] = False
    keep_alive: ClassVar[bool] = False
    pseudo: ClassVar[bool] = False
    device_enum: ClassVar[bool] = False
    device_enum_supp: ClassVar[bool] = False
    device_enum_tee_storage_private: ClassVar[bool] = False
    unknown_command: ClassVar[int] = Result.NOT_SUPPORTED
    properties: ClassVar[Mapping[str, PropertyValue]] = MappingProxyType({})
    core: InternalCore
    __commands: ClassVar[Mapping[int, str]] = MappingProxyType({})

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        cls.__commands = commands_of(cls)

    def create(self) -> None:
        """Set up the instance (TA_CreateEntryPoint)."""

    def destroy(self) -> None:
        """Clean up the instance (TA_DestroyEntryPoint)."""

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Accept a session, or refuse it by ResultError (TA_OpenSessionEntryPoint)."""

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run a command by the method that serves it (TA_InvokeCommandEntryPoint).

        An override gets every command. It can leave some to the methods by
        super().invoke_command(session, command_id, parameters).
        """
        name = self.__commands.get(command_id)
        if name is None:
            raise ResultError(self.unknown_command)
        run_entry_point(self, getattr(self, name), session, parameters)

    def close_session(self, session: ClientSession) -> None:
        """Clean up a session (TA_CloseSessionEntryPoint)."""


def check_application(given: Any) -> None:
    """Check that an argument is the class of a Trusted Application, and has a UUID.

    Raises:
        TypeError: it is not, or has none.
    """
    if isinstance(given, TrustedApplication):
        name = type(given).__name__
        raise TypeError(f"give the class {name}, and not an object: the TEE makes the instances")
    if not (isinstance(given, type) and issubclass(given, TrustedApplication)):
        raise TypeError(f"an application is a class derived from TrustedApplication, not {given!r}")
    uuid: Any = getattr(given, "uuid", None)
    if not isinstance(uuid, UUID):
        raise TypeError(f"{given.__name__}.uuid must be a uuid.UUID, not {uuid!r}")
