# SPDX-License-Identifier: BSD-2-Clause
"""Serving until a signal says that it is enough, as a program does it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Final

from .device import SupplicantDevice
from .service import SupplicantService

__all__ = ["serve_until_signal"]

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
# Seconds between two attempts to end a wait, for all of them, and for a request to be answered.
_INTERVAL: Final = 0.02
_PERSISTENCE: Final = 1.0
_PATIENCE: Final = 10.0
_OVER: Final = b"\0"


def serve_until_signal(
    device: SupplicantDevice, service: SupplicantService
) -> signal.Signals | OSError:
    """Serve until SIGTERM or SIGINT comes, or the device fails; return which it was.

    A request that has been received is answered before it returns. The device is closed then.

    Threads: the main one, as for all signals; it serves in another.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(writer, False)
    ends: list[OSError] = []
    is_over, may_end = threading.Event(), threading.Event()

    def serve() -> None:
        try:
            error = service.run()
            if error is not None:
                ends.append(error)
        finally:
            is_over.set()
            os.write(writer, _OVER)
            # Until then there is a thread to send signals to.
            may_end.wait()

    # One that waits in the kernel for good ends with the process.
    thread = threading.Thread(target=serve, name="supplicant", daemon=True)
    try:
        with _signals_written_to(writer):
            thread.start()
            came = _next_end(reader)
            if came is not None:
                _stop(device, service, thread, is_over)
            may_end.set()
            if is_over.is_set():
                thread.join()
    finally:
        device.close()
        if is_over.is_set():
            device.free_all()
            os.close(reader)
            os.close(writer)
    if came is not None:
        return came
    return ends[0] if ends else OSError("the supplicant stopped serving")


def _next_end(reader: int) -> signal.Signals | None:
    """Wait for a signal; return None if the service is over before."""
    while True:
        # Python writes the numbers of all signals that have a handler of its own.
        number = os.read(reader, 1)
        if number == _OVER:
            return None
        if number[0] in _ENDING:
            return signal.Signals(number[0])


@contextlib.contextmanager
def _signals_written_to(writer: int) -> Iterator[None]:
    """Have the numbers of signals written to a pipe.

    A handler in Python alone could miss the moment: it runs after a call that waits, which need
    not come back.
    """
    before = {number: signal.signal(number, lambda *_: None) for number in _ENDING}
    old = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(old)
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(
    device: SupplicantDevice,
    service: SupplicantService,
    thread: threading.Thread,
    is_over: threading.Event,
) -> None:
    service.stop()
    begin = time.monotonic()
    while not is_over.wait(_INTERVAL):
        taken = time.monotonic() - begin
        if taken > _PATIENCE:
            return
        if taken < _PERSISTENCE:
            # This ends a wait for a request, and nothing else. It may come just before the wait.
            assert thread.ident is not None
            signal.pthread_kill(thread.ident, signal.SIGTERM)
        elif not service.is_serving:
            # Such as one in a kernel in Python, which signals do not wake.
            device.close()
