# SPDX-License-Identifier: BSD-2-Clause
"""Taking samples of what a call costs, by the clock."""

from __future__ import annotations

import gc
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise, repeat
from threading import Barrier, BrokenBarrierError, Thread
from time import perf_counter, perf_counter_ns
from typing import Final

from .figures import Samples, median_is_sure

__all__ = ["Call", "Clock", "Sampling", "Step", "measured_clock", "quiet"]

Call = Callable[[], object]
"""Makes a call."""

Step = Callable[[], int]
"""Makes a call, and returns how many nanoseconds it took."""

_READINGS: Final = 2000
# A sample takes at least this many times as long as reading the clock.
_WORTH: Final = 50
_LEAST: Final = 5
_ENOUGH: Final = 20
_MOST: Final = 20_000
# Of the time for a case; what is warm then is caches, branch predictors and bounce blocks.
_WARM_UP: Final = 0.2
_WARM_UP_CALLS: Final = 200
# Seconds for the last call of a thread that is to end.
_FAREWELL: Final = 5.0


@dataclass(frozen=True)
class Clock:
    """What the clock can tell.

    Attributes:
        resolution: nanoseconds between two times that it tells apart.
        overhead: nanoseconds that measuring nothing takes.
    """

    resolution: int
    overhead: int


def measured_clock() -> Clock:
    """Measure the clock."""
    readings = [perf_counter_ns() for _ in range(_READINGS)]
    steps = [after - before for before, after in pairwise(readings)]
    step = _single(int)
    return Clock(
        min((one for one in steps if one), default=1),
        int(statistics.median(step() for _ in range(_READINGS))),
    )


@dataclass(frozen=True)
class Sampling:
    """How samples are taken; see quiet().

    Attributes:
        clock: what the clock can tell.
        seconds: for a case, in a pass.
    """

    clock: Clock
    seconds: float

    def of_call(self, call: Call) -> Samples:
        """Take samples of a call; of several at once, if one is too short for the clock."""
        single = _single(call)
        taken = self._warm_up(single)
        least = _WORTH * max(self.clock.resolution, self.clock.overhead)
        calls = max(math.ceil(least / max(taken, 1)), 1)
        if calls == 1:
            return Samples(self._take(single))
        batch = _batch(call, calls)
        return Samples([one / calls for one in self._take(batch)], calls)

    def of_step(self, step: Step) -> Samples:
        """Take samples of what measures itself."""
        step()
        return Samples(self._take(step))

    def of_threads(self, calls: Sequence[Call]) -> Samples:
        """Have a thread make each call again and again, all at the same time."""
        begin = end = 0
        found: list[list[int]] = [[] for _ in calls]
        ends: list[int] = []
        failed: list[BaseException] = []

        def set_end() -> None:
            nonlocal begin, end
            begin = perf_counter_ns()
            end = begin + int(self.seconds * 1e9)

        def work(call: Call, own: list[int]) -> None:
            step = _single(call)
            try:
                for _ in range(_LEAST):
                    step()
            except BaseException as error:
                failed.append(error)
            try:
                start.wait()
                while not failed and (len(own) < _LEAST or perf_counter_ns() < end):
                    own.append(step())
            except BrokenBarrierError:
                return
            except BaseException as error:
                failed.append(error)
            ends.append(perf_counter_ns())

        start = Barrier(len(calls), action=set_end)
        pairs = zip(calls, found, strict=True)
        threads = [Thread(target=work, args=pair, daemon=True) for pair in pairs]
        started: list[Thread] = []
        try:
            for thread in threads:
                thread.start()
                started.append(thread)
            for thread in threads:
                thread.join()
        except BaseException as error:
            # Such as Ctrl-C: nobody may wait for threads that do not come, nor go on.
            failed.append(error)
            start.abort()
            for thread in started:
                thread.join(_FAREWELL)
            raise
        if failed:
            raise failed[0]
        count = sum(map(len, found))
        return Samples([one for own in found for one in own], 1, count / (max(ends) - begin) * 1e9)

    def _warm_up(self, step: Step) -> float:
        """Make calls that do not count; return what one takes."""
        end = perf_counter() + self.seconds * _WARM_UP
        taken = [step()]
        while len(taken) < _WARM_UP_CALLS and perf_counter() < end:
            taken.append(step())
        return statistics.median(taken)

    def _take(self, step: Step) -> list[int]:
        """Take samples until their median is sure, or the time is over."""
        end = perf_counter() + self.seconds
        taken: list[int] = []
        look = _ENOUGH
        while len(taken) < _MOST:
            taken.append(step())
            if len(taken) >= _LEAST and perf_counter() >= end:
                break
            if len(taken) >= look:
                if median_is_sure(taken):
                    break
                look *= 2
        return taken


@contextmanager
def quiet() -> Iterator[None]:
    """Have no garbage collected for a while."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _single(call: Call) -> Step:
    def step() -> int:
        begin = perf_counter_ns()
        call()
        return perf_counter_ns() - begin

    return step


def _batch(call: Call, calls: int) -> Step:
    def step() -> int:
        begin = perf_counter_ns()
        for _ in repeat(None, calls):
            call()
        return perf_counter_ns() - begin

    return step
