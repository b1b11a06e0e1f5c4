# SPDX-License-Identifier: BSD-2-Clause
"""Threads that use the same objects at the same moment, on a device without the GIL's order."""

from __future__ import annotations

import warnings
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ..support.stand_in import ALWAYS, ANY_IOCTL, StandIn, on_stand_in
from ..support.together import SCENARIOS, Service, forgetting, together

ROUNDS = 40
SIZE = 1 << 20
CAPABILITIES = {
    "registers": uapi.TEE_GEN_CAP_GP | uapi.TEE_GEN_CAP_REG_MEM | uapi.TEE_GEN_CAP_MEMREF_NULL,
    "allocates": uapi.TEE_GEN_CAP_GP,
}
NAMES = [scenario.__name__ for scenario in SCENARIOS]


def flipped(data: bytes) -> bytes:
    """Return what the device makes of memory."""
    return bytes(byte ^ 0xFF for byte in data)


def service_on(device: StandIn, memory: str) -> Service:
    device.describe(capabilities=CAPABILITIES[memory])
    return Service(
        lambda: tee.Context(device.path, backend="linux"),
        UUID(int=1),
        UUID(int=2),
        0,
        flipped,
        ROUNDS,
    )


@pytest.mark.parametrize("memory", [*CAPABILITIES])
@pytest.mark.parametrize("name", NAMES)
@on_stand_in
def test_threads_may_do_all_of_it_at_once(device: StandIn, memory: str, name: str) -> None:
    SCENARIOS[NAMES.index(name)](service_on(device, memory))


@pytest.mark.parametrize("name", NAMES)
@on_stand_in
def test_threads_may_do_all_of_it_at_once_though_the_device_is_slow(
    device: StandIn, name: str
) -> None:
    device.on(ANY_IOCTL, delay=0.0003, times=ALWAYS)
    SCENARIOS[NAMES.index(name)](service_on(device, "registers"))


@on_stand_in
def test_threads_that_close_one_block_end_it_once(device: StandIn) -> None:
    # Its content is copied then.
    device.describe(capabilities=CAPABILITIES["allocates"])
    with tee.Context(device.path, backend="linux") as context:
        for _ in range(100):
            block = context.allocate_shared_memory(SIZE)
            view = memoryview(block)
            view[-1] = 1
            together(*[block.close] * 4)
            assert view[-1] == 1
            view.release()


@pytest.mark.parametrize("memory", [*CAPABILITIES])
@on_stand_in
def test_what_threads_forget_is_given_back(device: StandIn, memory: str) -> None:
    warnings.simplefilter("ignore", ResourceWarning)
    forgetting(service_on(device, memory))
