# SPDX-License-Identifier: BSD-2-Clause
"""The AMD-TEE driver, and the TEE on the Platform Security Processor (PSP) behind it."""

from __future__ import annotations

import errno
import itertools
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from mmap import PAGESIZE
from pathlib import Path
from typing import Final
from uuid import UUID

from ..._checks import to_path_text
from ..._firmware import amdtee_firmware
from ..._process import renewed
from ...enums import Login, Origin, Result
from ...kernels import uapi
from ..kernel.release import LinuxRelease
from ..secure_world.session import Identity
from ..secure_world.trusted_application import TrustedApplication
from ..structures import NO_PARAM, Param, Reply, TeeContext, TeeDevice, page_multiple
from .application_driver import ApplicationDriver
from .message import CLIENT_PARAMS, Message, are_carried

__all__ = ["AmdTee"]

_REQUESTS: Final = frozenset(
    {
        uapi.TEE_IOC_OPEN_SESSION,
        uapi.TEE_IOC_INVOKE,
        uapi.TEE_IOC_CANCEL,
        uapi.TEE_IOC_CLOSE_SESSION,
    }
)
_SESSIONS: Final = 32  # of one context with one Trusted Application
_HANDLE_BITS: Final = 16
_HANDLE_MASK: Final = (1 << _HANDLE_BITS) - 1


@dataclass(slots=True)
class _Loaded:
    """A Trusted Application that is loaded in the PSP."""

    uuid: UUID
    references: int = 0


class AmdTee(ApplicationDriver):
    """AMD-TEE: a device for clients. It can't share memory of a client or cancel an operation.

    Trusted Applications are firmware files of the kernel. They get no identity of the client.

    Args:
        firmware: a folder for firmware, such as /lib/firmware. A Trusted Application must
            then be installed and also have a file there, with any content. Without a folder
            it only has to be installed.
        storage: a folder for persistent objects, as for Optee.
        applications: Trusted Applications of this TEE alone; see Kernel.

    Raises:
        TypeError: one of them is no Trusted Application; see Kernel.install().
    """

    def __init__(
        self,
        *,
        firmware: str | os.PathLike[str] | None = None,
        storage: str | os.PathLike[str] | None = None,
        applications: Iterable[type[TrustedApplication]] = (),
    ) -> None:
        super().__init__(storage, applications)
        self._firmware = None if firmware is None else Path(to_path_text(firmware, "firmware"))
        # A session that is collected as garbage closes itself, wherever the thread is.
        self._lock = renewed(threading.RLock())
        self._loaded: dict[int, _Loaded] = {}

    @staticmethod
    def firmware_name(uuid: UUID) -> str:
        """Return the path of the file of a Trusted Application, relative to the firmware folder."""
        return amdtee_firmware(uuid)

    def devices(self) -> list[TeeDevice]:
        """Make its only device."""
        return [TeeDevice(self, _REQUESTS)]

    def version(self, device: TeeDevice) -> tuple[int, int, int]:
        """Return what the real driver returns."""
        return uapi.TEE_IMPL_ID_AMDTEE, 0, uapi.TEE_GEN_CAP_GP

    def pool_size(self, size: int, release: LinuxRelease) -> int:
        """Round up to a power of two of pages; no release rejects 0 pages here."""
        pages = page_multiple(size) // PAGESIZE
        return PAGESIZE << (pages - 1).bit_length() if pages else 0

    def open_session(
        self,
        context: TeeContext,
        uuid: UUID,
        client_uuid: bytes,
        login: int,
        params: list[Param],
    ) -> Reply:
        """Open a session, and load the application for it."""
        if login != Login.PUBLIC:
            raise OSError(errno.EINVAL, "AMD-TEE supports the login PUBLIC only")
        if not self._has_firmware(uuid):
            raise OSError(errno.ENOMEM, f"there is no firmware {self.firmware_name(uuid)}")
        if not self.world.is_installed(uuid):
            # The PSP rejects the file. The driver sets no origin then.
            return Reply(Result.SECURITY)
        handle = self._load(uuid)
        reply = self._open(uuid, params)
        if reply.result != Result.SUCCESS or reply.session is None:
            self._unload(handle)
            return Reply(reply.result, reply.origin, handle, reply.cause)
        session = self._add_session(context, handle, reply.session)
        if session is None:
            self.world.close_session(reply.session)
            self._unload(handle)
            raise OSError(errno.ENOMEM, "too many sessions with this application")
        return Reply(reply.result, reply.origin, session, reply.cause)

    def _open(self, uuid: UUID, params: list[Param]) -> Reply:
        if not _are_carried(params):
            return Reply(Result.BAD_PARAMETERS, Origin.COMMS)
        message = _message(params)
        nobody = Identity(Login.PUBLIC, UUID(int=0))
        outcome = self.world.open_session(uuid, nobody, message.parameters)
        message.finish()
        return outcome

    def _has_firmware(self, uuid: UUID) -> bool:
        if self._firmware is None:
            return self.world.is_installed(uuid)
        try:
            with (self._firmware / self.firmware_name(uuid)).open("rb"):
                return True
        except OSError:
            return False

    def _load(self, uuid: UUID) -> int:
        """Load an application, or take another reference to it, and return its handle."""
        with self._lock:
            handles = (h for h, loaded in self._loaded.items() if loaded.uuid == uuid)
            handle = next(handles, None)
            if handle is None:
                handle = next(h for h in itertools.count(1) if h not in self._loaded)
                self._loaded[handle] = _Loaded(uuid)
            self._loaded[handle].references += 1
            return handle

    def _unload(self, handle: int) -> None:
        """Drop a reference, and unload the application after the last."""
        with self._lock:
            loaded = self._loaded[handle]
            loaded.references -= 1
            if not loaded.references:
                del self._loaded[handle]

    def _add_session(self, context: TeeContext, handle: int, number: int) -> int | None:
        """Return the lowest free number for a session; None if all are taken."""
        with self._lock:
            for index in range(_SESSIONS):
                session = index << _HANDLE_BITS | handle
                if session not in context.sessions:
                    context.sessions[session] = number
                    return session
        return None

    def invoke(self, context: TeeContext, session: int, func: int, params: list[Param]) -> Reply:
        """Run a command. Parameters that the driver can't send are a result, not an OSError."""
        number = context.sessions.get(session)
        if number is None:
            raise OSError(errno.EINVAL, "there is no such session in this context")
        if not _are_carried(params):
            return Reply(Result.BAD_PARAMETERS, Origin.COMMS)
        message = _message(params)
        outcome = self.world.invoke_command(number, func, message.parameters)
        message.finish()
        return outcome

    def cancel(self, context: TeeContext, session: int, cancel_id: int) -> None:
        """Refuse, for any session."""
        raise OSError(errno.EINVAL, "the PSP can't cancel operations")

    def close_session(self, context: TeeContext, session: int) -> None:
        """Close a session, and unload the application after its last."""
        number = context.sessions.pop(session, None)
        if number is None:
            raise OSError(errno.EINVAL, "there is no such session in this context")
        self.world.close_session(number)
        self._unload(session & _HANDLE_MASK)

    def release(self, context: TeeContext) -> None:
        """Close the sessions that were left open, one application after the other."""
        for session in sorted(context.sessions, key=lambda s: (s & _HANDLE_MASK, s)):
            self.close_session(context, session)


def _are_carried(params: list[Param]) -> bool:
    return len(params) <= CLIENT_PARAMS and are_carried(params)


def _message(params: list[Param]) -> Message:
    """Make the message; it has no place for the third number of a value."""
    for param in params:
        if param is not NO_PARAM:
            param.c = 0
    return Message(params)
