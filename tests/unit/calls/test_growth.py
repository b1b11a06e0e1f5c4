# SPDX-License-Identifier: BSD-2-Clause
"""What runs again for an output that grows, with which inputs, and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar
from uuid import UUID

import numpy as np
import pytest

import pytee_client as tee
from pytee_client import fake, faults
from pytee_client._calls.growth import MAX_RUNS
from pytee_client.kernels import SystemCall

from ...support.waiting import LIMIT, wait_until


class Encoder(fake.TrustedApplication):
    """Inverts all that comes in, and then says whether its outputs have enough room.

    Attributes:
        seen: the inputs of each run, in slot order.
        needs: how many bytes each run needs, from the first on; the last also later.
        code: what a run returns that has too little room.
        before_end: called at the end of each run.
    """

    uuid = UUID("5b1f8c1e-6d0e-4a39-9d53-9f2d3c1a6b02")
    seen: ClassVar[list[list[bytes]]]
    needs: ClassVar[list[int]]
    code: ClassVar[int]
    before_end: ClassVar[Callable[[], object]]

    def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        self.run(parameters)

    def invoke_command(
        self, session: fake.ClientSession, command_id: int, parameters: fake.Parameters
    ) -> None:
        self.run(parameters)

    def run(self, parameters: fake.Parameters) -> None:
        needed = self.needs[min(len(self.seen), len(self.needs) - 1)]
        memrefs = [p for p in parameters if isinstance(p, fake.MemrefParameter)]
        self.seen.append([bytes(m.buffer or b"") for m in memrefs if m.type.is_input])
        short = False
        for memref in memrefs:
            if not memref.type.is_output:
                continue
            if memref.buffer is not None:
                memref.buffer[:] = bytes(255 - byte for byte in memref.buffer)
            if not memref.type.is_input:
                short |= memref.size < needed
                memref.size = needed
        type(self).before_end()
        if short and self.code:
            raise fake.ResultError(self.code)


@pytest.fixture(params=[True, False], ids=["registers", "copies"])
def kernel(request: pytest.FixtureRequest) -> fake.Kernel:
    made = fake.Kernel(fake.Optee(reg_mem=request.param))
    made.install(Encoder)
    Encoder.seen, Encoder.needs = [], [6]
    Encoder.code, Encoder.before_end = tee.Result.SHORT_BUFFER, lambda: None
    return made


@pytest.fixture
def context(kernel: fake.Kernel) -> Iterator[tee.Context]:
    with tee.Context(backend=kernel) as opened:
        yield opened
    kernel.assert_no_leaks()


@pytest.fixture
def session(context: tee.Context) -> Iterator[tee.Session]:
    with context.open_session(Encoder.uuid) as opened:
        Encoder.seen.clear()
        yield opened


GROWS = tee.MemrefTempOutput(2, grow=True)
FULL = b"\xff" * 6


def test_a_buffer_that_is_changed_is_sent_as_it_was(session: tee.Session) -> None:
    buffer = bytearray(b"abc")
    _, output = session.invoke_command(0, tee.MemrefTempInOut(buffer), GROWS)
    assert Encoder.seen == [[b"abc"], [b"abc"]]
    assert output == FULL
    assert buffer == bytes(255 - byte for byte in b"abc")


def test_blocks_that_are_changed_are_sent_as_they_were(
    context: tee.Context, session: tee.Session
) -> None:
    registered = bytearray(b"0123456789")
    with (
        context.allocate_shared_memory(4) as whole,
        context.register_shared_memory(registered) as block,
    ):
        whole[:] = b"wxyz"
        part = tee.MemrefPartialInOut(block, 2, 3)
        *_, output = session.invoke_command(0, whole, part, memoryview(whole)[1:3], GROWS)
        assert output == FULL
        assert Encoder.seen == [[b"wxyz", b"234", b"xy"]] * 2
        assert registered[:2] + registered[5:] == b"0156789"
        del _


def test_an_input_that_is_an_output_too_is_sent_as_it_was(session: tee.Session) -> None:
    buffer = bytearray(b"secret")
    for given in (buffer, memoryview(buffer).toreadonly(), tee.MemrefTempInput(buffer)):
        Encoder.seen.clear()
        buffer[:] = b"secret"
        session.invoke_command(0, given, tee.MemrefTempOutput(buffer), GROWS)
        assert Encoder.seen == [[b"secret"]] * 2


def test_a_call_without_memory_of_the_callers_copies_nothing(session: tee.Session) -> None:
    buffer = bytearray(b"input")
    Encoder.before_end = lambda: buffer.__setitem__(slice(0, 1), b"I")
    session.invoke_command(0, buffer, GROWS)
    assert Encoder.seen == [[b"input"], [b"Input"]]


def test_data_may_grow_between_the_runs(session: tee.Session) -> None:
    Encoder.needs = [3, 4, 5]
    assert session.invoke_command(0, GROWS) == (b"\xff" * 5,)
    assert len(Encoder.seen) == 4


def test_it_gives_up_on_data_that_goes_on_growing(session: tee.Session) -> None:
    Encoder.needs = list(range(3, 100))
    for code in (tee.Result.SHORT_BUFFER, 0):
        Encoder.seen.clear()
        Encoder.code = code
        with pytest.raises(tee.ShortBufferError, match=f"each of {MAX_RUNS} runs") as caught:
            session.invoke_command(0, GROWS)
        assert len(Encoder.seen) == MAX_RUNS
        assert caught.value.required == MAX_RUNS + 2
    Encoder.seen.clear()
    assert session.invoke_command(0, tee.MemrefTempOutput(99, grow=True)) == (b"\xff" * 3,)


def test_several_outputs_may_be_asked_about_one_by_one(session: tee.Session) -> None:
    def only_first_short(parameters: fake.Parameters) -> None:
        for memref in parameters:
            assert isinstance(memref, fake.MemrefParameter)
            if memref.size < 6:
                memref.size = 6
                raise fake.ResultError(tee.Result.SHORT_BUFFER)

    class OneByOne(Encoder):
        uuid = UUID("5b1f8c1e-6d0e-4a39-9d53-9f2d3c1a6b03")

        def run(self, parameters: fake.Parameters) -> None:
            if len(parameters) and parameters[0] is not None:
                only_first_short(parameters)

    session.context._native.kernel.install(OneByOne)  # type: ignore[union-attr]
    with session.context.open_session(OneByOne.uuid) as opened:
        assert opened.invoke_command(0, *[GROWS] * 4) == (bytes(6),) * 4


def test_a_cancellation_in_a_run_keeps_the_next_from_starting(session: tee.Session) -> None:
    operation = tee.Operation()
    states = []

    def cancel() -> None:
        operation.request_cancellation()
        states.append(operation.state)

    Encoder.before_end = cancel
    with pytest.raises(tee.CancelError) as caught:
        session.invoke_command(0, GROWS, operation=operation)
    assert caught.value.origin == tee.Origin.API
    assert len(Encoder.seen) == 1
    assert states == [tee.OperationState.SENT]
    assert operation.state is tee.OperationState.DONE


def test_a_cancellation_of_the_last_run_touches_no_other(session: tee.Session) -> None:
    operation = tee.Operation()

    def cancel_second() -> None:
        if len(Encoder.seen) == 2:
            operation.request_cancellation()

    Encoder.before_end = cancel_second
    assert session.invoke_command(0, GROWS, operation=operation) == (FULL,)
    operation.request_cancellation()
    assert session.invoke_command(0, GROWS) == (FULL,)


def test_a_session_that_is_closed_meanwhile_is_said_to_be(
    session: tee.Session, pool: ThreadPoolExecutor
) -> None:
    closings: list[Future[None]] = []

    def close_in_another_thread() -> None:
        closings.append(pool.submit(session.close))
        wait_until(lambda: session.closed)

    Encoder.before_end = close_in_another_thread
    with pytest.raises(tee.ClosedSessionError):
        session.invoke_command(0, GROWS)
    assert len(Encoder.seen) == 1
    closings[0].result(LIMIT)


@pytest.mark.parametrize("code", [tee.Result.SHORT_BUFFER, 0])
def test_opening_a_session_runs_again(context: tee.Context, kernel: fake.Kernel, code: int) -> None:
    Encoder.code = code
    buffer = bytearray(b"abc")
    with context.open_session(Encoder.uuid, tee.MemrefTempInOut(buffer), GROWS) as session:
        assert session.outputs[1] == FULL
        assert Encoder.seen == [[b"abc"]] * 2
        assert kernel.resources().sessions == 1
    with pytest.raises(tee.ShortBufferError, match="max_size=5"):
        context.open_session(Encoder.uuid, tee.MemrefTempOutput(2, grow=True, max_size=5))
    assert kernel.resources().sessions == 0
    operation = tee.Operation()
    Encoder.before_end = operation.request_cancellation
    with pytest.raises(tee.CancelError):
        context.open_session(Encoder.uuid, GROWS, operation=operation)
    assert kernel.resources().sessions == 0


def test_short_buffers_of_another_layer_run_nothing_again(kernel: fake.Kernel) -> None:
    short = faults.Answer(tee.Result.SHORT_BUFFER, tee.Origin.TEE, run=True)
    plan = faults.Plan([faults.Fault(SystemCall.INVOKE, short, times=None)])
    with tee.Context(backend=faults.FaultyKernel(kernel, plan)) as context:
        session = context.open_session(Encoder.uuid)
        Encoder.seen.clear()
        with pytest.raises(tee.ShortBufferError) as caught:
            session.invoke_command(0, GROWS)
        assert caught.value.outputs == (tee.RequiredSize(6),)
        assert len(Encoder.seen) == 1


def test_errors_keep_no_memory_in_use(session: tee.Session) -> None:
    buffer = bytearray(b"abc")
    with pytest.raises(tee.ShortBufferError) as caught:
        session.invoke_command(
            0, tee.MemrefTempInOut(buffer), tee.MemrefTempOutput(2, grow=True, max_size=5)
        )
    buffer.extend(bytes(1000))
    assert caught.value.__context__ is None


WRONG: list[tuple[Any, type[Exception], str]] = [
    ({"buffer": bytearray(3), "grow": True}, tee.ParameterTypeError, "not by bytearray"),
    ({"buffer": b"abc", "grow": True}, tee.ParameterTypeError, "memory of the call's own"),
    ({"buffer": np.array(4), "grow": True}, tee.ParameterTypeError, "not by ndarray"),
    ({"buffer": -1, "grow": True}, tee.ParameterRangeError, "size is -1"),
    ({"buffer": True, "grow": True}, tee.ParameterTypeError, "not True"),
    ({"buffer": 10, "grow": True, "max_size": 9}, tee.ParameterRangeError, "max_size=9"),
    ({"buffer": 1 << 25, "grow": True}, tee.ParameterRangeError, "more than max_size=16777216"),
    ({"buffer": 10, "grow": 1}, tee.ParameterTypeError, "grow must be True or False, not 1"),
    ({"buffer": 10, "grow": None}, tee.ParameterTypeError, "not None"),
    ({"buffer": 10, "max_size": 99}, tee.ParameterTypeError, "goes with grow=True"),
    ({"buffer": 10, "grow": True, "max_size": 0}, tee.ParameterRangeError, "at least 1"),
    ({"buffer": 10, "grow": True, "max_size": "1"}, tee.ParameterTypeError, "max_size must be"),
]


@pytest.mark.parametrize(("arguments", "kind", "text"), WRONG)
def test_what_can_not_grow_is_refused_when_it_is_made(
    arguments: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        tee.MemrefTempOutput(**arguments)


def test_it_says_what_it_is() -> None:
    output = tee.MemrefTempOutput(5, grow=True, max_size=7)
    assert (output.buffer, output.grow, output.max_size) == (5, True, 7)
    assert repr(output) == "MemrefTempOutput(buffer=5, grow=True, max_size=7)"
    assert output == tee.MemrefTempOutput(5, grow=True, max_size=7)
    assert output != tee.MemrefTempOutput(5)
    assert hash(output) == hash(tee.MemrefTempOutput(5, grow=True, max_size=7))
    plain = tee.MemrefTempOutput(5)
    assert (plain.grow, plain.max_size, repr(plain)) == (False, None, "MemrefTempOutput(buffer=5)")
