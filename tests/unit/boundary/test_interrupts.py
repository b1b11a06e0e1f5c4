# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts at every moment leak nothing, and come out."""

from __future__ import annotations

import gc
import random
import signal
import threading
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.kernels import ProxyKernel, uapi

from ...support.interruption import interrupt_everywhere
from ...support.stand_in import ALWAYS, ANY_IOCTL, OPEN, Alive, StandIn, on_stand_in
from ...support.waiting import LIMIT, wait_until

ANY = UUID(int=1)
# Where a descriptor of Linux is a number in a variable of Python.
PASSED_ON = ("/kernels/proxy.py", "/_boundary/linux.py")
RANDOM = UUID("b6c53aba-9669-4668-a7f2-205629d00f86")
# Python 3.12 tells a tracer of 140 of the places; 3.11 and 3.13 tell of 360.
FEWEST = 100

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

# What starts a call that a worker makes.
STARTS = ("_calls/jobs.py", "_calls/submitted.py", "_calls/call.py", "_boundary/call.py")


def use_everything(context: tee.Context, application: UUID) -> None:
    content = bytearray(100)
    with context, context.open_session(application) as session:
        session.invoke_command(0, tee.MemrefTempOutput(8))
        with context.allocate_shared_memory(100, tee.MemoryFlags.OUTPUT) as block:
            session.invoke_command(0, block)
            view = memoryview(block)
        assert len(view) == 100
        with context.register_shared_memory(content) as registered:
            session.invoke_command(0, tee.MemrefPartialOutput(registered, 0, 50))
        # What the context has to close.
        context.open_session(application)
        context.allocate_shared_memory(0)
        context.register_shared_memory(content)


@pytest.mark.parametrize("registers", [True, False])
@on_stand_in
def test_no_interrupt_leaks_what_a_device_gave(device: StandIn, registers: bool) -> None:
    caps = uapi.TEE_GEN_CAP_GP | (uapi.TEE_GEN_CAP_REG_MEM if registers else 0)
    device.describe(capabilities=caps)

    def check() -> None:
        if device.alive != Alive():
            gc.collect()
        assert device.alive == Alive()
        assert not device.take_violations()

    def run() -> None:
        use_everything(tee.Context(device.path), ANY)

    count = interrupt_everywhere(run, check)
    assert count > FEWEST


@on_stand_in
def test_no_interrupt_on_the_way_through_another_kernel_leaks(device: StandIn) -> None:
    def check() -> None:
        if device.alive != Alive():
            gc.collect()
        assert device.alive == Alive()

    def run() -> None:
        use_everything(tee.Context(device.path, backend=ProxyKernel("linux")), ANY)

    count = interrupt_everywhere(run, check, lambda path: path.endswith(PASSED_ON))
    assert count > 5


@pytest.mark.parametrize("profile", ["optee", "optee-no-reg-mem"])
def test_no_interrupt_leaks_what_the_fake_gave(profile: str) -> None:
    kernel = fake.Kernel(profile)

    def check() -> None:
        if kernel.resources().descriptors:
            gc.collect()
        kernel.assert_no_leaks()

    def run() -> None:
        use_everything(tee.Context(backend=kernel), RANDOM)

    count = interrupt_everywhere(run, check)
    assert count > FEWEST


ROUNDS = 700


@pytest.mark.parametrize("seed", range(3))
@on_stand_in
def test_no_signal_at_a_random_moment_leaks_what_a_slow_device_gave(
    device: StandIn, seed: int
) -> None:
    """Most come while an ioctl runs, and are raised as soon as it has returned."""
    chance = random.Random(seed)
    device.on(ANY_IOCTL, delay=0.0003, times=ALWAYS)
    device.on(OPEN, delay=0.0003, times=ALWAYS)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    interrupted = 0
    for number in range(ROUNDS):
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.00001, 0.012))
            try:
                use_everything(tee.Context(device.path), ANY)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            interrupted += 1
        if device.alive != Alive():
            gc.collect()
        assert device.alive == Alive(), f"round {number}"
        assert not device.take_violations(), f"round {number}"
        device.forget()
    assert interrupted > ROUNDS / 4


@on_stand_in
def test_a_signal_within_a_kernel_in_python_is_no_failure_of_a_system_call(
    device: StandIn,
) -> None:
    """In a process of its own: the fake's own descriptors can be lost."""
    chance = random.Random(4)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    interrupted = 0
    for _ in range(ROUNDS):
        kernel = fake.Kernel()
        try:
            signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.00001, 0.002))
            try:
                use_everything(tee.Context(backend=kernel), RANDOM)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            interrupted += 1
    assert interrupted > ROUNDS / 8


class _Waiting(fake.TrustedApplication):
    """Command 1 waits until it may go on."""

    uuid = ANY
    go_on = threading.Semaphore(0)

    @fake.command(0)
    def increment(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        parameters.value(0).a += 1

    @fake.command(1)
    def wait(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        assert self.go_on.acquire(timeout=LIMIT)


def test_an_interrupted_submission_leaves_its_call_to_itself() -> None:
    content = bytearray(1)
    context = tee.Context(backend=fake.Kernel(applications=[_Waiting]))
    session = context.open_session(ANY)

    def run() -> None:
        future = session.submit(1, tee.MemrefTempInOut(content))
        _Waiting.go_on.release()
        future.result(LIMIT)

    def check() -> None:
        # If the interrupt came between the submission and the release.
        _Waiting.go_on.release()
        futures = [session.submit(0, tee.ValueInOut(number)) for number in range(20)]
        outputs = [future.result(LIMIT)[0] for future in futures]
        assert outputs == [(number, 0) for number in range(1, 21)]
        wait_until(lambda: not session.is_busy)
        while _Waiting.go_on.acquire(blocking=False):
            pass
        gc.collect()
        content.append(0)

    count = interrupt_everywhere(run, check, lambda path: path.endswith(STARTS))
    assert count > 10
    context.close()
