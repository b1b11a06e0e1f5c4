# SPDX-License-Identifier: BSD-2-Clause
"""Closing off the loop, and within a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from .._checks import to_timeout
from ..errors import DeadlineError
from ._waiting import end_of, result_of

if TYPE_CHECKING:
    from ..context import Context
    from ..session import Session
    from ._threads import DaemonThreads

# What close() itself may take beyond its time, before nobody waits for it any more. It waits for
# the TEE without a limit if no call is left.
_SLACK: Final = 1.0


async def close(threads: DaemonThreads, part: Context | Session, timeout: float | None) -> None:
    """Close something in a thread; raise DeadlineError after a time, and leave it to the thread."""
    seconds = to_timeout(timeout, "timeout")
    if seconds is None:
        await result_of(threads.submit(part.close), threads)
        return
    end = time.monotonic() + seconds
    job = threads.submit(lambda: part.close(timeout=max(0.0, end - time.monotonic())))
    await end_of(job, seconds + _SLACK)
    if not job.done():
        error = DeadlineError(
            f"closing {part!r}",
            details=f"it is not over after {seconds:g} s, and goes on in a thread",
        )
        error.still_running = True
        raise error
    try:
        job.result()
    finally:
        # An error knows this frame, and must not be known by it.
        del job
