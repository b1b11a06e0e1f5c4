# SPDX-License-Identifier: BSD-2-Clause
"""Closing within a time: a worker does it, as Linux waits for the TEE without a limit."""

from __future__ import annotations

from .._process import importing
from ..errors import DeadlineError, OutOfMemoryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final, TypeVar

    from .._boundary import NativeContext

    _T = TypeVar("_T")

# What the TEE has to close something when nothing uses it any more, in seconds, even if there is
# no time left. It takes a few milliseconds, unless all of its threads are busy.
_LEAST: Final = 0.25


def run_within(context: NativeContext, close: Callable[[], _T], left: float, doing: str) -> _T:
    """Have a worker call a function that closes something, and wait for a while.

    Raises:
        DeadlineError: it did not end in time, and goes on.
    """
    # Programs that close without a time-out need not wait for this import.
    with importing:
        from concurrent.futures import wait

        from .functions import submit_function

    seconds = max(left, _LEAST)
    try:
        future = submit_function(context, close, hurries=True)
    except OutOfMemoryError:
        # There is no other thread to be had.
        return close()
    if not wait((future,), seconds).done:
        raise late_closing(doing, f"it takes the TEE longer than {seconds:.3g} s, and goes on")
    return future.result()


def late_closing(doing: str, details: str) -> DeadlineError:
    """Make the error of a closing that is not over in time."""
    error = DeadlineError(doing, code=DeadlineError.code, details=details)
    error.still_running = True
    return error
