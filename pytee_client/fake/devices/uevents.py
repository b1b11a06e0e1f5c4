# SPDX-License-Identifier: BSD-2-Clause
"""What the fake kernel tells those who listen of its devices (uevents)."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

__all__ = ["Uevent", "UeventAction", "UeventMonitor", "Uevents"]

_SUBSYSTEM: Final = "tee"


class UeventAction(Enum):
    """What became of a device."""

    ADD = "add"
    REMOVE = "remove"
    BIND = "bind"
    """A driver has it."""
    UNBIND = "unbind"
    """No driver has it any longer."""


@dataclass(frozen=True, slots=True)
class Uevent:
    """A message of the kernel on a device of the subsystem "tee".

    Attributes:
        action: what became of the device.
        devpath: where it is in sysfs, "/devices/virtual/tee/tee0".
        properties: what else is said: MAJOR, MINOR and DEVNAME of a device with a node,
            MODALIAS of one on the bus, and DRIVER with BIND.
        sequence_number: each event has the number after the last one's.
    """

    action: UeventAction
    devpath: str
    properties: Mapping[str, str] = field(hash=False)
    sequence_number: int

    @property
    def modalias(self) -> str | None:
        """By what a driver's module is found, of a device on the bus."""
        return self.properties.get("MODALIAS")

    def __bytes__(self) -> bytes:
        """Return the message as a netlink socket receives it (NETLINK_KOBJECT_UEVENT)."""
        lines = {
            "ACTION": self.action.value,
            "DEVPATH": self.devpath,
            "SUBSYSTEM": _SUBSYSTEM,
            **self.properties,
            "SEQNUM": str(self.sequence_number),
        }
        head = f"{self.action.value}@{self.devpath}\0"
        return (head + "".join(f"{name}={text}\0" for name, text in lines.items())).encode()


class UeventMonitor:
    """A listener: it hears what happens from its beginning on, until it is closed.

    Threads: may be used from any; each event goes to one of those that get().
    """

    def __init__(self, events: Uevents) -> None:
        self._events = events
        self._heard: deque[Uevent] = deque()
        self._news = threading.Condition()

    def _hear(self, event: Uevent) -> None:
        with self._news:
            self._heard.append(event)
            self._news.notify()

    def get(self, timeout: float | None = None) -> Uevent:
        """Return the next event.

        Args:
            timeout: for how many seconds to wait for one; None for ever.

        Raises:
            TimeoutError: there was none.
        """
        with self._news:
            if not self._news.wait_for(lambda: self._heard, timeout):
                raise TimeoutError(f"no event in {timeout} seconds")
            return self._heard.popleft()

    def wait(self, timeout: float) -> bool:
        """Wait for events, so many seconds at the most; return whether there are, and drop them."""
        with self._news:
            heard = self._news.wait_for(lambda: bool(self._heard), timeout)
            self._heard.clear()
            return heard

    def close(self) -> None:
        """Listen no longer; what was heard can still be got."""
        self._events._forget(self)

    def __enter__(self) -> UeventMonitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Uevents:
    """The kernel's messages on its devices.

    Threads: may be used from any.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._monitors: list[UeventMonitor] = []
        self._numbers = itertools.count(1)

    def subscribe(self) -> UeventMonitor:
        """Listen from now on."""
        monitor = UeventMonitor(self)
        with self._lock:
            self._monitors.append(monitor)
        return monitor

    def _forget(self, monitor: UeventMonitor) -> None:
        with self._lock:
            if monitor in self._monitors:
                self._monitors.remove(monitor)

    def send(self, action: UeventAction, devpath: str, properties: Mapping[str, str]) -> None:
        """Tell all who listen."""
        with self._lock:
            event = Uevent(action, devpath, MappingProxyType(dict(properties)), next(self._numbers))
            for monitor in self._monitors:
                monitor._hear(event)
