# SPDX-License-Identifier: BSD-2-Clause
"""What the device of a supplicant answers, on the fake and on real OP-TEE."""

from __future__ import annotations

import contextlib
import errno
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.enums import Result
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.secure_world import application_image
from pytee_client.kernels import Kernel, uapi
from pytee_client.supplicant.device import SupplicantDevice

from ..support.applications.storage import Storage, StorageCommand
from ..support.interruption import Interrupted, interruption
from ..support.linux_kernel import LinuxKernel
from ..support.outputs import output_as
from ..support.programs import program
from ..support.raw_device import RawDevice, refused
from ..support.raw_supplicant import META, ROOM, Received, receive, send
from ..support.renaming_kernel import OPEN, RenamingKernel
from ..support.supplicants import no_supplicant, python_supplicant
from ..support.targets import Target
from ..support.waiting import LIMIT

pytestmark = [pytest.mark.once, pytest.mark.optee_only, pytest.mark.own_boot]

ALL_ROOM = (META, ROOM, ROOM, ROOM, ROOM)
REAL_APPLICATIONS = Path("/lib/optee_armtz")
ABSENT = UUID("11111111-2450-11e4-abe2-0002a5d5c51b")
PRIVATE_STORAGE = 1
READ_WRITE_META = 7
_Request = TypeVar("_Request")
NAME, CONTENT = b"pytee_client test of a supplicant", b"content"


@dataclass(frozen=True)
class Needy:
    """A TEE that nothing serves, and that needs a supplicant.

    Attributes:
        target: the TEE.
        kernel: its kernel.
        files: what its secure world keeps, on the fake.
    """

    target: Target
    kernel: Kernel
    optee: fake.Optee | None

    def supplicant(self) -> RawDevice:
        return RawDevice(self.kernel, self.target.supplicant_device)

    def put(self, folder: Path, uuid: UUID) -> None:
        """Put an application's file into a folder."""
        if self.optee is None:
            shutil.copy(REAL_APPLICATIONS / f"{uuid}.ta", folder)
            return
        application = {cls.uuid: cls for cls in (HelloWorld, Storage)}[uuid]
        (folder / f"{uuid}.ta").write_bytes(application_image(application))


@pytest.fixture
def needy(target: Target) -> Iterator[Needy]:
    if target.is_real:
        with no_supplicant():
            yield Needy(target, LinuxKernel(), None)
        return
    optee = fake.Optee(reg_mem=target.reg_mem, supplicant=fake.SupplicantUse.WAIT)
    kernel = fake.Kernel(optee)
    yield Needy(replace(target, backend=kernel), kernel, optee)


@pytest.fixture
def device(needy: Needy) -> Iterator[RawDevice]:
    with needy.supplicant() as opened:
        yield opened


@pytest.fixture
def request_(needy: Needy, device: RawDevice, pool: ThreadPoolExecutor) -> Future[tee.TeecError]:
    """A client whose first request to the supplicant is on its way; it will fail."""

    def open_in_vain() -> tee.TeecError:
        with needy.target.open_context() as context, pytest.raises(tee.TeecError) as caught:
            context.open_session(HelloWorld.uuid)
        return caught.value

    return pool.submit(open_in_vain)


def end(needy: Needy, device: RawDevice, received: Received) -> None:
    """Fail a request, whatever it is for."""
    send(needy.kernel, device.fd, *received.params, ret=Result.OUT_OF_MEMORY)


def outcome(needy: Needy, device: RawDevice, request_: Future[tee.TeecError]) -> tee.TeecError:
    """Return what came of a call; fail what it asks for besides.

    OP-TEE may have a file of its storage open from an earlier call, to be closed now.
    """
    with interruption() as stop, contextlib.suppress(Interrupted):
        request_.add_done_callback(lambda _: threading.Thread(target=stop.interrupt).start())
        while True:
            end(needy, device, receive(needy.kernel, device.fd, *ALL_ROOM))
    return request_.result(LIMIT)


def test_the_device_is_one_supplicants_until_its_memory_is_gone(needy: Needy) -> None:
    with needy.supplicant() as device:
        assert refused(needy.supplicant) == errno.EBUSY
        fd, _, _ = device.allocate(100)
        needy.kernel.close(device.fd)
        assert refused(needy.supplicant) == errno.EBUSY
        needy.kernel.close(fd)
        device.fd = -1
    with needy.supplicant():
        pass


