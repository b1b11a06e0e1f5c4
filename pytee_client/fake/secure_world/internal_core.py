# SPDX-License-Identifier: BSD-2-Clause
"""The functions that a Trusted Application may call: the TEE Internal Core API (GPD_SPE_010)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from ..._boundary import bytes_of
from .clock import Time
from .instance import Instance, OpenSession
from .outcome import Outcome
from .parameters import Parameters
from .properties import (
    PropertySet,
    properties_of_application,
    properties_of_client,
    properties_of_tee,
)
from .results import ResultError
from .session import LOGIN_TRUSTED_APP, Identity
from .storage.persistent_object import DataFlag, ObjectInfo, PersistentObject
from .storage.persistent_storage import STORAGE_PRIVATE
from .ta_session import Argument, TaToTaSession, call

if TYPE_CHECKING:
    from .world import SecureWorld

__all__ = ["InternalCore"]

_READ_AND_WRITE = DataFlag.ACCESS_READ | DataFlag.ACCESS_WRITE


class InternalCore:
    """The functions that an entry point of a Trusted Application may call, as self.core.

    Names follow the specification: TEE_OpenTASession is open_ta_session(). Functions for the
    session of the client, such as TEE_Wait, are in ClientSession.

    A result other than SUCCESS is a ResultError; if the entry point does not catch it, it is
    the result of the entry point. Misuse that panics is a PanicError.

    Attributes:
        world: the TEE, for pseudo applications, which are part of it.

    Threads: entry points run one at a time, and so do these functions.
    """

    def __init__(self, world: SecureWorld, instance: Instance) -> None:
        self.world = world
        self._instance = instance
        self._uuid = instance.cls.uuid
        self._sessions: list[TaToTaSession] = []
        self._objects: list[PersistentObject] = []

    @property
    def propset_current_ta(self) -> PropertySet:
        """The properties of the application (TEE_PROPSET_CURRENT_TA): gpd.ta.* and its own."""
        return properties_of_application(self._instance.cls)

    @property
    def propset_current_client(self) -> PropertySet:
        """The properties of the client of the running call (TEE_PROPSET_CURRENT_CLIENT)."""
        session = self._instance.current
        if session is None:
            raise RuntimeError("there is no client: no entry point runs")
        return properties_of_client(session.identity)

    @property
    def propset_tee_implementation(self) -> PropertySet:
        """The properties of the TEE (TEE_PROPSET_TEE_IMPLEMENTATION): gpd.tee.*."""
        return properties_of_tee()

    def open_ta_session(
        self, uuid: UUID, *parameters: Argument, timeout: int | None = None
    ) -> TaToTaSession:
        """Open a session with another Trusted Application (TEE_OpenTASession).

        The other application sees a client with the login LOGIN_TRUSTED_APP and the UUID of
        this one.

        Args:
            uuid: the UUID of the other application. The own UUID opens another instance.
            parameters: up to four; outputs are set in them.
            timeout: milliseconds after which the call counts as cancelled; None for never.

        Raises:
            TaToTaError: the session was not opened. From the TEE: ITEM_NOT_FOUND; BUSY if the
                other application takes no further session, or waits for this one;
                TARGET_DEAD if it panicked. Or the result of the other application.
        """
        identity = Identity(LOGIN_TRUSTED_APP, self._uuid)
        opened: list[OpenSession] = []

        def enter(given: Parameters) -> Outcome:
            outcome, session = self.world.open_from(self._instance, uuid, identity, given, timeout)
            if session is not None:
                opened.append(session)
            return outcome

        call(enter, parameters)
        session = TaToTaSession(opened[0], self._invoke, self._close)
        self._sessions.append(session)
        return session

    def _invoke(
        self, opened: OpenSession, command_id: int, given: Parameters, timeout: int | None
    ) -> Outcome:
        return self.world.invoke_from(self._instance, opened, command_id, given, timeout)

    def _close(self, session: TaToTaSession, opened: OpenSession) -> None:
        self._sessions.remove(session)
        self.world.close(opened)

    def create_persistent_object(
        self,
        object_id: bytes,
        flags: DataFlag = _READ_AND_WRITE,
        data: bytes | bytearray | memoryview = b"",
        *,
        storage_id: int = STORAGE_PRIVATE,
    ) -> PersistentObject:
        """Create an object of the application, and open it (TEE_CreatePersistentObject).

        It is created with all of its initial data, or not at all.

        Args:
            object_id: its name, up to 64 bytes.
            flags: how it is opened; OVERWRITE replaces an object of the same name.
            data: its initial data.
            storage_id: TEE_STORAGE_PRIVATE, the only storage.

        Raises:
            ResultError: ACCESS_CONFLICT if an object of this name is open, or exists and
                OVERWRITE is missing; STORAGE_NO_SPACE; ITEM_NOT_FOUND if there is no such
                storage.
            PanicError: the name is too long.
        """
        storage = self.world.storage
        name, content = bytes_of(object_id, "the object's id"), bytes_of(data, "the data")
        made = storage.create(self._uuid, name, flags, content, storage_id)
        return self._keep(made)

    def open_persistent_object(
        self,
        object_id: bytes,
        flags: DataFlag = DataFlag.ACCESS_READ,
        *,
        storage_id: int = STORAGE_PRIVATE,
    ) -> PersistentObject:
        """Open an object of the application (TEE_OpenPersistentObject).

        Raises:
            ResultError: ITEM_NOT_FOUND; ACCESS_CONFLICT if it is open already and can't be
                shared. Reading needs SHARE_READ in both handles, and writing SHARE_WRITE.
                ACCESS_WRITE_META is exclusive. OP-TEE also requires equal SHARE flags.
            PanicError: the name is too long.
        """
        opened = self.world.storage.open(
            self._uuid, bytes_of(object_id, "the object's id"), flags, storage_id
        )
        return self._keep(opened)

    def persistent_objects(
        self, *, storage_id: int = STORAGE_PRIVATE
    ) -> Iterator[tuple[bytes, ObjectInfo]]:
        """Iterate over the objects of the application, as pairs of name and information.

        These are TEE_StartPersistentObjectEnumerator and TEE_GetNextPersistentObject. Without
        an object they return ITEM_NOT_FOUND, while this iteration is empty.
        """
        return iter(self.world.storage.list(self._uuid, storage_id))

    def _keep(self, opened: PersistentObject) -> PersistentObject:
        self._objects = [each for each in self._objects if not each.closed]
        self._objects.append(opened)
        return opened

    def generate_random(self, size: int) -> bytes:
        """Return random bytes, as good as the operating system's (TEE_GenerateRandom)."""
        return os.urandom(size)

    def get_system_time(self) -> Time:
        """Return the time since an origin that is fixed while the TEE runs (TEE_GetSystemTime)."""
        return self.world.clock.get_system_time()

    def get_ree_time(self) -> Time:
        """Return the time of the system of the client (TEE_GetREETime)."""
        return self.world.clock.get_ree_time()

    def get_ta_persistent_time(self) -> Time:
        """Return the own time of the application (TEE_GetTAPersistentTime).

        Raises:
            ResultError: TIME_NOT_SET; it was not set since the kernel was made. OVERFLOW; it
                exceeds 32 bits.
        """
        return self.world.clock.get_ta_persistent_time(self._uuid)

    def set_ta_persistent_time(self, now: Time) -> None:
        """Set the own time of the application, for all instances (TEE_SetTAPersistentTime)."""
        self.world.clock.set_ta_persistent_time(self._uuid, now)

    def _end(self) -> None:
        """Close the sessions and objects that the instance left open."""
        closes = [each.close for each in reversed(self._sessions)]
        closes += [each.close for each in self._objects]
        for close in closes:
            # Nobody could handle an error, such as a missing supplicant.
            with contextlib.suppress(ResultError):
                close()
        self._objects.clear()
