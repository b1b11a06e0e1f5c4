# SPDX-License-Identifier: BSD-2-Clause
"""Calls that were given up, in the moment in which they come back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._calls.call import Call
from pytee_client._calls.pool import CallPool
from pytee_client._process import Process
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall

from ...support.conformance import Command
from ...support.targets import Target
from ...support.waiting import LIMIT, wait_until


class EndingSession:
    """A session that its last call closes while somebody looks whether it is closed."""

    when_idle: object = object()

    @property
    def is_closed(self) -> bool:
        was_closed = self.when_idle is None
        self.when_idle = None
        return was_closed


def test_a_session_that_the_last_call_closes_just_now_needs_no_other_close() -> None:
    pool = SimpleNamespace(session=EndingSession(), _process=Process.generation)
    is_over = cast("property", CallPool.is_over).fget
    assert is_over is not None
    assert is_over(pool)


@pytest.fixture
def kernel() -> FaultyKernel:
    return FaultyKernel(fake.Kernel())


@pytest.fixture
def session(kernel: FaultyKernel) -> Iterator[tee.Session]:
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(Target.CONFORMANCE) as opened,
    ):
        yield opened


WAYS: dict[str, Callable[[tee.Session, Any, float], object]] = {
    "plain": lambda session, memory, timeout: session.invoke_command(
        Command.MEMREF_XOR, memory, timeout=timeout, grace=0
    ),
    "operation": lambda session, memory, timeout: session.invoke_command(
        Command.MEMREF_XOR, memory, operation=tee.Operation(), timeout=timeout, grace=0
    ),
    "prepared": lambda session, memory, timeout: session.prepare(
        Command.MEMREF_XOR, memory, timeout=timeout, grace=0
    )(),
    "submitted": lambda session, memory, timeout: session.submit(
        Command.MEMREF_XOR, memory, timeout=timeout, grace=0
    ).result(LIMIT),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_in_its_session_until_it_has_let_go_of_its_memory(
    kernel: FaultyKernel, session: tee.Session, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    clear = Call.clear
    is_back, may_clear = threading.Event(), threading.Event()

    def clear_when_told(call: Call) -> None:
        # Not what the thread does that gives it up.
        if gate.reached and threading.current_thread() is not threading.main_thread():
            is_back.set()
            assert may_clear.wait(LIMIT)
        clear(call)

    gate = Gate(LIMIT)
    monkeypatch.setattr(Call, "clear", clear_when_told)
    buffer = bytearray(b"abc")
    with gate:
        kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(gate))]))
        # On a host that is busy the time can be over before the call is sent.
        for timeout in (0.01, 0.1, 1, 10):
            with pytest.raises(tee.DeadlineError):
                WAYS[way](session, tee.MemrefTempInOut(buffer), timeout)
            if gate.reached:
                break
    # The TEE has returned.
    assert is_back.wait(LIMIT)
    assert session.is_busy
    with pytest.raises(BufferError):
        buffer.append(0)
    may_clear.set()
    wait_until(lambda: not session.is_busy)
    buffer.append(0)
