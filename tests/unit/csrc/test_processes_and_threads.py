# SPDX-License-Identifier: BSD-2-Clause
"""What only a device of the kernel's shows: processes, descriptors, and calls that last."""

from __future__ import annotations

import errno
import gc
import os
import platform
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.stand_in import ALWAYS, CLOSE, OPEN, Alive, StandIn, on_stand_in
from ...support.waiting import LIMIT, wait_until

ANY = UUID(int=1)
FUTEX = {"x86_64": "202", "aarch64": "98"}[platform.machine()]


def _opened(device: StandIn) -> tuple[Any, Any]:
    context, session = c.new_context(), c.new_session()
    assert c.context_initialize(context, None, device.path) == 0
    assert c.open_session(context, session).code == 0
    return context, session


def _end(context: Any, *sessions: Any) -> None:
    for session in sessions:
        c.lib.TEEC_CloseSession(session)
    c.lib.TEEC_FinalizeContext(context)


def _send(session: Any, content: bytes = b"abc") -> None:
    buffer = c.ffi.new("char[]", content)
    operation = c.operation((c.Kind.TEMP_INOUT, (buffer, len(content))))
    assert c.invoke(session, 0, operation).code == 0
    assert bytes(c.ffi.buffer(buffer))[:-1] == bytes(255 - octet for octet in content)


def _ids(device: StandIn) -> list[int]:
    return [call["params[0].c"] for call in device.calls(uapi.TEE_IOC_INVOKE)]


@on_stand_in
def test_a_child_uses_none_of_its_parents_idle_blocks(device: StandIn) -> None:
    context, session = _opened(device)
    _send(session)
    child = os.fork()
    if not child:
        _send(session)
        _send(session)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    # What is idle is the parent's still.
    _send(session)
    parents, in_child, again, parents_again = _ids(device)
    assert parents == parents_again
    assert in_child == again != parents
    assert device.alive == Alive(devices=1, sessions=1, registrations=1)
    _end(context, session)


@on_stand_in
def test_a_block_that_a_fork_found_in_use_is_not_kept_by_the_child(device: StandIn) -> None:
    context, session = _opened(device)
    held = device.on(uapi.TEE_IOC_INVOKE, hold=True)
    with ThreadPoolExecutor() as pool:
        future = pool.submit(_send, session)
        held.wait()
        child = os.fork()
        if not child:
            _send(session)
            assert len(set(_ids(device))) == 2
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        held.let_go()
        future.result(LIMIT)
    _end(context, session)


@on_stand_in
def test_the_memory_of_a_block_is_not_for_a_childs_eyes(device: StandIn) -> None:
    context, session = _opened(device)
    held = device.on(uapi.TEE_IOC_INVOKE, hold=True)
    with ThreadPoolExecutor() as pool:
        future = pool.submit(_send, session, b"secret")
        held.wait()
        ((_, address, _),) = device.registrations()
        child = os.fork()
        if not child:
            memory = c.ffi.buffer(c.ffi.cast("char *", address), 6)[:]
            os._exit(0 if memory == bytes(6) else 1)
        status = os.waitpid(child, 0)[1]
        held.let_go()
        future.result(LIMIT)
    assert status == 0
    _end(context, session)


@on_stand_in
def test_a_program_that_is_started_inherits_nothing(device: StandIn) -> None:
    """Devices are opened so; memory, which the kernel creates without, becomes so at once."""
    with (
        tee.Context(device.path) as context,
        context.open_session(ANY) as session,
        context.register_shared_memory(bytearray(8)),
        open(os.devnull) as file,
        context.register_shared_memory_fd(file),
    ):
        session.invoke_command(0, b"abc")
        device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
        with (
            tee.Context(device.path) as other,
            other.allocate_shared_memory(8),
            subprocess.Popen(
                ["cat"],
                # The program is to have no device of its own.
                env={**os.environ, "LD_PRELOAD": ""},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                close_fds=False,
            ) as program,
        ):
            assert program.stdin
            assert program.stdout
            # Linux closes what is to be closed only after the parent runs again.
            program.stdin.write(b"x")
            assert program.stdout.read(1) == b"x"
            inherited = [
                os.readlink(f"/proc/{program.pid}/fd/{fd}")
                for fd in os.listdir(f"/proc/{program.pid}/fd")
            ]
            program.communicate(timeout=LIMIT)
    assert not (found := [path for path in inherited if "tee0" in path]), found
    assert all(call["flags"] & os.O_CLOEXEC for call in device.calls(OPEN))
    assert all(call["flags"] & os.O_RDWR for call in device.calls(OPEN))


def _waits_for_a_lock(thread: int) -> bool:
    return Path(f"/proc/self/task/{thread}/syscall").read_text().split()[0] == FUTEX


def _wait_for_the_end(device: StandIn, index: int, thread: int) -> None:
    """Wait until a thread's command is over in the kernel, and the thread waits once more."""
    wait_until(lambda: device.calls(uapi.TEE_IOC_INVOKE)[index].result == 7)
    wait_until(lambda: _waits_for_a_lock(thread))


@on_stand_in
def test_a_cancellation_on_its_way_does_not_meet_the_next_command(device: StandIn) -> None:
    context, session = _opened(device)
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
    _end(context, session)


