# SPDX-License-Identifier: BSD-2-Clause
"""TEEC_FinalizeContext."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import pytee_client as tee

from ...support import c_library as c
from ...support.conformance import Command
from ...support.observed_kernel import ObservedKernel
from ...support.targets import Target
from ...support.waiting import LIMIT
from ...support.window import Window, with_window

REFUSED = (tee.Result.BAD_PARAMETERS, tee.Origin.API)


@pytest.fixture
def kernel(target: Target) -> ObservedKernel:
    return ObservedKernel(target)


@pytest.fixture
def live(target: Target, kernel: ObservedKernel) -> Any:
    context = c.new_context()
    assert c.context_initialize(context, kernel, target.device) == 0
    return context


@pytest.mark.assertion("FC-01")
def test_null_is_ignored(c_session: Any) -> None:
    c.lib.TEEC_FinalizeContext(c.ffi.NULL)
    assert c.invoke(c_session, Command.NOTHING).code == 0


@pytest.mark.assertion("FC-02")
def test_the_device_is_closed(kernel: ObservedKernel, live: Any) -> None:
    assert len(kernel.descriptors) == 1
    c.lib.TEEC_FinalizeContext(live)
    assert not kernel.descriptors
    assert c.open_session(live, c.new_session()) == REFUSED
    for share in (c.lib.TEEC_AllocateSharedMemory, c.lib.TEEC_RegisterSharedMemory):
        block = c.memory(4, 3, c.ffi.new("char[4]"))
        assert share(live, block) == tee.Result.BAD_PARAMETERS


@pytest.mark.assertion("FC-03", "CS-08")
def test_sessions_left_open_are_closed_and_refused(kernel: ObservedKernel, live: Any) -> None:
    session = c.new_session()
    assert c.open_session(live, session).code == 0
    c.lib.TEEC_FinalizeContext(live)
    kernel.forget()
    assert c.invoke(session, Command.NOTHING) == REFUSED
    c.lib.TEEC_CloseSession(session)
    assert kernel.ioctls == []


@pytest.mark.assertion("FC-03")
def test_the_application_sees_a_session_that_was_left_open_end(
    live: Any, new_context: Callable[[], Any]
) -> None:
    assert c.open_session(live, c.new_session(), Target.EXCLUSIVE).code == 0
    c.lib.TEEC_FinalizeContext(live)
    successor = c.new_session()
    assert c.open_session(new_context(), successor, Target.EXCLUSIVE).code == 0
    c.lib.TEEC_CloseSession(successor)


@pytest.mark.assertion("FC-03")
def test_an_old_session_does_not_reach_a_new_context(
    target: Target, kernel: ObservedKernel, live: Any
) -> None:
    old, new, copy = c.new_session(), c.new_session(), c.new_session()
    assert c.open_session(live, old).code == 0
    c.lib.TEEC_FinalizeContext(live)
    # In the same structure, with the same descriptor, and in the library's same place.
    assert c.context_initialize(live, kernel, target.device) == 0
    assert c.open_session(live, new).code == 0
    copy[0] = old[0]
    assert c.invoke(copy, Command.NOTHING) == REFUSED
    c.lib.TEEC_CloseSession(copy)
    assert c.invoke(new, Command.NOTHING).code == 0
    c.lib.TEEC_CloseSession(new)
    c.lib.TEEC_FinalizeContext(live)


@pytest.mark.assertion("FC-04", "RL-10")
def test_memory_left_shared_can_be_released_later(kernel: ObservedKernel, live: Any) -> None:
    blocks = [c.allocated(live, b"abc"), c.registered(live, b"abc")]
    c.lib.TEEC_FinalizeContext(live)
    assert c.content_of(blocks[0]) == b"abc"
    for block in blocks:
        c.lib.TEEC_ReleaseSharedMemory(block)
    assert not kernel.descriptors
    assert blocks[0].buffer == c.ffi.NULL


@pytest.mark.assertion("FC-05", "GEN-05")
def test_a_second_time_closes_nobody_elses_descriptor(kernel: ObservedKernel, live: Any) -> None:
    copy = c.new_context()
    copy[0] = live[0]
    (device,) = kernel.descriptors
    c.lib.TEEC_FinalizeContext(live)
    # The kernel gives the lowest number that is free: soon the one that the device had.
    strangers = [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)]
    while strangers[-1] < device:
        strangers.append(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC))
    assert device in strangers
    c.lib.TEEC_FinalizeContext(live)
    c.lib.TEEC_FinalizeContext(copy)
    for fd in strangers:
        os.close(fd)


@pytest.mark.assertion("FC-06")
@with_window
def test_a_command_under_way_ends_as_it_would_have(
    target: Target, pool: ThreadPoolExecutor, window: Window, new_context: Callable[[], Any]
) -> None:
    context, session = new_context(), c.new_session()
    assert c.open_session(context, session).code == 0
    wish = (window.milliseconds, 0)
    operation = c.operation((c.Kind.VALUE_INPUT, wish), (c.Kind.VALUE_OUTPUT, (7, 7)))
    call = window.start(pool, c.invoke, session, Command.WAIT, operation)
    c.lib.TEEC_FinalizeContext(context)
    assert c.invoke(session, Command.NOTHING) == REFUSED
    window.check()
    assert call.result(LIMIT) == (0, tee.Origin.TRUSTED_APP)
    assert (operation.params[1].value.a, operation.params[1].value.b) == (0, 0)
