# SPDX-License-Identifier: BSD-2-Clause
"""Notifications of the fake OP-TEE, from its applications and from its devices."""

from __future__ import annotations

from concurrent.futures import wait
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.enums import Result
from pytee_client.fake.secure_world import Notifications
from pytee_client.fake.structures import Param
from pytee_client.supplicant.rpc_command import NotificationOperation, RpcCommand

from ....support.waiting import LIMIT, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future, ThreadPoolExecutor


WAIT, SEND = range(2)
MAX = 66
TYPE = fake.ParamType


class Notifier(fake.TrustedApplication):
    """Waits for a notification, or sends one: its number is a, and the time-out b."""

    uuid = UUID("4b1ba3c9-0c41-4b52-9a12-5df2a1a1ce11")
    pseudo = True

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        wish = parameters[0]
        assert isinstance(wish, fake.ValueParameter)
        if command_id == WAIT:
            session.wait_notification(wish.a, wish.b)
        else:
            session.send_notification(wish.a)


@pytest.fixture
def optee() -> fake.Optee:
    return fake.Optee()


@pytest.fixture
def notifications(optee: fake.Optee) -> Notifications:
    return optee.notifications


@pytest.fixture
def kernel(optee: fake.Optee) -> fake.Kernel:
    kernel = fake.Kernel(optee, release="7.2")
    kernel.install(Notifier)
    return kernel


@pytest.fixture
def context(kernel: fake.Kernel) -> Iterator[tee.Context]:
    with tee.Context(backend=kernel) as opened:
        yield opened


@pytest.fixture
def waiter(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(Notifier.uuid) as opened:
        yield opened


@pytest.fixture
def sender(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(Notifier.uuid) as opened:
        yield opened


@pytest.fixture
def waiting(
    notifications: Notifications, waiter: tee.Session, pool: ThreadPoolExecutor
) -> Iterator[Future[tuple[()]]]:
    """A command that waits for notification 5."""
    future = pool.submit(waiter.invoke_command, WAIT, (5, 0))
    wait_until(lambda: 5 in notifications.waiting)
    yield future
    notifications.send(5)


def test_a_session_waits_until_another_sends(
    waiting: Future[tuple[()]], sender: tee.Session
) -> None:
    sender.invoke_command(SEND, (4, 0))
    assert not waiting.done()
    sender.invoke_command(SEND, (5, 0))
    assert waiting.result(LIMIT) == ()


def test_a_session_waits_until_a_device_interrupts(
    waiting: Future[tuple[()]], notifications: Notifications
) -> None:
    notifications.interrupt(4, 5)
    assert waiting.result(LIMIT) == ()


def test_what_is_sent_before_waits_for_its_waiter_once(
    waiter: tee.Session, sender: tee.Session, notifications: Notifications
) -> None:
    for _ in range(2):
        sender.invoke_command(SEND, (7, 0))
    waiter.invoke_command(WAIT, (7, 0))
    with pytest.raises(tee.errors.TimeoutError):
        waiter.invoke_command(WAIT, (7, 1))
    assert not notifications.waiting


def test_only_one_may_wait(waiting: Future[tuple[()]], sender: tee.Session) -> None:
    with pytest.raises(tee.BadParametersError) as caught:
        sender.invoke_command(WAIT, (5, 0))
    assert caught.value.origin == tee.Origin.TRUSTED_APP
    assert not waiting.done()


def test_the_largest_number_is_one_and_the_next_is_none(sender: tee.Session) -> None:
    sender.invoke_command(SEND, (MAX, 0))
    sender.invoke_command(WAIT, (MAX, 0))
    for command in (SEND, WAIT):
        with pytest.raises(tee.BadParametersError):
            sender.invoke_command(command, (MAX + 1, 0))


def test_a_device_cannot_notify_beyond_the_largest_number(
    notifications: Notifications,
) -> None:
    with pytest.raises(ValueError, match=str(MAX)):
        notifications.interrupt(MAX + 1)


def test_the_first_number_is_for_the_bottom_half(
    notifications: Notifications, waiter: tee.Session
) -> None:
    done: list[str] = []
    notifications.on_bottom_half.append(lambda: done.append("bottom half"))
    notifications.interrupt(3, 0)
    assert done == ["bottom half"]
    waiter.invoke_command(WAIT, (3, 0))
    with pytest.raises(tee.errors.TimeoutError):
        waiter.invoke_command(WAIT, (0, 1))


def test_a_bottom_half_may_notify(notifications: Notifications, waiting: Future[tuple[()]]) -> None:
    notifications.on_bottom_half.append(lambda: notifications.send(5))
    notifications.interrupt(0)
    assert waiting.result(LIMIT) == ()


def test_a_release_that_heeds_no_timeout_takes_no_notice_of_it(pool: ThreadPoolExecutor) -> None:
    optee = fake.Optee()
    fake.Kernel(optee, release="6.12")
    future = pool.submit(optee.notifications.wait, 5, 1)
    wait_until(lambda: 5 in optee.notifications.waiting)
    _, waiting = wait([future], 0.1)
    optee.notifications.send(5)
    assert waiting
    assert future.result(LIMIT) == Result.SUCCESS


def test_a_timeout_is_counted_in_ticks(kernel: fake.Kernel, optee: fake.Optee) -> None:
    optee.notifications.ticks_per_second = 1_000_000
    # An hour, if it were milliseconds.
    assert optee.notifications.wait(5, 3_600_000 // 1000) == Result.TIMEOUT


def test_the_request_is_made_as_op_tee_makes_it(kernel: fake.Kernel, optee: fake.Optee) -> None:
    def ask(*params: Param) -> int:
        return optee.rpc.call(RpcCommand.NOTIFICATION, list(params))

    for operation in (NotificationOperation.SEND, NotificationOperation.WAIT):
        assert ask(Param(TYPE.VALUE_INPUT, a=operation, b=9)) == Result.SUCCESS
    assert ask(Param(TYPE.VALUE_INPUT, a=NotificationOperation.WAIT, b=9, c=1)) == Result.TIMEOUT
    for wrong in (
        [],
        [Param(TYPE.VALUE_INOUT, a=1, b=9)],
        [Param(TYPE.VALUE_INPUT, a=2, b=9)],
        [Param(TYPE.VALUE_INPUT, a=1, b=9)] * 2,
        [Param(TYPE.VALUE_INPUT, a=1, b=MAX + 1)],
    ):
        assert ask(*wrong) == Result.BAD_PARAMETERS


def test_a_tee_without_notifications_says_so() -> None:
    kernel = fake.Kernel(fake.AmdTee())
    kernel.install(Notifier)
    with tee.Context(backend=kernel) as context, context.open_session(Notifier.uuid) as session:
        for command in (SEND, WAIT):
            with pytest.raises(tee.NotSupportedError):
                session.invoke_command(command, (1, 0))


@pytest.mark.parametrize("func", [RpcCommand.GET_TIME, RpcCommand.SUSPEND])
def test_time_is_the_kernels_and_not_the_supplicants(
    kernel: fake.Kernel, optee: fake.Optee, func: RpcCommand
) -> None:
    kind = TYPE.VALUE_OUTPUT if func is RpcCommand.GET_TIME else TYPE.VALUE_INPUT
    param = Param(kind)
    assert optee.rpc.call(func, [param]) == Result.SUCCESS
    assert (param.a > 1_000_000_000) == (func is RpcCommand.GET_TIME)
    assert param.b < 1_000_000_000
    assert optee.rpc.call(func, [Param(TYPE.VALUE_INOUT)]) == Result.BAD_PARAMETERS
