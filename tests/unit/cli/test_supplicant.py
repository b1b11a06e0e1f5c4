# SPDX-License-Identifier: BSD-2-Clause
"""The supplicant as a program, on the fake; contract tests have it serve real OP-TEE."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.cli import main, supplicant
from pytee_client.cli._answer import Answer, Status
from pytee_client.cli._errors import InputError
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.secure_world import application_image
from pytee_client.kernels import ProxyKernel, uapi
from pytee_client.supplicant import FolderFileSystem, Supplicant
from pytee_client.supplicant.service import SupplicantService

from ...support.applications.storage import Storage, StorageCommand
from ...support.waiting import LIMIT, wait_until

DEVICE = "/dev/teepriv0"
CREATE_FLAGS, PRIVATE_STORAGE = 7, 1
ABSENT = UUID("11111111-2450-11e4-abe2-0002a5d5c51b")


@pytest.fixture
def kernel() -> Iterator[fake.Kernel]:
    """One whose OP-TEE needs a supplicant; nothing is left in it."""
    made = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.NOWAIT))
    yield made
    made.assert_no_leaks()


@pytest.fixture
def applications(tmp_path: Path) -> Path:
    folder = tmp_path / "optee_armtz"
    folder.mkdir()
    for application in (HelloWorld, Storage):
        (folder / f"{application.uuid}.ta").write_bytes(application_image(application))
    return folder


def parsed(*words: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    supplicant.add_arguments(parser)
    return parser.parse_args(list(map(str, words)))


def served(
    kernel: fake.Kernel, use: Callable[[], object], *words: object, sent: int = signal.SIGTERM
) -> Answer:
    """Serve in this thread while another uses the TEE, and then sends a signal."""

    def use_and_end() -> None:
        try:
            wait_until(lambda: kernel.has_supplicant is True)
            use()
        finally:
            os.kill(os.getpid(), sent)

    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with ThreadPoolExecutor(1) as pool:
        using = pool.submit(use_and_end)
        answer = supplicant.serve(kernel, parsed("--device", DEVICE, *words))
        using.result(LIMIT)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers
    assert kernel.has_supplicant is False
    return answer


def make_object(context: tee.Context) -> None:
    """Have the secure world store an object."""
    with context.open_session(Storage.uuid) as session:
        session.invoke_command(
            StorageCommand.CREATE,
            b"a name",
            tee.ValueInOut(CREATE_FLAGS, 0),
            (0, PRIVATE_STORAGE),
            b"a secret",
        )


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_counts_what_it_served(
    kernel: fake.Kernel,
    applications: Path,
    tmp_path: Path,
    sent: signal.Signals,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def use() -> None:
        with tee.Context(backend=kernel) as context:
            with context.open_session(HelloWorld.uuid) as session:
                assert session.invoke_command(0, tee.ValueInOut(41)) == ((42, 0),)
            with pytest.raises(tee.TrustedApplicationNotFoundError):
                context.open_session(ABSENT)

    storage = tmp_path / "tee"
    answer = served(kernel, use, "--applications", applications, "--storage", storage, sent=sent)
    assert answer.status == Status.OK
    assert answer.data["ended_by"] == sent.name
    assert answer.data["device"] == DEVICE
    assert answer.data["requests"]["LOAD_TA"] >= 2
    assert answer.data["refused"] >= 1
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"serving {DEVICE}: applications in {applications}; storage in {storage}\n"
    )


def test_verbose_tells_each_request_and_nothing_of_its_contents(
    kernel: fake.Kernel, applications: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def use() -> None:
        with tee.Context(backend=kernel) as context:
            make_object(context)

    words = ("--applications", applications, "--storage", tmp_path / "tee", "--verbose")
    answer = served(kernel, use, *words)
    _, *lines = capfd.readouterr().err.splitlines()
    assert any(line.startswith(f"LOAD_TA {Storage.uuid}: SUCCESS, ") for line in lines)
    assert any(line.startswith("FS CREATE: SUCCESS, ") for line in lines)
    assert all(line.endswith(" ms") for line in lines)
    assert len(lines) == sum(answer.data["requests"].values())
    assert "secret" not in "".join(lines)


def test_without_storage_files_are_refused(kernel: fake.Kernel, applications: Path) -> None:
    def use() -> None:
        with tee.Context(backend=kernel) as context, pytest.raises(tee.TeecError) as caught:
            make_object(context)
        assert caught.value.code == tee.Result.STORAGE_NOT_AVAILABLE

    served(kernel, use, "--applications", applications, "--no-storage")


def test_the_request_at_hand_is_answered_before_it_ends(
    kernel: fake.Kernel,
    applications: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pool: ThreadPoolExecutor,
) -> None:
    is_reached, must_stop = threading.Event(), threading.Event()
    create, stop = FolderFileSystem.create, SupplicantService.stop

    def slow_create(self: FolderFileSystem, name: str) -> int:
        is_reached.set()
        assert must_stop.wait(LIMIT)
        return create(self, name)

    def told_stop(self: SupplicantService) -> None:
        stop(self)
        must_stop.set()

    monkeypatch.setattr(FolderFileSystem, "create", slow_create)
    monkeypatch.setattr(SupplicantService, "stop", told_stop)

    def store() -> None:
        # Its later requests have nobody that serves them.
        with tee.Context(backend=kernel) as context, contextlib.suppress(tee.TeecError):
            make_object(context)

    storing: list[Future[None]] = []

    def use() -> None:
        storing.append(pool.submit(store))
        assert is_reached.wait(LIMIT)

    storage = tmp_path / "tee"
    answer = served(kernel, use, "--applications", applications, "--storage", storage)
    storing[0].result(LIMIT)
    assert answer.data["ended_by"] == "SIGTERM"
    assert answer.data["requests"]["FS"] >= 1
    assert any(storage.iterdir())


class Interrupting(ProxyKernel):
    """Has a device on which every wait for a request is interrupted, as by a signal on Linux."""

    def __init__(self, kernel: fake.Kernel, happened: list[str]) -> None:
        super().__init__(kernel)
        self._happened = happened
        self.is_waited_for = threading.Event()

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        if request == uapi.TEE_IOC_SUPPL_RECV:
            self.is_waited_for.set()
            threading.Event().wait(0.001)
            raise InterruptedError
        return super().ioctl(fd, request, argument)

    def close(self, fd: int) -> None:
        self._happened.append("closed")
        super().close(fd)


def test_a_wait_that_a_signal_ends_is_over_before_the_device_is_closed(
    kernel: fake.Kernel, applications: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    run = SupplicantService.run

    def told_run(self: SupplicantService) -> OSError | None:
        error = run(self)
        happened.append("returned" if error is None else "failed")
        return error

    monkeypatch.setattr(SupplicantService, "run", told_run)
    interrupting = Interrupting(kernel, happened)

    def end() -> None:
        assert interrupting.is_waited_for.wait(LIMIT)
        os.kill(os.getpid(), signal.SIGTERM)

    with ThreadPoolExecutor(1) as threads:
        ending = threads.submit(end)
        words = parsed("--applications", applications, "--no-storage")
        answer = supplicant.serve(interrupting, words)
        ending.result(LIMIT)
    assert answer.data["ended_by"] == "SIGTERM"
    assert happened == ["returned", "closed"]


class Failing(ProxyKernel):
    """Has a device that receives nothing."""

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        if request == uapi.TEE_IOC_SUPPL_RECV:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return super().ioctl(fd, request, argument)


def test_a_device_that_goes_away_is_an_error(
    kernel: fake.Kernel, applications: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = parsed("--applications", applications, "--no-storage")
    answer = supplicant.serve(Failing(kernel), words)
    assert answer.status == Status.TEE_ERROR
    assert answer.data["ended_by"] is None
    assert answer.data["error"]["errno"] == errno.ENODEV
    assert "error: serving /dev/teepriv0 has ended: " in capfd.readouterr().err


def test_a_second_supplicant_is_refused(kernel: fake.Kernel, applications: Path) -> None:
    with (
        Supplicant(kernel),
        pytest.raises(tee.SupplicantRunningError, match="stop the other"),
    ):
        supplicant.serve(kernel, parsed("--applications", applications, "--no-storage"))


def test_a_folder_that_can_not_be_used_is_told_and_the_device_given_back(
    kernel: fake.Kernel, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="is no folder: make it"):
        supplicant.serve(kernel, parsed("--applications", file))
    with pytest.raises(InputError, match=r"can't be used: .*--no-storage"):
        supplicant.serve(kernel, parsed("--applications", tmp_path, "--storage", file / "below"))


def test_a_machine_without_the_device_is_status_3(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["--device", "/dev/teepriv77", "--applications", str(tmp_path), "--no-storage"]
    assert main(["supplicant", *words, "--json"]) == Status.NO_TEE
    captured = capfd.readouterr()
    assert json.loads(captured.out)["error"]["class"] == "DeviceNotFoundError"
    assert "error: " in captured.err


def test_the_package_is_the_same_program(tmp_path: Path) -> None:
    words = ["--device", "/dev/teepriv77", "--applications", str(tmp_path), "--no-storage"]
    done = [
        subprocess.run(
            [sys.executable, "-m", *module, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
        )
        for module in (["pytee_client", "supplicant"], ["pytee_client.supplicant"])
    ]
    assert [one.returncode for one in done] == [Status.NO_TEE] * 2
    assert done[0].stderr == done[1].stderr
