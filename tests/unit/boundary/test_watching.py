# SPDX-License-Identifier: BSD-2-Clause
"""The thread that looks for SIGINT: when it is there, and what it never touches."""

from __future__ import annotations

import ctypes
import os
import resource
import select
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.kernels import uapi

from ...support.programs import program
from ...support.sigint import (
    count_of_threads,
    descriptors,
    interrupt_itself,
    meanwhile,
    raising,
    send,
    tasks,
    the_watcher,
    watchers,
)
from ...support.stand_in import StandIn, environment, on_stand_in
from ...support.waiting import LIMIT, begin

ANY = UUID(int=1)
INVOKE, CANCEL = uapi.TEE_IOC_INVOKE, uapi.TEE_IOC_CANCEL


def opened(device: StandIn) -> tuple[tee.Context, tee.Session]:
    context = tee.Context(device.path)
    return context, context.open_session(ANY)


def is_interrupted(device: StandIn, session: tee.Session) -> None:
    """Have SIGINT end a command of this thread, which is the main one."""
    rule = device.on(INVOKE, cancellable=True)
    with raising(), meanwhile(rule.wait, send), pytest.raises(KeyboardInterrupt):
        session.invoke_command(0)


def status_of_child(work: Callable[[], object]) -> int:
    """Do something in a child; return 0 if it raised nothing."""
    pid = os.fork()
    if not pid:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1]


def is_alone() -> None:
    assert tasks() == [os.getpid()]
    assert not descriptors()


@on_stand_in
def test_the_first_call_of_the_main_thread_starts_it(device: StandIn) -> None:
    is_alone()
    with tee.Context(device.path) as context:
        is_alone()
        begin(lambda: context.open_session(ANY).close()).result(LIMIT)
        assert not watchers()
        with context.open_session(ANY) as session:
            for _ in range(3):
                session.invoke_command(0)
            the_watcher()
        for fd in descriptors().values():
            assert not os.get_inheritable(fd)


def test_calls_of_the_fake_start_none() -> None:
    script = """
import os, uuid
import pytee_client as tee
context = tee.Context("fake:")
with context.open_session(uuid.UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")) as session:
    session.invoke_command(0, tee.ValueInOut(1))
names = [open(f"/proc/self/task/{task}/comm").read() for task in os.listdir("/proc/self/task")]
assert "pytee-sigint\\n" not in names
"""
    subprocess.run(program(script), check=True, timeout=LIMIT)


@on_stand_in
def test_a_fork_finds_no_other_thread(device: StandIn) -> None:
    context, session = opened(device)
    with context, session:
        for _ in range(200):
            session.invoke_command(0)
            the_watcher()
            pid = os.fork()
            if not pid:
                os._exit(len(tasks()) != 1 or bool(descriptors()))
            # As Python does after a fork.
            assert count_of_threads() == 1
            assert os.waitpid(pid, 0)[1] == 0
        is_interrupted(device, session)


@on_stand_in
def test_a_fork_in_c_finds_no_other_thread(device: StandIn) -> None:
    context, session = opened(device)
    with context, session:
        the_watcher()
        pid = ctypes.PyDLL(None).fork()
        if not pid:
            os._exit(len(tasks()) != 1 or bool(descriptors()))
        assert not watchers()
        assert os.waitpid(pid, 0)[1] == 0
        is_interrupted(device, session)


@on_stand_in
def test_a_child_has_its_own(device: StandIn) -> None:
    context, session = opened(device)
    with context, session:

        def use_its_own() -> None:
            is_alone()
            own, session = opened(device)
            with own, session:
                is_interrupted(device, session)
                the_watcher()

        assert status_of_child(use_its_own) == 0
        session.invoke_command(0)
        the_watcher()


@on_stand_in
def test_the_thread_that_forks_is_the_main_one_of_the_child(device: StandIn) -> None:
    context, session = opened(device)
    with context, session:

        def use_its_own() -> None:
            is_alone()
            own, session = opened(device)
            with own, session:
                is_interrupted(device, session)

        # It has made a call before.
        def fork() -> int:
            session.invoke_command(0)
            return status_of_child(use_its_own)

        assert begin(fork).result(LIMIT) == 0


@on_stand_in
def test_it_is_back_after_a_fork_while_the_main_thread_waits(device: StandIn) -> None:
    context, session = opened(device)
    with context, session:
        rule = device.on(INVOKE, cancellable=True)

        def fork() -> None:
            rule.wait()
            assert status_of_child(is_alone) == 0
            send()

        with raising(), meanwhile(fork), pytest.raises(KeyboardInterrupt):
            session.invoke_command(0)
        assert len(device.calls(CANCEL)) == 1


@on_stand_in
def test_a_fork_does_not_wait_for_a_cancellation(device: StandIn) -> None:
    context, session = opened(device)
    with context, session:
        call, cancel = device.on(INVOKE, hold=True), device.on(CANCEL, hold=True)

        def fork() -> None:
            call.wait()
            send()
            cancel.wait()
            assert status_of_child(is_alone) == 0
            cancel.let_go()
            call.let_go()

        with raising(), meanwhile(fork), pytest.raises(KeyboardInterrupt):
            session.invoke_command(0)
        is_interrupted(device, session)


