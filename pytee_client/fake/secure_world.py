# SPDX-License-Identifier: BSD-2-Clause
"""The secure world: which Trusted Applications there are, and their instances and sessions."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from ..enums import Login, Origin, Result
from .memory_file_system import MemoryFileSystem
from .trusted_application import (
    Identity,
    MemrefParameter,
    Parameters,
    ResultCode,
    TrustedApplication,
    TrustedApplicationSession,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .file_system import FileSystem

__all__ = ["Outcome", "SecureWorld"]


@dataclass(slots=True)
class Outcome:
    """How a call into the secure world ended.

    Attributes:
        result: the 32-bit code.
        origin: who says so.
        session: the session that was opened, 0 if none.
        cause: the exception of the panic behind TARGET_DEAD.
    """

    result: int
    origin: int
    session: int = 0
    cause: BaseException | None = None


@dataclass(slots=True, eq=False)
class _Instance:
    cls: type[TrustedApplication]
    application: TrustedApplication | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    sessions: int = 0
    panic: BaseException | None = None


@dataclass(slots=True, eq=False)
class _Session:
    instance: _Instance
    application: TrustedApplication
    session: TrustedApplicationSession


class SecureWorld:
    """A TEE with the Trusted Applications that were installed in it.

    Attributes:
        file_system: where it keeps what outlives an application.

    Threads: may be called from any.
    """

    def __init__(self) -> None:
        self.file_system: FileSystem = MemoryFileSystem()
        # A session that is collected as garbage closes itself, wherever the thread is.
        self._lock = threading.RLock()
        self._applications: dict[UUID, type[TrustedApplication]] = {}
        self._single_instances: dict[UUID, _Instance] = {}
        self._sessions: dict[int, _Session] = {}

    def install(self, application: type[TrustedApplication]) -> None:
        """Make a Trusted Application known; replaces the one that had its UUID."""
        with self._lock:
            self._applications[application.uuid] = application

    def is_installed(self, uuid: UUID) -> bool:
        """Return whether there is a Trusted Application of this UUID."""
        with self._lock:
            return uuid in self._applications

    def open_session(
        self, uuid: UUID, identity: Identity, parameters: Parameters, *, mappable: bool = True
    ) -> Outcome:
        """Open a session with the Trusted Application called uuid.

        If not mappable, there is a memory reference that only a pseudo TA can be given.
        """
        with self._lock:
            cls = self._applications.get(uuid)
            if cls is None:
                return Outcome(Result.ITEM_NOT_FOUND, Origin.TEE)
            shared = self._single_instances.get(uuid)
            if shared is not None and shared.panic is not None:
                shared = None
            if shared is not None and shared.sessions and not cls.multi_session:
                return Outcome(Result.BUSY, Origin.TEE)
            if not (mappable or cls.pseudo):
                # OP-TEE names no origin here.
                return Outcome(Result.BAD_PARAMETERS, 0)
            instance = shared or _Instance(cls)
            if cls.single_instance:
                self._single_instances[uuid] = instance
            instance.sessions += 1

        session = TrustedApplicationSession(identity)

        def enter() -> None:
            _map(cls, parameters)
            if instance.application is None:
                application = cls()
                application.create()
                instance.application = application
            instance.application.open_session(session, parameters)

        outcome = self._enter(instance, session, enter)
        if outcome.result != Result.SUCCESS or instance.application is None:
            self._leave(instance)
            return outcome
        with self._lock:
            # As OP-TEE counts: a session that was the last leaves its number to the next.
            number = next(reversed(self._sessions), 0) + 1
            self._sessions[number] = _Session(instance, instance.application, session)
        return Outcome(outcome.result, outcome.origin, number)

    def invoke_command(
        self, number: int, command_id: int, parameters: Parameters, *, mappable: bool = True
    ) -> Outcome:
        """Run a command in a session; on mappable see open_session()."""
        with self._lock:
            entry = self._sessions.get(number)
        if entry is None:
            return Outcome(Result.BAD_PARAMETERS, Origin.TEE)
        application, session = entry.application, entry.session

        def enter() -> None:
            if not (mappable or entry.instance.cls.pseudo):
                raise ResultCode(Result.BAD_PARAMETERS)
            _map(entry.instance.cls, parameters)
            application.invoke_command(session, command_id, parameters)

        return self._enter(entry.instance, session, enter)

    def request_cancellation(self, number: int) -> None:
        """Tell a session that its command is no longer wanted."""
        with self._lock:
            entry = self._sessions.get(number)
        if entry is not None:
            entry.session._request_cancellation()

    def close_session(self, number: int) -> None:
        """Close a session, after the command that runs in it."""
        with self._lock:
            entry = self._sessions.pop(number, None)
        if entry is None:
            return
        application, session = entry.application, entry.session
        self._enter(entry.instance, session, lambda: application.close_session(session))
        self._leave(entry.instance)

    def _enter(
        self, instance: _Instance, session: TrustedApplicationSession, enter: Callable[[], None]
    ) -> Outcome:
        """Run an entry point; an exception that is no result code is a panic."""
        with instance.lock:
            if instance.panic is not None:
                return _dead(instance.panic)
            try:
                enter()
            except ResultCode as code:
                return Outcome(code.code, Origin.TRUSTED_APP)
            except Exception as error:
                instance.panic = error
                return _dead(error)
            finally:
                session._leave()
            return Outcome(Result.SUCCESS, Origin.TRUSTED_APP)

    def _leave(self, instance: _Instance) -> None:
        """Count a session out, and end the instance with its last."""
        with self._lock:
            instance.sessions -= 1
            dead = instance.panic is not None
            if instance.sessions or (instance.cls.keep_alive and not dead):
                return
            if self._single_instances.get(instance.cls.uuid) is instance:
                del self._single_instances[instance.cls.uuid]
        if instance.application is not None and not dead:
            nobody = TrustedApplicationSession(Identity(Login.PUBLIC, UUID(int=0)))
            self._enter(instance, nobody, instance.application.destroy)


def _map(cls: type[TrustedApplication], parameters: Parameters) -> None:
    """Make the memory references what the application sees of them."""
    for parameter in parameters:
        if cls.pseudo and isinstance(parameter, MemrefParameter) and not parameter.size:
            parameter.buffer = None


def _dead(cause: BaseException) -> Outcome:
    return Outcome(Result.TARGET_DEAD, Origin.TEE, cause=cause)
