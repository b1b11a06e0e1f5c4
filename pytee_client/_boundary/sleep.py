# SPDX-License-Identifier: BSD-2-Clause
"""Sleeping as a thread does in the kernel, where a signal ends the sleep; for kernels alone."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

from .._native import lib


@contextlib.contextmanager
def signals_held() -> Iterator[int]:
    """Keep signals from this thread but while it sleeps; gives those that it blocks anyway."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield sum(1 << (number - 1) for number in before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def interruptible_sleep(seconds: float, blocked: int) -> bool:
    """Sleep, and block these signals meanwhile; return whether another one ended the sleep."""
    ended: bool = lib.sleep_until_signal(int(seconds * 1_000_000_000), blocked)
    return ended
