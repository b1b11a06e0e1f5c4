# SPDX-License-Identifier: BSD-2-Clause
"""Calls for which nobody waits: what a worker does, and the future of it."""

from __future__ import annotations

import threading
from concurrent.futures import Future, InvalidStateError
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._boundary import raise_interrupted
from .._boundary.call import GIVEN_UP, LATE, UNSENT
from .._process import left_in_children
from .._results import error_of
from ..enums import Origin, Result
from ..errors import DeadlineError, ForkedContextError, OutOfMemoryError
from .deadline import deadline_error
from .timekeeper import call_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import IntEnum

    from .._boundary.call import Limit
    from .._teec_error import TeecError
    from .call import Call

_T = TypeVar("_T")


class CallFuture(Future[_T]):
    """The future of a call that a worker makes.

    Callbacks run in the worker, or in the thread that cancels or gives up the call.
    """

    def __init__(self, job: Job[_T], limit: Limit | None) -> None:
        """Make the future of a job that has not begun."""
        super().__init__()
        left_in_children(self)
        # None once it is over, as the job has the future.
        self._job: Job[_T] | None = job
        self._limit = limit
        self._has_callbacks = False

    def add_done_callback(self, fn: Callable[[Future[_T]], object]) -> None:
        """Have a function called with the future when it is done; see the class."""
        self._has_callbacks = True
        super().add_done_callback(fn)

    def cancel(self) -> bool:
        """Cancel the call, and wait for nothing.

        Returns:
            True if the call had not begun: it never will. Else False: the TEE is asked to
            cancel it (TEEC_RequestCancellation), and the result is what it answers.
        """
        job = self._job
        if job is None or self.done():
            return self.cancelled()
        if not job.stop():
            return False
        job.put_away(job.call)
        self._end_cancelled()
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
        try:
            if job.stop():
                job.put_away(job.call)
            else:
                job.give_up()
        finally:
            self._end_cancelled()

    def _end_cancelled(self) -> None:
        if super().cancel():
            # Who waits for several futures is told by this.
            self.set_running_or_notify_cancel()

    def leave_in_child(self) -> None:
        """End with ForkedContextError in a child of a fork, where no worker ends it."""
        # A thread of the parent may have had its lock, and only the parent's have to be told.
        self._condition = threading.Condition()
        self._waiters: list[Any] = []
        self._done_callbacks: list[Any] = []
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

    def _expire(self) -> None:
        job = self._job
        if job is None or self._limit is None:
            return
        job.outcome = LATE
        if job.stop():
            error = job.deadline_error(UNSENT)
            job.put_away(job.call)
            self._end_late(job, error)
        else:
            call_at(self._limit[1], self, CallFuture._leave)

    def _leave(self) -> None:
        job = self._job
        if job is not None and job.give_up():
            self._end_late(job, job.deadline_error(GIVEN_UP))

    def _end_late(self, job: Job[_T], error: TeecError) -> None:
        if self._has_callbacks:
            # A callback that takes its time must not delay the deadlines of others.
            job.hand_over(partial(self.end, None, error))
        else:
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
        self._job = None