@on_stand_in
def test_two_cancellations_on_their_way_are_both_awaited(device: StandIn) -> None:
    context, session = _opened(device)
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
    _end(context, session)


@on_stand_in
def test_each_command_waits_for_the_cancellations_of_its_own_alone(device: StandIn) -> None:
    context, session = _opened(device)
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
    _end(context, session)


@on_stand_in
def test_memory_of_another_context_is_not_sent(device: StandIn) -> None:
    context, session = _opened(device)
    other, unused = _opened(device)
    blocks = [c.allocated(other, b"abc"), c.registered(other, b"abc")]
    device.describe(capabilities=uapi.TEE_GEN_CAP_GP)
    third, last = _opened(device)
    blocks.append(c.registered(third, b"abc"))
    for block in blocks:
        for slot in ((c.Kind.WHOLE, (block,)), (c.Kind.PARTIAL_INPUT, (block, 1, 0))):
            outcome = c.invoke(session, 0, c.operation(slot))
            assert outcome == (tee.Result.BAD_PARAMETERS, tee.Origin.API)
    assert not device.calls(uapi.TEE_IOC_INVOKE)
    for block in blocks:
        c.lib.TEEC_ReleaseSharedMemory(block)
    for pair in ((context, session), (other, unused), (third, last)):
        _end(*pair)


@on_stand_in
def test_each_operation_has_a_number_of_its_own(device: StandIn) -> None:
    context, session = _opened(device)
    held = device.on(uapi.TEE_IOC_INVOKE, cancellable=True, times=ALWAYS)
    operations = [c.operation() for _ in range(3)]
    with ThreadPoolExecutor() as pool:
        futures = [pool.submit(c.invoke, session, 0, operation) for operation in operations]
        held.wait(3)
        held.let_go(3)
        assert [future.result(LIMIT).code for future in futures] == [0, 0, 0]
    numbers = [call["cancel_id"] for call in device.calls(uapi.TEE_IOC_INVOKE)]
    assert len({0, *numbers}) == 4
    _end(context, session)


@on_stand_in
def test_what_returns_nothing_leaves_errno_alone(device: StandIn) -> None:
    context, session = _opened(device)
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
    _end(context)


@on_stand_in
def test_a_session_that_a_child_forgets_stays_open_for_its_parent(device: StandIn) -> None:
    kept: list[object] = [tee.Context(device.path)]
    kept.append(kept[0].open_session(ANY))  # type: ignore[attr-defined]
    child = os.fork()
    if not child:
        kept.clear()
        gc.collect()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert not device.calls(uapi.TEE_IOC_CLOSE_SESSION)
    assert device.alive == Alive(devices=1, sessions=1)
    for part in reversed(kept):
        part.close()  # type: ignore[attr-defined]


@on_stand_in
def test_a_child_sends_nothing_in_a_session_of_its_parents(device: StandIn) -> None:
    with tee.Context(device.path) as context, context.open_session(ANY) as session:
        prepared = session.prepare(0, tee.ValueInOut(1))
        child = os.fork()
        if not child:
            refused = 0
            for call in (
                lambda: session.invoke_command(0),
                lambda: session.invoke_command(0, tee.ValueInOut(1)),
                lambda: session.invoke_command(0, tee.MemrefTempInOut(bytearray(8))),
                prepared,
            ):
                try:
                    call()
                except tee.ForkedContextError:
                    refused += 1
            os._exit(refused)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4
    assert not device.calls(uapi.TEE_IOC_INVOKE)


@on_stand_in
def test_a_context_that_is_finalised_stays_open_for_the_calls_in_it(device: StandIn) -> None:
    context, session = _opened(device)
    held = device.on(uapi.TEE_IOC_INVOKE, hold=True)
    with ThreadPoolExecutor() as pool:
        future = pool.submit(_send, session)
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
        context, session = _opened(device)
        _send(session)
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
    context, _ = _opened(device)
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
    _end(context)
    assert device.alive == Alive(registrations=1)
    c.lib.TEEC_ReleaseSharedMemory(late)


@on_stand_in
def test_a_copy_of_a_structure_releases_none_that_was_shared_later(device: StandIn) -> None:
    context, session = _opened(device)
    memory, copy = c.allocated(context, b"abc"), c.memory(0)
    copy[0] = memory[0]
    c.lib.TEEC_ReleaseSharedMemory(memory)
    # The descriptor has the same number as the first.
    later = c.allocated(context, b"abc")
    c.lib.TEEC_ReleaseSharedMemory(copy)
    assert device.alive == Alive(devices=1, sessions=1, registrations=1)
    assert c.invoke(session, 0, c.operation((c.Kind.WHOLE, (later,)))).code == 0
    c.lib.TEEC_ReleaseSharedMemory(later)
    _end(context, session)


@on_stand_in
def test_memory_is_released_in_any_order(device: StandIn) -> None:
    context, _ = _opened(device)
    blocks = [c.allocated(context, b"abc") for _ in range(20)]
    for index in (0, 19, 7, 8, 6, *range(1, 6), *range(9, 19)):
        c.lib.TEEC_ReleaseSharedMemory(blocks[index])
        blocks[index] = c.allocated(context, b"abc")
    assert device.alive.registrations == 20
    for block in reversed(blocks):
        c.lib.TEEC_ReleaseSharedMemory(block)
    assert device.alive.registrations == 0
    _end(context)


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
