# SPDX-License-Identifier: BSD-2-Clause
"""What a child of a fork does with its parent's objects reaches nobody."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.faults import Do, Fault, FaultyKernel, Plan, SystemCall

from ..support import workers
from ..support.children import in_child
from ..support.conformance import Command, xored
from ..support.programs import program
from ..support.targets import Target
from ..support.waiting import LIMIT, start_blocked
from ..support.window import Window, with_window

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*multi-threaded, use of fork", "ignore:unclosed:ResourceWarning"
)


@dataclass
class Parents:
    """What a parent has open, of each kind."""

    target: Target
    context: tee.Context
    session: tee.Session
    prepared: Callable[[], object]
    allocated: tee.AllocatedSharedMemory
    registered: tee.RegisteredSharedMemory

    @property
    def parts(self) -> list[Any]:
        """What can be closed, inner things first."""
        return [self.allocated, self.registered, self.session, self.context]

    def uses(self) -> list[Callable[[], object]]:
        """Return what can be done with it."""
        context, session = self.context, self.session
        return [
            lambda: session.invoke_command(Command.NOTHING),
            lambda: session.invoke_command(Command.VALUES, tee.ValueInOut(1)),
            lambda: session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(bytearray(8))),
            lambda: session.invoke_command(Command.NOTHING, operation=tee.Operation()),
            lambda: session.prepare(Command.NOTHING),
            self.prepared,
            lambda: session.invoke_command(Command.NOTHING, self.allocated),
            session.__enter__,
            context.__enter__,
            lambda: context.open_session(Target.CONFORMANCE),
            lambda: context.allocate_shared_memory(10),
            lambda: context.register_shared_memory(bytearray(10)),
            lambda: context.register_shared_memory_fd(0),
            context.trim,
            lambda: len(self.allocated),
            self.registered.__enter__,
        ]

    def check(self) -> None:
        """All of it works."""
        assert self.prepared() == ((2, 3),)
        for block in (self.allocated, self.registered):
            with memoryview(block if block is self.allocated else self.registered.buffer) as view:
                view[:] = bytes(len(view))
                self.session.invoke_command(Command.MEMREF_XOR, block)
                assert bytes(view) == xored(0, bytes(len(view)))
        self.context.open_session(Target.CONFORMANCE).close()


@pytest.fixture
def parents(target: Target) -> Iterator[Parents]:
    with target.open_context() as context, context.open_session(Target.CONFORMANCE) as session:
        prepared = session.prepare(Command.VALUES, (1, 2), tee.ValueOutput())
        with (
            context.allocate_shared_memory(100) as allocated,
            context.register_shared_memory(bytearray(100)) as registered,
        ):
            yield Parents(target, context, session, prepared, allocated, registered)


def use_a_session_of_its_own(target: Target) -> None:
    device, backend = workers.where(target)
    workers.open_session(device, backend, Target.CONFORMANCE)
    assert workers.work(1) == (os.getpid(), 2)


def refuse_all(parents: Parents) -> None:
    for use in parents.uses():
        with pytest.raises(tee.ForkedContextError, match="parent"):
            use()
    use_a_session_of_its_own(parents.target)


def close_all(parents: Parents) -> None:
    for part in parents.parts:
        part.close()
        part.close()
        assert part.closed
    use_a_session_of_its_own(parents.target)


def close_the_context(parents: Parents) -> None:
    parents.context.close()
    parents.context.close()
    assert parents.session.closed
    assert parents.allocated.closed
    use_a_session_of_its_own(parents.target)


def collect_all(parents: Parents) -> None:
    vars(parents).clear()
    gc.collect()


def leave_all_to_a_grandchild(parents: Parents) -> None:
    assert in_child(lambda: refuse_all(parents)) == 0
    assert in_child(lambda: close_all(parents)) == 0
    close_all(parents)


DEEDS = [refuse_all, close_all, close_the_context, collect_all, leave_all_to_a_grandchild]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_what_a_child_does_with_its_parents_objects_reaches_nobody(
    parents: Parents, pool: ThreadPoolExecutor, deed: Callable[[Parents], None]
) -> None:
    call = start_blocked(pool, parents.session.invoke_command, Command.WAIT, (200, 0))
    assert in_child(lambda: deed(parents)) == 0
    assert call.result(LIMIT) == ()
    parents.check()


@with_window
@pytest.mark.optee_only
def test_a_child_cancels_no_call_of_its_parents(
    parents: Parents, pool: ThreadPoolExecutor, window: Window
) -> None:
    operation = tee.Operation()
    wait = (window.milliseconds, 1)

    def invoke() -> tuple[object, ...]:
        return parents.session.invoke_command(Command.WAIT, wait, operation=operation)

    call = window.start(pool, invoke)
    status = in_child(operation.request_cancellation)
    window.check()
    assert status == 0
    assert call.result(LIMIT) == ()


def test_a_child_that_leaves_its_parents_blocks_ends_nothing(target: Target) -> None:
    class LeavingError(Exception):
        """It ends the blocks of the child."""

    child = -1
    try:
        with (
            target.open_context() as context,
            context.open_session(Target.CONFORMANCE) as session,
            context.allocate_shared_memory(10) as block,
        ):
            child = os.fork()
            if not child:
                raise LeavingError
            assert os.waitpid(child, 0)[1] == 0
            session.invoke_command(Command.MEMREF_XOR, block)
    except LeavingError:
        os._exit(0)
    finally:
        if not child:
            os._exit(1)


def test_a_thread_forks_while_the_main_thread_is_in_a_call(
    parents: Parents, pool: ThreadPoolExecutor
) -> None:
    in_call = threading.Event()

    def fork() -> int:
        in_call.wait(LIMIT)
        return in_child(lambda: close_all(parents))

    forking = pool.submit(fork)
    in_call.set()
    # Several, so that the fork comes in the middle of one.
    while not forking.done():
        parents.session.invoke_command(Command.WAIT, (20, 0))
    assert forking.result() == 0
    parents.check()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_can_be_started_within_a_call(target: Target, method: str) -> None:
    """As a kernel in Python or an application of the fake can do it."""
    statuses: list[int | None] = []

    def start() -> None:
        worker = (*workers.where(target), Target.CONFORMANCE)
        process = workers.new_process(method, workers.open_session, *worker)
        process.start()
        process.join(LIMIT)
        statuses.append(process.exitcode)

    calls = (SystemCall.OPEN_SESSION, SystemCall.INVOKE)
    plan = Plan([Fault(call, Do(start)) for call in calls])
    kernel = FaultyKernel(target.kernel or "linux", plan)
    with (
        tee.Context(target.device, backend=kernel) as context,
        context.open_session(Target.CONFORMANCE) as session,
    ):
        buffer = bytearray(100)
        session.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(buffer))
        assert buffer == xored(0, bytes(100))
    assert statuses == [0, 0]
    kernel.assert_all_struck()


def tee_descriptors_of(process: int) -> list[str]:
    links = []
    for path in Path(f"/proc/{process}/fd").iterdir():
        # That of the folder itself is gone by now.
        with contextlib.suppress(FileNotFoundError):
            links.append(os.readlink(path))
    return [link for link in links if "tee" in link]


@pytest.mark.real_only
@pytest.mark.once
@with_window
def test_a_child_has_none_of_its_parents_descriptors(
    parents: Parents, pool: ThreadPoolExecutor, window: Window
) -> None:
    # The driver would keep for it what the parent closes. A kernel in Python, which the other
    # target is, may still need what it opened.
    buffer = bytearray(100)
    wait = (window.milliseconds, 0)
    call = window.start(pool, parents.session.invoke_command, Command.WAIT, wait, buffer)
    assert tee_descriptors_of(os.getpid())

    def look() -> None:
        assert not tee_descriptors_of(os.getpid())

    status = in_child(look)
    window.check()
    assert status == 0
    call.result(LIMIT)
    parents.check()


@pytest.mark.real_only
@with_window
def test_a_program_that_is_started_has_none_of_its_parents_descriptors(
    parents: Parents, pool: ThreadPoolExecutor, window: Window
) -> None:
    wait = (window.milliseconds, 0)
    call = window.start(pool, parents.session.invoke_command, Command.WAIT, wait, bytearray(100))
    # subprocess uses vfork().
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as one:
        other = os.posix_spawnp("sleep", ["sleep", str(LIMIT)], os.environ)
        found = [tee_descriptors_of(process) for process in (one.pid, other)]
        window.check()
        one.communicate(timeout=LIMIT)
    os.kill(other, signal.SIGKILL)
    os.waitpid(other, 0)
    assert found == [[], []]
    call.result(LIMIT)


DIES = """
import os
from uuid import UUID
import pytee_client as tee
context = tee.Context(sys.argv[1])
session = context.open_session(UUID(sys.argv[2]))
is_born, born = os.pipe()
if not os.fork():
    os.write(born, b"x")
    sys.stdin.read()
    os._exit(0)
os.read(is_born, 1)
os.kill(os.getpid(), 9)
"""


@pytest.mark.real_only
def test_the_sessions_of_a_parent_that_dies_end_although_a_child_lives(
    target: Target, context: tee.Context
) -> None:
    # It has one session at a time.
    command = program(DIES, target.device, str(Target.EXCLUSIVE))
    with subprocess.Popen(command, stdin=subprocess.PIPE) as parent:
        assert parent.wait(LIMIT) == -signal.SIGKILL
        context.open_session(Target.EXCLUSIVE).close()
