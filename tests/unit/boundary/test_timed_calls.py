# SPDX-License-Identifier: BSD-2-Clause
"""Calls with a time-out and submitted ones on a device that no signal gets out of, in C."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import signal
import threading
import time
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support.sigint import meanwhile, raising, send
from ...support.signals import handler
from ...support.stand_in import ALWAYS, StandIn, on_stand_in
from ...support.waiting import LIMIT, begin, is_still, wait_until

ANY = UUID(int=1)
NUMBERS = tee.ValueInOut(1, 2)
INVOKE, OPEN_SESSION, CANCEL = uapi.TEE_IOC_INVOKE, uapi.TEE_IOC_OPEN_SESSION, uapi.TEE_IOC_CANCEL
CLOSE_SESSION = uapi.TEE_IOC_CLOSE_SESSION
SOON = 0.02


def opened(device: StandIn, **options: Any) -> tuple[tee.Context, tee.Session]:
    context = tee.Context(device.path, **options)
    return context, context.open_session(ANY)


def end(context: tee.Context, *sessions: tee.Session) -> None:
    """Close what is left when the calls are over."""
    for session in sessions:
        wait_until(lambda session=session: not session.is_busy)  # type: ignore[misc]
        session.close()
    context.close()


def workers() -> list[Path]:
    """Return the folders of the library's threads for calls."""
    found = []
    for folder in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            if (folder / "comm").read_text() == "pytee-worker\n":
                found.append(folder)
    return found


def main_waits() -> bool:
    """Return whether the main thread waits for something."""
    return is_still(os.getpid())


def once_main_waits() -> None:
    wait_until(main_waits)


@on_stand_in
def test_sigint_is_raised_at_once_though_the_device_is_stuck(device: StandIn) -> None:
    context, session = opened(device)
    rule = device.on(INVOKE, hold=True)
    with raising(), meanwhile(rule.wait, send), pytest.raises(KeyboardInterrupt):
        session.invoke_command(0, NUMBERS, timeout=LIMIT)
    assert session.is_busy
    # Its cancellation was requested, once.
    wait_until(lambda: len(device.calls(CANCEL)) == 1)
    rule.let_go()
    end(context, session)
    assert len(device.calls(CANCEL)) == 1


@on_stand_in
def test_sigint_is_raised_at_once_in_an_opening(device: StandIn) -> None:
    context = tee.Context(device.path)
    rule = device.on(OPEN_SESSION, hold=True)
    with raising(), meanwhile(rule.wait, send), pytest.raises(KeyboardInterrupt):
        context.open_session(ANY, timeout=LIMIT)
    rule.let_go()
    # It is closed at once.
    wait_until(lambda: len(device.calls(CLOSE_SESSION)) == 1)
    assert device.alive.sessions == 0
    context.close()


@on_stand_in
def test_sigint_is_raised_at_once_for_a_result_that_is_waited_for(device: StandIn) -> None:
    context, session = opened(device)
    rule = device.on(INVOKE, hold=True)
    future = session.submit(0, NUMBERS)
    with raising(), meanwhile(rule.wait, once_main_waits, send), pytest.raises(KeyboardInterrupt):
        future.result(LIMIT)
    assert not future.done()
    rule.let_go()
    assert future.result(LIMIT) == ((2, 2),)
    end(context, session)


@on_stand_in
def test_sigint_is_raised_at_once_in_the_grace_too(device: StandIn) -> None:
    context, session = opened(device)
    rule = device.on(INVOKE, hold=True)

    def cancelled() -> None:
        wait_until(lambda: len(device.calls(CANCEL)) == 1)

    with raising(), meanwhile(rule.wait, cancelled, send), pytest.raises(KeyboardInterrupt):
        session.invoke_command(0, timeout=SOON, grace=LIMIT)
    rule.let_go()
    end(context, session)
    assert len(device.calls(CANCEL)) == 1


