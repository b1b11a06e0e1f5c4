# SPDX-License-Identifier: BSD-2-Clause
"""The signal that ends the sleep of a thread whose operation is cancelled."""

from __future__ import annotations

import errno
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.nudges import (
    CANCELLED,
    REAL_TIME,
    SUCCEEDED,
    TeecCopy,
    Waiting,
    set_signals,
)
from ...support.stand_in import Rule, StandIn, on_stand_in
from ...support.stand_in.c_calls import end, opened
from ...support.waiting import LIMIT
from .test_programs import check

FIRST, SECOND, THIRD, FOURTH = (signal.SIGRTMAX - number for number in range(4))


def _hold(device: StandIn) -> Rule:
    return device.on(uapi.TEE_IOC_INVOKE, hold=True)


def _cancel_one(rule: Rule, session: object, blocked: frozenset[int] = frozenset()) -> set[int]:
    """Have a thread wait, cancel its operation and let it go; return its nudges meanwhile."""
    with ThreadPoolExecutor() as pool:
        call = Waiting(pool, rule, session, blocked)
        call.cancel()
        nudges = call.nudges
        rule.let_go()
        assert call.outcome.result(LIMIT) == SUCCEEDED
    assert not call.after, "a nudge is left for what the thread does next"
    return nudges


@on_stand_in
def test_the_thread_whose_operation_is_cancelled_is_woken_and_no_other(device: StandIn) -> None:
    context, session = opened(device)
    with ThreadPoolExecutor() as pool:
        rules = [device.on(uapi.TEE_IOC_INVOKE, interruptible=True) for _ in range(3)]
        calls = [Waiting(pool, rule, session) for rule in rules]
        calls[1].cancel()
        assert calls[1].outcome.result(LIMIT) == CANCELLED
        for rule, call in zip(rules, calls, strict=True):
            if call is not calls[1]:
                assert not call.nudges
                rule.let_go()
                assert call.outcome.result(LIMIT) == SUCCEEDED
    end(context, session)


@on_stand_in
def test_an_opening_is_woken_too_if_the_kernel_takes_its_cancellation(device: StandIn) -> None:
    context, session = opened(device)
    held = device.on(uapi.TEE_IOC_OPEN_SESSION, interruptible=True)
    other = c.new_session()
    with ThreadPoolExecutor() as pool:
        call = Waiting(
            pool,
            held,
            None,
            call=lambda operation: c.open_session(context, other, operation=operation),
        )
        call.cancel()
        assert call.outcome.result(LIMIT).code == CANCELLED.code
    end(context, session)


@on_stand_in
def test_a_request_that_the_kernel_refuses_nudges_nobody(device: StandIn) -> None:
    context, session = opened(device)
    device.on(uapi.TEE_IOC_CANCEL, error=errno.EINVAL)
    assert _cancel_one(_hold(device), session) == set()
    assert set_signals() == set()
    assert _cancel_one(_hold(device), session) == {FIRST}
    end(context, session)


@on_stand_in
def test_a_request_before_or_after_the_call_nudges_nobody(device: StandIn) -> None:
    context, session = opened(device)
    early, late = c.operation(), c.operation()
    c.lib.TEEC_RequestCancellation(early)
    assert c.invoke(session, 0, early).code == CANCELLED.code
    assert c.invoke(session, 0, late) == SUCCEEDED
    c.lib.TEEC_RequestCancellation(late)
    assert not device.calls(uapi.TEE_IOC_CANCEL)
    assert set_signals() == set()
    end(context, session)


@on_stand_in
def test_no_nudge_is_left_for_a_thread_that_blocks_it(device: StandIn) -> None:
    """It would interrupt the thread once that blocks it no more."""
    context, session = opened(device)
    everything = frozenset(signal.valid_signals())
    for _ in range(2):
        assert _cancel_one(_hold(device), session, everything) == {FIRST}
    held = _hold(device)
    with ThreadPoolExecutor() as pool:
        call = Waiting(pool, held, session, everything)
        for _ in range(3):
            call.cancel()
        assert call.nudges == {FIRST}
        held.let_go()
        assert call.outcome.result(LIMIT) == SUCCEEDED
    assert not call.after
    end(context, session)


@on_stand_in
def test_requests_without_end_are_one_nudge(device: StandIn) -> None:
    """Linux keeps all of these signals, and counts them against the user's limit."""
    context, session = opened(device)
    held = _hold(device)
    with ThreadPoolExecutor() as pool:
        call = Waiting(pool, held, session)
        queued = call.queued
        for _ in range(100):
            call.cancel()
        # It counts those of other processes, too.
        assert call.queued < queued + 50
        held.let_go()
        assert call.outcome.result(LIMIT) == SUCCEEDED
    end(context, session)


@on_stand_in
def test_what_a_program_sends_to_itself_is_not_taken_for_a_nudge(device: StandIn) -> None:
    """It may have the signal blocked everywhere, and wait for it in one thread."""
    context, session = opened(device)
    signal.pthread_sigmask(signal.SIG_BLOCK, REAL_TIME)
    held = _hold(device)
    with ThreadPoolExecutor() as pool:
        call = Waiting(pool, held, session)
        os.kill(os.getpid(), FIRST)
        call.cancel()
        assert call.nudges == {FIRST}
        held.let_go()
        assert call.outcome.result(LIMIT) == SUCCEEDED
        assert not call.after
    assert signal.sigtimedwait(REAL_TIME, 0) is not None
    assert signal.sigtimedwait(REAL_TIME, 0) is None
    end(context, session)


