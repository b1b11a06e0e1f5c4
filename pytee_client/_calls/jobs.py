# SPDX-License-Identifier: BSD-2-Clause
"""Calls for which nobody waits: what a worker does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from .._boundary import raise_interrupted
from .._boundary.call import UNSENT
from .._results import error_of
from ..enums import Origin, Result
from ..errors import DeadlineError, OutOfMemoryError
from .call_future import CallFuture
from .deadline import deadline_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import IntEnum

    from .._boundary.call import Limit
    from .._teec_error import TeecError
    from .call import Call
    from .observation import Observation

_T = TypeVar("_T")


class Job(Generic[_T]):
    """What a worker does for a future.

    Attributes:
        call: the call that runs.
        outcome: LATE once the deadline has passed.
        future: the future.
        is_stopped: whether its cancellation was requested.
        is_over: whether its last run is over.
        results: the names of the Trusted Application's own codes.
        observation: what the observer of the context is told, if it has one.
    """

    results: type[IntEnum] | None = None
    observation: Observation | None = None

    def __init__(self, call: Call, limit: Limit | None) -> None:
        """Make the job of a call that has not begun."""
        self.call = call
        self.outcome = 0
        self.future: CallFuture[_T] = CallFuture(self, limit)
        self._limit = limit
        # Of an operation whose outputs grow.
        self._has_run = False
        self.is_stopped = False
        self._keeps_call = False
        self.is_over = False

    @property
    def is_running(self) -> bool:
        """Whether a worker has begun with it."""
        return self.call.is_running

    def request_cancellation(self) -> None:
        """Have the cancellation of a call that runs requested; it is not withdrawn."""
        # First, as in stop(): there may be another run.
        self.is_stopped = True
        if not self.is_over:
            self.call.request_cancellation_elsewhere()

    def stop(self) -> bool:
        """Withdraw the call, or have its cancellation requested; true if it never begins."""
        # First: a run that is about to begin is stopped by who begins it; and a call that is over
        # serves no other command if somebody may still be about to stop it.
        self.is_stopped = True
        if self.is_over:
            return False
        self._keeps_call = True
        return self.call.stop()

    @property
    def is_withdrawn(self) -> bool:
        """Whether stop() withdrew the call, be it that an interrupt kept it from saying so."""
        # Else the call may serve another command.
        return self._keeps_call and self.call.is_withdrawn

    def give_up(self) -> bool:
        """Leave the call to itself, which was stopped before; false if it is coming back."""
        return not self.is_over and self.call.give_up()

    def note(self, outcome: int, *, is_cancelled: bool = False) -> None:
        """Note for the observer what became of a run; see Observation.note()."""
        if self.observation is not None:
            self.observation.note(self.call, outcome, is_cancelled=is_cancelled)

    def tell(self, *, in_worker: bool) -> None:
        """Tell the observer what was noted."""
        if self.observation is not None:
            self.observation.tell(in_worker=in_worker)

    def hand_over(self, function: Callable[[], object]) -> None:
        """Have another thread call a function, if there is one."""
        raise NotImplementedError

    def start(self) -> CallFuture[_T]:
        """Submit the call; raise its error if it can't begin."""
        future, call = self.future, self.call
        call.was_submitted = False
        try:
            if self._limit is not None and not self._limit[0]:
                self.describe()
                self.note(UNSENT)
                self.tell(in_worker=False)
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
                    self.tell(in_worker=False)
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
            self.tell(in_worker=False)

    def send(self) -> None:
        """Submit the call once; raise its error if it can't begin."""
        call, future = self.call, self.future
        call.told = self._come_back
        if not self.submit():
            call.told = None
            self.attend()
            raise no_worker(self.doing())
        # It may be over by now, and the call serve another command.
        if not self.is_stopped:
            return
        # Somebody stopped it between two runs, or before the first.
        if self.stop():
            call.told = None
            raise self._stopped()
        future.stop_run()

    def _stopped(self) -> TeecError:
        """Make the error of an operation that was stopped before its next run."""
        if self.outcome:
            self.note(UNSENT)
            return self.deadline_error(UNSENT)
        self.note(UNSENT, is_cancelled=True)
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
                self.tell(in_worker=True)
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
        self.tell(in_worker=True)
        self.lay_down(call)
        if not future.end(result, error) and error is None and result is not None:
            self.refuse(result)
        # Not before: who gives it up meanwhile ends it. An error knows the frames that it was
        # raised in, and these the job, which must not know the future that has the error.
        future.forget()
        del self.future
        del self, call, result, error, future

    def put_away(self, call: Call) -> None:
        """Release what a call has that is over, and end the job."""
        self.lay_down(call)
        self.future.forget()

    def lay_down(self, call: Call) -> None:
        """Release what a call has that is over."""
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

    def describe(self) -> None:
        """Have the call know its parameters, though it is not submitted."""

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

    def let_go(self) -> None:
        """Drop what is of use to a job that is not over: the frames of its error know the job."""
        raise NotImplementedError

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


def over(*_: object) -> NoReturn:
    """Stand for a function that a job has dropped."""
    raise AssertionError("the job is over")


def no_worker(doing: str) -> OutOfMemoryError:
    """Make the error of a call for which there is no thread."""
    return OutOfMemoryError(f"{doing}: there is no memory for a thread")
