# SPDX-License-Identifier: BSD-2-Clause
"""The future of a call that a worker makes."""

from __future__ import annotations

import contextlib
import logging
import threading
from concurrent.futures import Future, InvalidStateError
from concurrent.futures._base import CANCELLED
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .._boundary.call import GIVEN_UP, LATE, UNSENT
from .._conditions import Condition
from .._process import left_in_children
from ..errors import ForkedContextError
from .timekeeper import call_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from .._boundary.call import Limit
    from .._teec_error import TeecError
    from .call import Call
    from .observation import Observation

    class Work(Protocol):
        """What a future needs of its job; see jobs.py."""

        call: Call
        outcome: int
        observation: Observation | None

        @property
        def is_running(self) -> bool: ...
        @property
        def is_withdrawn(self) -> bool: ...
        def stop(self) -> bool: ...
        def note(self, outcome: int, *, is_cancelled: bool = False) -> None: ...
        def tell(self, *, in_worker: bool) -> None: ...
        def request_cancellation(self) -> None: ...
        def give_up(self) -> bool: ...
        def lay_down(self, call: Call) -> None: ...
        def let_go(self) -> None: ...
        def hand_over(self, function: Callable[[], object]) -> None: ...
        def doing(self) -> str: ...
        def deadline_error(self, outcome: int) -> TeecError: ...


_T = TypeVar("_T")

# In nanoseconds. By then a thread has ended what it withdrew, unless it was interrupted.
_A_WHILE: Final = 50_000_000
_LONGER: Final = 1_000_000_000
_NONE: Final = object()


