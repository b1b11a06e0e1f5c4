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

from ..._declarations.application import Declared
from ...enums import Result
from .entry_points import commands_of, run_entry_point
from .implementation import Implementation, declared_commands, implement, implementation_of
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

    What is declared once, as a class of ta.Client, needs no numbers and no parameters::

        class FakeWallet(fake.TrustedApplication, implements=Wallet):
            def count(self) -> int: ...
            def transfer(self, session: fake.ClientSession, transfer: Transfer) -> Receipt: ...

    Each declared command, and the declared opening, is served by the method of its name. It
    takes the session, if its first parameter has this name or this hint, and then the arguments.
    It returns what a client gets: None, the result, or a tuple of the results. If the name is
    one that TrustedApplication has, such as create, the method's has an underscore after it.

    - Memory of the client's, such as ta.BUFFER, is given as it is. The method writes there, and
      returns None, or the part that is filled. A parameter that is declared by its class, such
      as MemrefPartialInput, is given as a MemrefParameter or a ValueParameter, and is written
      into. It is no result.
    - An exception that is declared for a code (errors=) becomes the first code that has it.
    - What arrives otherwise than declared is BAD_PARAMETERS; the error of the client has a cause
      that says why. As in C, a number in a says nothing about b. An output that is too small is
      SHORT_BUFFER, and nothing is written.
    - What a method returns otherwise than declared is a panic.

    Hints of the methods, if there are any, must fit the declaration. Methods with the decorator
    command() can serve more commands, and those of a derived class can replace declared ones.

    Arguments of the class:
        implements: the class of ta.Client; the application has its UUID. A derived class inherits
            it.

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
    __implementation: ClassVar[Implementation] = Implementation()

    def __init_subclass__(
        cls, *, implements: type[Declared] | None = None, **arguments: Any
    ) -> None:
        """Find the methods that serve commands.

        Raises:
            DeclarationError: a method is missing, or does not fit the declaration.
            TypeError: two methods serve one command.
        """
        super().__init_subclass__(**arguments)
        if implements is not None:
            implement(cls, TrustedApplication, implements)
        cls.__commands, declaring = commands_of(cls, declared_commands)
        cls.__implementation = implementation_of(cls, TrustedApplication, ClientSession, declaring)

    def create(self) -> None:
        """Set up the instance (TA_CreateEntryPoint)."""

    def destroy(self) -> None:
        """Clean up the instance (TA_DestroyEntryPoint)."""

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Accept a session, or refuse it by ResultError (TA_OpenSessionEntryPoint).

        By default the declared opening is run, if there is one.
        """
        opening = self.__implementation.opening
        if opening is not None:
            opening.run(self, session, parameters)

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run a command by the method that serves it (TA_InvokeCommandEntryPoint).

        An override gets every command. It can leave some to the methods by
        super().invoke_command(session, command_id, parameters).
        """
        declared = self.__implementation.commands.get(command_id)
        if declared is not None:
            declared.run(self, session, parameters)
            return
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
