# SPDX-License-Identifier: BSD-2-Clause
"""Pools of processes, however these are started: each has a context of its own."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee

from ..support import workers
from ..support.conformance import Command
from ..support.targets import Target
from ..support.waiting import LIMIT
from ..support.window import Window, with_window

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

METHODS = ["fork", "spawn", "forkserver"]

pytestmark = [
    pytest.mark.once,
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork"),
]


def processes(target: Target, method: str, count: int = 2) -> ProcessPoolExecutor:
    """Make a pool whose workers each have a session with the conformance application."""
    context: BaseContext = multiprocessing.get_context(method)
    return ProcessPoolExecutor(
        count,
        context,
        workers.open_session,
        (*workers.where(target), Target.CONFORMANCE),
    )


@with_window
@pytest.mark.parametrize("method", METHODS)
def test_workers_have_sessions_of_their_own_whatever_the_parent_does(
    target: Target, session: tee.Session, pool: ThreadPoolExecutor, window: Window, method: str
) -> None:
    call = window.start(pool, session.invoke_command, Command.WAIT, (window.milliseconds, 0))
    with processes(target, method) as own:
        # They are started by this, and not before.
        first: Future[tuple[int, int]] = own.submit(workers.work, 0)
        window.check()
        found = [first.result(LIMIT), *own.map(workers.work, range(1, 20), timeout=LIMIT)]
    assert [a for _, a in found] == list(range(1, 21))
    assert call.result(LIMIT) == ()
    session.invoke_command(Command.NOTHING)


@pytest.mark.parametrize("method", METHODS)
def test_the_errors_of_a_worker_arrive_as_they_are(target: Target, method: str) -> None:
    with processes(target, method, 1) as own:
        for name in workers.FAILURES:
            there = own.submit(workers.failure, name).result(LIMIT)
            error = own.submit(workers.fail, name).exception(LIMIT)
            assert isinstance(error, tee.TeecError)
            assert (type(error).__name__, str(error)) == there
            if name == "result":
                assert error.result is workers.WorkerResult.FULL


def test_the_processes_of_multiprocessing_s_own_pool_have_sessions(target: Target) -> None:
    initargs = (*workers.where(target), Target.CONFORMANCE)
    own = multiprocessing.get_context("fork").Pool(2, workers.open_session, initargs)
    try:
        assert [a for _, a in own.map(workers.work, range(10))] == list(range(1, 11))
        with pytest.raises(tee.CancelError):
            own.apply(workers.fail, ("cancelled",))
    finally:
        # The end of a block of with would kill a worker that is opening its session, and with it
        # OP-TEE's supplicant.
        own.close()
        own.join()
    with target.open_context() as context, context.open_session(Target.CONFORMANCE) as session:
        session.invoke_command(Command.NOTHING)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_what_is_a_process_s_own_is_not_given_to_another(
    context: tee.Context, session: tee.Session, method: str
) -> None:
    with context.allocate_shared_memory(10) as block:
        for given, remedy in (
            (context, "open another"),
            (session, r"Context\.open_session"),
            (block, "share the memory once more"),
            (tee.MemrefWhole(block), "share the memory once more"),
            (tee.Operation(), "make one for each call"),
            (session.prepare(Command.NOTHING), r"Session\.prepare"),
        ):
            with pytest.raises(TypeError, match=f"{remedy}.*; another process"):
                workers.new_process(method, print, given).start()


@pytest.mark.parametrize("way", ["os._exit", "sys.exit", "raise"])
@pytest.mark.parametrize("method", METHODS)
def test_the_end_of_a_process_leaves_its_parent_s_sessions_alone(
    target: Target, method: str, way: str
) -> None:
    with target.open_context() as context, context.open_session(Target.CONFORMANCE) as session:
        process = workers.new_process(method, workers.end, way, 3)
        process.start()
        process.join(LIMIT)
        assert process.exitcode == (1 if way == "raise" else 3)
        session.invoke_command(Command.NOTHING)
