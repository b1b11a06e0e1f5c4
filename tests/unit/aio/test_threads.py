# SPDX-License-Identifier: BSD-2-Clause
"""The threads of a context for what is no call: few, in order, and gone when there is nothing."""

from __future__ import annotations

import gc
import signal
import threading
import weakref
from concurrent.futures import CancelledError
from functools import partial
from typing import Any

import pytest

from pytee_client.aio._threads import DaemonThreads

from ...support.waiting import LIMIT, wait_until


def own_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "pytee_client.aio"]


def test_there_are_few_threads_and_none_when_there_is_nothing_to_do() -> None:
    threads = DaemonThreads()
    gate = threading.Event()
    jobs = [threads.submit(lambda: gate.wait(LIMIT)) for _ in range(50)]
    assert 1 <= len(own_threads()) <= 4
    assert all(thread.daemon for thread in own_threads())
    gate.set()
    assert all(job.result(LIMIT) for job in jobs)
    wait_until(lambda: not own_threads())
    assert threads.submit(lambda: 5).result(LIMIT) == 5


def test_signals_are_left_to_the_programs_own_threads() -> None:
    masked = DaemonThreads().submit(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGUSR1} <= masked.result(LIMIT)


def test_what_is_submitted_while_threads_end_is_done() -> None:
    threads = DaemonThreads()
    for number in range(2000):
        assert threads.submit(partial(int, number)).result(LIMIT) == number


def test_jobs_begin_in_order() -> None:
    threads = DaemonThreads()
    begun: list[int] = []
    gate = threading.Event()
    blockers = [threads.submit(lambda: gate.wait(LIMIT)) for _ in range(3)]
    jobs = [threads.submit(partial(begun.append, number)) for number in range(100)]
    for job in jobs:
        job.result(LIMIT)
    gate.set()
    for blocker in blockers:
        blocker.result(LIMIT)
    assert begun == list(range(100))


def test_an_error_is_the_jobs_own() -> None:
    def fail() -> None:
        raise ValueError("wrong")

    threads = DaemonThreads()
    with pytest.raises(ValueError, match="wrong"):
        threads.submit(fail).result(LIMIT)
    assert threads.submit(lambda: 1).result(LIMIT) == 1


def test_a_job_that_is_given_up_ends_at_once_and_its_result_is_taken_back() -> None:
    threads = DaemonThreads()
    gate = threading.Event()
    undone: list[int] = []

    def make() -> int:
        gate.wait(LIMIT)
        return 7

    job = threads.submit(make, undone.append)
    wait_until(job.running)
    assert job.give_up()
    with pytest.raises(CancelledError):
        job.result(0)
    assert undone == []
    gate.set()
    wait_until(lambda: undone == [7])
    assert not job.give_up()


def test_a_job_that_has_not_begun_is_never_done_if_it_is_given_up() -> None:
    threads = DaemonThreads()
    gate = threading.Event()
    done: list[int] = []
    blockers = [threads.submit(lambda: gate.wait(LIMIT)) for _ in range(4)]
    job = threads.submit(lambda: done.append(1))
    assert job.give_up()
    gate.set()
    for blocker in blockers:
        blocker.result(LIMIT)
    threads.submit(lambda: None).result(LIMIT)
    assert done == []


def test_giving_up_a_job_that_is_over_changes_nothing() -> None:
    job = DaemonThreads().submit(lambda: 3)
    assert job.result(LIMIT) == 3
    assert not job.give_up()
    assert job.result(0) == 3


def test_an_error_keeps_neither_its_job_nor_what_the_job_was_to_do() -> None:
    """Without a collection: a context may hang on it."""

    class Argument:
        pass

    gc.collect()
    gc.disable()
    try:
        argument = Argument()
        job = DaemonThreads().submit(partial(fail_without, [argument]))
        error = job.exception(LIMIT)
        gone: list[weakref.ref[Any]] = [weakref.ref(argument), weakref.ref(job)]
        del argument, job
        wait_until(lambda: not any(reference() for reference in gone))
        assert error is not None
        assert error.__traceback__ is not None
    finally:
        gc.enable()


def fail_without(arguments: list[object]) -> None:
    """Fail in a frame that does not know what it was called with any more."""
    del arguments
    raise ValueError("wrong")
