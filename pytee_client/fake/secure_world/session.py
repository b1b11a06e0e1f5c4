# SPDX-License-Identifier: BSD-2-Clause
"""A client's session, as the Trusted Application sees it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ...enums import Result
from .results import PanicError, ResultError

if TYPE_CHECKING:
    from uuid import UUID

    from .instance import Instance
    from .notifications import Notifications

__all__ = ["LOGIN_TRUSTED_APP", "ClientSession", "Identity"]

LOGIN_TRUSTED_APP: Final = 0xF0000000
"""How another Trusted Application logs in (TEE_LOGIN_TRUSTED_APP)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the client is (TEE_Identity): how it logged in, and its UUID."""

    login: int
    uuid: UUID


class ClientSession:
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
        """Wait; raises ResultError(CANCEL) if cancelled.

        As in OP-TEE on Linux, a request that comes during the wait does not shorten it.
        """
        if not self.get_cancellation_flag():
            time.sleep(milliseconds / 1000)
        if self.get_cancellation_flag():
            raise ResultError(Result.CANCEL)

    def wait_notification(self, value: int, timeout: int = 0) -> None:
        """Wait until a notification is sent, by another session or by a device, and take it.

        In OP-TEE for what is part of it (pseudo) only: its request NOTIFICATION to Linux.

        Args:
            value: which one.
            timeout: how long to wait, 0 for ever. It is in ticks of Linux, which older
                releases do not even count; see Notifications.

        Raises:
            ResultError: BAD_PARAMETERS for a value that is too large or waited for already;
                TIMEOUT; NOT_SUPPORTED by a TEE without notifications.
        """
        _check(self._need_notifications().wait(value, timeout))

    def send_notification(self, value: int) -> None:
        """Wake what waits for a notification, or will; twice is once.

        Raises:
            ResultError: BAD_PARAMETERS for a value that is too large; NOT_SUPPORTED by a TEE
                without notifications.
        """
        _check(self._need_notifications().send(value))

    def _need_notifications(self) -> Notifications:
        if self._notifications is None:
            raise ResultError(Result.NOT_SUPPORTED)
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
        raise ResultError(result)
