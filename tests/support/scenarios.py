# SPDX-License-Identifier: BSD-2-Clause
"""What programs do, to be done again and again with a fault in each of its system calls."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.faults import Action, Fault, FaultyKernel, Gate, Hold, Plan, SystemCall

from .conformance import Command, filled, xored
from .targets import Target
from .waiting import LIMIT, wait_until

if TYPE_CHECKING:
    from typing import TypeAlias

    from pytee_client.kernels import Kernel

Scenario: TypeAlias = "Callable[[tee.Context, Gate], object]"


def only_a_context(context: tee.Context, gate: Gate) -> None:
    assert context.version.generic_capabilities


def sessions(context: tee.Context, gate: Gate) -> None:
    with (
        context.open_session(Target.CONFORMANCE, (1, 2), tee.ValueOutput()) as one,
        context.open_session(Target.HELLO_WORLD) as other,
    ):
        assert other.invoke_command(0, tee.ValueInOut(42)) == ((43, 0),)
        one.invoke_command(Command.NOTHING)


def temporary_memory(context: tee.Context, gate: Gate) -> None:
    data = bytearray(b"abc")
    with context.open_session(Target.CONFORMANCE) as session:
        session.invoke_command(
            Command.MEMREF_FILL,
            b"in",
            tee.MemrefTempOutput(5000),
            tee.MemrefTempOutput(0),
            tee.MemrefTempOutput(bytearray(3)),
        )
        session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(data))
        assert data == xored(0, b"abc")


def registered_memory(context: tee.Context, gate: Gate) -> None:
    data = bytearray(b"abcdefgh")
    with (
        context.register_shared_memory(data) as block,
        context.register_shared_memory(b"constant", tee.MemoryFlags.INPUT) as constant,
        context.open_session(Target.CONFORMANCE) as session,
    ):
        part = tee.MemrefPartialInOut(block, 2, 3)
        session.invoke_command(Command.MEMREF_XOR, part, constant)
        assert data == b"ab" + xored(0, b"cde") + b"fgh"


def allocated_memory(context: tee.Context, gate: Gate) -> None:
    with (
        context.allocate_shared_memory(5000) as block,
        context.allocate_shared_memory(0),
        context.open_session(Target.CONFORMANCE) as session,
    ):
        session.invoke_command(Command.MEMREF_FILL, tee.MemrefPartialOutput(block, 10, 20))
        assert block[10:30] == filled(0, 20)


def left_to_the_context(context: tee.Context, gate: Gate) -> object:
    """What a program does not close, its context does."""
    block = context.allocate_shared_memory(10)
    session = context.open_session(Target.CONFORMANCE)
    session.invoke_command(Command.MEMREF_CHECKSUM, tee.MemrefPartialInput(block), (0, 0))
    return block, session


def cancellation(context: tee.Context, gate: Gate) -> None:
    """A call is cancelled before it begins, and one while it is with the kernel."""
    early, operation = tee.Operation(), tee.Operation()
    early.request_cancellation()
    with context.open_session(Target.CONFORMANCE) as session, ThreadPoolExecutor(1) as pool:
        with pytest.raises(tee.CancelError):
            session.invoke_command(HELD, operation=early)
        call = pool.submit(session.invoke_command, HELD, operation=operation)
        try:
            wait_until(lambda: bool(gate.reached) or call.done())
            operation.request_cancellation()
        finally:
            gate.release()
        call.result(LIMIT)


# What only that program invokes: its calls wait at the gate.
HELD = Command.VALUES

SCENARIOS = [
    only_a_context,
    sessions,
    temporary_memory,
    registered_memory,
    allocated_memory,
    left_to_the_context,
    cancellation,
]


def kernels_for(kernel: Kernel | None, plan: Plan) -> tuple[FaultyKernel, Gate]:
    """Return a kernel with the plan's faults on top of another, None for Linux, and the gate."""
    gate = Gate(LIMIT)
    holding = Fault(SystemCall.INVOKE, Hold(gate), where=lambda call: call.command_id == HELD)
    return FaultyKernel(FaultyKernel(kernel or "linux", Plan([holding])), plan), gate


def run(scenario: Scenario, device: str, kernel: FaultyKernel, gate: Gate) -> None:
    with tee.Context(device, backend=kernel) as context:
        # So that what it does not close lives until the context does that.
        kept = scenario(context, gate)
    del kept


def strike_each_call(kernel: Kernel | None, device: str, scenario: Scenario, action: Action) -> int:
    """Run a program once for each of its calls, which gets the fault; return how many it has.

    kernel is None for Linux.
    """
    counted = kernel if isinstance(kernel, fake.Kernel) else None
    before = counted.resources() if counted else None
    for nth in range(1, 1000):
        faulty, gate = kernels_for(kernel, Plan([Fault(None, action, nth)]))
        failed = False
        try:
            run(scenario, device, faulty, gate)
        except (tee.TeecError, KeyboardInterrupt):
            failed = True
        said = f"{action} at call {nth} of {scenario.__name__}, {faulty.strikes}"
        assert not faulty.descriptors, said
        if counted:
            assert counted.resources() == before, said
        if not faulty.strikes:
            assert not failed
            return nth - 1
    raise AssertionError("the program has no end")
