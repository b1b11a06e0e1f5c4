# SPDX-License-Identifier: BSD-2-Clause
"""The secure world: which Trusted Applications there are, and their instances and sessions."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

from ...enums import Login, Origin, Result
from ...supplicant.folder_file_system import FolderFileSystem
from .clock import Clock
from .instance import Instance, OpenSession
from .internal_core import InternalCore
from .outcome import SUCCESS, Outcome
from .parameters import MemrefParameter, Parameters
from .results import ResultError
from .session import ClientSession, Identity
from .storage.memory import MemoryFileSystem
from .storage.persistent_storage import PersistentStorage

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from ...supplicant.file_system import FileSystem
    from .notifications import Notifications
    from .trusted_application import TrustedApplication

__all__ = ["Outcome", "SecureWorld"]


class SecureWorld:
    """A TEE with the Trusted Applications that were installed in it.

    Args:
        storage: a folder for what applications store, which should be one kernel's at a time;
            without one it is in memory, and gone with the kernel.

    Attributes:
        file_system: where it keeps what outlives an application.
        storage: the persistent objects, which are there.
        clock: its times.
        load: where Trusted Applications come from that are not installed; raises
            ResultError, with what caused it as its cause if that helps.
        notifications: what its applications wait for, if it has notifications.

    Threads: may be called from any.
    """

    def __init__(self, storage: str | os.PathLike[str] | None = None) -> None:
        self.file_system: FileSystem = (
            MemoryFileSystem() if storage is None else FolderFileSystem(storage)
        )
        self.storage: PersistentStorage = PersistentStorage(lambda: self.file_system)
        self.clock: Clock = Clock()
        # A session that is collected as garbage closes itself, wherever the thread is.
        self._lock = threading.RLock()
        # As OP-TEE does, which so has no two of them wait for each other.
        self._single_instance_lock = threading.RLock()
        self._applications: dict[UUID, type[TrustedApplication]] = {}
        self._single_instances: dict[UUID, Instance] = {}
        self._sessions: dict[int, OpenSession] = {}
        self.load: Callable[[UUID], type[TrustedApplication]] = _load_nothing
        self.notifications: Notifications | None = None

    def install(self, application: type[TrustedApplication]) -> None:
        """Make a Trusted Application known; replaces the one that had its UUID."""
        with self._lock:
            self._applications[application.uuid] = application

    def is_installed(self, uuid: UUID) -> bool:
        """Return whether there is a Trusted Application of this UUID."""
        with self._lock:
            return uuid in self._applications

    def count_sessions(self) -> int:
        """Return how many sessions are open."""
        with self._lock:
            return len(self._sessions)

    def applications(self) -> tuple[type[TrustedApplication], ...]:
        """Return what is installed, in the order in which it was."""
        with self._lock:
            return tuple(self._applications.values())

    def open_session(
        self,
        uuid: UUID,
        identity: Identity,
        parameters: Parameters,
        *,
        mappable: bool = True,
        mapped: Mapping[int, int] | None = None,
    ) -> Outcome:
        """Open a session with the Trusted Application called uuid.

        If not mappable, there is a memory reference that only a pseudo TA can be given. Of
        those in the slots named in mapped only a pseudo TA gets more than so many bytes.
        """
        session = ClientSession(identity, self.notifications)
        outcome, opened = self._open(uuid, session, parameters, mappable, mapped)
        if opened is not None:
            with self._lock:
                # As OP-TEE counts: a session that was the last leaves its number to the next.
                number = next(reversed(self._sessions), 0) + 1
                self._sessions[number] = opened
            return replace(outcome, session=number)
        return outcome

    def open_from(
        self,
        caller: Instance,
        uuid: UUID,
        identity: Identity,
        parameters: Parameters,
        timeout: int | None,
    ) -> tuple[Outcome, OpenSession | None]:
        """Open a session for a Trusted Application; on timeout see InternalCore."""
        session = ClientSession(identity, self.notifications)
        session._begin(caller, timeout)
        return self._open(uuid, session, parameters, True, None, caller)

    def _open(
        self,
        uuid: UUID,
        session: ClientSession,
        parameters: Parameters,
        mappable: bool,
        mapped: Mapping[int, int] | None,
        caller: Instance | None = None,
    ) -> tuple[Outcome, OpenSession | None]:
        try:
            cls = self._class_of(uuid)
        except ResultError as code:
            return Outcome(code.code, Origin.TEE, cause=code.__cause__), None
        with self._lock:
            shared = self._single_instances.get(uuid)
            if shared is not None and shared.panic is not None:
                shared = None
            if shared is not None and shared.sessions and not cls.multi_session:
                return Outcome(Result.BUSY, Origin.TEE), None
            if not (mappable or cls.pseudo):
                # OP-TEE names no origin here.
                return Outcome(Result.BAD_PARAMETERS, 0), None
            if shared is not None and caller is not None and caller.waits_for(shared):
                return Outcome(Result.BUSY, Origin.TEE), None
            instance = shared or self._new_instance(cls)
            instance.sessions += 1

        def enter() -> None:
            if instance.application is None:
                application = instance.cls()
                application.core = instance.core or InternalCore(self, instance)
                application.create()
                instance.application = application
            instance.application.open_session(session, parameters)

        opened = False
        try:
            _map(cls, parameters, mapped)
            outcome = self._enter(instance, session, enter)
            opened = outcome.result == Result.SUCCESS
        finally:
            if not opened:
                self._leave(instance)
        if not opened or instance.application is None:
            return outcome, None
        return outcome, OpenSession(instance, instance.application, session)

    def _class_of(self, uuid: UUID) -> type[TrustedApplication]:
        """Return an application that is installed or runs, or load it."""
        with self._lock:
            if uuid in self._applications:
                return self._applications[uuid]
            shared = self._single_instances.get(uuid)
            if shared is not None and shared.panic is None:
                return shared.cls
        return self.load(uuid)

    def _new_instance(self, cls: type[TrustedApplication]) -> Instance:
        instance = Instance(cls)
        instance.core = InternalCore(self, instance)
        if cls.single_instance:
            self._single_instances[cls.uuid] = instance
            if not cls.pseudo:
                instance.lock = self._single_instance_lock
        return instance

    def invoke_command(
        self,
        number: int,
        command_id: int,
        parameters: Parameters,
        *,
        mappable: bool = True,
        mapped: Mapping[int, int] | None = None,
    ) -> Outcome:
        """Run a command in a session; on mappable and mapped see open_session()."""
        # Without the lock, as nothing is done to what is found but in its instance's.
        entry = self._sessions.get(number)
        if entry is None:
            return Outcome(Result.BAD_PARAMETERS, Origin.TEE)
        return self._invoke(entry, command_id, parameters, mappable, mapped)

    def invoke_from(
        self,
        caller: Instance,
        entry: OpenSession,
        command_id: int,
        parameters: Parameters,
        timeout: int | None,
    ) -> Outcome:
        """Run a command for a Trusted Application; on timeout see TaToTaSession."""
        if caller.waits_for(entry.instance):
            return Outcome(Result.BUSY, Origin.TEE)
        entry.session._begin(caller, timeout)
        return self._invoke(entry, command_id, parameters, True, None)

    def _invoke(
        self,
        entry: OpenSession,
        command_id: int,
        parameters: Parameters,
        mappable: bool,
        mapped: Mapping[int, int] | None,
    ) -> Outcome:
        instance, session = entry.instance, entry.session
        if not (mappable or instance.cls.pseudo):
            return self._enter(instance, session, _refuse_memory)
        if mapped or instance.cls.pseudo:
            _map(instance.cls, parameters, mapped)
        invoke = entry.application.invoke_command
        return self._enter(instance, session, invoke, session, command_id, parameters)

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
        if entry is not None:
            self.close(entry)

    def close(self, entry: OpenSession) -> None:
        """Close a session that has no number."""
        application, session = entry.application, entry.session
        try:
            self._enter(entry.instance, session, application.close_session, session)
        finally:
            self._leave(entry.instance)

    def _enter(
        self,
        instance: Instance,
        session: ClientSession,
        enter: Callable[..., None],
        *args: Any,
    ) -> Outcome:
        """Run an entry point; an exception that is no result code is a panic."""
        with instance.lock:
            if instance.panic is not None:
                return _dead(instance.panic)
            before, instance.current = instance.current, session
            try:
                enter(*args)
            except ResultError as code:
                return Outcome(code.code, Origin.TRUSTED_APP)
            except Exception as error:
                instance.panic = error
                instance.end()
                return _dead(error)
            finally:
                instance.current = before
                session._leave()
            return SUCCESS

    def _leave(self, instance: Instance) -> None:
        """Count a session out, and end the instance with its last."""
        cls = instance.cls
        # The next single instance, which has the same lock, begins after the end of this one.
        with instance.lock:
            with self._lock:
                instance.sessions -= 1
                dead = instance.panic is not None
                exists = instance.application is not None and not dead
                if instance.sessions or (cls.single_instance and cls.keep_alive and exists):
                    return
                if self._single_instances.get(cls.uuid) is instance:
                    del self._single_instances[cls.uuid]
            if instance.application is not None and exists:
                nobody = ClientSession(Identity(Login.PUBLIC, UUID(int=0)))
                self._enter(instance, nobody, instance.application.destroy)
            instance.end()


def _load_nothing(uuid: UUID) -> NoReturn:
    raise ResultError(Result.ITEM_NOT_FOUND)


def _refuse_memory() -> NoReturn:
    raise ResultError(Result.BAD_PARAMETERS)


def _map(
    cls: type[TrustedApplication], parameters: Parameters, mapped: Mapping[int, int] | None
) -> None:
    """Make the memory references what the application sees of them."""
    if cls.pseudo:
        for parameter in parameters:
            if isinstance(parameter, MemrefParameter) and not parameter.size:
                parameter.buffer = None
    elif mapped:
        for slot, size in mapped.items():
            parameter = parameters[slot]
            if isinstance(parameter, MemrefParameter) and parameter.buffer is not None:
                parameter.buffer = parameter.buffer[:size]


def _dead(cause: BaseException) -> Outcome:
    return Outcome(Result.TARGET_DEAD, Origin.TEE, cause=cause)
