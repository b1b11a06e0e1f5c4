# SPDX-License-Identifier: BSD-2-Clause
"""The signal that ends the sleep of a thread whose operation is cancelled."""

from __future__ import annotations

import errno
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.stand_in import Rule, StandIn, on_stand_in
from ...support.stand_in.c_calls import end, opened
from ...support.waiting import LIMIT

ANY = UUID(int=1)
CANCELLED = (tee.Result.CANCEL, tee.Origin.TRUSTED_APP)
SUCCEEDED = (tee.Result.SUCCESS, tee.Origin.TRUSTED_APP)
REAL_TIME = range(signal.SIGRTMIN, signal.SIGRTMAX + 1)


def _signals(thread: int, field: str) -> set[int]:
    """Return the signals of a field of Linux's status of a thread."""
    lines = Path(f"/proc/self/task/{thread}/status").read_text().splitlines()
    (bits,) = (int(line.split()[1], 16) for line in lines if line.startswith(f"{field}:"))
    return {number for number in range(1, 65) if bits >> (number - 1) & 1}


def set_signals() -> set[int]:
    """Return the real-time signals that somebody set in this process."""
    return _signals(threading.get_native_id(), "SigCgt") & set(REAL_TIME)


class Waiting:
    """A command that waits in a thread of its own."""

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        rule: Rule,
        session: Any,
        blocked: frozenset[int] = frozenset(),
    ) -> None:
        self.operation = c.operation()
        self.thread = 0
        self.after: set[int] = set()
        self._blocked = blocked
        self.outcome: Future[c.Outcome] = pool.submit(self._run, session)
        rule.wait()

    def _run(self, session: Any) -> c.Outcome:
        self.thread = threading.get_native_id()
        signal.pthread_sigmask(signal.SIG_BLOCK, self._blocked)
        outcome = c.invoke(session, 0, self.operation)
        self.after = _signals(self.thread, "SigPnd")
        return outcome

    def cancel(self) -> None:
        c.lib.TEEC_RequestCancellation(self.operation)

    @property
    def nudges(self) -> set[int]:
        """The signals that wait for the thread, which handles none before its call is over."""
        return _signals(self.thread, "SigPnd")


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
def test_a_request_that_the_kernel_refuses_nudges_nobody(device: StandIn) -> None:
    context, session = opened(device)
    device.on(uapi.TEE_IOC_CANCEL, error=errno.EINVAL)
    held = device.on(uapi.TEE_IOC_INVOKE, hold=True)
    with ThreadPoolExecutor() as pool:
        call = Waiting(pool, held, session)
        call.cancel()
        assert not call.nudges
        call.cancel()
        assert call.nudges
        held.let_go()
        assert call.outcome.result(LIMIT) == SUCCEEDED
    end(context, session)
