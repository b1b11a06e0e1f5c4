# SPDX-License-Identifier: BSD-2-Clause
"""Threads that use the same objects at the same moment, on any TEE.

Each call returns what is right, or raises one of the errors that are documented for an object
that another thread ends meanwhile. Nothing waits for ever.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import pytee_client as tee

from .waiting import LIMIT, begin, wait_until

THREADS = 4
SIZE = 5000
CLOSED = (tee.ClosedContextError, tee.ClosedSessionError, tee.ClosedSharedMemoryError)


@dataclass(frozen=True)
class Service:
    """Where the threads work, and what comes back.

    Attributes:
        open_context: opens a context.
        adder: an application whose command 0 adds 1 to the first number.
        changer: an application, of which one command changes memory.
        change: that command.
        changed: what it makes of bytes.
        rounds: how often to do it all.
    """

    open_context: Callable[[], tee.Context]
    adder: UUID
    changer: UUID
    change: int
    changed: Callable[[bytes], bytes]
    rounds: int


def together(*works: Callable[[], object]) -> list[Any]:
    """Do all of this at the same moment, each in a thread; return what came of it."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        barrier.wait(LIMIT)
        return work()

    futures = [begin(run, work) for work in works]
    return [future.result(LIMIT) for future in futures]


def until_closed(work: Callable[[], object]) -> int:
    """Do it until it raises that something is closed; return how often it was right."""
    count = 0
    while True:
        try:
            work()
        except CLOSED:
            return count
        count += 1


def add(session: tee.Session, number: int = 1) -> None:
    """Run a command whose answer is known."""
    assert session.invoke_command(0, tee.ValueInOut(number)) == ((number + 1, 0),)


def invoking(service: Service) -> None:
    """Commands of one session, plain, prepared, submitted and within a time."""
    with service.open_context() as context, context.open_session(service.adder) as session:
        prepared = session.prepare(0, tee.ValueInOut)

        def invoke(start: int) -> None:
            for number in range(start, start + service.rounds):
                add(session, number)
                assert prepared((number, 0)) == ((number + 1, 0),)
                future = session.submit(0, tee.ValueInOut(number))
                outputs = session.invoke_command(0, tee.ValueInOut(number), timeout=LIMIT)
                assert outputs == future.result(LIMIT) == ((number + 1, 0),)

        together(*(partial(invoke, 1000 * index) for index in range(THREADS)))
        wait_until(lambda: not session.is_busy)


def closing_a_session(service: Service) -> None:
    """A session that threads use and close."""
    with service.open_context() as context:
        for _ in range(service.rounds):
            session = context.open_session(service.adder)
            users = [partial(until_closed, partial(add, session))] * THREADS
            together(session.close, session.close, *users)
            assert session.closed
            assert not session.is_busy


