# SPDX-License-Identifier: BSD-2-Clause
"""Forks while workers have calls: a child has none of these workers, and ends no call of theirs."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

import pytee_client as tee
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall

from ..support import workers
from ..support.children import in_child
from ..support.conformance import Command
from ..support.targets import Target
from ..support.waiting import LIMIT, signalled_soon, wait_until
from ..support.window import MissedError, Window, with_window

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*multi-threaded, use of fork", "ignore:unclosed:ResourceWarning"
)


MISSED = 42


def use_workers_of_its_own(target: Target) -> None:
    device, backend = workers.where(target)
    with (
        tee.Context(device, backend=backend, timeout=LIMIT) as own,  # type: ignore[arg-type]
        own.open_session(Target.CONFORMANCE) as session,
    ):
        call = session.submit(Command.VALUES, (1, 2), tee.ValueOutput())
        assert call.result(LIMIT) == ((2, 3),)
        assert session.invoke_command(Command.VALUES, (3, 4), tee.ValueOutput()) == ((4, 5),)


@with_window
def test_calls_of_workers_are_over_in_a_child_and_go_on_in_its_parent(
    target: Target, pool: ThreadPoolExecutor, window: Window
) -> None:
    with (
        target.open_context() as context,
        context.open_session(Target.CONFORMANCE) as session,
        context.allocate_shared_memory(100) as block,
    ):
        # All others wait for it: the application serves a session's calls one after the other.
        first = window.start(pool, session.invoke_command, Command.WAIT, (window.milliseconds, 0))
        calls = [session.submit(Command.MEMREF_XOR, block) for _ in range(40)]
        told: list[object] = []
        calls[0].add_done_callback(told.append)
        timed = pool.submit(session.invoke_command, Command.NOTHING, timeout=LIMIT)

        def look() -> None:
            try:
                window.check()
            except MissedError:
                os._exit(MISSED)
            # All of them are over, so nobody waits.
            assert wait(calls, timeout=0).done == {*calls}
            for call in calls:
                with pytest.raises(tee.ForkedContextError, match="belongs to the parent"):
                    call.result()
                assert not call.cancel()
            assert not told
            with pytest.raises(tee.ForkedContextError):
                session.submit(Command.NOTHING)
            with pytest.raises(tee.ForkedContextError):
                session.invoke_command(Command.NOTHING, timeout=LIMIT)
            session.close(timeout=LIMIT)
            context.close()
            use_workers_of_its_own(target)

        status = os.waitstatus_to_exitcode(in_child(look))
        assert first.result(LIMIT) == timed.result(LIMIT) == ()
        for call in calls:
            assert len(call.result(LIMIT)) == 1
        wait_until(lambda: told == [calls[0]])
        if status == MISSED:
            raise MissedError
        assert status == 0


@with_window
def test_a_child_leaves_calls_that_were_given_up_to_its_parent(
    target: Target, window: Window
) -> None:
    with target.open_context() as context:
        session = context.open_session(Target.CONFORMANCE)
        with pytest.raises(tee.DeadlineError):
            session.invoke_command(Command.WAIT, (window.milliseconds, 0), timeout=0.01, grace=0)
        assert session.is_busy

        def leave() -> None:
            session.close()
            context.close()
            use_workers_of_its_own(target)

        assert in_child(leave) == 0
        wait_until(lambda: not session.is_busy)
        session.invoke_command(Command.NOTHING)
        session.close()


def test_a_timed_call_whose_thread_forks_goes_on_in_the_parent_alone(target: Target) -> None:
    """A signal's handler runs in the thread that waits."""
    children: list[int] = []
    status = 1
    with target.open_context() as context, context.open_session(Target.CONFORMANCE) as session:
        try:
            with signalled_soon(lambda: children.append(os.fork())):
                session.invoke_command(Command.WAIT, (500, 0), timeout=LIMIT)
        except tee.ForkedContextError:
            status = 0
        finally:
            if children == [0]:
                os._exit(status)
        # No error came here.
        assert status
        assert os.waitpid(children[0], 0)[1] == 0
        session.invoke_command(Command.NOTHING)


def test_an_opening_whose_thread_forks_goes_on_in_the_parent_alone(target: Target) -> None:
    children: list[int] = []
    gate = Gate(LIMIT)
    plan = Plan([Fault(SystemCall.OPEN_SESSION, Hold(gate))])
    kernel = FaultyKernel(target.kernel or "linux", plan)
    status = 1

    def fork() -> None:
        children.append(os.fork())
        gate.release()

    with tee.Context(target.device, backend=kernel) as context:
        try:
            with signalled_soon(fork):
                session = context.open_session(Target.CONFORMANCE, timeout=LIMIT)
        except tee.ForkedContextError:
            status = 0
        finally:
            if children == [0]:
                os._exit(status)
        assert status
        assert os.waitpid(children[0], 0)[1] == 0
        session.invoke_command(Command.NOTHING)


def test_a_callback_that_forks_has_its_child_do_nothing_for_its_parent(target: Target) -> None:
    """It runs in a worker, which is the child's only thread."""
    children: list[int] = []
    with target.open_context() as context, context.open_session(Target.CONFORMANCE) as session:

        def fork(_: object) -> None:
            children.append(os.fork())

        first = session.submit(Command.WAIT, (100, 0))
        first.add_done_callback(fork)
        second = session.submit(Command.VALUES, (1, 2), tee.ValueOutput())
        assert first.result(LIMIT) == ()
        assert second.result(LIMIT) == ((2, 3),)
        wait_until(lambda: bool(children))
        assert os.waitpid(children[0], 0)[1] == 0


def test_a_pool_of_the_parents_makes_nobody_wait_in_a_child(target: Target) -> None:
    def use_pool() -> None:
        with pytest.raises(tee.ForkedContextError, match="open a context here"):
            pool.invoke_command(Command.NOTHING)
        with pytest.raises(tee.ForkedContextError):
            pool.session(timeout=LIMIT).__enter__()
        pool.drain()
        pool.close()

    with target.open_context() as context, context.session_pool(Target.CONFORMANCE, size=1) as pool:
        with pool.session() as session:
            session.invoke_command(Command.NOTHING)
            # Its only place is in use, and nobody gives it back in the child.
            assert in_child(use_pool) == 0
        pool.invoke_command(Command.NOTHING)
