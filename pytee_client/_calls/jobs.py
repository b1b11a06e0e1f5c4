# SPDX-License-Identifier: BSD-2-Clause
"""Calls for which nobody waits: what a worker does, and the future of it."""

from __future__ import annotations

import threading
from concurrent.futures import Future, InvalidStateError
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._boundary import raise_interrupted
from .._boundary.call import GIVEN_UP, LATE, UNSENT
from .._process import left_in_children
from ..errors import ForkedContextError, OutOfMemoryError
from .deadline import deadline_error
from .timekeeper import call_at

if TYPE_CHECKING:
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
        self._job = job
        self._limit = limit

    def cancel(self) -> bool:
        """Cancel the call, and wait for nothing.

        Returns:
            True if the call had not begun: it never will. Else False: the TEE is asked to
            cancel it (TEEC_RequestCancellation), and the result is what it answers.
        """
        if self.done():
            return self.cancelled()
        if not self._job.stop():
            return False
        self._end_cancelled()
        return True

    def running(self) -> bool:
        """Return whether a worker has begun with the call."""
        return not self.done() and self._job.is_running

    def give_up(self) -> None:
        """End as cancelled now. The call is cancelled too, and keeps its buffers until it ends."""
        if not self._job.stop():
            self._job.give_up()
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
            error = ForkedContextError(
                f"{self._job.doing()}: the call belongs to the parent of this process; make"
                " another here, in a context that was opened here"
            )
            self.set_exception(error)

    def start_time(self) -> None:
        """Begin the time-out, if there is one."""
        if self._limit is not None:
            call_at(self._limit[0], self, CallFuture._expire)

    def _expire(self) -> None:
        assert self._limit is not None
        self._job.outcome = LATE
        if self._job.stop():
            self.end(None, self._job.deadline_error(UNSENT, self._limit))
        else:
            call_at(self._limit[1], self, CallFuture._leave)

    def _leave(self) -> None:
        assert self._limit is not None
        if self._job.give_up():
            self.end(None, self._job.deadline_error(GIVEN_UP, self._limit))

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


class Job(Generic[_T]):
    """What a worker does for a future.

    Attributes:
        call: the call that runs.
        outcome: LATE once the deadline has passed.
        future: the future.
        is_stopped: whether its cancellation was requested.
    """

    def __init__(self, call: Call, limit: Limit | None) -> None:
        """Make the job of a call that has not begun."""
        self.call = call
        self.outcome = 0
        self.future: CallFuture[_T] = CallFuture(self, limit)
        self._limit = limit
        self.is_stopped = False

    @property
    def is_running(self) -> bool:
        """Whether a worker has begun with it."""
        return self.call.is_running

    def stop(self) -> bool:
        """Withdraw the call, or have its cancellation requested; true if it never begins."""
        self.is_stopped = True
        call = self.call
        if not call.stop():
            return False
        call.told = None
        call.clear()
        self.release(call)
        return True

    def give_up(self) -> bool:
        """Leave the call to itself; false if it is coming back."""
        return self.call.give_up()

    def start(self) -> CallFuture[_T]:
        """Submit the call; raise its error if it can't begin."""
        call = self.call
        if self._limit is not None and not self._limit[0]:
            self.future.end(None, self.deadline_error(UNSENT, self._limit))
            call.clear()
            self.release(call)
            return self.future
        try:
            self.send()
        except BaseException:
            call.clear()
            self.release(call)
            raise
        self.future.start_time()
        return self.future

    def send(self) -> None:
        """Submit the call once; raise its error if it can't begin."""
        self.call.told = self._come_back
        if self.submit():
            return
        self.call.told = None
        self.attend()
        raise OutOfMemoryError(f"{self.doing()}: there is no memory for a thread")

    def _come_back(self, call: Call) -> None:
        """Take what the call brought; in the worker."""
        result: _T | None = None
        error: BaseException | None = None
        goes_on = False
        try:
            if call.is_given_up:
                self.drop()
            else:
                result, goes_on = self.read()
        except BaseException as raised:
            error = raised
        if goes_on:
            return
        call.clear()
        self.release(call)
        future = self.future
        if not future.end(result, error) and error is None and result is not None:
            self.refuse(result)
        # Else the frames of the error would keep it.
        del self, call, result

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

    def deadline_error(self, outcome: int, limit: Limit) -> TeecError:
        """Make the error of a call whose deadline has passed."""
        return deadline_error(self.call, outcome, limit, self.doing(), None, self.failure)
