# SPDX-License-Identifier: BSD-2-Clause
"""Trusted Applications as Python classes.

Modelled on the TEE Internal Core API (GPD_SPE_010): the entry points of a Trusted
Application are methods, TA_InvokeCommandEntryPoint is invoke_command, and the functions
it may call are methods of its session, TEE_Wait is wait.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, TypeAlias

from ...enums import Result
from ...kernels.uapi import ParamType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from .instance import Instance
    from .internal_core import InternalCore
    from .notifications import Notifications
    from .properties import PropertyValue

__all__ = [
    "LOGIN_TRUSTED_APP",
    "Identity",
    "MemrefParameter",
    "PanicError",
    "Parameters",
    "ResultCode",
    "TrustedApplication",
    "TrustedApplicationSession",
    "ValueParameter",
]


LOGIN_TRUSTED_APP: Final = 0xF0000000
"""How another Trusted Application logs in (TEE_LOGIN_TRUSTED_APP)."""


class ResultCode(Exception):  # it is a result, and not always an error's
    """Raised by a Trusted Application to return a code from an entry point.

    Any other exception that leaves an entry point is a panic.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"0x{code:08x}")
        self.code = code


class PanicError(Exception):
    """What TEE_Panic does to a Trusted Application."""

    def __init__(self, code: int) -> None:
        super().__init__(f"TEE_Panic(0x{code:x})")
        self.code = code


@dataclass(slots=True)
class ValueParameter:
    """Two unsigned 32-bit numbers; what is set in an output goes back to the client."""

    type: ParamType
    a: int = 0
    b: int = 0


@dataclass(slots=True)
class MemrefParameter:
    """A memory reference.

    Attributes:
        type: its direction.
        buffer: the bytes, read-only for an input; None for a null one.
        size: its size in bytes; what is set in an output goes back to the client, and a
            size larger than the buffer says how much is needed.

    The buffer can be shorter than the size from the start. If a call's memrefs overlap in one
    block of memory, OP-TEE maps one that contains another, which begins in a later page, only
    as far as the other's last page (seen in 4.5); pseudo TAs get it whole. A real Trusted
    Application that touches what is beyond panics, and so does one in Python by the exception
    of an index that is out of range; slices need a look at the length.
    """

    type: ParamType
    buffer: memoryview | None
    size: int


Parameters: TypeAlias = "Sequence[ValueParameter | MemrefParameter | None]"
"""The four parameters of an operation, None for those that are not used."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the client is (TEE_Identity): how it logged in, and its UUID."""

    login: int
    uuid: UUID


class TrustedApplicationSession:
    """A client's session, as the Trusted Application sees it.

    Attributes:
        identity: who the client is (the property gpd.client.identity).
        data: the application's own; the session context of the Internal Core API.
    """

    def __init__(self, identity: Identity, notifications: Notifications | None = None) -> None:
        self.identity = identity
        self._notifications = notifications
        self.data: Any = None
        self._cancelled = False
        self._masked = True
        self._deadline: float | None = None
        self._caller: Instance | None = None

    def get_cancellation_flag(self) -> bool:
        """Return whether cancellation was requested, or is due, and is not masked."""
        return not self._masked and (
            self._cancelled or (self._deadline is not None and time.monotonic() >= self._deadline)
        )

    def mask_cancellation(self) -> bool:
        """Have cancellation ignored; return whether it was."""
        was, self._masked = self._masked, True
        return was

    def unmask_cancellation(self) -> bool:
        """Have cancellation heeded; return whether it was ignored, as each entry begins."""
        was, self._masked = self._masked, False
        return was

    def wait(self, milliseconds: int) -> None:
        """Wait; raises ResultCode(CANCEL) if cancelled.

        As in OP-TEE on Linux, a request that comes during the wait does not shorten it.
        """
        if not self.get_cancellation_flag():
            time.sleep(milliseconds / 1000)
        if self.get_cancellation_flag():
            raise ResultCode(Result.CANCEL)

    def wait_notification(self, value: int, timeout: int = 0) -> None:
        """Wait until a notification is sent, by another session or by a device, and take it.

        In OP-TEE for what is part of it (pseudo) only: its request NOTIFICATION to Linux.

        Args:
            value: which one.
            timeout: how long to wait, 0 for ever. It is in ticks of Linux, which older
                releases do not even count; see Notifications.

        Raises:
            ResultCode: BAD_PARAMETERS for a value that is too large or waited for already;
                TIMEOUT; NOT_SUPPORTED by a TEE without notifications.
        """
        _check(self._need_notifications().wait(value, timeout))

    def send_notification(self, value: int) -> None:
        """Wake what waits for a notification, or will; twice is once.

        Raises:
            ResultCode: BAD_PARAMETERS for a value that is too large; NOT_SUPPORTED by a TEE
                without notifications.
        """
        _check(self._need_notifications().send(value))

    def _need_notifications(self) -> Notifications:
        if self._notifications is None:
            raise ResultCode(Result.NOT_SUPPORTED)
        return self._notifications

    def panic(self, code: int) -> NoReturn:
        """End the Trusted Application."""
        raise PanicError(code)

    def _begin(self, caller: Instance, timeout: int | None) -> None:
        """Note, before an entry, for which Trusted Application it is and for how long."""
        self._caller = caller
        self._deadline = None if timeout is None else time.monotonic() + timeout / 1000

    def _request_cancellation(self) -> None:
        self._cancelled = True

    def _leave(self) -> None:
        """Forget, as each entry ends, what was asked of it."""
        self._cancelled = False
        self._masked = True
        self._deadline = None


def _check(result: int) -> None:
    if result != Result.SUCCESS:
        raise ResultCode(result)


class TrustedApplication:
    """The base of Trusted Applications; one object is one instance.

    Entry points return None for SUCCESS, or raise ResultCode. The kernel runs one entry
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

    def open_session(self, session: TrustedApplicationSession, parameters: Parameters) -> None:
        """Let a client in (TA_OpenSessionEntryPoint)."""

    def invoke_command(
        self, session: TrustedApplicationSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run a command (TA_InvokeCommandEntryPoint)."""
        raise ResultCode(Result.NOT_IMPLEMENTED)

    def close_session(self, session: TrustedApplicationSession) -> None:
        """See a client off (TA_CloseSessionEntryPoint)."""
