# SPDX-License-Identifier: BSD-2-Clause
"""Pools of sessions when anything can come in between: interrupts, and handlers that use them."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._pool_lease import Lease
from pytee_client._pool_places import Places, Waiter

from ..support.interruption import (
    Moment,
    Tracer,
    interrupt_everywhere,
    library_alone,
    moments_of,
)
from ..support.targets import Target
from ..support.waiting import LIMIT, interrupted_soon

COMMAND = 0
# Python 3.12 tells a tracer of fewer places than others.
FEWEST = 60

# Of a session that is opened in the moment of the interrupt.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <Session:ResourceWarning")


@pytest.fixture
def context() -> Iterator[tee.Context]:
    kernel = fake.Kernel()
    with tee.Context(backend=kernel) as made:
        yield made
    kernel.assert_no_leaks()


def use(pool: tee.SessionPool) -> None:
    """Open a session, use it again, and have one replaced."""
    pool.invoke_command(COMMAND, timeout=LIMIT)
    with pool.session() as first, pool.session() as second:
        first.invoke_command(COMMAND)
        second.close()
    pool.invoke_command(COMMAND)


def check(pool: tee.SessionPool) -> None:
    """All that the pool may have can be had."""
    if pool.stats.in_use or pool.stats.waiting:
        gc.collect()
    stats = pool.stats
    assert (stats.in_use, stats.waiting) == (0, 0)
    with pool.session(timeout=LIMIT) as one, pool.session(timeout=LIMIT) as other:
        assert one.invoke_command(COMMAND) == other.invoke_command(COMMAND) == ()


def of_pools(path: str) -> bool:
    names = ("session_pool.py", "_pool_lease.py", "_pool_places.py")
    return library_alone(path) and path.endswith(names)


def test_no_interrupt_loses_a_session_of_a_pool(context: tee.Context) -> None:
    with context.session_pool(Target.CONFORMANCE, size=2) as pool:
        count = interrupt_everywhere(lambda: use(pool), lambda: check(pool), of_pools)
        assert count > FEWEST


def test_no_interrupt_keeps_a_pool_from_being_closed(context: tee.Context) -> None:
    made: list[tee.SessionPool] = []

    def run() -> None:
        made.append(context.session_pool(Target.CONFORMANCE, size=2))
        use(made[-1])
        made[-1].drain(timeout=LIMIT)

    def check_closed() -> None:
        while made:
            pool = made.pop()
            pool.close()
            assert pool.stats.open == 0

    assert interrupt_everywhere(run, check_closed, of_pools) > FEWEST
    check_closed()


def test_a_wait_for_a_session_is_interrupted(context: tee.Context) -> None:
    with context.session_pool(Target.CONFORMANCE, size=1) as pool:
        with pool.session():
            with interrupted_soon():
                pool.invoke_command(COMMAND)
            assert pool.stats.waiting == 0
        check_one(pool)


def check_one(pool: tee.SessionPool) -> None:
    with pool.session(timeout=LIMIT) as session:
        assert session.invoke_command(COMMAND) == ()


def handled_at(moment: Moment, run: Callable[[], object], handler: Callable[[], object]) -> None:
    """Run something, with a handler called at a moment, as a signal's is."""

    def see(code: CodeType, instruction: int) -> None:
        if instruction == moment.instruction:
            sys.settrace(None)
            handler()

    sys.settrace(Tracer(lambda code: code is moment.code, see))
    try:
        run()
    finally:
        sys.settrace(None)


def test_a_signals_handler_may_use_the_pool_that_it_interrupted(context: tee.Context) -> None:
    """A lock that the interrupted code held would never be free."""
    with context.session_pool(Target.CONFORMANCE, size=3) as pool:

        def run() -> None:
            pool.invoke_command(COMMAND, timeout=LIMIT)

        moments = moments_of(run, of_pools)
        for moment in moments:
            handled_at(moment, run, run)
        assert len(moments) > 20
        check(pool)


def test_who_could_not_wake_the_next_one_does_not_stop_it_for_long() -> None:
    """An interrupt of an interrupt's own handling may keep a caller from waking the next."""
    places: Places[tee.Session] = Places(1, Target.CONFORMANCE)
    first = Lease(places)
    waiter = Waiter()
    places.enter(waiter)
    assert places.take(waiter, first.held)
    places.leave(waiter)
    got = threading.Event()

    def wait() -> None:
        other, lease = Waiter(), Lease(places)
        places.enter(other)
        while not places.take(other, lease.held):
            other.wait(0.05)
        places.leave(other)
        places.give_back(lease.held)
        got.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    # Without waking anybody.
    places.free.append(first.held.pop())
    assert got.wait(LIMIT)
    thread.join(LIMIT)


def test_who_was_lost_in_the_line_is_passed_over() -> None:
    places: Places[tee.Session] = Places(1, Target.CONFORMANCE)
    lost, next_one = Waiter(), Waiter()
    lost.stack = "another thread"
    places.enter(lost)
    places.enter(next_one)
    held: Lease[tee.Session] = Lease(places)
    assert not places.take(next_one, held.held)
    del lost
    assert places.take(next_one, held.held)
    places.leave(next_one)
    assert places.stats().waiting == 0
