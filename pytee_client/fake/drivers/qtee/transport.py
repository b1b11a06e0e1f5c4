# SPDX-License-Identifier: BSD-2-Clause
"""The way from the QTEE driver into the secure world, and what goes over it."""

from __future__ import annotations

import contextlib
import errno
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .object import QteeReference

__all__ = ["Transport", "TransportDeadError"]


class TransportDeadError(BaseException):
    """The transport has died under an invocation; no object can help it."""


class Transport:
    """The secure calls, which can be made to fail.

    Args:
        callback_ids: how many objects of clients' QTEE may have at a time.
    """

    def __init__(self, callback_ids: int) -> None:
        self._lock = threading.RLock()
        self._free_ids = callback_ids
        self._error: int | None = None
        self._thread = threading.local()

    def fail(self, error: int | None) -> None:
        """Have every secure call fail with an errno, or none any longer."""
        self._error = error

    def enter(self) -> None:
        """Begin an invocation."""
        if self._error is not None:
            raise OSError(self._error, "the secure call failed")

    def reenter(self) -> None:
        """Go back into QTEE with the answer of a client's object."""
        if self._error is not None:
            raise TransportDeadError

    def take_id(self) -> None:
        """Take an id for a client's object."""
        with self._lock:
            if not self._free_ids:
                raise OSError(errno.ENOSPC, "no id for another object of a client's")
            self._free_ids -= 1

    def return_id(self) -> None:
        """Return an id that was taken."""
        with self._lock:
            self._free_ids += 1

    @contextlib.contextmanager
    def lending(self) -> Iterator[None]:
        """Release, in the end, what is lent to this thread's invocation."""
        outer: list[QteeReference] | None = getattr(self._thread, "lent", None)
        lent: list[QteeReference] = []
        self._thread.lent = lent
        try:
            yield
        except BaseException:
            for reference in lent:
                reference._forget()
            raise
        finally:
            self._thread.lent = outer
            for reference in lent:
                reference.release()

    def lend(self, reference: QteeReference) -> None:
        """Lend an object to this thread's invocation; outside of any it is its receiver's."""
        lent: list[QteeReference] | None = getattr(self._thread, "lent", None)
        if lent is not None:
            lent.append(reference)