@on_stand_in
def test_a_call_in_a_thread_of_the_librarys_own_is_woken(device: StandIn) -> None:
    """Such a thread blocks all other signals; what the program blocks, it may wait for."""
    held = device.on(uapi.TEE_IOC_INVOKE, interruptible=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, {FIRST})
    with tee.Context(device.path) as context, context.open_session(UUID(int=1)) as session:
        future = session.submit(0)
        held.wait()
        assert not future.cancel()
        with pytest.raises(tee.CancelError) as caught:
            future.result(LIMIT)
        assert caught.value.origin == tee.Origin.TRUSTED_APP
    assert set_signals() == {SECOND}


@on_stand_in
def test_a_programs_own_signals_are_left_alone(device: StandIn) -> None:
    context, session = opened(device)
    arrived: list[int] = []
    own: dict[int, Any] = {
        FIRST: lambda number, _: arrived.append(number),
        SECOND: signal.SIG_IGN,
        FOURTH: lambda number, _: arrived.append(number),
    }
    for number, handler in own.items():
        signal.signal(number, handler)
    before = set_signals()
    assert _cancel_one(_hold(device), session) == {THIRD}
    assert set_signals() == before | {THIRD}
    for number in (FIRST, FOURTH):
        signal.raise_signal(number)
    signal.raise_signal(SECOND)
    assert arrived == [FIRST, FOURTH]
    end(context, session)


@on_stand_in
def test_a_program_that_takes_the_signal_later_keeps_it(device: StandIn) -> None:
    context, session = opened(device)
    assert _cancel_one(_hold(device), session) == {FIRST}
    arrived: list[int] = []
    signal.signal(FIRST, lambda number, _: arrived.append(number))
    assert _cancel_one(_hold(device), session) == {SECOND}
    assert not arrived
    signal.raise_signal(FIRST)
    assert arrived == [FIRST]
    end(context, session)


@on_stand_in
def test_a_program_that_has_all_signals_gets_no_nudge(device: StandIn) -> None:
    context, session = opened(device)
    for number in REAL_TIME:
        signal.signal(number, lambda *_: None)
    before = set_signals()
    assert _cancel_one(_hold(device), session) == set()
    assert set_signals() == before
    # As soon as one is free it is used.
    signal.signal(THIRD, signal.SIG_DFL)
    assert _cancel_one(_hold(device), session) == {THIRD}
    end(context, session)


@on_stand_in
def test_signals_that_the_requesting_thread_blocks_come_last(device: StandIn) -> None:
    """A program blocks those that it waits for."""
    context, session = opened(device)
    with ThreadPoolExecutor() as pool:
        held = _hold(device)
        call = Waiting(pool, held, session)
        signal.pthread_sigmask(signal.SIG_BLOCK, (FIRST, SECOND))
        call.cancel()
        assert call.nudges == {THIRD}
        held.let_go()
        assert call.outcome.result(LIMIT) == SUCCEEDED
    end(context, session)


@on_stand_in
def test_a_child_nudges_its_own_threads_alone(device: StandIn) -> None:
    context, session = opened(device)
    held, *of_children = (_hold(device) for _ in range(3))
    with ThreadPoolExecutor() as pool:
        call = Waiting(pool, held, session)
        for rule in of_children:
            before = call.nudges
            child = os.fork()
            if not child:
                status = 1
                try:
                    call.cancel()
                    context, session = opened(device)
                    assert _cancel_one(rule, session) == {FIRST}
                    end(context, session)
                    status = 0
                finally:
                    os._exit(status)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert call.nudges == before
            # The second child has a signal from its parent.
            call.cancel()
            assert call.nudges == {FIRST}
        held.let_go()
        assert call.outcome.result(LIMIT) == SUCCEEDED
    end(context, session)


@on_stand_in
def test_copies_of_the_library_have_a_signal_each_and_give_it_back(device: StandIn) -> None:
    context, session = opened(device)
    copy = TeecCopy()
    assert _cancel_one(_hold(device), session) == {FIRST}
    assert copy.cancel_one(device) == {SECOND}
    assert _cancel_one(_hold(device), session) == {FIRST}
    assert set_signals() == {FIRST, SECOND}
    copy.unload()
    assert set_signals() == {FIRST}
    assert _cancel_one(_hold(device), session) == {FIRST}
    end(context, session)


@on_stand_in
def test_a_copy_that_is_unloaded_leaves_a_signal_that_was_taken_from_it(device: StandIn) -> None:
    copy = TeecCopy()
    assert copy.cancel_one(device) == {FIRST}
    signal.signal(FIRST, lambda *_: None)
    copy.unload()
    assert set_signals() == {FIRST}


@on_stand_in
def test_a_program_can_do_without_nudges(device: StandIn) -> None:
    os.environ["TEEC_NUDGE"] = "0"
    without = TeecCopy()
    os.environ["TEEC_NUDGE"] = "1"
    copy = TeecCopy()
    assert without.cancel_one(device) == set()
    assert set_signals() == set()
    assert copy.cancel_one(device) == {FIRST}
    assert len(device.calls(uapi.TEE_IOC_CANCEL)) == 2


def test_no_system_call_of_a_thread_is_interrupted_after_its_call(tmp_path: Path) -> None:
    check(tmp_path, "nudges")
