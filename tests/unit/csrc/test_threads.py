# SPDX-License-Identifier: BSD-2-Clause
"""Calls that last, what comes meanwhile, and what ends twice."""

from __future__ import annotations

import errno
import os
import platform
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.stand_in import ALWAYS, CLOSE, Alive, StandIn, on_stand_in
from ...support.stand_in.c_calls import end, opened, send
from ...support.waiting import LIMIT, wait_until

ANY = UUID(int=1)
FUTEX = {"x86_64": "202", "aarch64": "98"}[platform.machine()]


def _waits_for_a_lock(thread: int) -> bool:
    return Path(f"/proc/self/task/{thread}/syscall").read_text().split()[0] == FUTEX


def _wait_for_the_end(device: StandIn, index: int, thread: int) -> None:
    """Wait until a thread's command is over in the kernel, and the thread waits once more."""
    wait_until(lambda: device.calls(uapi.TEE_IOC_INVOKE)[index].result == 7)
    wait_until(lambda: _waits_for_a_lock(thread))


@on_stand_in
def test_a_cancellation_on_its_way_does_not_meet_the_next_command(device: StandIn) -> None:
    context, session = opened(device)
    invoking = device.on(uapi.TEE_IOC_INVOKE, hold=True, result=7)
    cancelling = device.on(uapi.TEE_IOC_CANCEL, hold=True)
    operation, threads = c.operation(), []

    def invoke_twice() -> None:
        threads.append(threading.get_native_id())
        assert c.invoke(session, 0, operation).code == 0
        assert c.invoke(session, 1).code == 0

    with ThreadPoolExecutor() as pool:
        commands = pool.submit(invoke_twice)
        invoking.wait()
        request = pool.submit(c.lib.TEEC_RequestCancellation, operation)
        cancelling.wait()
        invoking.let_go()
        # Until the first command is over, and its thread waits, or is at the next one.
        wait_until(lambda: device.calls(uapi.TEE_IOC_INVOKE)[0].result == 7)
        wait_until(
            lambda: len(device.calls(uapi.TEE_IOC_INVOKE)) > 1 or _waits_for_a_lock(threads[0])
        )
        assert [call["func"] for call in device.calls(uapi.TEE_IOC_INVOKE)] == [0]
        cancelling.let_go()
        commands.result(LIMIT)
        request.result(LIMIT)
    assert [call["func"] for call in device.calls(uapi.TEE_IOC_INVOKE)] == [0, 1]
    end(context, session)


@on_stand_in
def test_two_cancellations_on_their_way_are_both_awaited(device: StandIn) -> None:
    context, session = opened(device)
    invoking = device.on(uapi.TEE_IOC_INVOKE, hold=True, result=7)
    cancelling = device.on(uapi.TEE_IOC_CANCEL, hold=True, times=2)
    operation, threads = c.operation(), []

    def invoke() -> None:
        threads.append(threading.get_native_id())
        assert c.invoke(session, 0, operation).code == 0

    with ThreadPoolExecutor() as pool:
        command = pool.submit(invoke)
        invoking.wait()
        requests = [pool.submit(c.lib.TEEC_RequestCancellation, operation) for _ in range(2)]
        cancelling.wait(2)
        invoking.let_go()
        wait_until(lambda: device.calls(uapi.TEE_IOC_INVOKE)[0].result == 7)
        cancelling.let_go()
        wait_until(lambda: any(request.done() for request in requests))
        wait_until(lambda: command.done() or _waits_for_a_lock(threads[0]))
        assert not command.done()
        cancelling.let_go()
        command.result(LIMIT)
    first, second = device.calls(uapi.TEE_IOC_CANCEL)
    assert first.data == second.data
    end(context, session)


