# SPDX-License-Identifier: BSD-2-Clause
"""TEEC_ReleaseSharedMemory."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee

from ...support import c_library as c
from ...support.c_library import Kind
from ...support.conformance import Command, checksum, xored
from ...support.observed_kernel import ObservedKernel
from ...support.targets import Target
from ...support.waiting import LIMIT, wait_until
from ...support.window import Window, with_window

if TYPE_CHECKING:
    from .conftest import Observed

DONE = (0, tee.Origin.TRUSTED_APP)
release = c.lib.TEEC_ReleaseSharedMemory
Make = Callable[[Any, bytes], Any]


def is_mapped(address: int) -> bool:
    with open("/proc/self/maps") as maps:
        ranges = [line.split()[0].split("-") for line in maps]
    return any(int(first, 16) <= address < int(beyond, 16) for first, beyond in ranges)


@pytest.mark.assertion("RL-01")
def test_null_is_ignored(observed: Observed) -> None:
    release(c.ffi.NULL)
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("RL-02")
def test_an_allocated_block_is_freed_and_its_structure_emptied(observed: Observed) -> None:
    before = set(observed.kernel.descriptors)
    block = c.allocated(observed.context, bytes(64 * mmap.PAGESIZE))
    address = int(c.ffi.cast("uintptr_t", block.buffer))
    assert is_mapped(address)
    release(block)
    assert (block.buffer, block.size) == (c.ffi.NULL, 0)
    assert not is_mapped(address)
    assert observed.kernel.descriptors == before


@pytest.mark.assertion("RL-03", "RL-04")
def test_a_registered_block_stays_the_programs(observed: Observed) -> None:
    before = set(observed.kernel.descriptors)
    data = c.ffi.new("char[]", b"abc")
    block = c.memory(3, 3, data)
    assert c.lib.TEEC_RegisterSharedMemory(observed.context, block) == 0
    release(block)
    assert (block.buffer, block.size, block.flags) == (data, 3, 3)
    assert c.ffi.string(data) == b"abc"
    assert observed.kernel.descriptors == before


@pytest.mark.assertion("RL-05", "GEN-05")
@pytest.mark.parametrize("make", [c.allocated, c.registered])
@with_window
def test_a_block_released_during_an_operation_is_the_tees_until_its_end(
    observed: Observed, pool: ThreadPoolExecutor, window: Window, make: Make
) -> None:
    content = bytes(i * 7 % 251 for i in range(5000))
    block = make(observed.context, content)
    data = block.buffer
    wish = (window.milliseconds, 0)
    operation = c.operation(
        (Kind.VALUE_INPUT, wish), (Kind.WHOLE, (block, 0, 0)), (Kind.VALUE_OUTPUT, (0, 0))
    )
    call = window.start(pool, c.invoke, observed.session, Command.WAIT_AND_XOR, operation)
    release(block)
    window.check()
    assert call.result(LIMIT) == DONE
    seen = operation.params[2].value
    assert (seen.a, seen.b) == checksum(content)
    if make is c.registered:
        assert bytes(c.ffi.buffer(data, 5000)) == xored(1, content)
    refused = (tee.Result.BAD_PARAMETERS, tee.Origin.API)
    assert c.invoke(observed.session, Command.NOTHING, operation) == refused


@pytest.mark.assertion("RL-06")
@pytest.mark.parametrize("make", [c.allocated, c.registered])
def test_threads_release_a_block_once(target: Target, pool: ThreadPoolExecutor, make: Make) -> None:
    kernel, context = ObservedKernel(target), c.new_context()
    assert c.context_initialize(context, kernel, target.device) == 0
    closes = 0
    # The first of them is in the kernel until all had their chance.
    others = threading.Event()

    def close_slowly() -> None:
        nonlocal closes
        closes += 1
        others.wait(LIMIT)

    kernel.on_close = close_slowly
    block = make(context, b"abc")
    calls = [pool.submit(release, block) for _ in range(4)]
    shares = make is c.allocated or target.reg_mem
    wait_until(lambda: sum(call.done() for call in calls) == (3 if shares else 4))
    others.set()
    for call in calls:
        call.result(LIMIT)
    assert closes == (1 if shares else 0)
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("RL-07", "RS-15", "GEN-05")
@pytest.mark.parametrize("content", [b"\0", b"\xff", b"\x01"])
def test_a_structure_that_was_never_live_is_left_alone(observed: Observed, content: bytes) -> None:
    before = set(observed.kernel.descriptors)
    block = c.ffi.new("TEEC_SharedMemory *")
    c.ffi.buffer(block)[:] = content * c.ffi.sizeof("TEEC_SharedMemory")
    release(block)
    assert bytes(c.ffi.buffer(block)) in (
        content * c.ffi.sizeof("TEEC_SharedMemory"),
        # The mark of what is live is taken away in any case.
        with_zeros(content),
    )
    assert observed.kernel.descriptors == before
    os.fstat(0)


def with_zeros(content: bytes) -> bytes:
    whole = bytearray(content * c.ffi.sizeof("TEEC_SharedMemory"))
    whole[32:36] = bytes(4)
    return bytes(whole)


@pytest.mark.assertion("RL-08")
@pytest.mark.parametrize("make", [c.allocated, c.registered])
def test_a_second_time_does_nothing(observed: Observed, make: Make) -> None:
    block = make(observed.context, b"abc")
    release(block)
    other = make(observed.context, b"def")
    before = set(observed.kernel.descriptors)
    release(block)
    assert observed.kernel.descriptors == before
    operation = c.operation((Kind.WHOLE, (other, 0, 0)))
    assert c.invoke(observed.session, Command.NOTHING, operation) == DONE
    release(other)


@pytest.mark.assertion("RL-09")
def test_the_structure_can_be_used_again(c_context: Any, c_session: Any) -> None:
    block = c.memory(3)
    for _ in range(2):
        block.size = 3
        assert c.lib.TEEC_AllocateSharedMemory(c_context, block) == 0
        release(block)
        data = c.ffi.new("char[]", b"abc")
        block.buffer, block.size = data, 3
        assert c.lib.TEEC_RegisterSharedMemory(c_context, block) == 0
        operation = c.operation((Kind.WHOLE, (block, 0, 0)))
        assert c.invoke(c_session, Command.NOTHING, operation) == DONE
        release(block)


@pytest.mark.assertion("RL-10")
@pytest.mark.parametrize("make", [c.allocated, c.registered])
def test_a_block_can_be_released_after_its_context(target: Target, make: Make) -> None:
    kernel, context = ObservedKernel(target), c.new_context()
    assert c.context_initialize(context, kernel, target.device) == 0
    block = make(context, b"abc")
    c.lib.TEEC_FinalizeContext(context)
    release(block)
    assert not kernel.descriptors


@pytest.mark.assertion("RL-11")
def test_the_tee_gives_memory_up_before_it_is_freed(target: Target) -> None:
    kernel, context = ObservedKernel(target), c.new_context()
    assert c.context_initialize(context, kernel, target.device) == 0
    block = c.allocated(context, bytes(64 * mmap.PAGESIZE))
    address = int(c.ffi.cast("uintptr_t", block.buffer))
    mapped_at_close = []
    kernel.on_close = lambda: mapped_at_close.append(is_mapped(address))
    release(block)
    assert mapped_at_close == [True]
    assert not is_mapped(address)
    c.lib.TEEC_FinalizeContext(context)
