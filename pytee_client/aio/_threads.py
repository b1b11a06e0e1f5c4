# SPDX-License-Identifier: BSD-2-Clause
"""Threads for what may wait for the TEE and is no call: opening, closing, sharing memory."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Final, TypeVar

from .._boundary import leave_signals
from .._process import Process

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")

# Few, as the TEE has few threads itself. More than one, as one may have to wait for a call.
_LIMIT: Final = 4


class Job(Future[_T]):
    """What a thread does, or will do.

    Args:
        function: what it does.
        undo: takes the result back, in a thread, if nobody wants it any more.
    """

    def __init__(self, function: Callable[[], _T], undo: Callable[[_T], object] | None) -> None:
        super().__init__()
        self._function = function
        self._undo = undo
        # Who takes the only element does what follows from the end, or from giving up.
        self._first = deque((None,))

    def give_up(self) -> bool:
        """Have nobody wait for it; a result that comes yet is taken back."""
        if self.cancel():
            return True
        try:
            self._first.pop()
        except IndexError:
            return False
        self.set_exception(CancelledError())
        return True

    def run(self) -> None:
        """Do it, unless it was given up."""
        if not self.set_running_or_notify_cancel():
            return
        try:
            result = self._function()
        except BaseException as error:
            if self._is_wanted():
                self.set_exception(error)
            return
        if self._is_wanted():
            self.set_result(result)
        elif self._undo is not None:
            self._undo(result)

    def _is_wanted(self) -> bool:
        try:
            self._first.pop()
        except IndexError:
            return False
        return True


class DaemonThreads:
    """A few daemon threads, which are there while there is something to do.

    Without a lock: each step is one of a deque, which an interrupt can't split.
    """

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._jobs: deque[Job[object]] = deque()
        # One for each thread that may be started.
        self._free = deque(range(_LIMIT))
        self._process = Process.generation

    def submit(
        self, function: Callable[[], _T], undo: Callable[[_T], object] | None = None
    ) -> Job[_T]:
        """Have a thread call a function, after those that were submitted before."""
        if self._process != Process.generation:
            # The threads of the parent are not in its child.
            self._renew()
        job = Job(function, undo)
        self._jobs.append(job)  # type: ignore[arg-type]
        try:
            number = self._free.pop()
        except IndexError:
            # Each of them looks once more before it ends.
            return job
        try:
            threading.Thread(
                target=self._run, args=(number,), name="pytee_client.aio", daemon=True
            ).start()
        except BaseException:
            self._free.append(number)
            raise
        return job

    def _run(self, number: int) -> None:
        leave_signals()
        while True:
            try:
                job = self._jobs.popleft()
            except IndexError:
                self._free.append(number)
                # What was submitted just before that found no number.
                if not self._jobs:
                    return
                try:
                    number = self._free.pop()
                except IndexError:
                    return
                continue
            job.run()
            # What it returned must not live until the next one.
            del job
