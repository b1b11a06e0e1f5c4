# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts of who has a thread of a context do something: no thread is lost, and jobs end."""

from __future__ import annotations

import threading

from pytee_client.aio._threads import DaemonThreads, Job

from ...support.interruption import interrupt_everywhere
from ...support.waiting import LIMIT, wait_until

# Python 3.12 and 3.13 tell a tracer of fewer places than others.
FEWEST = 2


def is_in(path: str) -> bool:
    """Not in those of the standard library, which an interrupt may leave half done."""
    return path.endswith("aio/_threads.py")


def check_all(threads: DaemonThreads) -> None:
    """All of them work at once."""
    together = threading.Barrier(5)
    jobs = [threads.submit(lambda: together.wait(LIMIT)) for _ in range(4)]
    together.wait(LIMIT)
    for job in jobs:
        job.result(LIMIT)


def test_no_interrupt_loses_a_thread() -> None:
    threads = DaemonThreads()
    count = interrupt_everywhere(
        lambda: threads.submit(lambda: None), lambda: check_all(threads), is_in
    )
    assert count > FEWEST


def test_a_job_ends_though_who_gives_it_up_is_interrupted() -> None:
    threads = DaemonThreads()
    jobs: list[Job[int]] = []
    undone: list[int] = []
    gate = threading.Event()

    def make() -> int:
        gate.wait(LIMIT)
        return 7

    def run() -> None:
        job = threads.submit(make, undone.append)
        jobs.append(job)
        wait_until(job.running)
        job.give_up()
        assert job.done()

    def check() -> None:
        gate.set()
        check_all(threads)
        while jobs:
            wait_until(jobs.pop().done)
        gate.clear()

    count = interrupt_everywhere(run, check, is_in)
    assert count > FEWEST
    assert set(undone) <= {7}