def test_the_device_has_no_sessions_and_says_that_it_is_privileged(
    needy: Needy, device: RawDevice
) -> None:
    *_, capabilities = device.ioctl(uapi.TEE_IOC_VERSION, uapi.VERSION_DATA, 0, 0, 0)
    assert capabilities & uapi.TEE_GEN_CAP_PRIVILEGED
    for request in (uapi.TEE_IOC_OPEN_SESSION, uapi.TEE_IOC_INVOKE, uapi.TEE_IOC_CANCEL):
        assert refused(device.raw_ioctl, request, 0) == errno.EINVAL
    for request in (uapi.TEE_IOC_SUPPL_RECV, uapi.TEE_IOC_SUPPL_SEND):
        assert refused(device.raw_ioctl, request, 0) == errno.EFAULT


@pytest.mark.parametrize(
    "room",
    [
        (),
        ((1, 0, 0, 0), ROOM),
        ((0x101, 0, 0, 0), ROOM),
        ((0x103, 0, 0, 0), ROOM),
        (META, (2, 0, 0, 0)),
        (META, (5, 0, 0, 99)),
        (META, (4, 0, 0, 0)),
        (META, (0x200, 0, 0, 0)),
    ],
    ids=str,
)
def test_room_of_another_kind_is_refused(
    needy: Needy, device: RawDevice, room: tuple[tuple[int, int, int, int], ...]
) -> None:
    assert refused(receive, needy.kernel, device.fd, *room) == errno.EINVAL


def test_memory_as_room_is_refused_and_not_kept(needy: Needy, device: RawDevice) -> None:
    fd, number, _ = device.allocate(100)
    assert refused(receive, needy.kernel, device.fd, META, (5, 0, 1, number)) == errno.EINVAL
    needy.kernel.close(fd)
    assert device.allocate(100)[1] == number


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ((), errno.EINVAL),
        (((3, 1, 0, 0),), errno.EINVAL),
        (((0x102, 1, 0, 0),), errno.EINVAL),
        (((0x203, 1, 0, 0),), errno.EINVAL),
        (((0x103, 77, 0, 0),), errno.ENOENT),
        (((0x103, 0, 0, 0), (4, 0, 0, 0), (99, 0, 0, 0)), errno.ENOENT),
        (((0x103, 77, 0, 0), (0x200, 0, 0, 0)), errno.EINVAL),
    ],
    ids=str,
)
def test_an_answer_to_nothing_is_refused(
    needy: Needy,
    device: RawDevice,
    params: tuple[tuple[int, int, int, int], ...],
    expected: int,
) -> None:
    for more in (0, 32):
        assert refused(send, needy.kernel, device.fd, *params, more=more) == expected


def test_a_request_waits_for_room_and_for_a_right_answer(
    needy: Needy, device: RawDevice, request_: Future[tee.TeecError]
) -> None:
    received = receive(needy.kernel, device.fd, *ALL_ROOM)
    assert received.number == 1
    count = len(received.params)
    wrong = [received.params[:-1], [*received.params, ROOM], [(3, 1, 0, 0), *received.params[1:]]]
    for params in wrong:
        assert refused(send, needy.kernel, device.fd, *params) == errno.EINVAL
    assert not request_.done()
    beyond = (0x103, 1 << 32 | received.number, 0, 0)
    send(needy.kernel, device.fd, beyond, *received.params[1:], ret=Result.OUT_OF_MEMORY)
    assert outcome(needy, device, request_).code == Result.OUT_OF_MEMORY
    assert count == len(received.params)
    assert refused(send, needy.kernel, device.fd, *received.params) == errno.ENOENT


def test_too_little_room_leaves_the_request(
    needy: Needy, device: RawDevice, request_: Future[tee.TeecError]
) -> None:
    # It refuses the first it sees, and so waits for it.
    assert refused(receive, needy.kernel, device.fd, META) == errno.EINVAL
    received = receive(needy.kernel, device.fd, *ALL_ROOM)
    end(needy, device, received)
    assert outcome(needy, device, request_).origin == tee.Origin.TEE