@on_stand_in
def test_other_handlers_run_at_once_and_the_wait_goes_on(device: StandIn) -> None:
    context, session = opened(device)
    rule = device.on(INVOKE, hold=True)
    ran = threading.Event()

    def wait_for_handler() -> None:
        assert ran.wait(LIMIT)

    with (
        handler(signal.SIGUSR1, lambda *_: ran.set()),
        meanwhile(rule.wait, partial(send, signal.SIGUSR1), wait_for_handler, rule.let_go),
    ):
        assert session.invoke_command(0, NUMBERS, timeout=LIMIT) == ((2, 2),)
    assert not device.calls(CANCEL)
    end(context, session)


@on_stand_in
def test_the_handler_of_a_signal_that_another_thread_got_runs_too(device: StandIn) -> None:
    context, session = opened(device)
    rule = device.on(INVOKE, hold=True)
    ran = threading.Event()

    def signal_this_thread() -> None:
        # The main thread's wait does not end by this.
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        assert ran.wait(LIMIT)

    with (
        handler(signal.SIGUSR1, lambda *_: ran.set()),
        meanwhile(rule.wait, once_main_waits, signal_this_thread, rule.let_go),
    ):
        assert session.invoke_command(0, NUMBERS, timeout=LIMIT) == ((2, 2),)
    end(context, session)


@on_stand_in
def test_a_handler_can_close_the_session_within_a_time(device: StandIn) -> None:
    context, session = opened(device)
    rule = device.on(INVOKE, hold=True)
    errors: list[BaseException] = []

    def close(*_: object) -> None:
        for timeout in (None, SOON):
            try:
                session.close(timeout)
            except tee.TeecError as error:
                errors.append(error)
        rule.let_go()

    with handler(signal.SIGUSR1, close), meanwhile(rule.wait, partial(send, signal.SIGUSR1)):
        assert session.invoke_command(0, NUMBERS, timeout=LIMIT) == ((2, 2),)
    assert isinstance(errors[0], tee.BadStateError)
    assert isinstance(errors[1], tee.DeadlineError)
    # The call closed it.
    assert device.alive.sessions == 0
    context.close()


@on_stand_in
def test_a_child_of_a_handler_does_not_wait_for_its_parents_call(device: StandIn) -> None:
    context, session = opened(device)
    rule = device.on(INVOKE, hold=True)
    children: list[int] = []

    def fork(*_: object) -> None:
        children.append(os.fork())
        if children[0]:
            rule.let_go()

    with handler(signal.SIGUSR1, fork), meanwhile(rule.wait, partial(send, signal.SIGUSR1)):
        try:
            outputs: object = session.invoke_command(0, NUMBERS, timeout=LIMIT)
        except tee.errors.ForkedContextError:
            os._exit(7 if children == [0] else 8)
        if children == [0]:
            os._exit(9)
    assert outputs == ((2, 2),)
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 7
    end(context, session)


