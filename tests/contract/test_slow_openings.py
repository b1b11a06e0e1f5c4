# SPDX-License-Identifier: BSD-2-Clause
"""What is told of an opening that waits for a supplicant, on the fake and on real OP-TEE."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import pytee_client as tee
from pytee_client import _slow_openings, _supplicant_remedies, fake
from pytee_client._supplicant_remedies import (
    Sight,
    for_slow_command,
    for_slow_opening,
    look_for_supplicant,
)
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.secure_world import application_image
from pytee_client.supplicant.device import SupplicantDevice

from ..support.applications.storage import Storage, StorageCommand
from ..support.linux_kernel import LinuxKernel
from ..support.supplicants import no_supplicant, python_supplicant
from ..support.targets import Target
from ..support.waiting import LIMIT, wait_until

pytestmark = [pytest.mark.once, pytest.mark.optee_only, pytest.mark.own_boot]

OPTEE = tee.ImplementationId.OPTEE
PRIVATE_STORAGE = 1
READ_WRITE_META = 7
REAL_APPLICATIONS = Path("/lib/optee_armtz")


@pytest.fixture
def unserved(target: Target) -> Iterator[Target]:
    """An OP-TEE that needs a supplicant and has none."""
    if target.is_real:
        with no_supplicant():
            yield target
        return
    optee = fake.Optee(reg_mem=target.reg_mem, supplicant=fake.SupplicantUse.WAIT)
    yield replace(target, backend=fake.Kernel(optee))


@pytest.fixture
def applications(tmp_path: Path, unserved: Target) -> Path:
    folder = tmp_path / "optee_armtz"
    folder.mkdir()
    for application in (HelloWorld, Storage):
        name = f"{application.uuid}.ta"
        if unserved.is_real:
            shutil.copy(REAL_APPLICATIONS / name, folder)
        else:
            (folder / name).write_bytes(application_image(application))
    return folder


@pytest.fixture(autouse=True)
def looks_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_supplicant_remedies, "FRESH", 0)


def remedies(target: Target) -> list[str | None]:
    return [
        for_slow_opening(OPTEE, target.kernel),
        for_slow_command(OPTEE, target.kernel),
    ]


def test_an_opening_that_waits_for_a_supplicant_is_told_of_and_goes_on_with_one(
    unserved: Target,
    applications: Path,
    tmp_path: Path,
    pool: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_slow_openings, "DELAY", 0.3)

    def open_session() -> object:
        with (
            unserved.open_context() as context,
            context.open_session(HelloWorld.uuid) as session,
        ):
            return session.invoke_command(0, tee.ValueInOut(1))

    opening = pool.submit(open_session)
    wait_until(lambda: bool(caplog.records))
    with python_supplicant(unserved, applications, tmp_path / "tee"):
        assert opening.result(LIMIT) == ((2, 0),)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("pytee_client", "WARNING")
    text = record.getMessage()
    assert text.startswith("opening a session with hello_world (8aaaf200-")
    if unserved.is_real:
        assert "no process has its device /dev/teepriv0 open: start tee-supplicant" in text
    else:
        assert "have a supplicant.Supplicant(kernel, ...)" in text


def test_one_can_know_whether_there_is_a_supplicant(unserved: Target) -> None:
    kernel = unserved.kernel
    assert look_for_supplicant(kernel) is Sight.NONE
    assert all("waits for its supplicant" in (remedy or "") for remedy in remedies(unserved))
    device = SupplicantDevice(kernel or LinuxKernel(), unserved.supplicant_device)
    with contextlib.closing(device):
        assert look_for_supplicant(kernel) is Sight.SERVES
        opening, command = remedies(unserved)
        assert opening
        assert "it runs, but may be stuck" in opening
        assert command is None
    assert look_for_supplicant(kernel) is Sight.NONE


def _sent(make: Callable[[], BaseException | None]) -> tee.DeadlineError:
    """Return the error of an opening that a worker began with before its deadline."""
    while True:
        error = make()
        assert isinstance(error, tee.DeadlineError)
        if error.still_running:
            return error


def test_the_deadline_of_an_opening_says_that_no_supplicant_may_run(
    unserved: Target, applications: Path, tmp_path: Path
) -> None:
    with unserved.open_context() as context:

        def open_within() -> BaseException | None:
            with pytest.raises(tee.DeadlineError) as caught:
                context.open_session(HelloWorld.uuid, timeout=0.1, grace=0.1)
            return caught.value

        def submit_within() -> BaseException | None:
            return context._submit_session(HelloWorld.uuid, timeout=0.1, grace=0.1).exception(LIMIT)

        for make in (open_within, submit_within):
            error = _sent(make)
            assert error.remedy
            assert "waits for its supplicant if it needs it to load the file" in error.remedy
            assert error.remedy in str(error)
        with python_supplicant(unserved, applications, tmp_path / "tee"):
            context.open_session(HelloWorld.uuid, timeout=LIMIT).close()


def test_the_deadline_of_a_command_says_that_no_supplicant_runs(
    unserved: Target, applications: Path, tmp_path: Path
) -> None:
    def create(session: tee.Session, timeout: float) -> None:
        session.invoke_command(
            StorageCommand.CREATE,
            b"an object of a command that waits",
            tee.ValueInOut(READ_WRITE_META, 0),
            (0, PRIVATE_STORAGE),
            b"content",
            timeout=timeout,
            grace=0,
        )

    with unserved.open_context() as context:
        with python_supplicant(unserved, applications, tmp_path / "tee"):
            session = context.open_session(Storage.uuid)

        def create_within() -> BaseException | None:
            with pytest.raises(tee.DeadlineError) as caught:
                create(session, 0.2)
            return caught.value

        remedy = _sent(create_within).remedy
        assert remedy
        assert "for the Trusted Application's persistent objects" in remedy
        with python_supplicant(unserved, applications, tmp_path / "tee"):
            wait_until(lambda: not session.is_busy)
            session.close()


def test_other_tees_have_no_supplicant(unserved: Target) -> None:
    other = tee.ImplementationId.AMDTEE
    assert for_slow_opening(other, unserved.kernel) is None
    assert for_slow_command(other, unserved.kernel) is None
