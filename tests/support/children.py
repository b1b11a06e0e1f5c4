# SPDX-License-Identifier: BSD-2-Clause
"""Work that a child of a fork does."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from .waiting import LIMIT


def in_child(work: Callable[[], object]) -> int:
    """Do something in a child; return its status, which a signal sets if it takes too long."""
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LIMIT)
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1]