class Job(Generic[_T]):
    """What a worker does for a future.

    Attributes:
        call: the call that runs.
        outcome: LATE once the deadline has passed.
        future: the future.
        is_stopped: whether its cancellation was requested.
        is_over: whether its last run is over.
        results: the names of the Trusted Application's own codes.
    """

    results: type[IntEnum] | None = None

    def __init__(self, call: Call, limit: Limit | None) -> None:
        """Make the job of a call that has not begun."""
        self.call = call
        self.outcome = 0
        self.future: CallFuture[_T] = CallFuture(self, limit)
        self._limit = limit
        # Of an operation whose outputs grow.
        self._has_run = False
        self.is_stopped = False
        self.is_over = False

    @property
    def is_running(self) -> bool:
        """Whether a worker has begun with it."""
        return self.call.is_running

    def stop(self) -> bool:
        """Withdraw the call, or have its cancellation requested; true if it never begins."""
        # First: a run that is about to begin is stopped by who begins it; and a call that is over
        # serves no other command if somebody may still be about to stop it.
        self.is_stopped = True
        return not self.is_over and self.call.stop()

    def give_up(self) -> bool:
        """Leave the call to itself, which was stopped before; false if it is coming back."""
        return not self.is_over and self.call.give_up()

    def hand_over(self, function: Callable[[], object]) -> None:
        """Have another thread call a function, if there is one."""
        raise NotImplementedError

    def start(self) -> CallFuture[_T]:
        """Submit the call; raise its error if it can't begin."""
        future, call = self.future, self.call
        call.was_submitted = False
        try:
            if self._limit is not None and not self._limit[0]:
                future.end(None, self.deadline_error(UNSENT))
            else:
                try:
                    future.start_time()
                except RuntimeError as error:
                    # Of the module threading.
                    raise no_worker(self.doing()) from error
                try:
                    self.send()
                    return future
                except DeadlineError as error:
                    # The time-out passed before the call began.
                    future.end(None, error)
        except BaseException:
            self._abandon(call)
            raise
        self.put_away(call)
        return future

    def _abandon(self, call: Call) -> None:
        """End what start() began; after an interrupt a worker may have the call."""
        # First: from here on nobody else gets the call.
        self.is_stopped = True
        if self.is_over:
            return
        if call.was_submitted:
            self.future.give_up()
        else:
            self.put_away(call)

    def send(self) -> None:
        """Submit the call once; raise its error if it can't begin."""
        call = self.call
        call.told = self._come_back
        if not self.submit():
            call.told = None
            self.attend()
            raise no_worker(self.doing())
        # It may be over by now, and the call serve another command.
        if self.is_stopped and self.stop():
            # Somebody cancelled it between two runs.
            call.told = None
            raise self._stopped()

    def _stopped(self) -> TeecError:
        """Make the error of an operation that was stopped before its next run."""
        if self.outcome:
            return self.deadline_error(UNSENT)
        return error_of(Result.CANCEL, Origin.API, 0, self.doing(), may_have_run=self._has_run)

    def _come_back(self, call: Call) -> None:
        """Take what the call brought; in the worker."""
        result: _T | None = None
        error: BaseException | None = None
        goes_on = False
        if call.is_given_up:
            # Who gave it up ends the future.
            try:
                self.drop()
            finally:
                self.put_away(call)
            return
        try:
            result, goes_on = self.read()
        except BaseException as raised:
            error = raised
        if goes_on:
            return
        future = self.future
        self._lay_down(call)
        if not future.end(result, error) and error is None and result is not None:
            self.refuse(result)
        # Not before: who gives it up meanwhile ends it. An error knows the frames that it was
        # raised in, and these the job, which must not know the future that has the error.
        future.forget()
        del self.future
        del self, call, result, error, future

    def put_away(self, call: Call) -> None:
        """Release what a call has that is over, and end the job."""
        self._lay_down(call)
        self.future.forget()

    def _lay_down(self, call: Call) -> None:
        call.told = None
        call.clear()
        self.is_over = True
        if not self.is_stopped:
            self.release(call)

    def again(self) -> None:
        """Submit the next run of an operation whose outputs grow."""
        self._has_run = True
        if self.is_stopped:
            raise self._stopped()
        self.send()

    def submit(self) -> bool:
        """Give the call to a worker; false if it can't begin."""
        raise NotImplementedError

    def read(self) -> tuple[_T | None, bool]:
        """Return the result, and whether there is another run, which has begun."""
        raise NotImplementedError

    def attend(self) -> None:
        """Raise the error of the call, if it failed."""

    def drop(self) -> None:
        """End what a call brought that was given up."""

    def refuse(self, result: _T) -> None:
        """Give back a result that nobody wants any more."""

    def release(self, call: Call) -> None:
        """Give the call back to its session."""

    def doing(self) -> str:
        """Return what the call does, for its error."""
        raise NotImplementedError

    def failure(self) -> TeecError:
        """Make the error of a call that failed."""
        raise NotImplementedError

    def check_interrupted(self) -> None:
        """Raise what a kernel in Python raised, other than an OSError."""
        raise_interrupted()

    def deadline_error(self, outcome: int) -> TeecError:
        """Make the error of a call whose deadline has passed."""
        limit, doing = self._limit, self.doing()
        error = deadline_error(self.call, outcome, limit, doing, self.results, self.failure)
        error.may_have_run |= self._has_run
        return error


def no_worker(doing: str) -> OutOfMemoryError:
    """Make the error of a call for which there is no thread."""
    return OutOfMemoryError(f"{doing}: there is no memory for a thread")