def closing_a_block(service: Service) -> None:
    """Blocks that threads use and close; what is in them stays."""
    data = bytes(range(200)) * (SIZE // 200)
    with service.open_context() as context, context.open_session(service.changer) as session:
        for _ in range(service.rounds):
            whole = context.allocate_shared_memory(len(data))
            view = memoryview(whole)
            view[:] = data
            buffer = bytearray(data)
            registered = context.register_shared_memory(buffer, tee.MemoryFlags.INPUT)

            def read(block: tee.SharedMemory) -> None:
                part = tee.MemrefPartialInput(block, 8, 64)
                session.invoke_command(service.change, part)

            users = [partial(until_closed, partial(read, each)) for each in (whole, registered)]
            ends = [whole.close, registered.close] * 2
            together(*users, *ends)
            assert whole.closed
            assert registered.closed
            assert view == data == buffer
            buffer.append(1)
            view.release()


def writing_parts(service: Service) -> None:
    """A block whose parts each thread gives to the TEE, while others trim the context."""
    with service.open_context() as context, context.open_session(service.changer) as session:
        block = context.allocate_shared_memory(THREADS * SIZE)

        def write(index: int) -> None:
            own = bytearray(index.to_bytes(1, "big") * SIZE)
            for _ in range(service.rounds):
                expected = service.changed(bytes(own))
                part = memoryview(block)[index * SIZE : (index + 1) * SIZE]
                part[:] = own
                (output,) = session.invoke_command(service.change, tee.MemrefTempInOut(part))
                assert output == part == expected
                (output,) = session.invoke_command(service.change, tee.MemrefTempInOut(own))
                assert isinstance(output, memoryview)
                assert bytes(output) == own == expected
                context.trim()

        together(*(partial(write, index) for index in range(THREADS)))
        block.close()


def closing_a_context(service: Service) -> None:
    """A context that threads use, begin to use, and close."""
    for _ in range(service.rounds):
        context = service.open_context()

        def use(context: tee.Context = context) -> None:
            with context.open_session(service.adder) as session:
                with context.allocate_shared_memory(100) as block:
                    assert len(block) == 100
                add(session)

        together(*[partial(until_closed, use)] * THREADS, context.close, context.close)
        assert context.closed


def cancelling(service: Service) -> None:
    """Operations that one thread runs, that others want to run, and that others cancel."""
    with service.open_context() as context, context.open_session(service.adder) as session:

        def run(operation: tee.Operation) -> str:
            try:
                outputs = session.invoke_command(0, tee.ValueInOut(1), operation=operation)
            except tee.CancelError:
                return "cancelled"
            except tee.BadStateError:
                return "used"
            assert outputs == ((2, 0),)
            return "right"

        for _ in range(service.rounds):
            operation = tee.Operation()
            runs = [partial(run, operation)] * 3
            outcomes = together(*runs, *[operation.request_cancellation] * 2)[:3]
            assert outcomes.count("used") == 2
            assert operation.state is tee.OperationState.DONE
            # No late request meets the next command.
            add(session)


def cancelling_what_was_submitted(service: Service) -> None:
    """Futures that several threads cancel, while others wait for them."""
    with service.open_context() as context, context.open_session(service.adder) as session:

        def outcome(future: Future[Any]) -> None:
            with contextlib.suppress(CancelledError, tee.CancelError):
                assert future.result(LIMIT) == ((2, 0),)

        for _ in range(service.rounds):
            future = session.submit(0, tee.ValueInOut(1))
            together(*[partial(outcome, future)] * 2, *[future.cancel] * 2)
            assert future.done()
            add(session)
        wait_until(lambda: not session.is_busy)


def running_out_of_time(service: Service) -> None:
    """Calls whose time is over at any moment, in one session that is closed then."""
    with service.open_context() as context:
        session = context.open_session(service.adder)

        def run(index: int) -> None:
            for number in range(service.rounds):
                seconds = (number + index) % 7 / 5000
                with contextlib.suppress(tee.DeadlineError):
                    outputs = session.invoke_command(0, tee.ValueInOut(1), timeout=seconds, grace=0)
                    assert outputs == ((2, 0),)

        together(*(partial(run, index) for index in range(THREADS)))
        wait_until(lambda: not session.is_busy)
        together(session.close, partial(session.close, timeout=LIMIT))


def sharing_a_pool(service: Service) -> None:
    """Sessions of a pool, and uses of it that several threads want to begin."""
    with (
        service.open_context() as context,
        context.session_pool(service.adder, size=2) as pool,
    ):

        def enter(use: tee.PooledSession) -> bool:
            try:
                with use as session:
                    add(session)
            except tee.BadStateError:
                return False
            return True

        for _ in range(service.rounds):
            uses = [pool.session(), pool.session()]
            entered = together(*(partial(enter, use) for use in uses * 2))
            assert sum(entered) == len(uses)
            add_in_pool = partial(pool.invoke_command, 0, tee.ValueInOut(1))
            looks = [lambda: pool.stats.size] * 2
            assert together(*looks, *[add_in_pool] * THREADS)[2:] == [((2, 0),)] * THREADS
        assert (pool.stats.in_use, pool.stats.waiting) == (0, 0)


def forgetting(service: Service) -> None:
    """What threads forget, and the garbage collector ends in any of them."""
    with service.open_context() as context:

        def forget() -> None:
            for _ in range(service.rounds):
                session = context.open_session(service.adder)
                add(session)
                context.allocate_shared_memory(100)
                del session
            gc.collect()

        together(*[forget] * THREADS)


SCENARIOS: list[Callable[[Service], None]] = [
    invoking,
    closing_a_session,
    closing_a_block,
    writing_parts,
    closing_a_context,
    cancelling,
    cancelling_what_was_submitted,
    running_out_of_time,
    sharing_a_pool,
]
