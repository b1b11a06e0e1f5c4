# SPDX-License-Identifier: BSD-2-Clause
"""What a child of a fork, and a program that is started, have of a device."""

from __future__ import annotations

import gc
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.stand_in import OPEN, Alive, StandIn, on_stand_in
from ...support.stand_in.c_calls import end, opened, send
from ...support.waiting import LIMIT

ANY = UUID(int=1)


def _ids(device: StandIn) -> list[int]:
    return [call["params[0].c"] for call in device.calls(uapi.TEE_IOC_INVOKE)]


@on_stand_in
def test_a_child_uses_none_of_its_parents_idle_blocks(device: StandIn) -> None:
    context, session = opened(device)
    send(session)
    child = os.fork()
    if not child:
        send(session)
        send(session)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    # What is idle is the parent's still.
    send(session)
    parents, in_child, again, parents_again = _ids(device)
    assert parents == parents_again
    assert in_child == again != parents
    assert device.alive == Alive(devices=1, sessions=1, registrations=1)
    end(context, session)


@on_stand_in
def test_a_block_that_a_fork_found_in_use_is_not_kept_by_the_child(device: StandIn) -> None:
    context, session = opened(device)
    held = device.on(uapi.TEE_IOC_INVOKE, hold=True)
    with ThreadPoolExecutor() as pool:
        future = pool.submit(send, session)
        held.wait()
        child = os.fork()
        if not child:
            send(session)
            assert len(set(_ids(device))) == 2
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        held.let_go()
        future.result(LIMIT)
    end(context, session)


@on_stand_in
def test_the_memory_of_a_block_is_not_for_a_childs_eyes(device: StandIn) -> None:
    context, session = opened(device)
    held = device.on(uapi.TEE_IOC_INVOKE, hold=True)
    with ThreadPoolExecutor() as pool:
        future = pool.submit(send, session, b"secret")
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
    end(context, session)


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
def test_an_allocated_block_is_the_same_for_parent_and_child(device: StandIn) -> None:
    context, session = opened(device)
    block = c.allocated(context, b"abc")
    child = os.fork()
    if not child:
        c.ffi.memmove(block.buffer, b"xyz", 3)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert c.content_of(block) == b"xyz"
    c.lib.TEEC_ReleaseSharedMemory(block)
    end(context, session)
