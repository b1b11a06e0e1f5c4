# SPDX-License-Identifier: BSD-2-Clause
"""Threads for what may wait for the TEE and is no call: opening, closing, sharing memory."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from concurrent.futures import CancelledError, Future, InvalidStateError
from typing import TYPE_CHECKING, Final, TypeVar

from .._boundary import leave_signals
from .._conditions import Condition
from .._logging import log_debug
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
        self._condition = Condition()
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
        self._end_given_up()
        return True

    def _end_given_up(self) -> None:
        # It may have ended so before.
        with contextlib.suppress(InvalidStateError):
            self.set_exception(CancelledError())

    def run(self) -> None:
        """Do it, unless it was given up."""
        if not self.set_running_or_notify_cancel():
            return
        try:
            result = self._function()
        except BaseException as error:
            if self._is_wanted():
                self.set_exception(error)
            else:
                self._end_given_up()
            # An error knows this frame, which must not know what has the error, or the context.
            del self._function, self
            return
        if self._is_wanted():
            self.set_result(result)
            return
        # An interrupt may have kept from it who gave it up.
        self._end_given_up()
        if self._undo is not None:
            log_debug("aio", "taking back what came after its task was cancelled")
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
        # One for each thread that may be started. Threads take and return them themselves, as
        # only there no interrupt comes in between.
        self._free = deque(range(_LIMIT))
        # The thread that was started last, if it has not come so far.
        self._starting: threading.Thread | None = None
        self._process = Process.generation

    def submit(
        self, function: Callable[[], _T], undo: Callable[[_T], object] | None = None
    ) -> Job[_T]:
        """Have a thread call a function, after those that were submitted before."""
        if self._process != Process.generation:
            # The threads of the parent are not in its child.
            self._renew()
        job = Job(function, undo)
        try:
            self._jobs.append(job)  # type: ignore[arg-type]
            self._start_if_needed()
        except BaseException:
            job.give_up()
            raise
        return job

    def _start_if_needed(self) -> None:
        """Start a thread, unless there are enough, or one will look for jobs at once."""
        starting = self._starting
        # Each of them looks once more before it ends.
        if not self._free or (starting is not None and starting.is_alive()):
            return
        thread = threading.Thread(target=self._run, name="pytee_client.aio", daemon=True)
        self._starting = thread
        thread.start()

    def _run(self) -> None:
        leave_signals()
        try:
            number = self._free.pop()
        except IndexError:
            return
        finally:
            self._starting = None
        while True:
            try:
                job = self._jobs.popleft()
            except IndexError:
                self._free.append(number)
                # What was submitted just before that started no thread.
                if not self._jobs:
                    return
                try:
                    number = self._free.pop()
                except IndexError:
                    return
                continue
            if self._jobs:
                # What was submitted while this one was being started.
                self._start_another()
            job.run()
            # What it returned must not live until the next one.
            del job

    def _start_another(self) -> None:
        # If there can be no more threads, those that there are do it.
        with contextlib.suppress(RuntimeError):
            self._start_if_needed()