@on_stand_in
def test_each_command_waits_for_the_cancellations_of_its_own_alone(device: StandIn) -> None:
    context, session = opened(device)
    invoking = [device.on(uapi.TEE_IOC_INVOKE, hold=True, result=7) for _ in range(2)]
    cancelling = [device.on(uapi.TEE_IOC_CANCEL, hold=True) for _ in range(2)]
    operations, threads = [c.operation(), c.operation()], []

    def invoke(operation: Any) -> None:
        threads.append(threading.get_native_id())
        assert c.invoke(session, 0, operation).code == 0

    with ThreadPoolExecutor() as pool:
        commands, requests = [], []
        for operation, invoked, cancelled in zip(operations, invoking, cancelling, strict=True):
            commands.append(pool.submit(invoke, operation))
            invoked.wait()
            requests.append(pool.submit(c.lib.TEEC_RequestCancellation, operation))
            cancelled.wait()
        for index, invoked in enumerate(invoking):
            invoked.let_go()
            _wait_for_the_end(device, index, threads[index])
        # The second waits since later, and is over first.
        cancelling[1].let_go()
        commands[1].result(LIMIT)
        assert not commands[0].done()
        cancelling[0].let_go()
        commands[0].result(LIMIT)
    end(context, session)


@on_stand_in
def test_memory_of_another_context_is_not_sent(device: StandIn) -> None:
    context, session = opened(device)
    other, unused = opened(device)
    blocks = [c.allocated(other, b"abc"), c.registered(other, b"abc")]
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    third, last = opened(device)
    blocks.append(c.registered(third, b"abc"))
    for block in blocks:
        for slot in ((c.Kind.WHOLE, (block,)), (c.Kind.PARTIAL_INPUT, (block, 1, 0))):
            outcome = c.invoke(session, 0, c.operation(slot))
            assert outcome == (tee.Result.BAD_PARAMETERS, tee.Origin.API)
    assert not device.calls(uapi.TEE_IOC_INVOKE)
    for block in blocks:
        c.lib.TEEC_ReleaseSharedMemory(block)
    for pair in ((context, session), (other, unused), (third, last)):
        end(*pair)


@on_stand_in
def test_each_operation_has_a_number_of_its_own(device: StandIn) -> None:
    context, session = opened(device)
    held = device.on(uapi.TEE_IOC_INVOKE, cancellable=True, times=ALWAYS)
    operations = [c.operation() for _ in range(3)]
    with ThreadPoolExecutor() as pool:
        futures = [pool.submit(c.invoke, session, 0, operation) for operation in operations]
        held.wait(3)
        held.let_go(3)
        assert [future.result(LIMIT).code for future in futures] == [0, 0, 0]
    numbers = [call["cancel_id"] for call in device.calls(uapi.TEE_IOC_INVOKE)]
    assert len({0, *numbers}) == 4
    end(context, session)


@on_stand_in
def test_what_returns_nothing_leaves_errno_alone(device: StandIn) -> None:
    context, session = opened(device)
    held = device.on(uapi.TEE_IOC_INVOKE, hold=True)
    for request in (uapi.TEE_IOC_CLOSE_SESSION, uapi.TEE_IOC_CANCEL):
        device.on(request, error=errno.EIO)
    operation = c.operation()
    with ThreadPoolExecutor() as pool:
        command = pool.submit(c.invoke, session, 0, operation)
        held.wait()
        c.ffi.errno = errno.ELIBBAD
        c.lib.TEEC_RequestCancellation(operation)
        assert c.ffi.errno == errno.ELIBBAD
        held.let_go()
        assert command.result(LIMIT).code == 0
    c.ffi.errno = errno.ELIBBAD
    c.lib.TEEC_CloseSession(session)
    assert c.ffi.errno == errno.ELIBBAD
    end(context)


@on_stand_in
def test_a_context_that_is_finalised_stays_open_for_the_calls_in_it(device: StandIn) -> None:
    context, session = opened(device)
    held = device.on(uapi.TEE_IOC_INVOKE, hold=True)
    with ThreadPoolExecutor() as pool:
        future = pool.submit(send, session)
        held.wait()
        c.lib.TEEC_FinalizeContext(context)
        assert device.alive == Alive(devices=1, sessions=1, registrations=1)
        assert c.invoke(session, 1).code == tee.Result.BAD_PARAMETERS
        held.let_go()
        future.result(LIMIT)
    assert device.alive == Alive()


