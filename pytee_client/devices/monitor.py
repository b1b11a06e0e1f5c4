# SPDX-License-Identifier: BSD-2-Clause
"""What tells that devices come and go: Linux and udev, or a kernel of its own."""

from __future__ import annotations

import contextlib
import select
import time
from typing import TYPE_CHECKING, Protocol, final

if TYPE_CHECKING:
    import socket

_LONGEST_SLEEP = 0.5
_SHORTEST_SLEEP = 0.05
_NETLINK_KOBJECT_UEVENT = 15
# The kernel's own events, and udev's, which come when it has set permissions.
_GROUPS = 1 | 2


class Monitor(Protocol):
    """What tells that devices came or went, from when it was made."""

    def wait(self, timeout: float) -> bool:
        """Wait for news, so many seconds at the most; return whether there are, and forget them."""
        ...

    def close(self) -> None:
        """End it."""
        ...


@final
class LinuxMonitor:
    """Linux's and udev's messages on devices; where it may not hear them, time passing."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        with contextlib.suppress(OSError):
            self._socket = _open_socket()

    def wait(self, timeout: float) -> bool:
        """Wait for news, of any device, but not for longer than half a second."""
        if self._socket is None:
            time.sleep(min(timeout, _SHORTEST_SLEEP))
            return False
        # Permissions are changed without a message too.
        ready, _, _ = select.select([self._socket], [], [], min(timeout, _LONGEST_SLEEP))
        while ready:
            try:
                self._socket.recv(1 << 16)
            except BlockingIOError:
                return True
            except OSError:
                # There were too many to keep them all.
                continue
        return False

    def close(self) -> None:
        """Listen no longer."""
        if self._socket is not None:
            self._socket.close()


def _open_socket() -> socket.socket:
    import socket

    listening = socket.socket(
        socket.AF_NETLINK,
        socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK,
        _NETLINK_KOBJECT_UEVENT,
    )
    try:
        listening.bind((0, _GROUPS))
    except BaseException:
        listening.close()
        raise
    return listening
