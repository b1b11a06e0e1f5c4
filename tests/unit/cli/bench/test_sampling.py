# SPDX-License-Identifier: BSD-2-Clause
"""How samples are taken, by a clock that tests set."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable

import pytest

from pytee_client.cli._bench import sampling
from pytee_client.cli._bench.sampling import Clock, Sampling, measured_clock, quiet


class Time:
    """The time, which calls take as much of as a test says."""

    def __init__(self) -> None:
        self.now = 10**9

    def nanoseconds(self) -> int:
        return self.now

    def seconds(self) -> float:
        return self.now / 1e9

    def taking(self, *nanoseconds: int) -> Callable[[], None]:
        """Return a call that takes so long, each time another time."""
        count = 0

        def call() -> None:
            nonlocal count
            self.now += nanoseconds[count % len(nanoseconds)]
            count += 1

        return call


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(sampling, "perf_counter_ns", made.nanoseconds)
    monkeypatch.setattr(sampling, "perf_counter", made.seconds)
    return made


def test_a_sample_is_what_one_call_takes(time: Time) -> None:
    found = Sampling(Clock(1, 50), 1.0).of_call(time.taking(7000))
    assert set(found.nanoseconds) == {7000}
    assert (found.calls, found.rate) == (1, None)


def test_calls_that_are_too_short_for_the_clock_are_measured_together(time: Time) -> None:
    found = Sampling(Clock(1000, 50), 1.0).of_call(time.taking(100))
    assert found.calls == 500
    assert set(found.nanoseconds) == {100}


def test_it_ends_as_soon_as_the_median_is_sure(time: Time) -> None:
    found = Sampling(Clock(1, 1), 60.0).of_call(time.taking(7000))
    assert len(found.nanoseconds) == 20


def test_it_goes_on_until_the_median_is_sure_or_the_time_is_over(time: Time) -> None:
    call = time.taking(1000, 9000)
    begin = time.now
    found = Sampling(Clock(1, 1), 0.01).of_call(call)
    # With those before, which do not count.
    assert 0.01 <= (time.now - begin) / 1e9 < 0.013
    assert len(found.nanoseconds) >= 1000


def test_a_call_that_takes_longer_than_the_time_is_made_some_times(time: Time) -> None:
    found = Sampling(Clock(1, 1), 0.1).of_call(time.taking(10**9))
    assert len(found.nanoseconds) == 5


def test_what_measures_itself_is_not_measured_again(time: Time) -> None:
    outer = time.taking(500)

    def step() -> int:
        outer()
        return 3

    assert set(Sampling(Clock(1, 1), 0.001).of_step(step).nanoseconds) == {3}


@pytest.mark.parametrize("was_enabled", [True, False])
def test_nothing_is_collected_meanwhile(was_enabled: bool) -> None:
    before = gc.isenabled()
    try:
        gc.enable() if was_enabled else gc.disable()
        with quiet():
            assert not gc.isenabled()
        assert gc.isenabled() is was_enabled
        with contextlib.suppress(KeyError), quiet():
            raise KeyError
        assert gc.isenabled() is was_enabled
    finally:
        gc.enable() if before else gc.disable()


def test_each_thread_has_a_call_of_its_own_and_all_count() -> None:
    callers: list[set[int]] = [set(), set(), set()]

    def made(own: set[int]) -> Callable[[], object]:
        return lambda: own.add(threading.get_ident())

    found = Sampling(Clock(1, 1), 0.001).of_threads([made(own) for own in callers])
    assert [len(own) for own in callers] == [1, 1, 1]
    assert len(set.union(*callers)) == 3
    assert len(found.nanoseconds) >= 15
    assert found.rate is not None
    assert found.rate > 0


@pytest.mark.parametrize("first_good", [0, 7])
def test_what_fails_in_a_thread_ends_all(first_good: int) -> None:
    made = 0

    def failing() -> None:
        nonlocal made
        made += 1
        if made > first_good:
            raise KeyError(made)

    # An earlier test may have left some that end on their own.
    before = set(threading.enumerate())
    with pytest.raises(KeyError):
        Sampling(Clock(1, 1), 30.0).of_threads([failing, lambda: None])
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("method", ["start", "join"])
def test_an_interrupt_leaves_no_thread_that_waits_or_goes_on(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    begun: list[threading.Thread] = []

    class Interrupted(threading.Thread):
        def start(self) -> None:
            if method == "start" and begun:
                raise KeyboardInterrupt
            begun.append(self)
            super().start()

        def join(self, timeout: float | None = None) -> None:
            if method == "join" and timeout is None:
                raise KeyboardInterrupt
            super().join(timeout)

    monkeypatch.setattr(sampling, "Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        Sampling(Clock(1, 1), 3600.0).of_threads([lambda: None, lambda: None])
    assert len(begun) == (1 if method == "start" else 2)
    assert not any(thread.is_alive() for thread in begun)


def test_the_clock_is_measured() -> None:
    found = measured_clock()
    assert 0 < found.resolution < 10**7
    assert 0 <= found.overhead < 10**7
