# SPDX-License-Identifier: BSD-2-Clause
"""A session of a client, as the Trusted Application sees it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn
from uuid import UUID

from ..._boundary.sleep import interruptible_sleep, signals_held
from ...enums import Result
from .notifications import Notifications
from .results import PanicError, ResultError

if TYPE_CHECKING:
    from .instance import Instance
    from .parameters import Parameters

__all__ = ["LOGIN_TRUSTED_APP", "ClientSession", "Identity"]

LOGIN_TRUSTED_APP: Final = 0xF0000000
"""The login of another Trusted Application (TEE_LOGIN_TRUSTED_APP)."""

# Seconds between two looks at the request where OP-TEE and Linux make hundreds.
_SPIN: Final = 0.001


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a client (TEE_Identity): its login and its UUID."""

    login: int
    uuid: UUID


class ClientSession:
    """A session of a client, as the Trusted Application sees it.

    Attributes:
        identity: the identity of the client (the property gpd.client.identity).
        data: anything that the application keeps here (the session context of the Internal
            Core API).

    Threads: entry points of an instance run one at a time, each in the thread of its client;
    use it there.
    """

    def __init__(self, identity: Identity, notifications: Notifications | None = None) -> None:
        self.identity = identity
        self._notifications = notifications
        self.data: Any = None
        self._cancelled = False
        self._masked = True
        self._deadline: float | None = None
        self._caller: Instance | None = None
        self._parameters: Parameters | None = None

    @property
    def _client(self) -> ClientSession | None:
        """The session that the calling Trusted Application serves; None if the client is none."""
        return self._caller.current if self._caller is not None else None

    def get_cancellation_flag(self) -> bool:
        """Return whether the operation is cancelled or timed out, unless that is masked."""
        return not self._masked and (
            self._cancelled or (self._deadline is not None and time.monotonic() >= self._deadline)
        )

    def mask_cancellation(self) -> bool:
        """Ignore cancellations; return whether they were ignored before."""
        was, self._masked = self._masked, True
        return was

    def unmask_cancellation(self) -> bool:
        """Allow cancellations; return whether they were ignored before, as at each entry point."""
        was, self._masked = self._masked, False
        return was

    def wait(self, milliseconds: int) -> None:
        """Wait; raise ResultError(CANCEL) if the operation is cancelled (TEE_Wait).

        As in OP-TEE on Linux, a request during the wait does not end it early: OP-TEE looks at
        the request only when Linux has slept, and Linux does not sleep as long as a signal is
        pending for the thread of the call.
        """
        end = time.monotonic() + milliseconds / 1000
        is_interrupted = False
        with signals_held() as others:
            while not self.get_cancellation_flag():
                left = end - time.monotonic()
                if left <= 0:
                    return
                if is_interrupted:
                    left = min(left, _SPIN)
                is_interrupted |= interruptible_sleep(left, others)
        raise ResultError(Result.CANCEL)

    def wait_notification(self, value: int, timeout: int = 0) -> None:
        """Wait until another session or a device sends a notification, and take it.

        In OP-TEE only pseudo applications can do this, by the request NOTIFICATION to Linux.

        Args:
            value: the value of the notification.
            timeout: the time-out in ticks of Linux, 0 for none. Older releases ignore it;
                see Notifications.

        Raises:
            ResultError: BAD_PARAMETERS; the value is too large, or another session waits for
                it. TIMEOUT. NOT_SUPPORTED; the TEE has no notifications.
        """
        _check(self._need_notifications().wait(value, timeout))

    def send_notification(self, value: int) -> None:
        """Send a notification to the session that waits for it, now or later.

        Sending it again before it is taken has no effect.

        Raises:
            ResultError: BAD_PARAMETERS; the value is too large. NOT_SUPPORTED; the TEE has no
                notifications.
        """
        _check(self._need_notifications().send(value))

    def _need_notifications(self) -> Notifications:
        if self._notifications is None:
            raise ResultError(Result.NOT_SUPPORTED)
        return self._notifications

    def panic(self, code: int) -> NoReturn:
        """End the Trusted Application (TEE_Panic)."""
        raise PanicError(code)

    def _prepare_entry(self, caller: Instance, timeout: int | None) -> None:
        """Set the calling Trusted Application and the time-out, before an entry point."""
        self._caller = caller
        self._deadline = None if timeout is None else time.monotonic() + timeout / 1000

    def _take_parameters(self, parameters: Parameters) -> None:
        """Set the parameters, before an entry point."""
        self._parameters = parameters

    def _request_cancellation(self) -> None:
        self._cancelled = True

    def _finish_entry(self) -> None:
        """Reset cancellation and time-out, after an entry point."""
        self._cancelled = False
        self._masked = True
        self._deadline = None
        self._parameters = None


def _check(result: int) -> None:
    if result != Result.SUCCESS:
        raise ResultError(result)
