# SPDX-License-Identifier: BSD-2-Clause
"""The messages of the fake kernel about its devices (uevents)."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType, TracebackType
from typing import Final

from ..._checks import to_timeout
from ..._conditions import Condition
from ..._process import renewed
from ..._single import Single

__all__ = ["Uevent", "UeventAction", "UeventMonitor", "Uevents"]

_SUBSYSTEM: Final = "tee"


class UeventAction(Enum):
    """The events of a device."""

    ADD = "add"
    REMOVE = "remove"
    BIND = "bind"
    """It got a driver."""
    UNBIND = "unbind"
    """It lost its driver."""


@dataclass(frozen=True, slots=True)
class Uevent:
    """A message of the kernel about a device of the subsystem "tee".

    Attributes:
        action: what happened to the device.
        devpath: the path of the device in sysfs, such as "/devices/virtual/tee/tee0".
        properties: more about it: MAJOR, MINOR and DEVNAME of a device with a node,
            MODALIAS of a device on the bus, and DRIVER with BIND.
        sequence_number: the number of the event, one more than that of the last event.
    """

    action: UeventAction
    devpath: str
    properties: Mapping[str, str] = field(hash=False)
    sequence_number: int

    @property
    def modalias(self) -> str | None:
        """The alias by which the module of a driver is found; None for a device with a node."""
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


class UeventMonitor(Single):
    """Receive the messages about devices, from its creation until it is closed.

    Threads: may be used from any. If several threads get(), each event goes to one of them.
    """

    def __init__(self, events: Uevents) -> None:
        self._events = events
        self._heard: deque[Uevent] = deque()
        self._news = renewed(Condition())

    def _hear(self, event: Uevent) -> None:
        with self._news:
            self._heard.append(event)
            self._news.notify()

    def get(self, timeout: float | None = None) -> Uevent:
        """Return the next event.

        Args:
            timeout: how many seconds to wait; None waits without a limit.

        Raises:
            TimeoutError: no event came in time.
        """
        limit = to_timeout(timeout, "the timeout")
        with self._news:
            if not self._news.wait_for(lambda: self._heard, limit):
                raise TimeoutError(f"no event in {timeout} seconds")
            return self._heard.popleft()

    def wait(self, timeout: float) -> bool:
        """Wait for events, at most timeout seconds; drop them and return whether there were any."""
        limit = to_timeout(timeout, "the timeout")
        with self._news:
            heard = self._news.wait_for(lambda: bool(self._heard), limit)
            self._heard.clear()
            return heard

    def close(self) -> None:
        """Stop receiving. Events that came before can still be read."""
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
    """Send the messages about devices to the monitors.

    Threads: may be used from any.
    """

    def __init__(self) -> None:
        self._lock = renewed(threading.RLock())
        self._monitors: list[UeventMonitor] = []
        self._numbers = itertools.count(1)

    def subscribe(self) -> UeventMonitor:
        """Return a monitor that receives the messages from now on."""
        monitor = UeventMonitor(self)
        with self._lock:
            self._monitors.append(monitor)
        return monitor

    def _forget(self, monitor: UeventMonitor) -> None:
        with self._lock:
            if monitor in self._monitors:
                self._monitors.remove(monitor)

    def send(self, action: UeventAction, devpath: str, properties: Mapping[str, str]) -> None:
        """Send a message to all monitors."""
        with self._lock:
            event = Uevent(action, devpath, MappingProxyType(dict(properties)), next(self._numbers))
            for monitor in self._monitors:
                monitor._hear(event)
