# SPDX-License-Identifier: BSD-2-Clause
"""What helps against memory that a device can't share, or can't carry."""

from __future__ import annotations

import errno
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.faults import Fail, Fault, FaultyKernel, Plan, SystemCall

from ..support.conformance import Command
from ..support.targets import Target

TOO_MUCH = 5 << 20


def lacks(target: Target, capability: tee.GenericCapabilities) -> bool:
    with target.open_context() as context:
        return capability not in context.version.generic_capabilities


def test_a_pool_that_is_too_small_is_told_wherever_it_is_met(
    target: Target, context: tee.Context, session: tee.Session
) -> None:
    if target.reg_mem or target.is_real:
        # What hides REG_MEM of a real device leaves its large pool.
        return
    data = bytes(TOO_MUCH)
    prepared: Any = session.prepare(Command.NOTHING, tee.MemrefTempInput)
    with context.register_shared_memory(bytearray(data)) as block:
        for call in (
            lambda: session.invoke_command(Command.NOTHING, data),
            lambda: session.invoke_command(Command.NOTHING, tee.MemrefTempOutput(TOO_MUCH)),
            lambda: session.invoke_command(Command.NOTHING, tee.MemrefTempInOut(bytearray(data))),
            lambda: session.invoke_command(Command.NOTHING, data, operation=tee.Operation()),
            lambda: session.invoke_command(Command.NOTHING, block),
            lambda: prepared(data),
            lambda: context.open_session(Target.CONFORMANCE, data),
            lambda: context.allocate_shared_memory(TOO_MUCH),
        ):
            with pytest.raises(tee.OutOfMemoryError) as caught:
                call()
            text = str(caught.value)
            for words in ("pool", "REG_MEM", "4 MiB", "less at a time", str(TOO_MUCH)):
                assert words in text, text


def test_a_null_memory_reference_says_its_slot_where_a_device_can_not_carry_it(
    target: Target, context: tee.Context, session: tee.Session
) -> None:
    if not lacks(target, tee.GenericCapabilities.MEMREF_NULL):
        return
    null = tee.MemrefTempInput(None)
    prepared: Any = session.prepare(Command.NOTHING, (1, 2), tee.MemrefTempInput)
    for call in (
        lambda: session.invoke_command(Command.NOTHING, (1, 2), null),
        lambda: session.invoke_command(Command.NOTHING, b"a", tee.MemrefTempOutput(None)),
        lambda: session.invoke_command(Command.NOTHING, (1, 2), null, operation=tee.Operation()),
        session.prepare(Command.NOTHING, (1, 2), null),
        lambda: prepared(None),
        lambda: context.open_session(Target.CONFORMANCE, (0, 0), null),
    ):
        with pytest.raises(tee.NotSupportedError) as caught:
            call()
        text = str(caught.value)
        assert "parameter 1 is a null memory reference" in text
        assert "MEMREF_NULL" in text
        assert 'b""' in text
    both = "parameters 0 and 2 are null memory references"
    with pytest.raises(tee.NotSupportedError, match=both):
        session.invoke_command(Command.NOTHING, null, (1, 2), tee.MemrefTempInOut(None))
    # As the text says.
    session.invoke_command(Command.NOTHING, (1, 2), b"", tee.MemrefTempOutput(0))


@pytest.mark.amdtee_only
def test_more_sessions_than_amdtee_takes_are_told_with_their_number(target: Target) -> None:
    with target.open_context() as context:
        sessions = [context.open_session(Target.CONFORMANCE) for _ in range(32)]
        with pytest.raises(tee.OutOfMemoryError) as caught:
            context.open_session(Target.CONFORMANCE)
        assert "the context has 32 sessions with it, and AMD-TEE takes 32" in str(caught.value)
        sessions.pop().close()
        # Of another application there can be more, and in another context.
        context.open_session(Target.HELLO_WORLD).close()
        context.open_session(Target.CONFORMANCE).close()
        with target.open_context() as other:
            other.open_session(Target.CONFORMANCE).close()
        for session in sessions:
            session.close()


@pytest.mark.amdtee_only
def test_sessions_that_are_closed_take_no_place(target: Target) -> None:
    kernel = FaultyKernel(target.kernel or "linux")
    with tee.Context(target.device, backend=kernel) as context:
        sessions = [context.open_session(Target.CONFORMANCE) for _ in range(32)]
        sessions[0].close()
        kernel.arm(Plan([Fault(SystemCall.OPEN_SESSION, Fail(errno.ENOMEM))]))
        with pytest.raises(tee.OutOfMemoryError) as caught:
            context.open_session(Target.CONFORMANCE)
        assert "AMD-TEE takes 32" not in str(caught.value)
        assert "no such Trusted Application" in str(caught.value)
