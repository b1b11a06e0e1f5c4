# SPDX-License-Identifier: BSD-2-Clause
"""What a child of a fork keeps of its parent's contexts: nothing that the parent gives up."""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support.stand_in import Alive, StandIn, on_stand_in
from ...support.waiting import LIMIT

ANY = UUID(int=1)
REG_MEM = uapi.TEE_GEN_CAP_GP | uapi.TEE_GEN_CAP_REG_MEM
# Such an output is not copied where the TEE can have it in place.
LARGE = 2 << 20
CAPABILITIES = [REG_MEM, uapi.TEE_GEN_CAP_GP]


@contextlib.contextmanager
def living_child(work: Callable[[], object] = bool) -> Iterator[int]:
    """Have a child that does something, and then lives on until the end of the block."""
    told, tells = os.pipe()
    waits, lets_go = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.close(lets_go)
            work()
            os.write(tells, b"x")
            os.read(waits, 1)
            status = 0
        finally:
            os._exit(status)
    for end in (tells, waits):
        os.close(end)
    assert os.read(told, 1) == b"x"
    try:
        yield child
    finally:
        os.close(lets_go)
        os.close(told)
        assert os.waitpid(child, 0)[1] == 0


@on_stand_in
@pytest.mark.parametrize("capabilities", CAPABILITIES)
def test_what_a_parent_closes_ends_although_a_child_lives(
    device: StandIn, capabilities: int
) -> None:
    device.describe(capabilities=capabilities)
    context = tee.Context(device.path)
    session = context.open_session(ANY)
    blocks = [context.allocate_shared_memory(10), context.register_shared_memory(bytearray(9))]
    session.invoke_command(0, b"through a block of the pool")
    with living_child():
        for block in blocks:
            block.close()
        context.trim()
        assert device.alive == Alive(devices=1, sessions=1)
        session.close()
        context.close()
        assert device.alive == Alive()


@on_stand_in
def test_what_a_parent_has_open_ends_with_it_although_a_child_lives(device: StandIn) -> None:
    """The grandparent sees a parent that is killed, and the child that it leaves."""

    def die_with_a_child() -> None:
        context = tee.Context(device.path)
        context.open_session(ANY)
        if not os.fork():
            os.write(born, b"x")
            os.read(waits, 1)
            os._exit(0)
        os.read(is_born, 1)
        os.kill(os.getpid(), 9)

    waits, lets_go = os.pipe()
    is_born, born = os.pipe()
    parent = os.fork()
    if not parent:
        os.close(lets_go)
        die_with_a_child()
    assert os.waitstatus_to_exitcode(os.waitpid(parent, 0)[1]) == -9
    assert device.alive == Alive()
    for end in (waits, lets_go, is_born, born):
        os.close(end)


@on_stand_in
@pytest.mark.parametrize("capabilities", CAPABILITIES)
def test_memory_that_a_call_uses_while_its_parent_forks_ends_with_the_call(
    device: StandIn, capabilities: int
) -> None:
    device.describe(capabilities=capabilities)
    context = tee.Context(device.path)
    session = context.open_session(ANY)
    block = context.allocate_shared_memory(10)
    held = device.on(uapi.TEE_IOC_INVOKE, hold=True)
    in_place = mmap.mmap(-1, LARGE)
    with ThreadPoolExecutor() as pool:
        call = pool.submit(
            session.invoke_command, 0, block, b"copied", tee.MemrefTempOutput(in_place)
        )
        held.wait()
        block.close()
        with living_child():
            assert device.alive.registrations + device.alive.blocks == 3
            held.let_go()
            call.result(LIMIT)
            context.trim()
            assert device.alive == Alive(devices=1, sessions=1)
            session.close()
            context.close()
            assert device.alive == Alive()


@on_stand_in
def test_a_child_sees_what_was_in_the_drivers_memory(device: StandIn) -> None:
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    context = tee.Context(device.path)
    block = context.allocate_shared_memory(3)
    block[:] = b"abc"
    view = memoryview(block)

    def look() -> None:
        assert bytes(view) == b"abc"
        view[0] = 1
        block.close()
        assert bytes(view) == b"\x01bc"

    with living_child(look):
        # What it writes is its own.
        assert block[:] == b"abc"
        block.close()
        assert device.alive.blocks == 0
    view.release()
    context.close()


@on_stand_in
@pytest.mark.parametrize("capabilities", CAPABILITIES)
def test_a_child_that_lacks_a_blocks_memory_closes_the_block_all_the_same(
    device: StandIn, capabilities: int
) -> None:
    device.describe(capabilities=capabilities)
    context = tee.Context(device.path)
    allocated = context.allocate_shared_memory(10)
    allocated.madvise(mmap.MADV_DONTFORK)
    buffer = mmap.mmap(-1, mmap.PAGESIZE)
    registered = context.register_shared_memory(buffer)
    buffer.madvise(mmap.MADV_DONTFORK)

    def close() -> None:
        for part in (allocated, registered, context):
            part.close()

    with living_child(close), context.open_session(ANY) as session:
        session.invoke_command(0, allocated, registered)
    context.close()
