# SPDX-License-Identifier: BSD-2-Clause
"""Which blocks a context keeps, and what becomes of those that can't be had."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.stand_in import Alive, StandIn, on_stand_in
from ...support.stand_in.c_calls import end, opened
from ...support.waiting import LIMIT

ANY = UUID(int=1)
MIB = 1 << 20


def send(session: Any, *sizes: int) -> None:
    """Run a command with inputs of these sizes."""
    slots = [(c.Kind.TEMP_INPUT, (c.ffi.new("char[]", size), size)) for size in sizes]
    assert c.invoke(session, 0, c.operation(*slots)).code == 0


def sizes_of_blocks(device: StandIn) -> list[int]:
    return sorted(size for _, _, size in device.registrations())


@on_stand_in
def test_up_to_64_blocks_are_kept(device: StandIn) -> None:
    context, session = opened(device)
    held = device.on(uapi.TEE_IOC_INVOKE, hold=True, times=17)
    with ThreadPoolExecutor(17) as pool:
        futures = [pool.submit(send, session, 1, 1, 1, 1) for _ in range(17)]
        held.wait(17)
        assert device.alive.registrations == 68
        held.let_go(17)
        for future in futures:
            future.result(LIMIT)
    assert device.alive.registrations == 64
    end(context, session)


@pytest.mark.parametrize(
    ("reg_mem", "sizes", "kept"),
    [
        (True, [2 * MIB, 2 * MIB], [2 * MIB, 2 * MIB]),
        (True, [2 * MIB, 2 * MIB, 4096], [4096, 2 * MIB]),
        (True, [4 * MIB], [4 * MIB]),
        (True, [4 * MIB + 1], []),
        (False, [128 << 10, 128 << 10], [128 << 10, 128 << 10]),
        (False, [256 << 10, 4096], [4096]),
        (False, [(256 << 10) + 1], []),
    ],
)
@on_stand_in
def test_blocks_are_kept_up_to_a_size_in_total(
    device: StandIn, reg_mem: bool, sizes: list[int], kept: list[int]
) -> None:
    if not reg_mem:
        device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    context, session = opened(device)
    # They are given back in the opposite order.
    send(session, *reversed(sizes))
    alive = device.alive
    assert alive.registrations + alive.blocks == len(kept)
    if reg_mem:
        assert sizes_of_blocks(device) == kept
    end(context, session)


@on_stand_in
def test_a_block_that_is_too_large_to_keep_drives_out_no_other(device: StandIn) -> None:
    context, session = opened(device)
    send(session, 1, 5000)
    before = device.registrations()
    send(session, 5 * MIB)
    assert device.registrations() == before
    end(context, session)


@on_stand_in
def test_a_block_is_used_again_and_again(device: StandIn) -> None:
    context, session = opened(device)
    for _ in range(1100):
        send(session, 4096)
    assert len(device.calls(uapi.TEE_IOC_SHM_REGISTER)) == 1
    for size in (1, 4095, 4096):
        send(session, size)
    assert len(device.calls(uapi.TEE_IOC_SHM_REGISTER)) == 1
    send(session, 4097)
    send(session, 8192)
    assert len(device.calls(uapi.TEE_IOC_SHM_REGISTER)) == 2
    end(context, session)


@pytest.mark.parametrize("name", ["EAGAIN", "EINVAL", "EOVERFLOW", "ENOMEM"])
@pytest.mark.parametrize("reg_mem", [True, False])
@on_stand_in
def test_memory_that_cannot_be_had_is_so_in_every_kernels_words(
    device: StandIn, reg_mem: bool, name: str
) -> None:
    request = uapi.TEE_IOC_SHM_REGISTER if reg_mem else uapi.TEE_IOC_SHM_ALLOC
    if not reg_mem:
        device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    context, session = opened(device)
    device.on(request, error=getattr(errno, name), times=2)
    memory = c.memory(8)
    assert c.lib.TEEC_AllocateSharedMemory(context, memory) == tee.Result.OUT_OF_MEMORY
    assert memory.buffer == c.ffi.NULL
    slots = (c.Kind.TEMP_INPUT, (c.ffi.new("char[]", 8), 8))
    assert c.invoke(session, 0, c.operation(slots)).code == tee.Result.OUT_OF_MEMORY
    assert device.alive == Alive(devices=1, sessions=1)
    end(context, session)


@on_stand_in
def test_a_descriptor_may_have_the_number_0(device: StandIn) -> None:
    os.close(0)
    context, session = opened(device)
    end(context, session)
    assert device.alive == Alive()
    unused = os.open(os.devnull, os.O_RDONLY)
    context, session = opened(device)
    os.close(unused)
    for make in (c.allocated, c.registered):
        memory = make(context, b"abc")
        c.lib.TEEC_ReleaseSharedMemory(memory)
        assert device.alive == Alive(devices=1, sessions=1)
    send(session, 8)
    end(context, session)
    assert device.alive == Alive()
    os.open(os.devnull, os.O_RDONLY)
