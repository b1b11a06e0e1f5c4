# SPDX-License-Identifier: BSD-2-Clause
"""The device that stands in for a real one, as the tests that use it rely on it."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client._boundary import address_of
from pytee_client.kernels import uapi

from ...support.outputs import output_as
from ...support.stand_in import ALWAYS, OPEN, Alive, StandIn, on_stand_in
from ...support.waiting import LIMIT

ANY = UUID(int=1)


@on_stand_in
def test_it_serves_contexts_sessions_commands_and_memory(device: StandIn) -> None:
    with tee.Context(device.path) as context, context.open_session(ANY) as session:
        assert session.invoke_command(7, tee.ValueInOut(41)) == (tee.Value(42, 0),)
        (output,) = session.invoke_command(8, tee.MemrefTempInOut(bytearray(b"\x00\xff")))
        assert bytes(output_as(memoryview, output)) == b"\xff\x00"
        with context.allocate_shared_memory(4096) as block:
            session.invoke_command(9, tee.MemrefWhole(block))
            assert bytes(block) == b"\xff" * 4096
            assert device.alive.registrations == 2
    invoked = device.calls(uapi.TEE_IOC_INVOKE)
    assert [call["func"] for call in invoked] == [7, 8, 9]
    assert invoked[0]["params[0].a"] == 41


@on_stand_in
def test_it_serves_memory_of_the_drivers_own(device: StandIn) -> None:
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    with tee.Context(device.path) as context, context.open_session(ANY) as session:
        (output,) = session.invoke_command(0, tee.MemrefTempOutput(5000))
        assert output_as(bytes, output) == b"Z" * 5000
        with context.allocate_shared_memory(10000) as block:
            assert bytes(block) == bytes(10000)
            session.invoke_command(0, block)
            assert bytes(block) == b"\xff" * 10000
        assert device.alive.blocks == 1


@on_stand_in
def test_it_answers_and_fails_as_it_is_told(device: StandIn) -> None:
    device.on(OPEN, error=errno.EBUSY)
    with pytest.raises(tee.BusyError):
        tee.Context(device.path)
    device.on(uapi.TEE_IOC_INVOKE, {"ret": 0xFFFF0008, "ret_origin": 4}, skip=1)
    device.on(uapi.TEE_IOC_INVOKE, error=errno.ENODEV, skip=2)
    with tee.Context(device.path) as context, context.open_session(ANY) as session:
        session.invoke_command(0)
        with pytest.raises(tee.ItemNotFoundError):
            session.invoke_command(0)
        with pytest.raises(tee.TeecError) as caught:
            session.invoke_command(0)
        assert caught.value.errno == errno.ENODEV
        session.invoke_command(0)


@on_stand_in
def test_no_signal_cuts_a_call_short(device: StandIn) -> None:
    arrived = []
    signal.signal(signal.SIGUSR1, lambda *_: arrived.append(True))
    held = device.on(uapi.TEE_IOC_VERSION, hold=True)

    def interrupt() -> None:
        held.wait()
        os.kill(os.getpid(), signal.SIGUSR1)
        held.let_go()

    other = threading.Thread(target=interrupt)
    other.start()
    with tee.Context(device.path):
        assert device.alive == Alive(devices=1)
    other.join(LIMIT)
    assert arrived == [True]


@on_stand_in
def test_a_delay_is_as_long_as_it_is_told(device: StandIn) -> None:
    device.on(uapi.TEE_IOC_INVOKE, delay=0.2, times=ALWAYS)
    with tee.Context(device.path) as context, context.open_session(ANY) as session:
        before = time.monotonic()
        session.invoke_command(0)
        assert time.monotonic() - before >= 0.2


@on_stand_in
def test_a_cancellation_ends_a_command_that_it_names(device: StandIn) -> None:
    held = device.on(uapi.TEE_IOC_INVOKE, cancellable=True)
    operation = tee.Operation()
    with (
        tee.Context(device.path) as context,
        context.open_session(ANY) as session,
        ThreadPoolExecutor() as pool,
    ):
        future = pool.submit(session.invoke_command, 0, operation=operation)
        held.wait()
        operation.request_cancellation()
        with pytest.raises(tee.CancelError):
            future.result(LIMIT)
    (invoked,), (cancelled,) = device.calls(uapi.TEE_IOC_INVOKE), device.calls(uapi.TEE_IOC_CANCEL)
    assert cancelled["cancel_id"] == invoked["cancel_id"] != 0
    assert cancelled["session"] == invoked["session"]


@on_stand_in
def test_it_knows_what_is_open_across_processes(device: StandIn) -> None:
    read, write = os.pipe()
    # None of the library's: a child has no part in those.
    fd = os.open(device.path, os.O_RDWR)
    child = os.fork()
    if not child:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    os.close(read)
    os.close(fd)
    assert device.alive == Alive(devices=1)
    os.close(write)
    os.waitpid(child, 0)
    assert device.alive == Alive()


@on_stand_in
def test_it_sees_memory_that_goes_before_its_registration(device: StandIn) -> None:
    fd = os.open(device.path, os.O_RDWR)
    content = bytearray(100_000)
    data = bytearray(uapi.SHM_REGISTER_DATA.pack(address_of(content), len(content), 0, -1))
    memory = fcntl.ioctl(fd, uapi.TEE_IOC_SHM_REGISTER, data)
    assert device.alive == Alive(devices=1, registrations=1)
    del content
    assert device.take_violations() == 1
    os.close(memory)
    os.close(fd)
