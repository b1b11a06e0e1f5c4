# SPDX-License-Identifier: BSD-2-Clause
"""Signals while the main thread is in a call that no signal ends, on a device in C."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client.kernels import ProxyKernel, uapi

from ...support.sigint import (
    main_threads_wait,
    meanwhile,
    raising,
    send,
    send_until_seen,
    the_watcher,
    watchers,
)
from ...support.signals import handler
from ...support.stand_in import ALWAYS, Rule, StandIn, on_stand_in
from ...support.waiting import LIMIT, begin, wait_until

ANY = UUID(int=1)
NUMBERS = tee.ValueInOut(1, 2)
INVOKE, OPEN_SESSION, CANCEL = uapi.TEE_IOC_INVOKE, uapi.TEE_IOC_OPEN_SESSION, uapi.TEE_IOC_CANCEL


def opened(device: StandIn) -> tuple[tee.Context, tee.Session]:
    context = tee.Context(device.path)
    return context, context.open_session(ANY)


def cancellations(device: StandIn) -> list[int]:
    """Return the sessions whose call was to be cancelled; 0 is an opening."""
    return [call["session"] for call in device.calls(CANCEL)]


def until_cancelled(device: StandIn) -> None:
    wait_until(lambda: bool(device.calls(CANCEL)))


def interrupted(rule: Rule, call: Callable[[], object]) -> None:
    """Make a call that is held, send SIGINT then, and have it end with KeyboardInterrupt."""
    with raising(), meanwhile(rule.wait, send), pytest.raises(KeyboardInterrupt):
        call()


ROADS: dict[str, Callable[[tee.Context, tee.Session], Callable[[], object]]] = {
    "nothing": lambda context, session: partial(session.invoke_command, 0),
    "value": lambda context, session: partial(session.invoke_command, 0, tee.ValueInOut(1)),
    "two values": lambda context, session: partial(session.invoke_command, 0, (1, 2), (3, 4)),
    "memory": lambda context, session: partial(session.invoke_command, 0, bytearray(9)),
    "block": lambda context, session: partial(
        session.invoke_command, 0, context.allocate_shared_memory(9)
    ),
    "growing": lambda context, session: partial(
        session.invoke_command, 0, tee.MemrefTempOutput(9, grow=True)
    ),
    "operation": lambda context, session: partial(
        session.invoke_command, 0, operation=tee.Operation()
    ),
    "prepared": lambda context, session: session.prepare(0),
    "prepared value": lambda context, session: partial(session.prepare(0, tee.ValueInOut), (1, 2)),
    "prepared and fixed": lambda context, session: session.prepare(0, tee.ValueInOut(1, 2)),
}


@pytest.mark.parametrize("backend", ["linux", "proxy"])
@pytest.mark.parametrize("road", ROADS)
@on_stand_in
def test_sigint_cancels_a_command(device: StandIn, road: str, backend: str) -> None:
    kernel = ProxyKernel("linux") if backend == "proxy" else None
    with (
        tee.Context(device.path, backend=kernel) as context,
        context.open_session(ANY),
        context.open_session(ANY) as session,
    ):
        call = ROADS[road](context, session)
        interrupted(device.on(INVOKE, cancellable=True), call)
        assert cancellations(device) == [2]
        assert session.invoke_command(0, NUMBERS) == ((2, 2),)
        assert cancellations(device) == [2]


@pytest.mark.parametrize("backend", ["linux", "proxy"])
@pytest.mark.parametrize("has_operation", [False, True])
@on_stand_in
def test_sigint_cancels_an_opening(device: StandIn, has_operation: bool, backend: str) -> None:
    operation = tee.Operation() if has_operation else None
    kernel = ProxyKernel("linux") if backend == "proxy" else None
    with tee.Context(device.path, backend=kernel) as context:
        rule = device.on(OPEN_SESSION, cancellable=True)
        interrupted(rule, partial(context.open_session, ANY, operation=operation))
        (sent,), (cancel,) = device.calls(OPEN_SESSION), device.calls(CANCEL)
        assert (cancel["session"], cancel["cancel_id"]) == (0, sent["cancel_id"])
        with context.open_session(ANY) as session:
            session.invoke_command(0)
        assert len(device.calls(CANCEL)) == 1


@on_stand_in
def test_a_command_that_is_not_to_be_cancelled_ends_before_the_interrupt(device: StandIn) -> None:
    context, session = opened(device)
    with context, session:
        rule = device.on(INVOKE, hold=True)
        steps = (rule.wait, send, partial(until_cancelled, device), rule.let_go)
        with raising(), meanwhile(*steps), pytest.raises(KeyboardInterrupt):
            session.invoke_command(0)
        assert session.invoke_command(0, NUMBERS) == ((2, 2),)
        assert len(cancellations(device)) == 1


@on_stand_in
def test_a_second_sigint_does_no_harm(device: StandIn) -> None:
    context, session = opened(device)
    with context, session:
        rule = device.on(INVOKE, hold=True)
        steps = (rule.wait, send, partial(until_cancelled, device), send, rule.let_go)
        with raising(), meanwhile(*steps), pytest.raises(KeyboardInterrupt):
            session.invoke_command(0)
        sent = cancellations(device)
        assert session.invoke_command(0, NUMBERS) == ((2, 2),)
        assert cancellations(device) == sent


@on_stand_in
def test_a_cancellation_on_its_way_holds_up_nothing_but_its_call(device: StandIn) -> None:
    context, session = opened(device)
    with context, session, context.open_session(ANY) as other:
        command, cancel = device.on(INVOKE, hold=True), device.on(CANCEL, hold=True)
        is_over = threading.Event()

        def call() -> None:
            try:
                session.invoke_command(0)
            finally:
                is_over.set()

        def use_the_other() -> None:
            command.wait()
            held = main_threads_wait()
            send()
            cancel.wait()
            command.let_go()
            try:
                # It is over in the TEE, and the cancellation is not.
                wait_until(lambda: main_threads_wait() not in (None, held))
                assert other.invoke_command(0, NUMBERS) == ((2, 2),)
                assert not is_over.is_set()
            finally:
                cancel.let_go()

        with raising(), meanwhile(use_the_other), pytest.raises(KeyboardInterrupt):
            call()
        assert session.invoke_command(0, NUMBERS) == ((2, 2),)


@pytest.mark.parametrize("cancellable", [False, True])
@on_stand_in
def test_a_handler_of_the_programs_runs_at_the_end_of_the_call(
    device: StandIn, cancellable: bool
) -> None:
    context, session = opened(device)
    came: list[int] = []
    with context, session, handler(signal.SIGINT, lambda number, frame: came.append(number)):
        rule = device.on(INVOKE, hold=not cancellable, cancellable=cancellable)
        steps = (rule.wait, send, partial(until_cancelled, device))
        if cancellable:
            with meanwhile(*steps), pytest.raises(tee.CancelError):
                session.invoke_command(0)
        else:
            with meanwhile(*steps, rule.let_go):
                assert session.invoke_command(0, NUMBERS) == ((2, 2),)
        assert came == [signal.SIGINT]


@on_stand_in
def test_an_ignored_sigint_cancels_nothing(device: StandIn) -> None:
    context, session = opened(device)
    with context, session, handler(signal.SIGINT, signal.SIG_IGN):
        rule = device.on(INVOKE, cancellable=True)
        with meanwhile(rule.wait, send, rule.let_go):
            assert session.invoke_command(0, NUMBERS) == ((2, 2),)
        assert not cancellations(device)


@on_stand_in
def test_a_blocked_sigint_cancels_nothing(device: StandIn) -> None:
    # Threads that are made from here on block it too.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    context, session = opened(device)
    with context, session, raising():
        rule = device.on(INVOKE, cancellable=True)
        with meanwhile(rule.wait, send_until_seen, rule.let_go):
            assert session.invoke_command(0, NUMBERS) == ((2, 2),)
        assert not cancellations(device)
        with pytest.raises(KeyboardInterrupt):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@on_stand_in
def test_other_signals_cancel_nothing(device: StandIn) -> None:
    context, session = opened(device)
    came: list[int] = []
    with context, session, handler(signal.SIGTERM, lambda number, frame: came.append(number)):
        rule = device.on(INVOKE, cancellable=True)
        with meanwhile(rule.wait, partial(send, signal.SIGTERM), rule.let_go):
            assert session.invoke_command(0, NUMBERS) == ((2, 2),)
        assert came == [signal.SIGTERM]
        assert not cancellations(device)


@on_stand_in
def test_calls_of_other_threads_are_not_cancelled(device: StandIn) -> None:
    context, session = opened(device)
    with context, session:
        rule = device.on(INVOKE, cancellable=True)
        future = begin(session.prepare(0, NUMBERS))
        rule.wait()
        came: list[int] = []
        with handler(signal.SIGINT, lambda number, frame: came.append(number)):
            send_until_seen()
        assert came == [signal.SIGINT]
        assert not cancellations(device)
        rule.let_go()
        assert future.result(LIMIT) == ((2, 2),)


@on_stand_in
def test_no_thread_of_the_library_takes_sigint_from_the_main_one(device: StandIn) -> None:
    """Linux gives no second signal to a thread that has one pending, if another can have it."""
    context, session = opened(device)
    with context, session, handler(signal.SIGUSR1, lambda *_: None):
        # This has a thread that looks after futures.
        session.submit(0, timeout=LIMIT).result()
        rule = device.on(INVOKE, cancellable=True)

        def send_both() -> None:
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            send(signal.SIGUSR1)
            send()

        with raising(), meanwhile(rule.wait, send_both), pytest.raises(KeyboardInterrupt):
            session.invoke_command(0)
        assert len(cancellations(device)) == 1


@on_stand_in
def test_the_main_thread_may_come_second(device: StandIn) -> None:
    context = tee.Context(device.path)
    session = begin(context.open_session, ANY).result(LIMIT)
    assert not watchers()
    with context, session:
        interrupted(device.on(INVOKE, cancellable=True), partial(session.invoke_command, 0))
        the_watcher()


@on_stand_in
def test_each_of_many_interrupts_reaches_its_own_command(device: StandIn) -> None:
    context, session = opened(device)
    with context, session:
        rule = device.on(INVOKE, cancellable=True, times=ALWAYS)
        with raising():
            for count in range(1, 101):
                with meanwhile(partial(rule.wait, count), send), pytest.raises(KeyboardInterrupt):
                    session.invoke_command(0)
                assert len(cancellations(device)) == count


@on_stand_in
def test_the_descriptor_for_wakeups_gets_the_signal(device: StandIn) -> None:
    context, session = opened(device)
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    with context, session, ours, pythons, raising():
        rule = device.on(INVOKE, cancellable=True)
        before = signal.set_wakeup_fd(pythons.fileno())
        try:
            with meanwhile(rule.wait, send), pytest.raises(KeyboardInterrupt):
                session.invoke_command(0)
        finally:
            signal.set_wakeup_fd(before)
        assert ours.recv(10) == bytes([signal.SIGINT])


@on_stand_in
def test_a_loop_of_asyncio_gets_the_signal(device: StandIn) -> None:
    context, session = opened(device)

    async def run() -> None:
        came = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, came.set)
        rule = device.on(INVOKE, cancellable=True)
        with meanwhile(rule.wait, send), pytest.raises(tee.CancelError):
            session.invoke_command(0)
        await asyncio.wait_for(came.wait(), LIMIT)

    with context, session, raising():
        asyncio.run(run())


@on_stand_in
def test_a_bad_address_given_to_linux_directly_does_no_harm(device: StandIn) -> None:
    kernel = ProxyKernel("linux")
    fd = kernel.open(device.path)
    try:
        for address in (0, 8, 1 << 46):
            with pytest.raises(OSError, match="Bad address"):
                kernel.ioctl(fd, INVOKE, address)
    finally:
        os.close(fd)
