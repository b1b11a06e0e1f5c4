# SPDX-License-Identifier: BSD-2-Clause
"""Calls from the driver of QTEE into the secure world."""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Iterator

from ...._process import renewed
from .object import QteeReference

__all__ = ["Transport", "TransportDeadError"]


class TransportDeadError(BaseException):
    """The transport failed during an invocation. No object may catch this."""


class Transport:
    """Make secure calls, or let them fail.

    Args:
        callback_ids: how many objects of clients QTEE can hold at a time.
    """

    def __init__(self, callback_ids: int) -> None:
        self._lock = renewed(threading.RLock())
        self._free_ids = callback_ids
        self._error: int | None = None
        self._thread = threading.local()

    def fail(self, error: int | None) -> None:
        """Let every secure call fail with an errno; None ends this."""
        self._error = error

    def enter(self) -> None:
        """Start an invocation."""
        if self._error is not None:
            raise OSError(self._error, "the secure call failed")

    def reenter(self) -> None:
        """Return into QTEE with the answer of a client."""
        if self._error is not None:
            raise TransportDeadError

    def take_id(self) -> None:
        """Take an id for an object of a client."""
        with self._lock:
            if not self._free_ids:
                raise OSError(errno.ENOSPC, "there is no id for another object of a client")
            self._free_ids -= 1

    def return_id(self) -> None:
        """Give back an id that was taken."""
        with self._lock:
            self._free_ids += 1

    @contextlib.contextmanager
    def lending(self) -> Iterator[None]:
        """Start an invocation in this thread, and release at its end what was lent to it."""
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
        """Lend an object to the invocation of this thread.

        Outside an invocation this does nothing: the receiver owns the object.
        """
        lent: list[QteeReference] | None = getattr(self._thread, "lent", None)
        if lent is not None:
            lent.append(reference)
