# SPDX-License-Identifier: BSD-2-Clause
"""Handlers of signals for a while."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def handler(number: int, action: Callable[..., object] | signal.Handlers) -> Iterator[None]:
    """Handle a signal in some way, and then as before."""
    before = signal.signal(number, action)
    try:
        yield
    finally:
        # Takes back what has not reached its thread yet: the default may end the process.
        signal.signal(number, signal.SIG_IGN)
        signal.signal(number, before)