@on_stand_in
def test_threads_that_finalise_one_context_end_it_once(device: StandIn) -> None:
    for _ in range(50):
        context, session = opened(device)
        send(session)
        copies = [c.new_context() for _ in range(4)]
        for copy in copies:
            copy[0] = context[0]
        together = threading.Barrier(5)

        def finalise(structure: Any, together: threading.Barrier = together) -> None:
            together.wait(LIMIT)
            c.lib.TEEC_FinalizeContext(structure)

        with ThreadPoolExecutor(5) as pool:
            list(pool.map(finalise, [context, *copies]))
        assert device.alive == Alive()
    assert len(device.calls(CLOSE)) == 100


@on_stand_in
def test_memory_of_a_finalised_context_is_released_once(device: StandIn) -> None:
    """A copy of the structure does not close the descriptor of somebody else."""
    context, _ = opened(device)
    for kind in ("allocated", "registered"):
        memory = getattr(c, kind)(context, b"abc")
        copy = c.memory(0)
        copy[0] = memory[0]
        c.lib.TEEC_ReleaseSharedMemory(memory)
        before = set(os.listdir("/proc/self/fd"))
        others = [os.open(os.devnull, os.O_RDONLY) for _ in range(4)]
        c.lib.TEEC_ReleaseSharedMemory(copy)
        for other in others:
            os.close(other)
        assert set(os.listdir("/proc/self/fd")) == before
    late = c.allocated(context, b"abc")
    end(context)
    assert device.alive == Alive(registrations=1)
    c.lib.TEEC_ReleaseSharedMemory(late)


@on_stand_in
def test_a_copy_of_a_structure_releases_none_that_was_shared_later(device: StandIn) -> None:
    context, session = opened(device)
    memory, copy = c.allocated(context, b"abc"), c.memory(0)
    copy[0] = memory[0]
    c.lib.TEEC_ReleaseSharedMemory(memory)
    # The descriptor has the same number as the first.
    later = c.allocated(context, b"abc")
    c.lib.TEEC_ReleaseSharedMemory(copy)
    assert device.alive == Alive(devices=1, sessions=1, registrations=1)
    assert c.invoke(session, 0, c.operation((c.Kind.WHOLE, (later,)))).code == 0
    c.lib.TEEC_ReleaseSharedMemory(later)
    end(context, session)


@on_stand_in
def test_memory_is_released_in_any_order(device: StandIn) -> None:
    context, _ = opened(device)
    blocks = [c.allocated(context, b"abc") for _ in range(20)]
    for index in (0, 19, 7, 8, 6, *range(1, 6), *range(9, 19)):
        c.lib.TEEC_ReleaseSharedMemory(blocks[index])
        blocks[index] = c.allocated(context, b"abc")
    assert device.alive.registrations == 20
    for block in reversed(blocks):
        c.lib.TEEC_ReleaseSharedMemory(block)
    assert device.alive.registrations == 0
    end(context)


@on_stand_in
def test_a_handle_is_never_given_out_twice(device: StandIn) -> None:
    structure, old, session = c.new_context(), c.new_context(), c.new_session()
    assert c.context_initialize(old, None, device.path) == 0
    copy = bytes(c.ffi.buffer(old))
    c.lib.TEEC_FinalizeContext(old)
    seen = set()
    for _ in range(66_000):
        assert c.context_initialize(structure, None, device.path) == 0
        seen.add(bytes(c.ffi.buffer(structure))[:4])
        c.ffi.buffer(old)[:] = copy
        assert c.lib.TEEC_OpenSession(
            old, session, c.uuid_struct(ANY), 0, c.ffi.NULL, c.ffi.NULL, c.ffi.NULL
        ) == (tee.Result.BAD_PARAMETERS)
        c.lib.TEEC_FinalizeContext(structure)
    assert len(seen) == 66_000
    # The generation, which is never that of a zeroed structure.
    assert all(int.from_bytes(handle, sys.byteorder) >> 16 for handle in seen)
    device.forget()
