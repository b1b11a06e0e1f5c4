# SPDX-License-Identifier: BSD-2-Clause
"""The thread that tells of openings which wait for a supplicant, and what it costs others."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import _slow_openings, fake
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.secure_world import application_image
from pytee_client.faults import FaultyKernel
from pytee_client.supplicant import Supplicant

from ..support.programs import program
from ..support.waiting import LIMIT, wait_until

NAME = "pytee_client slow openings"
OTHER = UUID("b6c53aba-9669-4668-a7f2-205629d00f86")


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == NAME]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have slow openings told of soon, and the thread end soon."""
    monkeypatch.setattr(_slow_openings, "DELAY", 0.05)
    yield
    wait_until(lambda: not watchers())


@pytest.fixture
def kernel() -> fake.Kernel:
    return fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / f"{HelloWorld.uuid}.ta").write_bytes(application_image(HelloWorld))
    return tmp_path


def open_and_close(kernel: fake.Kernel | FaultyKernel) -> None:
    with tee.Context(backend=kernel) as context:
        context.open_session(HelloWorld.uuid).close()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "pytee_client"]


@pytest.mark.parametrize("is_observed", [False, True])
def test_each_opening_that_waits_is_told_of_once(
    kernel: fake.Kernel,
    folder: Path,
    pool: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
    is_observed: bool,
) -> None:
    backend = FaultyKernel(kernel) if is_observed else kernel
    openings = [pool.submit(open_and_close, backend) for _ in range(3)]
    wait_until(lambda: len(told(caplog)) == 3)
    # Long enough for more.
    threading.Event().wait(0.2)
    for text in told(caplog):
        assert "opening a session with hello_world (8aaaf200-" in text
        assert "seconds and goes on: OP-TEE waits for its supplicant if it needs it" in text
        assert "have a supplicant.Supplicant(kernel, ...)" in text
    with Supplicant(kernel, applications=[folder]):
        for opening in openings:
            opening.result(LIMIT)
    assert len(told(caplog)) == 3


def test_the_next_opening_of_a_context_is_told_of_too(
    kernel: fake.Kernel, folder: Path, pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    with tee.Context(backend=kernel) as context:
        for _ in range(2):
            caplog.clear()
            opening = pool.submit(context.open_session, HelloWorld.uuid)
            wait_until(lambda: len(told(caplog)) == 1)
            with Supplicant(kernel, applications=[folder]):
                opening.result(LIMIT).close()
            assert len(told(caplog)) == 1


def test_an_opening_that_ends_in_time_is_not_told_of(
    kernel: fake.Kernel,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_slow_openings, "DELAY", 0.5)
    with Supplicant(kernel, applications=[folder]):
        open_and_close(kernel)
    # There is no supplicant any more when the thread looks.
    wait_until(lambda: not watchers())
    assert not told(caplog)


def test_an_opening_that_a_supplicant_serves_is_not_told_of(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Slow(fake.TrustedApplication):
        uuid = OTHER

        def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
            # It ends although the opening goes on: it has told what there was to tell.
            wait_until(lambda: not watchers())

    optee = fake.Optee(supplicant=fake.SupplicantUse.WAIT, applications=[Slow])
    kernel = fake.Kernel(optee)
    with Supplicant(kernel, applications=[folder]), tee.Context(backend=kernel) as context:
        context.open_session(OTHER).close()
    assert not told(caplog)


@pytest.mark.parametrize("profile", ["optee", "amdtee"])
def test_a_kernel_that_needs_no_supplicant_has_no_thread(profile: str) -> None:
    kernel = fake.Kernel(profile)
    assert kernel.has_supplicant is None
    open_and_close(kernel)
    assert not watchers()


def test_a_kernel_says_whether_its_supplicants_are_there(folder: Path) -> None:
    kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT), "amdtee")
    assert kernel.has_supplicant is False
    with Supplicant(kernel, applications=[folder]):
        assert kernel.has_supplicant is True
        assert FaultyKernel(kernel).has_supplicant is True
    assert kernel.has_supplicant is False
    assert fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.NOWAIT)).has_supplicant is False


def test_a_fork_finds_no_thread_and_a_child_has_its_own(
    kernel: fake.Kernel, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later releases of Python warn of a fork beside another thread."""
    monkeypatch.setattr(_slow_openings, "DELAY", LIMIT)
    with Supplicant(kernel, applications=[folder]):
        open_and_close(kernel)
    assert watchers()
    child = os.fork()
    if not child:
        status = 1
        try:
            assert not watchers()
            monkeypatch.setattr(_slow_openings, "DELAY", 0.05)
            own = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT))
            heard = threading.Event()

            def hear(_: logging.LogRecord) -> bool:
                heard.set()
                return True

            logging.getLogger("pytee_client").addFilter(hear)
            threading.Thread(target=open_and_close, args=(own,), daemon=True).start()
            assert heard.wait(LIMIT)
            status = 0
        finally:
            os._exit(status)
    assert not watchers()
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_an_opening_that_goes_on_is_told_of_after_a_fork(
    kernel: fake.Kernel,
    folder: Path,
    pool: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_slow_openings, "DELAY", 1)
    opening = pool.submit(open_and_close, kernel)
    wait_until(lambda: bool(watchers()))
    child = os.fork()
    if not child:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    wait_until(lambda: len(told(caplog)) == 1)
    monkeypatch.setattr(_slow_openings, "DELAY", 0.05)
    with Supplicant(kernel, applications=[folder]):
        opening.result(LIMIT)


def test_without_a_thread_for_it_an_opening_goes_on(
    kernel: fake.Kernel, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with Supplicant(kernel, applications=[folder]), monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        open_and_close(kernel)
        open_and_close(kernel)
    assert not watchers()


def test_the_thread_goes_on_for_the_others_if_something_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errors: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, traceback: errors.append(kind))

    class Broken(_slow_openings.SlowCallsOf):
        due = 0.0
        is_over = False

        def tell(self) -> None:
            self.is_over = True
            raise SystemExit

    first, second = Broken(), Broken()
    first.watch()
    wait_until(lambda: first.is_over)
    second.watch()
    wait_until(lambda: second.is_over)
    assert errors == [SystemExit] * 2


def test_the_thread_takes_no_signals(
    kernel: fake.Kernel, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal that all other threads block waits for them."""
    with Supplicant(kernel, applications=[folder]), monkeypatch.context() as patch:
        patch.setattr(_slow_openings, "DELAY", LIMIT)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        open_and_close(kernel)
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    (thread,) = watchers()
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    (blocked,) = (line for line in status.splitlines() if line.startswith("SigBlk:"))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        assert int(blocked.split()[1], 16) >> (number - 1) & 1
    _slow_openings._watch.before_fork()


def test_openings_load_no_logging(folder: Path) -> None:
    script = """
from pytee_client import Context, fake
from pytee_client.supplicant import Supplicant
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.secure_world import application_image
from pathlib import Path
Path(sys.argv[1], f"{HelloWorld.uuid}.ta").write_bytes(application_image(HelloWorld))
kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.WAIT))
before = "logging" in sys.modules
with Supplicant(kernel, applications=[sys.argv[1]]), Context(backend=kernel) as context:
    context.open_session(HelloWorld.uuid).close()
assert ("logging" in sys.modules) == before
assert "pytee_client._supplicant_remedies" not in sys.modules
"""
    # A program ends although the thread lives.
    script += 'import threading; assert any("slow" in t.name for t in threading.enumerate())\n'
    command = program(script, str(folder))
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