def replace_descriptors(kinds: list[str]) -> tuple[list[int], list[int]]:
    """Close descriptors of these kinds, and have others there; return those, and their ends."""
    numbers = [descriptors()[f"anon_inode:[{kind}]"] for kind in kinds]
    reading, writing = [], []
    for number in numbers:
        end, other = os.pipe()
        os.dup2(end, number)
        os.close(end)
        reading.append(number)
        writing.append(other)
    return reading, writing


@pytest.mark.parametrize("kinds", [["eventpoll"], ["signalfd"], ["signalfd", "eventpoll"]])
@on_stand_in
def test_a_program_may_close_all_descriptors(device: StandIn, kinds: list[str]) -> None:
    context, session = opened(device)
    with context, session:
        reading, writing = replace_descriptors(kinds)
        with raising(), pytest.raises(KeyboardInterrupt):
            interrupt_itself()
        assert status_of_child(lambda: None) == 0
        # They are the program's, and untouched.
        for fd, other in zip(reading, writing, strict=True):
            assert not select.select([fd], [], [], 0)[0]
            os.write(other, b"it")
            assert os.read(fd, 10) == b"it"
            os.close(fd)
            os.close(other)
        is_interrupted(device, session)


@on_stand_in
def test_calls_work_without_it(device: StandIn) -> None:
    context = tee.Context(device.path)
    session = begin(context.open_session, ANY).result(LIMIT)
    _, most = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with context, session:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, most))
        try:
            assert session.invoke_command(0, tee.ValueInOut(1, 2)) == ((2, 2),)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert not watchers()
        assert not descriptors()


EXITS = {
    "the end": "",
    "exit": "sys.exit(0)",
    "an exit at once": "os._exit(0)",
    "a thread in a call": """
threading.Thread(target=wait, daemon=True).start()
rule.wait()
""",
    "exit in a child": """
pid = os.fork()
if pid:
    assert os.waitpid(pid, 0)[1] == 0
""",
    "calls at exit": "import atexit; atexit.register(session.invoke_command, 0)",
    "an interrupt at exit": """
import atexit
signal.signal(signal.SIGINT, lambda *_: None)
atexit.register(os.kill, os.getpid(), signal.SIGINT)
""",
}


@pytest.mark.parametrize("how", EXITS)
def test_python_ends_as_ever(how: str, tmp_path: Path) -> None:
    script = f"""
import os, signal, sys, threading, uuid
from pathlib import Path
import pytee_client as tee
from pytee_client.kernels import uapi
from tests.support.stand_in import StandIn
device = StandIn(Path(os.environ["PYTEE_STAND_IN"]), Path(os.environ["LD_PRELOAD"]))
context = tee.Context(device.path)
session = context.open_session(uuid.UUID(int=1))
session.invoke_command(0)
rule = device.on(uapi.TEE_IOC_INVOKE, hold=True, skip=1)
def wait():
    session.invoke_command(0)
    session.invoke_command(0)
{EXITS[how]}
"""
    done = subprocess.run(
        program(script, options=("-X", "faulthandler", "-W", "ignore::ResourceWarning")),
        check=False,
        env=environment(tmp_path / "tee0"),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@on_stand_in
def test_an_application_in_python_forks_alone(device: StandIn) -> None:
    """Its call is one of the main thread, but it does not wait in Linux."""
    context, session = opened(device)

    class Forking(fake.TrustedApplication):
        uuid = UUID(int=7)

        def invoke_command(self, *_: object) -> None:
            assert status_of_child(is_alone) == 0
            assert count_of_threads() == 1

    kernel = fake.Kernel()
    kernel.install(Forking)
    with context, session, tee.Context(backend=kernel) as other:
        the_watcher()
        with other.open_session(Forking.uuid) as forking:
            forking.invoke_command(0)
        is_interrupted(device, session)
    kernel.assert_no_leaks()


@on_stand_in
def test_a_call_to_linux_within_one_to_a_kernel_in_python_is_cancelled(device: StandIn) -> None:
    context, session = opened(device)
    rule = device.on(INVOKE, cancellable=True)

    class Calling(fake.TrustedApplication):
        uuid = UUID(int=7)

        def invoke_command(self, *_: object) -> None:
            session.invoke_command(0)

    kernel = fake.Kernel()
    kernel.install(Calling)
    with (
        context,
        session,
        tee.Context(backend=kernel) as other,
        other.open_session(Calling.uuid) as calling,
    ):
        with raising(), meanwhile(rule.wait, send), pytest.raises(KeyboardInterrupt):
            calling.invoke_command(0)
        assert len(device.calls(CANCEL)) == 1
        with raising(), pytest.raises(KeyboardInterrupt):
            interrupt_itself()
        assert len(device.calls(CANCEL)) == 1
    kernel.assert_no_leaks()
