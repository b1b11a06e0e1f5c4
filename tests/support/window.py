# SPDX-License-Identifier: BSD-2-Clause
"""Doing something while a call waits in the TEE, however long that takes here."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import NoReturn, ParamSpec, TypeVar, cast

import pytee_client as tee

from .waiting import LIMIT, start_blocked

_P = ParamSpec("_P")
_T = TypeVar("_T")


class MissedError(Exception):
    """The wait may have been over when all was done that had to be done during it."""


class Window:
    """The time that an application waits in a test of what happens meanwhile.

    Attributes:
        milliseconds: how long it is to wait.
    """

    def __init__(self, milliseconds: int = 200) -> None:
        self.milliseconds = milliseconds
        self._calls: list[Future[object]] = []
        self._began = 0.0

    def start(
        self, pool: ThreadPoolExecutor, call: Callable[..., _T], *arguments: object
    ) -> Future[_T]:
        """Have another thread make the call that waits; return when it does."""
        # No wait that is begun from here on is over before this and the milliseconds.
        self._began = time.monotonic()
        future = start_blocked(pool, call, *arguments)
        self._calls.append(cast("Future[object]", future))
        return future

    @property
    def soon(self) -> float:
        """A time-out in seconds that passes long before the end of the wait."""
        return self.milliseconds / 4000

    def leave(self, call: Callable[[], object]) -> tee.DeadlineError:
        """Make a call that waits, and that is given up; return the error."""
        error = self.exceed(call)
        if not error.still_running:
            # It may have come back before this thread looked.
            self.check()
            raise AssertionError("the call was not given up") from error
        return error

    def exceed(self, call: Callable[[], object]) -> tee.DeadlineError:
        """Make a call that waits longer than its time-out; return the error."""
        self._began = time.monotonic()
        try:
            call()
        except tee.DeadlineError as error:
            cause = error.__cause__
            if isinstance(cause, tee.CancelError) and cause.origin == tee.Origin.API:
                # The time-out was over before this machine had sent it.
                raise MissedError from error
            return error
        self.check()
        raise AssertionError("the call came back in time")

    def check(self) -> None:
        """Make sure that all that was done since the start was done during the wait."""
        if time.monotonic() - self._began >= self.milliseconds / 1000:
            raise MissedError

    def missed(self) -> NoReturn:
        """Say that the wait was over too soon."""
        raise MissedError

    def sees(self, condition: Callable[[], bool]) -> None:
        """Make sure that something is so during the wait."""
        seen = condition()
        self.check()
        assert seen

    def widen(self) -> None:
        """Have the next wait last longer, when the last one is over."""
        assert self.milliseconds < LIMIT * 1000
        wait(self._calls, LIMIT)
        self._calls.clear()
        self.milliseconds *= 4


def with_window(test: Callable[_P, None]) -> Callable[_P, None]:
    """Repeat a test that has the fixture window until the window is as wide as it has to be."""

    @functools.wraps(test)
    def repeat(*args: _P.args, **kwargs: _P.kwargs) -> None:
        window = cast("Window", kwargs["window"])
        while True:
            try:
                return test(*args, **kwargs)
            except MissedError:
                window.widen()

    return repeat
