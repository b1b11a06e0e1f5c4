# SPDX-License-Identifier: BSD-2-Clause
"""A future ends, though who cancels or gives up its call is interrupted, or too early."""

from __future__ import annotations

import concurrent.futures
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._boundary.call import NativeCall
from pytee_client._calls.call_future import CallFuture
from pytee_client.typing import Outputs

from ...support.interruption import interrupt_everywhere
from ...support.waiting import LIMIT, wait_until

# Where the steps are that end a call. With those of the standard library.
ENDINGS = (
    *("_calls/jobs.py", "_calls/call_future.py", "_calls/timekeeper.py", "_calls/call.py"),
    *("_boundary/call.py", "/concurrent/futures/_base.py"),
)
WAYS = ["cancel", "give_up"]


class Waiting(fake.TrustedApplication):
    """Command 1 waits until it may go on."""

    uuid = UUID(int=1)
    entered: ClassVar[threading.Semaphore]
    go_on: ClassVar[threading.Semaphore]

    @fake.command(0)
    def nothing(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        pass

    @fake.command(1)
    def wait(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        self.entered.release()
        assert self.go_on.acquire(timeout=LIMIT)


@pytest.fixture
def kernel() -> fake.Kernel:
    Waiting.entered, Waiting.go_on = threading.Semaphore(0), threading.Semaphore(0)
    return fake.Kernel(applications=[Waiting])


@pytest.fixture
def session(kernel: fake.Kernel) -> Iterator[tee.Session]:
    with tee.Context(backend=kernel, max_calls=1) as context:
        yield context.open_session(Waiting.uuid)
    kernel.assert_no_leaks()


class Cancelled:
    """Submits a call, cancels it and is interrupted; and what became of this."""

    def __init__(self, session: tee.Session, way: str, *, begins: bool) -> None:
        self._session = session
        self._way = way
        self._begins = begins
        self._pool = ThreadPoolExecutor(200)
        self._content = bytearray(1)
        self._futures: list[Future[Any]] = []
        self._waits: list[Future[Any]] = []
        self._called: list[Future[Any]] = []
        self._hold()

    def _hold(self) -> None:
        """Keep the only worker, so that no other call begins."""
        if not self._begins:
            self._held = self._session.submit(1)
            assert Waiting.entered.acquire(timeout=LIMIT)

    def run(self) -> None:
        future = self._session.submit(int(self._begins), tee.MemrefTempInput(self._content))
        future.add_done_callback(self._called.append)
        self._futures.append(future)
        self._waits.append(self._pool.submit(lambda: concurrent.futures.wait([future], LIMIT)))
        if self._begins:
            assert Waiting.entered.acquire(timeout=LIMIT)
        getattr(future, self._way)()
        if self._begins:
            Waiting.go_on.release()

    def check(self) -> None:
        Waiting.go_on.release()
        for future, wait in zip(self._futures, self._waits, strict=False):
            # An error, as also a call that was cancelled may have come back.
            assert wait.result(LIMIT).not_done == set()
            assert future.done()
        wait_until(lambda: {*self._futures} <= {*self._called})
        # A call that began, but whose future was lost to the interrupt.
        wait_until(lambda: not self._session.is_busy)
        assert self._session.submit(0).result(LIMIT) == ()
        assert len(self._called) == len({*self._called})
        for made in (self._futures, self._waits, self._called):
            made.clear()
        while Waiting.go_on.acquire(blocking=False):
            pass
        while Waiting.entered.acquire(blocking=False):
            pass
        gc.collect()
        # Nothing has it any more.
        self._content.append(0)
        self._hold()

    def end(self) -> None:
        Waiting.go_on.release()
        self._pool.shutdown()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("begins", [False, True], ids=["waits for its turn", "begins"])
def test_a_future_ends_though_who_cancels_it_is_interrupted(
    session: tee.Session, way: str, begins: bool
) -> None:
    cancelled = Cancelled(session, way, begins=begins)
    count = interrupt_everywhere(
        cancelled.run, cancelled.check, lambda path: path.endswith(ENDINGS)
    )
    cancelled.end()
    assert count > 20


def test_an_interrupt_leaves_the_time_outs_of_others(session: tee.Session) -> None:
    """The thread that keeps the time shares a lock with those who submit calls."""
    # Its time-out keeps the thread there.
    held = session.submit(1, timeout=LIMIT)
    assert Waiting.entered.acquire(timeout=LIMIT)
    futures: list[Future[Any]] = []

    def run() -> None:
        futures.append(session.submit(0, timeout=LIMIT))

    def check() -> None:
        late = session.submit(0, timeout=0.001)
        assert isinstance(late.exception(LIMIT), tee.DeadlineError)
        while futures:
            assert futures.pop().cancel()

    where = ("_calls/timekeeper.py", "_calls/call_future.py", "/threading.py")
    count = interrupt_everywhere(run, check, lambda path: path.endswith(where))
    assert count > 5
    Waiting.go_on.release()
    assert held.result(LIMIT) == ()


def test_callbacks_that_are_left_are_called_after_an_interrupt(session: tee.Session) -> None:
    """One that raises what an interrupt raises does not keep the others from being called."""
    held = session.submit(1)
    assert Waiting.entered.acquire(timeout=LIMIT)
    future = session.submit(0)
    called: list[int] = []

    def call(number: int, _: object) -> None:
        called.append(number)
        if number == 2:
            raise KeyboardInterrupt

    for number in (1, 2, 3):
        future.add_done_callback(partial(call, number))
    with pytest.raises(KeyboardInterrupt):
        future.cancel()
    wait_until(lambda: called == [1, 2, 3])
    Waiting.go_on.release()
    assert held.result(LIMIT) == ()


def test_a_callback_that_fails_is_logged_and_the_others_are_called(
    session: tee.Session, caplog: pytest.LogCaptureFixture
) -> None:
    future = session.submit(1)
    called: list[object] = []

    def fail(_: object) -> None:
        raise LookupError("of the callback")

    for callback in (fail, called.append):
        future.add_done_callback(callback)
    Waiting.go_on.release()
    wait_until(lambda: called == [future])
    (record,) = caplog.records
    assert record.name == "concurrent.futures"
    assert record.exc_info is not None
    assert "of the callback" in str(record.exc_info[1])


@pytest.mark.parametrize("way", ["time-out", "give_up"])
def test_what_is_stopped_before_it_is_submitted_is_left_once_it_has_begun(
    session: tee.Session, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    def stop_early(future: CallFuture[Outputs]) -> None:
        if way == "give_up":
            future.give_up()
            return
        future._expire()
        future._leave()

    submit = NativeCall.submit

    def submit_and_begin(call: NativeCall, *arguments: Any) -> bool:
        is_submitted = submit(call, *arguments)
        # Who stops it now can't withdraw it any more.
        assert Waiting.entered.acquire(timeout=LIMIT)
        return is_submitted

    with monkeypatch.context() as patch:
        patch.setattr(CallFuture, "start_time", stop_early)
        patch.setattr(NativeCall, "submit", submit_and_begin)
        future = session.submit(1, timeout=LIMIT, grace=0)
    if way == "give_up":
        assert future.cancelled()
    else:
        error = future.exception(LIMIT)
        assert isinstance(error, tee.DeadlineError)
        assert error.still_running
    # It waits for nobody who was given up.
    session.close(timeout=LIMIT)
    assert session.is_busy
    Waiting.go_on.release()
    wait_until(lambda: not session.is_busy)


def test_a_future_ends_though_who_cancels_it_was_slow_before_the_interrupt(
    session: tee.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = session.submit(1)
    assert Waiting.entered.acquire(timeout=LIMIT)
    future: Any = session.submit(0)
    has_looked = threading.Event()
    settle, stop, end = CallFuture._settle, NativeCall.stop, CallFuture._end_withdrawn

    def settle_and_tell(one: CallFuture[Outputs]) -> None:
        settle(one)
        has_looked.set()

    def stop_late(call: NativeCall) -> bool:
        # By now the timekeeper has looked whether there is something to end.
        assert has_looked.wait(LIMIT)
        return stop(call)

    def interrupted(one: CallFuture[Outputs], job: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        end(one, job)

    monkeypatch.setattr(CallFuture, "_settle", settle_and_tell)
    monkeypatch.setattr(NativeCall, "stop", stop_late)
    monkeypatch.setattr(CallFuture, "_end_withdrawn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        future.cancel()
    assert concurrent.futures.wait([future], LIMIT).not_done == set()
    Waiting.go_on.release()
    assert held.result(LIMIT) == ()
