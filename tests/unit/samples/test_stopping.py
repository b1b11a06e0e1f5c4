# SPDX-License-Identifier: BSD-2-Clause
"""What the pages on calls that stop, on asyncio, pools and processes show works, on the fake."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import sys
import threading
from types import ModuleType

import pytest

import pytee_client as tee
from pytee_client import aio, fake
from pytee_client.fake.applications import HelloWorld

from ...support.waiting import LIMIT, wait_until
from .running import Digester, Sample, Waiter, on_loop, run


def test_a_call_that_waits_is_cancelled_by_the_sample(
    context: tee.Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class WhenBegun(threading.Timer):
        def run(self) -> None:
            assert Waiter.has_begun.wait(LIMIT)
            self.function()

    monkeypatch.setattr(threading, "Timer", WhenBegun)
    Waiter.has_begun.clear()
    with context.open_session(Waiter.uuid) as waiting:
        names = run(Sample.CANCELLING, session=waiting)
    assert names["operation"].state is tee.OperationState.DONE
    assert capsys.readouterr().out == "cancelled by TRUSTED_APP\n"


def test_a_call_that_takes_too_long_is_left_by_the_sample(
    context: tee.Context, capsys: pytest.CaptureFixture[str]
) -> None:
    with context.open_session(Waiter.uuid) as waiting:
        run(Sample.TIME_OUTS, session=waiting)
    assert capsys.readouterr().out == "came back late\n"


def test_commands_are_submitted_by_the_sample(
    context: tee.Context, capsys: pytest.CaptureFixture[str]
) -> None:
    with context.open_session(HelloWorld.uuid) as opened:
        run(Sample.SUBMITTED, session=opened)
    lines = {f"(Value(a={number + 1}, b=0),)" for number in range(100)}
    assert {*capsys.readouterr().out.splitlines()} == lines


def test_a_program_ends_by_the_sample_when_it_is_told_to() -> None:
    def terminate() -> None:
        assert Waiter.has_begun.wait(LIMIT)
        os.kill(os.getpid(), signal.SIGTERM)

    Waiter.has_begun.clear()
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=terminate)
    thread.start()
    own_kernel = fake.Kernel(applications=[Waiter])
    own = tee.Context(backend=own_kernel)
    try:
        with pytest.raises(SystemExit):
            run(Sample.CLOSING, context=own, VAULT=Waiter.uuid)
    finally:
        signal.signal(signal.SIGTERM, before)
        thread.join(LIMIT)
    assert own.closed
    # The call that was given up closes the device at its end.
    wait_until(lambda: own_kernel.resources().descriptors == 0)


def test_the_sample_for_asyncio_prints_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    run(Sample.ASYNCIO)
    assert capsys.readouterr().out == "2\n"


def test_a_task_leaves_a_call_as_the_sample_says(kernel: fake.Kernel) -> None:
    async def use(session: aio.Session) -> tuple[bytes | None, bytes | None]:
        return await digest(session, LIMIT), await digest(session, 0)

    digest = run(Sample.LEAVING)["digest_within"]
    assert on_loop(kernel, Digester.uuid, use) == (hashlib.sha256(b"abc").digest(), None)


def test_a_call_on_a_loop_is_cancelled_by_the_sample(
    kernel: fake.Kernel, capsys: pytest.CaptureFixture[str]
) -> None:
    on_loop(kernel, Waiter.uuid, run(Sample.STOPPING)["stop_soon"])
    assert capsys.readouterr().out == "stopped by TRUSTED_APP\n"


def test_shared_memory_is_used_on_a_loop_by_the_sample(kernel: fake.Kernel) -> None:
    content = on_loop(kernel, Digester.uuid, run(Sample.ASYNC_MEMORY)["fill"])
    assert content == bytes(100)


def test_a_pool_is_used_by_the_sample(
    context: tee.Context, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run(Sample.POOL, context=context, VAULT=Digester.uuid)
    assert names["digest"] == hashlib.sha256(b"abc").digest()
    assert "opened=1" in capsys.readouterr().out


def test_a_pool_is_drained_on_a_loop_by_the_sample(kernel: fake.Kernel) -> None:
    serve = run(Sample.ASYNC_POOL, VAULT=HelloWorld.uuid)["serve"]
    numbers = on_loop(kernel, HelloWorld.uuid, lambda session: serve(session.context))
    assert numbers == list(range(1, 101))


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_a_pool_of_processes_has_the_sessions_of_the_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run(Sample.PROCESSES, VAULT=HelloWorld.uuid)
    # Workers look for its functions in the module that they are of.
    module = ModuleType(Sample.PROCESSES.name)
    vars(module).update(names)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    fork = multiprocessing.get_context("fork")
    monkeypatch.setattr(multiprocessing, "get_context", lambda _: fork)
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    names["main"]()
    assert capsys.readouterr().out == f"{list(range(1, 11))}\n"