@on_stand_in
def test_a_child_sends_nothing_of_what_its_parent_has_queued(device: StandIn) -> None:
    context, session = opened(device, max_calls=1)
    rule = device.on(INVOKE, hold=True)
    first, second = session.submit(0), session.submit(0, NUMBERS)
    rule.wait()
    pid = os.fork()
    if not pid:
        with tee.Context(device.path) as own, own.open_session(ANY) as fresh:
            is_right = fresh.invoke_command(0, NUMBERS, timeout=LIMIT) == ((2, 2),)
            is_right &= fresh.submit(0, NUMBERS).result(LIMIT) == ((2, 2),)
        os._exit(0 if is_right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    rule.let_go()
    assert first.result(LIMIT) == ()
    assert second.result(LIMIT) == ((2, 2),)
    end(context, session)
    assert len([call for call in device.calls(INVOKE) if call.process != os.getpid()]) == 2


@on_stand_in
def test_there_are_no_more_workers_than_calls(device: StandIn) -> None:
    context, session = opened(device)
    assert session.invoke_command(0, NUMBERS) == ((2, 2),)
    assert not workers()
    for _ in range(200):
        assert session.invoke_command(0, NUMBERS, timeout=LIMIT) == ((2, 2),)
    assert len(workers()) == 1
    rule = device.on(INVOKE, hold=True, times=5)
    calls: list[Future[Any]] = [
        begin(partial(session.invoke_command, 0, NUMBERS, timeout=LIMIT)) for _ in range(5)
    ]
    rule.wait(5)
    assert len(workers()) == 5
    rule.let_go(5)
    assert [call.result(LIMIT) for call in calls] == [((2, 2),)] * 5
    for _ in range(50):
        assert session.submit(0, NUMBERS).result(LIMIT) == ((2, 2),)
    assert len(workers()) == 5
    end(context, session)


@on_stand_in
def test_no_more_calls_are_with_the_device_than_may(device: StandIn) -> None:
    context, session = opened(device, max_calls=3)
    rule = device.on(INVOKE, hold=True, times=ALWAYS)
    futures = [session.submit(0, NUMBERS) for _ in range(40)]
    rule.wait(3)
    assert len(workers()) == 3
    assert sum(future.running() for future in futures) == 3
    rule.let_go(40)
    assert [future.result(LIMIT) for future in futures] == [((2, 2),)] * 40
    assert len(workers()) == 3
    end(context, session)


@on_stand_in
def test_a_session_is_closed_by_the_last_call_if_close_could_not_wait(device: StandIn) -> None:
    context, session = opened(device)
    rule = device.on(INVOKE, hold=True, times=2)
    plain: Future[Any] = begin(partial(session.invoke_command, 0, NUMBERS))
    timed: Future[Any] = begin(partial(session.invoke_command, 0, NUMBERS, timeout=LIMIT))
    rule.wait(2)
    with pytest.raises(tee.DeadlineError) as caught:
        session.close(timeout=SOON)
    assert caught.value.still_running
    assert session.closed
    # Only what a worker makes can be asked to stop from here.
    wait_until(lambda: len(device.calls(CANCEL)) == 1)
    rule.let_go(2)
    assert plain.result(LIMIT) == ((2, 2),)
    assert timed.result(LIMIT) == ((2, 2),)
    wait_until(lambda: device.alive.sessions == 0)
    session.close()
    assert len(device.calls(CLOSE_SESSION)) == 1
    context.close()


@pytest.mark.parametrize("part", ["session", "context"])
@on_stand_in
def test_closing_is_bounded_though_the_tee_does_not_answer(device: StandIn, part: str) -> None:
    context, session = opened(device)
    rule = device.on(CLOSE_SESSION, hold=True)
    closable: Any = {"session": session, "context": context}[part]
    began = time.monotonic()
    with pytest.raises(tee.DeadlineError) as caught:
        closable.close(timeout=SOON)
    assert time.monotonic() - began < LIMIT
    assert caught.value.still_running
    assert closable.closed
    rule.let_go()
    closable.close()
    wait_until(lambda: device.alive.sessions == 0)
    context.close()
    wait_until(lambda: device.alive.devices == 0)


@on_stand_in
def test_a_worker_takes_none_of_the_programs_signals(device: StandIn) -> None:
    context, session = opened(device)
    rule = device.on(INVOKE, hold=True)
    future = session.submit(0, NUMBERS)
    rule.wait()
    (worker,) = workers()
    lines = (worker / "status").read_text().splitlines()
    (mask,) = [int(line.split()[1], 16) for line in lines if line.startswith("SigBlk")]
    rule.let_go()
    blocked = {number for number in signal.valid_signals() if mask >> (number - 1) & 1}
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM} <= blocked
    assert future.result(LIMIT) == ((2, 2),)
    end(context, session)


@on_stand_in
def test_large_memory_is_copied_in_calls_that_may_be_given_up(device: StandIn) -> None:
    context, session = opened(device)
    buffer = mmap.mmap(-1, 2 << 20)
    session.invoke_command(0, tee.MemrefTempOutput(buffer))
    in_place = len(device.calls(uapi.TEE_IOC_SHM_REGISTER))
    rule = device.on(INVOKE, hold=True)
    with pytest.raises(tee.DeadlineError):
        session.invoke_command(0, tee.MemrefTempOutput(buffer), timeout=SOON, grace=SOON)
    before = bytes(buffer)
    addresses = [call["addr"] for call in device.calls(uapi.TEE_IOC_SHM_REGISTER)]
    here = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    # The first call's alone.
    assert addresses.count(here) == addresses[:in_place].count(here) == 1
    rule.let_go()
    end(context, session)
    assert buffer[:] == before