class CallFuture(Future[_T]):
    """The future of a call that a worker makes.

    Callbacks run in the worker, or in the thread that cancels or gives up the call. An interrupt
    may keep this thread from ending the future. Then the timekeeper ends it.
    """

    def __init__(self, job: Work, limit: Limit | None) -> None:
        """Make the future of a job that has not begun."""
        super().__init__()
        self._condition = Condition()
        left_in_children(self)
        # None once it is over, as the job has the future.
        self._job: Work | None = job
        self._limit = limit
        self._has_callbacks = False
        # Those that are still to be called.
        self._uncalled = iter(self._done_callbacks)
        # Set while a thread cancels it, which may have to end it; and whether it gives it up.
        self._unsettled: Work | None = None
        self._is_unwanted = False

    def add_done_callback(self, fn: Callable[[Future[_T]], object]) -> None:
        """Have a function called with the future when it is done; see the class."""
        self._has_callbacks = True
        super().add_done_callback(fn)

    def _invoke_callbacks(self) -> None:
        call = methodcaller("__call__", self)
        is_over = False
        while not is_over:
            try:
                # Taken and called by one call into C: an interrupt comes before both, or after.
                is_over = next(map(call, self._uncalled), _NONE) is _NONE
            except Exception:
                # As the standard library does.
                logger = logging.getLogger("concurrent.futures")
                logger.exception("exception calling callback for %r", self)

    def cancel(self) -> bool:
        """Cancel the call, and wait for nothing.

        Returns:
            True if the call had not begun: it never will. Else False: the TEE is asked to
            cancel it (TEEC_RequestCancellation), and the result is what it answers.
        """
        job = self._job
        if job is None or self.done():
            return self.cancelled()
        if job.is_running:
            job.request_cancellation()
            return False
        self._look_after(job)
        if not job.stop():
            self._unsettled = None
            return False
        self._end_withdrawn(job)
        return True

    def running(self) -> bool:
        """Return whether a worker has begun with the call."""
        job = self._job
        return job is not None and job.is_running and not self.done()

    def give_up(self) -> None:
        """End as cancelled now. The call is cancelled too, and keeps its buffers until it ends."""
        job = self._job
        if job is None:
            return
        self._is_unwanted = True
        self._look_after(job)
        self._leave_to_itself(job)

    def _leave_to_itself(self, job: Work) -> None:
        if job.stop():
            self._end_withdrawn(job)
            return
        try:
            if job.give_up():
                self._tell(job, GIVEN_UP)
        finally:
            self._end_cancelled(job)

    def _end_withdrawn(self, job: Work) -> None:
        try:
            self._tell(job, UNSENT)
        finally:
            job.lay_down(job.call)
            self._end_cancelled(job)
            self.forget()

    def _tell(self, job: Work, outcome: int) -> None:
        """Tell the observer of a call that was cancelled."""
        if job.observation is not None:
            job.note(outcome, is_cancelled=True)
            job.tell(in_worker=not _can_be_interrupted())

    def _look_after(self, job: Work) -> None:
        """Have the timekeeper end it if an interrupt keeps this thread from it."""
        self._unsettled = job
        if _can_be_interrupted():
            # Of the module threading: there is no thread for it.
            with contextlib.suppress(RuntimeError):
                call_at(_A_WHILE, self, CallFuture._settle)

    def _settle(self) -> None:
        """Go on for a thread that was interrupted, if it has left something to do."""
        job = self._unsettled
        if job is None:
            return
        if job.is_withdrawn:
            go_on = self._end_withdrawn
        elif self._is_unwanted:
            go_on = self._leave_to_itself
        elif self.done():
            self._unsettled = None
            return
        else:
            # The thread is not that far, on a busy machine, or was interrupted before it was.
            call_at(_LONGER, self, CallFuture._settle)
            return
        # A callback that takes its time must not delay the deadlines of others.
        job.hand_over(partial(go_on, job))

    def _end_cancelled(self, job: Work) -> None:
        """End as cancelled. Where an interrupt came in between, it may be called again."""
        super().cancel()
        with self._condition:
            self._condition.notify_all()
            # The standard library tells each once. An interrupt would keep it from the others.
            is_told = not self._waiters or not _can_be_interrupted()
            if is_told:
                self._tell_waiters()
        if not is_told:
            job.hand_over(self._tell_waiters)
        self._invoke_callbacks()
        self._unsettled = None

    def _tell_waiters(self) -> None:
        """Tell those who wait for several futures that it was cancelled."""
        with self._condition:
            if self._state == CANCELLED:
                self.set_running_or_notify_cancel()

    def leave_in_child(self) -> None:
        """End with ForkedContextError in a child of a fork, where no worker ends it."""
        # A thread of the parent may have had its lock, and only the parent's have to be told.
        self._condition = Condition()
        self._waiters: list[Any] = []
        self._done_callbacks: list[Any] = []
        self._uncalled = iter(self._done_callbacks)
        if not self.done():
            job = self._job
            doing = "a call" if job is None else job.doing()
            error = ForkedContextError(
                f"{doing}: the call belongs to the parent of this process; make"
                " another here, in a context that was opened here"
            )
            self.set_exception(error)

    def start_time(self) -> None:
        """Begin the time-out, if there is one."""
        if self._limit is not None:
            call_at(self._limit[0], self, CallFuture._expire)

    @property
    def needs_time(self) -> bool:
        """Whether there may be something for the timekeeper to do."""
        return self._unsettled is not None or not self.done()

    def _expire(self) -> None:
        job = self._job
        if job is None or self._limit is None or self.done():
            return
        job.outcome = LATE
        if job.stop():
            job.note(UNSENT)
            error = job.deadline_error(UNSENT)
            job.lay_down(job.call)
            self.forget()
            self._end_late(job, error)
        else:
            call_at(self._limit[1], self, CallFuture._leave)

    def stop_run(self) -> None:
        """Do with a run that has begun what was to be done when none had."""
        job = self._job
        if job is None:
            return
        if self._is_unwanted:
            if job.give_up():
                self._tell(job, GIVEN_UP)
        elif job.outcome and self._limit is not None:
            call_at(self._limit[1], self, CallFuture._leave)

    def _leave(self) -> None:
        job = self._job
        if job is not None and not self.done() and job.give_up():
            job.note(GIVEN_UP)
            self._end_late(job, job.deadline_error(GIVEN_UP))

    def _end_late(self, job: Work, error: TeecError) -> None:
        if self._has_callbacks or job.observation is not None:
            # One that takes its time must not delay the deadlines of others.
            job.hand_over(partial(self._tell_and_end, job, error))
        else:
            self.end(None, error)

    def _tell_and_end(self, job: Work, error: TeecError) -> None:
        job.tell(in_worker=True)
        self.end(None, error)

    def end(self, result: _T | None, error: BaseException | None) -> bool:
        """End with a result or an error; false if it has ended before."""
        try:
            if error is not None:
                self.set_exception(error)
            else:
                self.set_result(result)  # type: ignore[arg-type]
        except InvalidStateError:
            return False
        return True

    def forget(self) -> None:
        """Drop the job, which is over, with all that it was given."""
        job, self._job = self._job, None
        if job is not None:
            job.let_go()


def _can_be_interrupted() -> bool:
    # Handlers of signals run there alone.
    return threading.current_thread() is threading.main_thread()
