# SPDX-License-Identifier: BSD-2-Clause
"""Futures of calls that are over: what they may still touch, and what they keep."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import aio, fake
from pytee_client._calls.call import Call
from pytee_client._calls.call_future import CallFuture
from pytee_client._calls.jobs import Job
from pytee_client._calls.submitted import _Command
from pytee_client.faults import Fault, FaultyKernel, Gate, Hold, Plan, SystemCall
from pytee_client.typing import Outputs

from ...support.conformance import Command
from ...support.loops import on_loop
from ...support.targets import Target
from ...support.waiting import LIMIT, wait_until


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


class Held:
    """A command that waits in the kernel for its cancellation, or for the test."""

    def __init__(self, session: tee.Session, kernel: FaultyKernel) -> None:
        self._gate = Gate(LIMIT)
        self._kernel = kernel
        kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(self._gate), 1)]))
        self.future = session.submit(Command.WAIT, (1, 1), tee.ValueOutput())
        self._gate.wait_until_reached()

    def check_untouched(self) -> None:
        assert not self.future.done()
        self._gate.release()
        assert self.future.result(LIMIT) == ((0, 0),)
        assert SystemCall.CANCEL not in [call.call for call in self._kernel.calls]


def as_call(future: object) -> CallFuture[Outputs]:
    assert isinstance(future, CallFuture)
    return future


@pytest.mark.parametrize("submitted", [1, 20])
def test_what_is_over_cannot_cancel_the_next_command(
    session: tee.Session, kernel: FaultyKernel, submitted: int
) -> None:
    """The next one may use the structures of the one before."""
    over = [session.submit(Command.NOTHING) for _ in range(submitted)]
    for future in over:
        assert future.result(LIMIT) == ()
    held = Held(session, kernel)
    for future in over:
        assert not future.cancel()
        as_call(future).give_up()
        assert future.result(0) == ()
    held.check_untouched()


@pytest.mark.parametrize("way", ["cancel", "give_up", "_expire"])
def test_who_cancels_in_the_moment_of_the_end_does_not_cancel_the_next_command(
    session: tee.Session, kernel: FaultyKernel, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    release = _Command.release
    next_ones: list[Held] = []

    def release_and_more(job: Job[Outputs], call: Call) -> None:
        release(job, call)  # type: ignore[arg-type]
        if not next_ones:
            future = job.future
            next_ones.append(Held(session, kernel))
            assert not future.done()
            getattr(future, way)()

    monkeypatch.setattr(_Command, "release", release_and_more)
    first = session.submit(Command.NOTHING, timeout=LIMIT)
    wait_until(lambda: first.done() and bool(next_ones))
    next_ones[0].check_untouched()


def test_a_call_that_somebody_may_still_stop_serves_no_other_command(
    session: tee.Session, kernel: FaultyKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Call.request_cancellation_elsewhere
    next_ones: list[Held] = []

    def late_request(call: Call) -> None:
        """Request it long after the decision to do so."""
        if not next_ones:
            gate.release()
            wait_until(lambda: not session.is_busy)
            next_ones.append(Held(session, kernel))
        request(call)

    gate = Gate(LIMIT)
    kernel.arm(Plan([Fault(SystemCall.INVOKE, Hold(gate), 1)]))
    first = session.submit(Command.NOTHING)
    gate.wait_until_reached()
    monkeypatch.setattr(Call, "request_cancellation_elsewhere", late_request)
    first.cancel()
    assert first.result(LIMIT) == ()
    next_ones[0].check_untouched()


class Buffer(bytearray):
    """Memory that a weak reference can watch."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("command", [Command.MEMREF_XOR, 4711])
def test_parameters_go_with_the_future(session: tee.Session, command: int) -> None:
    """Without a collection: the results of many calls may be large."""
    buffer = Buffer(b"abc")
    watched = weakref.ref(buffer)
    future = session.submit(command, tee.MemrefTempInOut(buffer))
    del buffer
    future.exception(LIMIT)
    del future
    wait_until(lambda: watched() is None)


FAILURES: dict[str, Callable[[tee.Session], Future[Any]]] = {
    "refused": lambda session: session.submit(4711),
    "growing": lambda session: session.submit(4711, tee.MemrefTempOutput(1, grow=True)),
    "panic": lambda session: session.submit(Command.PANIC),
    "too late": lambda session: session.submit(Command.NOTHING, timeout=0),
    "block": lambda session: session.submit(4711, session.context.allocate_shared_memory(8)),
    "opening": lambda session: session.context._submit_session(UUID(int=4711)),
    "growing opening": lambda session: session.context._submit_session(
        UUID(int=4711), tee.MemrefTempOutput(1, grow=True)
    ),
}


@pytest.mark.usefixtures("no_collector")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("way", FAILURES)
def test_an_error_keeps_neither_the_session_nor_the_context(kernel: FaultyKernel, way: str) -> None:
    """Without a collection, though the future and the error are there, with the error's frames."""
    context = tee.Context(backend=kernel)
    session = context.open_session(Target.CONFORMANCE)
    future = FAILURES[way](session)
    error = future.exception(LIMIT)
    assert isinstance(error, tee.TeecError)
    gone: list[weakref.ref[Any]] = [weakref.ref(session), weakref.ref(context)]
    del session, context
    wait_until(lambda: not any(reference() for reference in gone))
    assert future.exception() is error


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("way", ["plain", "operation", "prepared", "failed", "failed operation"])
def test_parameters_go_with_the_task(kernel: FaultyKernel, way: str) -> None:
    @on_loop
    async def use() -> None:
        async with (
            aio.Context(backend=kernel) as context,
            await context.open_session(Target.CONFORMANCE) as session,
        ):
            buffer = Buffer(b"abc")
            watched = weakref.ref(buffer)
            command = 4711 if "failed" in way else Command.MEMREF_XOR
            parameter = tee.MemrefTempInOut(buffer)
            del buffer
            try:
                if way == "prepared":
                    await session.prepare(command, parameter)()
                elif "operation" in way:
                    await session.invoke_command(command, parameter, operation=aio.Operation())
                else:
                    await session.invoke_command(command, parameter)
            except tee.NotSupportedError:
                assert "failed" in way
            del parameter
            for _ in range(LIMIT * 100):
                if watched() is None:
                    return
                await asyncio.sleep(0.01)
            raise AssertionError("something keeps the buffer")

    use()


def test_a_time_out_that_passes_as_the_call_is_submitted_is_the_futures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(LIMIT)
    plan = Plan([Fault(SystemCall.INVOKE, Hold(gate))])
    kernel = FaultyKernel(fake.Kernel(), plan)
    with (
        tee.Context(backend=kernel, max_calls=1) as context,
        context.open_session(Target.CONFORMANCE) as session,
        gate,
    ):
        first = session.submit(Command.NOTHING)
        gate.wait_until_reached()
        monkeypatch.setattr(CallFuture, "start_time", CallFuture._expire)
        second = session.submit(Command.NOTHING, timeout=LIMIT)
        with pytest.raises(tee.DeadlineError) as caught:
            second.result(LIMIT)
        assert not caught.value.may_have_run
        gate.release()
        assert first.result(LIMIT) == ()