def test_without_a_number_one_request_is_served_at_a_time(
    needy: Needy, device: RawDevice, request_: Future[tee.TeecError]
) -> None:
    received = receive(needy.kernel, device.fd, *[ROOM] * 5)
    assert not received.params[0][0] & uapi.META
    for room in (ALL_ROOM, [ROOM] * 5):
        assert refused(receive, needy.kernel, device.fd, *room) == errno.EINVAL
    answer = received.params
    assert refused(send, needy.kernel, device.fd, *answer, ROOM) == errno.EINVAL
    assert refused(send, needy.kernel, device.fd, (0x103, 1, 0, 0), *answer) == errno.EINVAL
    end(needy, device, received)
    assert outcome(needy, device, request_).code == Result.OUT_OF_MEMORY


DIE = """
import sys
from uuid import UUID
import pytee_client as tee
tee.Context(sys.argv[1]).open_session(UUID(sys.argv[2]))
"""


def request_of_the_dead(
    needy: Needy, pool: ThreadPoolExecutor, receive: Callable[[], _Request]
) -> _Request:
    """Return a request, taken by receive, whose client is dead."""
    if needy.optee is None:
        command = program(DIE, needy.target.device, str(HelloWorld.uuid))
        with subprocess.Popen(command) as client:
            received = receive()
            client.kill()
        assert client.returncode == -signal.SIGKILL
        return received
    call = pool.submit(needy.optee.supplicant_queue.call, 0, [])
    received = receive()
    needy.optee.supplicant_queue.kill_clients()
    assert call.result(LIMIT) == Result.COMMUNICATION
    return received


def test_an_answer_to_a_dead_client_is_refused_once(
    needy: Needy, device: RawDevice, pool: ThreadPoolExecutor
) -> None:
    received = request_of_the_dead(needy, pool, lambda: receive(needy.kernel, device.fd, *ALL_ROOM))
    if needy.target.release.reports_dead_clients:
        assert refused(send, needy.kernel, device.fd, *received.params) == errno.EBADF
    else:
        send(needy.kernel, device.fd, *received.params)
    assert refused(send, needy.kernel, device.fd, *received.params) == errno.ENOENT


def test_an_answer_that_nobody_waits_for_is_so_in_every_kernels_words(
    needy: Needy, pool: ThreadPoolExecutor
) -> None:
    """Linux says EBADF of a client that was killed only in newer releases, and only once."""
    with contextlib.closing(SupplicantDevice(needy.kernel, needy.target.supplicant_device)) as own:
        request = request_of_the_dead(needy, pool, own.receive)
        errors = [refused(own.send, request, Result.GENERIC) for _ in range(2)]
        assert errors == [errno.ENOENT, errno.ENOENT]
    own.free_all()
    assert refused(own.send, request, Result.GENERIC) == errno.EBADF


def test_a_supplicants_device_that_is_going_away_is_not_there_in_every_kernels_words(
    needy: Needy, device: RawDevice
) -> None:
    """Linux says EINVAL of it while its driver is being unbound, and then ENXIO."""
    kernel = RenamingKernel(needy.kernel, {OPEN: {errno.EBUSY: errno.EINVAL}})
    path = needy.target.supplicant_device
    assert refused(SupplicantDevice, kernel, path) == errno.ENXIO
    # Other words stay as they are.
    assert refused(SupplicantDevice, needy.kernel, path) == errno.EBUSY


@pytest.fixture
def applications(tmp_path: Path, needy: Needy) -> Path:
    folder = tmp_path / "optee_armtz"
    folder.mkdir()
    needy.put(folder, HelloWorld.uuid)
    needy.put(folder, Storage.uuid)
    return folder


def test_the_supplicant_in_python_loads_applications(
    needy: Needy, applications: Path, tmp_path: Path
) -> None:
    with (
        python_supplicant(needy.target, applications, tmp_path / "tee"),
        needy.target.open_context() as context,
    ):
        for _ in range(2):
            with context.open_session(HelloWorld.uuid) as session:
                assert session.invoke_command(0, tee.ValueInOut(41)) == ((42, 0),)


