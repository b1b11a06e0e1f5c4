# SPDX-License-Identifier: BSD-2-Clause
"""The secure world: Trusted Applications, their instances and their sessions."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import FunctionType
from typing import Any, NoReturn, cast
from uuid import UUID

from ..._logging import ERROR, log
from ..._panics import for_panic
from ..._process import renewed
from ...enums import Login, Origin, Result
from ...supplicant.file_system import FileSystem
from ...supplicant.folder_file_system import FolderFileSystem
from ..user_methods import call_method
from .clock import Clock
from .entry_points import run_entry_point
from .instance import Instance, OpenSession
from .internal_core import InternalCore
from .notes import Notes
from .notifications import Notifications
from .outcome import SUCCESS, Outcome
from .parameters import MemrefParameter, Parameters
from .results import ResultError
from .session import ClientSession, Identity
from .storage.memory import MemoryFileSystem
from .storage.persistent_storage import PersistentStorage
from .trusted_application import TrustedApplication, check_application

__all__ = ["Outcome", "SecureWorld"]


class SecureWorld:
    """Run the Trusted Applications that are installed in a TEE.

    Args:
        storage: a folder for persistent objects, for one kernel at a time. By default they are
            in memory, and lost with the kernel.

    Attributes:
        file_system: the files of the persistent objects.
        storage: the persistent objects.
        clock: the clocks.
        load: loads a Trusted Application that is not installed, or raises ResultError, with a
            cause if that helps.
        notifications: the notifications; None if the TEE has none.
        notes: what is logged of the applications.

    Threads: may be used from any.
    """

    def __init__(self, storage: str | os.PathLike[str] | None = None) -> None:
        self.file_system: FileSystem = (
            MemoryFileSystem() if storage is None else FolderFileSystem(storage)
        )
        self.storage: PersistentStorage = PersistentStorage(lambda: self.file_system)
        self.clock: Clock = Clock()
        # A session that is collected as garbage closes itself, wherever the thread is.
        self._lock = renewed(threading.RLock())
        # One lock for all, as in OP-TEE, so that no two of them wait for each other.
        self._single_instance_lock = renewed(threading.RLock())
        self.notes: Notes = Notes(cast("FunctionType", run_entry_point))
        self._applications: dict[UUID, type[TrustedApplication]] = {}
        self._single_instances: dict[UUID, Instance] = {}
        self._sessions: dict[int, OpenSession] = {}
        self.load: Callable[[UUID], type[TrustedApplication]] = _load_nothing
        self.notifications: Notifications | None = None

    def install(self, application: type[TrustedApplication]) -> None:
        """Install a Trusted Application; it replaces the one with the same UUID.

        Raises:
            TypeError: it is no class derived from TrustedApplication, or has no UUID.
        """
        check_application(application)
        with self._lock:
            self._applications[application.uuid] = application

    def uninstall(self, application: type[TrustedApplication]) -> None:
        """Remove a Trusted Application, if it is there; its open sessions go on."""
        with self._lock:
            if self._applications.get(application.uuid) is application:
                del self._applications[application.uuid]

    def is_installed(self, uuid: UUID) -> bool:
        """Return whether a Trusted Application with a UUID is installed."""
        with self._lock:
            return uuid in self._applications

    def count_sessions(self) -> int:
        """Return how many sessions are open."""
        with self._lock:
            return len(self._sessions)

    def applications(self) -> tuple[type[TrustedApplication], ...]:
        """Return the installed applications, in the order of their installation."""
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
        """Open a session with a Trusted Application.

        Args:
            uuid: its UUID.
            identity: the identity of the client.
            parameters: the parameters.
            mappable: whether all memrefs can be mapped for it; pseudo applications need no
                mapping.
            mapped: how many bytes are mapped, for the slots of memrefs that are not mapped as
                a whole; pseudo applications get all bytes.
        """
        session = ClientSession(identity, self.notifications)
        outcome, opened = self._open_instance_session(uuid, session, parameters, mappable, mapped)
        if opened is not None:
            with self._lock:
                # As in OP-TEE, the number of the last session is used again after it was closed.
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
        """Open a session for another Trusted Application; for timeout see InternalCore."""
        session = ClientSession(identity, self.notifications)
        session._prepare_entry(caller, timeout)
        return self._open_instance_session(uuid, session, parameters, True, None, caller)

    def _open_instance_session(
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
            if shared is not None and caller is not None and caller.runs_for(shared):
                return Outcome(Result.BUSY, Origin.TEE), None
            instance = shared or self._new_instance(cls)
            instance.sessions += 1

        def enter() -> None:
            application = instance.application
            if application is None:
                application = call_method(instance.cls, instance.cls)
                application.core = instance.core or InternalCore(self, instance)
                run_entry_point(application, application.create)
                self.notes.add("created an instance of %s", uuid)
                instance.application = application
            session._take_parameters(parameters)
            run_entry_point(application, application.open_session, session, parameters)

        opened = False
        try:
            _shorten_buffers(cls, parameters, mapped)
            outcome = self._run_entry_point(instance, session, enter)
            opened = outcome.result == Result.SUCCESS
        finally:
            if not opened:
                self._remove_session(instance)
        if not opened or instance.application is None:
            return outcome, None
        return outcome, OpenSession(instance, instance.application, session)

    def _class_of(self, uuid: UUID) -> type[TrustedApplication]:
        """Return an installed or running application, or load it."""
        with self._lock:
            if uuid in self._applications:
                return self._applications[uuid]
            shared = self._single_instances.get(uuid)
            if shared is not None and shared.panic is None:
                return shared.cls
        loaded = self.load(uuid)
        self.notes.add("loaded %s", uuid)
        return loaded

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
        """Run a command in a session; for mappable and mapped see open_session()."""
        # Without the lock: the session is only used under the lock of its instance.
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
        """Run a command for another Trusted Application; for timeout see TaToTaSession."""
        if caller.runs_for(entry.instance):
            return Outcome(Result.BUSY, Origin.TEE)
        entry.session._prepare_entry(caller, timeout)
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
            return self._run_entry_point(instance, session, _refuse_memory)
        if mapped or instance.cls.pseudo:
            _shorten_buffers(instance.cls, parameters, mapped)
        invoke = entry.application.invoke_command
        session._take_parameters(parameters)
        return self._run_entry_point(instance, session, invoke, session, command_id, parameters)

    def request_cancellation(self, number: int) -> None:
        """Request the cancellation of the command in a session."""
        with self._lock:
            entry = self._sessions.get(number)
        if entry is not None:
            entry.session._request_cancellation()

    def close_session(self, number: int) -> None:
        """Close a session, after the command that runs in it has ended."""
        with self._lock:
            entry = self._sessions.pop(number, None)
        if entry is not None:
            self.close(entry)

    def close(self, entry: OpenSession) -> None:
        """Close a session without a number."""
        application, session = entry.application, entry.session
        try:
            self._run_unheard(entry.instance, session, application.close_session, session)
        finally:
            self._remove_session(entry.instance)

    def _run_entry_point(
        self,
        instance: Instance,
        session: ClientSession,
        enter: Callable[..., object],
        *args: Any,
    ) -> Outcome:
        """Run an entry point. Any exception but ResultError is a panic, and so is any result."""
        with instance.lock:
            if instance.panic is not None:
                return _dead(instance.panic)
            before, instance.current = instance.current, session
            try:
                run_entry_point(instance.application, enter, *args)
            except ResultError as code:
                return Outcome(code.code, Origin.TRUSTED_APP, cause=code.__cause__)
            except Exception as error:
                instance.panic = error
                instance.end()
                return _dead(error)
            finally:
                instance.current = before
                session._finish_entry()
            return SUCCESS

    def _run_unheard(
        self,
        instance: Instance,
        session: ClientSession,
        enter: Callable[..., object],
        *args: Any,
    ) -> None:
        """Run an entry point whose result reaches no client, and log its panic."""
        was_dead = instance.panic is not None
        outcome = self._run_entry_point(instance, session, enter, *args)
        if outcome.cause is not None and outcome.result == Result.TARGET_DEAD and not was_dead:
            name = f"{instance.cls.__name__}.{getattr(enter, '__name__', 'entry point')}()"
            why = for_panic(outcome.cause)
            log(ERROR, "fake", "%s: %s", name, why, error=outcome.cause)

    def _remove_session(self, instance: Instance) -> None:
        """Remove a session of an instance, and end the instance after the last."""
        cls = instance.cls
        # The next instance of the application has the same lock, so it starts after this one ended.
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
                self._run_unheard(instance, nobody, instance.application.destroy)
                self.notes.add("destroyed the instance of %s", cls.uuid)
            instance.end()


def _load_nothing(uuid: UUID) -> NoReturn:
    raise ResultError(Result.ITEM_NOT_FOUND)


def _refuse_memory() -> NoReturn:
    raise ResultError(Result.BAD_PARAMETERS)


def _shorten_buffers(
    cls: type[TrustedApplication], parameters: Parameters, mapped: Mapping[int, int] | None
) -> None:
    """Shorten or remove the buffers of memrefs as OP-TEE maps them for an application."""
    if cls.pseudo:
        for parameter in parameters:
            if isinstance(parameter, MemrefParameter) and not parameter.size:
                parameter._map(None)
    elif mapped:
        for slot, size in mapped.items():
            parameter = parameters[slot]
            if isinstance(parameter, MemrefParameter) and parameter.buffer is not None:
                parameter._map(parameter.buffer[:size])


def _dead(cause: BaseException) -> Outcome:
    return Outcome(Result.TARGET_DEAD, Origin.TEE, cause=cause)
