# SPDX-License-Identifier: BSD-2-Clause
"""Monitors, which tell that devices came or went: by Linux and udev, or a kernel in Python."""

from __future__ import annotations

import contextlib
import select
import time
from typing import TYPE_CHECKING, Protocol, final

from .._process import importing
from .._single import Single

if TYPE_CHECKING:
    import socket

_LONGEST_SLEEP = 0.5
_SHORTEST_SLEEP = 0.05
_NETLINK_KOBJECT_UEVENT = 15
# Events of the kernel, and of udev, which sends its own after it has set permissions.
_GROUPS = 1 | 2


class Monitor(Protocol):
    """Tells that devices came or went since it was made."""

    def wait(self, timeout: float) -> bool:
        """Wait at most timeout seconds for news; return whether there were any."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


@final
class LinuxMonitor(Single):
    """Listens to messages of Linux and udev; if that is not allowed, it only sleeps."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        with contextlib.suppress(OSError):
            self._socket = _open_socket()

    def wait(self, timeout: float) -> bool:
        """Wait for news of any device, for half a second at most."""
        if self._socket is None:
            time.sleep(min(timeout, _SHORTEST_SLEEP))
            return False
        # Permissions can change without a message.
        ready, _, _ = select.select([self._socket], [], [], min(timeout, _LONGEST_SLEEP))
        while ready:
            try:
                self._socket.recv(1 << 16)
            except BlockingIOError:
                return True
            except OSError:
                # Messages were lost because there were too many.
                continue
        return False

    def close(self) -> None:
        """Stop listening."""
        if self._socket is not None:
            self._socket.close()


def _open_socket() -> socket.socket:
    with importing:
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
