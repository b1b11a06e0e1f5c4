# SPDX-License-Identifier: BSD-2-Clause
"""SIGINT while the main thread waits for a Trusted Application."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee

from ..support import sigint
from ..support.conformance import Command
from ..support.signals import handler
from ..support.waiting import LIMIT, is_still, wait_until

if TYPE_CHECKING:
    from ..support.targets import Target

MASKED, HEEDS = 0, 1
OPEN_WAIT = 2
LONG = LIMIT // 2
SHORT = 1

pytestmark = pytest.mark.optee_only


def wait(seconds: int, heeds: int) -> tee.ValueInput:
    """Return what has the application wait."""
    return tee.ValueInput(1000 * seconds, heeds)


def make(call: Callable[[], object], pauses: tuple[float, ...]) -> None:
    with sigint.soon(*pauses):
        call()


def interrupted(call: Callable[[], object], *pauses: float) -> float:
    """Make a call that SIGINT ends with KeyboardInterrupt; return the seconds that it took."""
    began = time.monotonic()
    with sigint.raising(), pytest.raises(KeyboardInterrupt):
        make(call, pauses)
    return time.monotonic() - began


def use(session: tee.Session) -> None:
    """Have the application wait for a moment; a cancellation would end that with an error."""
    assert session.invoke_command(Command.WAIT, tee.ValueInput(1, HEEDS)) == ()


def test_sigint_ends_a_wait_that_heeds_cancellation(session: tee.Session) -> None:
    call = partial(session.invoke_command, Command.WAIT, wait(LONG, HEEDS))
    assert interrupted(call) < LONG
    use(session)


def test_sigint_ends_the_wait_of_a_prepared_command(session: tee.Session) -> None:
    assert interrupted(session.prepare(Command.WAIT, wait(LONG, HEEDS))) < LONG
    use(session)


def test_sigint_ends_the_wait_of_an_operation(session: tee.Session) -> None:
    operation = tee.Operation()
    call = partial(session.invoke_command, Command.WAIT, wait(LONG, HEEDS), operation=operation)
    assert interrupted(call) < LONG
    assert operation.state is tee.OperationState.DONE
    use(session)


@pytest.mark.real_only
def test_sigint_is_raised_at_the_end_of_a_wait_that_masks_cancellation(
    session: tee.Session,
) -> None:
    call = partial(session.invoke_command, Command.WAIT, wait(SHORT, MASKED))
    assert interrupted(call) >= SHORT
    use(session)


@pytest.mark.real_only
def test_a_second_sigint_does_no_harm(session: tee.Session) -> None:
    call = partial(session.invoke_command, Command.WAIT, wait(SHORT, MASKED))
    assert interrupted(call, 0.2) >= SHORT
    use(session)


def test_sigint_during_an_opening_leaves_no_session(context: tee.Context, target: Target) -> None:
    interrupted(partial(context.open_session, target.CONFORMANCE, wait(SHORT, OPEN_WAIT)))
    with context.open_session(target.CONFORMANCE) as session:
        use(session)


@pytest.mark.real_only
def test_a_handler_that_returns_leaves_the_error_of_the_cancelled_call(
    session: tee.Session,
) -> None:
    came: list[int] = []
    with (
        handler(signal.SIGINT, lambda number, frame: came.append(number)),
        sigint.soon(),
        pytest.raises(tee.CancelError),
    ):
        session.invoke_command(Command.WAIT, wait(LONG, HEEDS))
    assert came == [signal.SIGINT]
    use(session)


@pytest.mark.real_only
@pytest.mark.parametrize("how", ["ignored", "blocked"])
def test_a_sigint_that_is_not_for_the_program_cancels_nothing(
    session: tee.Session, how: str
) -> None:
    action = signal.SIG_IGN if how == "ignored" else lambda number, frame: None
    with handler(signal.SIGINT, action):
        before = signal.pthread_sigmask(
            signal.SIG_BLOCK, {signal.SIGINT} if how == "blocked" else ()
        )
        try:
            with sigint.soon():
                session.invoke_command(Command.WAIT, wait(SHORT, HEEDS))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    use(session)


@pytest.mark.real_only
def test_the_handler_of_another_signal_runs_at_the_end_of_the_call(session: tee.Session) -> None:
    came: list[int] = []
    thread = threading.get_native_id()

    def send() -> None:
        wait_until(lambda: is_still(thread))
        sigint.send(signal.SIGTERM)

    with (
        handler(signal.SIGTERM, lambda number, frame: came.append(number)),
        sigint.meanwhile(send),
    ):
        began = time.monotonic()
        session.invoke_command(Command.WAIT, wait(SHORT, HEEDS))
        assert came == [signal.SIGTERM]
        assert time.monotonic() - began >= SHORT
