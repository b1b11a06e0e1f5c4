# SPDX-License-Identifier: BSD-2-Clause
"""Interrupting the main thread in a call that waits."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from .waiting import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator


class Interrupted(BaseException):
    """What the main thread is interrupted by."""


class Interruption:
    """What interrupts the main thread, once."""

    def __init__(self) -> None:
        self._arrived = threading.Event()

    def interrupt(self) -> None:
        """Interrupt the main thread; from another one."""
        thread = threading.main_thread().ident
        assert thread is not None
        for _ in range(LIMIT * 100):
            # A signal that comes just before a thread sleeps does not wake it.
            signal.pthread_kill(thread, signal.SIGUSR1)
            if self._arrived.wait(0.01):
                return
        raise AssertionError("the thread was not interrupted in time")

    def _arrive(self, *_: object) -> None:
        if not self._arrived.is_set():
            self._arrived.set()
            raise Interrupted


@contextlib.contextmanager
def interruption() -> Iterator[Interruption]:
    """Be ready to be interrupted."""
    made = Interruption()
    before = signal.signal(signal.SIGUSR1, made._arrive)
    try:
        yield made
    finally:
        signal.signal(signal.SIGUSR1, before)