@pytest.mark.parametrize(
    ("uuid", "change", "expected", "remedy"),
    [
        (ABSENT, "none", tee.TrustedApplicationNotFoundError, "install"),
        (ABSENT, "foreign", tee.SecurityError, "is damaged, or"),
        (ABSENT, "renamed", tee.SecurityError, "application"),
        (HelloWorld.uuid, "flipped", tee.SecurityError, "is damaged, or"),
        (HelloWorld.uuid, "empty", tee.OutOfMemoryError, f"{HelloWorld.uuid}.ta is not empty"),
    ],
)
def test_an_image_that_is_not_the_applications_is_refused(
    needy: Needy,
    applications: Path,
    tmp_path: Path,
    uuid: UUID,
    change: str,
    expected: type[tee.TeecError],
    remedy: str,
) -> None:
    image = (applications / f"{HelloWorld.uuid}.ta").read_bytes()
    images = {
        "foreign": bytes(1000),
        "renamed": image,
        "flipped": image[:-1] + bytes([image[-1] ^ 1]),
        "empty": b"",
    }
    if change in images:
        (applications / f"{uuid}.ta").write_bytes(images[change])
    with (
        python_supplicant(needy.target, applications, tmp_path / "tee"),
        needy.target.open_context() as context,
        pytest.raises(expected) as caught,
    ):
        context.open_session(uuid)
    assert caught.value.origin == tee.Origin.TEE
    assert caught.value.remedy
    assert remedy in caught.value.remedy


@pytest.mark.real_only
@pytest.mark.parametrize(
    ("is_folder", "expected", "remedy"),
    [(False, tee.CorruptObjectError, "restore"), (True, tee.GenericError, "read and write")],
    ids=["damaged", "unreadable"],
)
def test_a_storage_that_can_not_be_used_fails_openings(
    needy: Needy,
    applications: Path,
    tmp_path: Path,
    is_folder: bool,
    expected: type[tee.TeecError],
    remedy: str,
) -> None:
    """OP-TEE looks for applications in its storage before it asks for their files."""
    storage = tmp_path / "tee"
    storage.mkdir()
    if is_folder:
        (storage / "dirf.db").mkdir()
    else:
        # Zeros are no damage to newer versions of OP-TEE.
        (storage / "dirf.db").write_bytes(b"\xff" * 20000)
    with (
        python_supplicant(needy.target, applications, storage),
        needy.target.open_context() as context,
        pytest.raises(expected) as caught,
    ):
        context.open_session(HelloWorld.uuid)
    assert caught.value.origin == tee.Origin.TEE
    assert caught.value.remedy
    assert remedy in caught.value.remedy


def test_the_supplicant_in_python_keeps_files(
    needy: Needy, applications: Path, tmp_path: Path
) -> None:
    storage = tmp_path / "tee"
    with (
        python_supplicant(needy.target, applications, storage),
        needy.target.open_context() as context,
        context.open_session(Storage.uuid) as session,
    ):
        (made,) = session.invoke_command(
            StorageCommand.CREATE,
            NAME,
            tee.ValueInOut(READ_WRITE_META, 0),
            (0, PRIVATE_STORAGE),
            CONTENT,
        )
        session.invoke_command(StorageCommand.CLOSE, (output_as(tee.Value, made).b, 0))
    assert any(storage.iterdir())
    with (
        python_supplicant(needy.target, applications, storage),
        needy.target.open_context() as context,
        context.open_session(Storage.uuid) as session,
    ):
        (opened,) = session.invoke_command(
            StorageCommand.OPEN, NAME, tee.ValueInOut(READ_WRITE_META, 0), (PRIVATE_STORAGE, 0)
        )
        data, read = session.invoke_command(
            StorageCommand.READ,
            tee.MemrefTempOutput(100),
            tee.ValueInOut(output_as(tee.Value, opened).b, 0),
        )
        assert output_as(bytes, data)[: output_as(tee.Value, read).b] == CONTENT
        session.invoke_command(StorageCommand.UNLINK, (output_as(tee.Value, opened).b, 0))
        with pytest.raises(tee.ItemNotFoundError):
            session.invoke_command(
                StorageCommand.OPEN, NAME, tee.ValueInOut(READ_WRITE_META, 0), (PRIVATE_STORAGE, 0)
            )
