# SPDX-License-Identifier: BSD-2-Clause
"""The end of a supplicant, and of those whom it serves: nothing is held up, nothing is left."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.enums import Result
from pytee_client.fake.secure_world import MemoryFileSystem
from pytee_client.fake.structures import Param
from pytee_client.supplicant import Supplicant
from pytee_client.supplicant.rpc_command import FsOperation, RpcCommand

from ...support.interruption import Interrupted, interruption
from ...support.own_application import OwnApplication, do, opened
from ...support.raw_device import RawDevice
from ...support.waiting import LIMIT, begin, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = (b"one", b"other")


class Files(MemoryFileSystem):
    """Does something before it makes a file, and before it closes one."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Callable[[], object] = lambda: None

    def create(self, name: str) -> int:
        self.before()
        return super().create(name)

    def close(self, handle: int) -> None:
        self.before()
        super().close(handle)


class Pause:
    """Has the supplicant wait in a file system."""

    def __init__(self, files: Files) -> None:
        self._is_reached, self._may_go_on = threading.Event(), threading.Event()
        self._was_too_long = False
        files.before = self._pause

    def _pause(self) -> None:
        self._is_reached.set()
        self._was_too_long = not self._may_go_on.wait(LIMIT)

    def wait(self) -> None:
        assert self._is_reached.wait(LIMIT)

    def end(self) -> None:
        """Let it go on; whoever calls this must not have waited for it."""
        assert not self._was_too_long
        self._may_go_on.set()


@pytest.fixture
def optee() -> fake.Optee:
    return fake.Optee(supplicant=fake.SupplicantUse.NOWAIT)


@pytest.fixture
def kernel(optee: fake.Optee) -> fake.Kernel:
    kernel = fake.Kernel(optee)
    kernel.install(OwnApplication)
    return kernel


@pytest.fixture
def files() -> Files:
    return Files()


def create(ta: OwnApplication, _: object) -> None:
    for name in NAMES:
        ta.core.create_persistent_object(name)


def reopen(ta: OwnApplication, _: object) -> None:
    """Open what nobody else may have open."""
    for name in NAMES:
        ta.core.open_persistent_object(name).close()


def create_in_a_session(kernel: fake.Kernel) -> None:
    with opened(kernel) as session:
        do(session, create)


def serves() -> bool:
    return any(thread.name.startswith("supplicant") for thread in threading.enumerate())


@pytest.mark.parametrize("end", ["session", "descriptor", "panic"])
def test_objects_that_outlive_the_supplicant_end_with_their_instance(
    kernel: fake.Kernel, files: Files, end: str
) -> None:
    with Supplicant(kernel, storage=files) as supplicant:
        if end == "descriptor":

            class Opening(OwnApplication):
                def open_session(
                    self, session: fake.ClientSession, parameters: fake.Parameters
                ) -> None:
                    create(self, session)

            kernel.install(Opening)
            device = RawDevice(kernel)
            assert device.open_session(Opening.uuid).result == Result.SUCCESS
            supplicant.close()
            kernel.close(device.fd)
            kernel.install(OwnApplication)
        else:
            with opened(kernel) as session:
                do(session, create)
                supplicant.close()
                if end == "panic":
                    with pytest.raises(tee.TargetDeadError):
                        do(session, lambda _, session: session.panic(1))
    kernel.assert_no_leaks()
    with Supplicant(kernel, storage=files), opened(kernel) as session:
        do(session, reopen)


def test_a_supplicant_that_is_forgotten_in_its_own_thread_leaves_nothing(
    kernel: fake.Kernel, files: Files
) -> None:
    with pytest.warns(ResourceWarning, match="unclosed <Supplicant"):
        forgotten = [Supplicant(kernel, storage=files)]
        files.before = forgotten.clear
        with pytest.raises(tee.CommunicationError):
            create_in_a_session(kernel)
    wait_until(lambda: not serves())
    kernel.assert_no_leaks()
    with Supplicant(kernel, storage=files):
        create_in_a_session(kernel)


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no supplicant wait for its thread when it is closed."""
    monkeypatch.setattr("pytee_client.supplicant.supplicant._PATIENCE", 0)


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize("reg_mem", [True, False])
def test_a_supplicant_that_takes_too_long_leaves_nothing_once_it_ends(
    files: Files, reg_mem: bool
) -> None:
    kernel = fake.Kernel(fake.Optee(reg_mem=reg_mem, supplicant=fake.SupplicantUse.NOWAIT))
    kernel.install(OwnApplication)
    pause = Pause(files)
    with Supplicant(kernel, storage=files):
        creating = begin(create_in_a_session, kernel)
        pause.wait()
    with pytest.raises(tee.CommunicationError):
        creating.result(LIMIT)
    pause.end()
    wait_until(lambda: not serves())
    kernel.assert_no_leaks()


@pytest.mark.usefixtures("no_patience")
def test_a_supplicant_that_takes_too_long_does_not_serve_in_the_next_ones_place(
    kernel: fake.Kernel, optee: fake.Optee, files: Files
) -> None:
    pause = Pause(files)
    # Without memory: that would keep the next one out.
    request = [Param(fake.ParamType.VALUE_INPUT, a=FsOperation.CLOSE, b=1)]
    with Supplicant(kernel, storage=files):
        closing = begin(optee.rpc.call, RpcCommand.FS, request)
        pause.wait()
    assert closing.result(LIMIT) == Result.COMMUNICATION
    with RawDevice(kernel, "/dev/teepriv0"):
        pause.end()
        wait_until(lambda: not serves())


def test_one_interrupt_is_enough_to_leave_a_call_that_waits_for_the_supplicant(
    kernel: fake.Kernel, files: Files
) -> None:
    pause = Pause(files)
    with Supplicant(kernel, storage=files), interruption() as made:

        def interrupt() -> None:
            pause.wait()
            made.interrupt()

        interrupting = begin(interrupt)
        with pytest.raises(Interrupted):
            create_in_a_session(kernel)
        pause.end()
        interrupting.result(LIMIT)
    kernel.assert_no_leaks()
