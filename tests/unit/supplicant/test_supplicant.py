# SPDX-License-Identifier: BSD-2-Clause
"""The supplicant in Python, and what the fake OP-TEE needs it for."""

from __future__ import annotations

import errno
import gc
import mmap
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.enums import Result
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.secure_world import application_image
from pytee_client.fake.secure_world.storage.memory import MemoryFileSystem
from pytee_client.fake.structures import Param
from pytee_client.kernels import uapi
from pytee_client.supplicant import Supplicant
from pytee_client.supplicant.folder_file_system import FolderFileSystem
from pytee_client.supplicant.rpc_command import FsOperation, RpcCommand

from ...support.raw_device import RawDevice, refused
from ...support.raw_supplicant import META, ROOM, receive, send
from ...support.waiting import LIMIT, interrupted_soon, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import ThreadPoolExecutor

TYPE = fake.ParamType
PAGE = mmap.PAGESIZE
ABSENT = UUID("11111111-2450-11e4-abe2-0002a5d5c51b")
# The first is more than the kernel has in one piece.
SIZES = (5 << 20 | 5, 1, 0)


class Single(HelloWorld):
    uuid = UUID("11111111-0000-11e4-abe2-0002a5d5c51b")
    single_instance = True
    multi_session = True


@pytest.fixture(params=[True, False], ids=["reg-mem", "no-reg-mem"])
def reg_mem(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def optee(reg_mem: bool) -> fake.Optee:
    return fake.Optee(reg_mem=reg_mem, supplicant=fake.SupplicantUse.WAIT)


@pytest.fixture
def kernel(optee: fake.Optee) -> fake.Kernel:
    return fake.Kernel(optee)


@pytest.fixture
def applications(tmp_path: Path) -> Path:
    folder = tmp_path / "optee_armtz"
    folder.mkdir()
    for application in (HelloWorld, Single):
        (folder / f"{application.uuid}.ta").write_bytes(application_image(application))
    return folder


@pytest.fixture
def supplicant(kernel: fake.Kernel, applications: Path, tmp_path: Path) -> Iterator[Supplicant]:
    folders = [tmp_path / "no such folder", applications]
    with Supplicant(kernel, applications=folders, storage=tmp_path / "tee") as opened:
        yield opened


@pytest.fixture
def context(kernel: fake.Kernel) -> Iterator[tee.Context]:
    with tee.Context(backend=kernel) as opened:
        yield opened


def greet(context: tee.Context, uuid: UUID = HelloWorld.uuid) -> int:
    with context.open_session(uuid) as session:
        return int(session.invoke_command(0, tee.ValueInOut(41))[0].a)


def has_memory(kernel: fake.Kernel) -> bool:
    return bool(kernel._devices.nodes["/dev/teepriv0"].memory)


def test_an_application_is_loaded_from_its_file(
    kernel: fake.Kernel, supplicant: Supplicant, context: tee.Context
) -> None:
    for _ in range(2):
        assert greet(context) == 42
    assert not has_memory(kernel)


def test_an_application_that_runs_is_not_loaded_again(
    supplicant: Supplicant, context: tee.Context, applications: Path
) -> None:
    with context.open_session(Single.uuid):
        (applications / f"{Single.uuid}.ta").unlink()
        assert greet(context, Single.uuid) == 42
    with pytest.raises(tee.TrustedApplicationNotFoundError):
        context.open_session(Single.uuid)


def test_what_is_installed_needs_no_supplicant(kernel: fake.Kernel, context: tee.Context) -> None:
    kernel.install(HelloWorld)
    assert greet(context) == 42


def test_an_application_without_a_file_is_not_found(
    supplicant: Supplicant, context: tee.Context
) -> None:
    with pytest.raises(tee.TrustedApplicationNotFoundError) as caught:
        context.open_session(ABSENT)
    assert caught.value.origin == tee.Origin.TEE


@pytest.mark.parametrize("change", ["flipped", "renamed", "foreign", "cut"])
def test_an_image_that_is_not_the_applications_is_a_security_error(
    supplicant: Supplicant,
    kernel: fake.Kernel,
    context: tee.Context,
    applications: Path,
    change: str,
) -> None:
    image = (applications / f"{HelloWorld.uuid}.ta").read_bytes()
    images = {
        "flipped": image[:-1] + bytes([image[-1] ^ 1]),
        "renamed": (applications / f"{Single.uuid}.ta").read_bytes(),
        "foreign": bytes(1000),
        "cut": image[:-1],
    }
    (applications / f"{HelloWorld.uuid}.ta").write_bytes(images[change])
    with pytest.raises(tee.SecurityError) as caught:
        context.open_session(HelloWorld.uuid)
    assert caught.value.origin == tee.Origin.TEE
    assert not has_memory(kernel)


def test_an_empty_image_finds_no_memory(
    supplicant: Supplicant, context: tee.Context, applications: Path
) -> None:
    (applications / f"{HelloWorld.uuid}.ta").write_bytes(b"")
    with pytest.raises(tee.OutOfMemoryError) as caught:
        context.open_session(HelloWorld.uuid)
    assert caught.value.origin == tee.Origin.TEE


def test_an_opening_waits_for_a_supplicant(
    kernel: fake.Kernel,
    optee: fake.Optee,
    context: tee.Context,
    applications: Path,
    pool: ThreadPoolExecutor,
) -> None:
    greeting = pool.submit(greet, context)
    wait_until(lambda: optee.supplicant_queue.pending == 1)
    assert not greeting.done()
    with Supplicant(kernel, applications=[applications]):
        assert greeting.result(LIMIT) == 42


def test_without_waiting_an_opening_says_what_is_missing(applications: Path) -> None:
    kernel = fake.Kernel(fake.Optee(supplicant=fake.SupplicantUse.NOWAIT))
    with tee.Context(backend=kernel) as context:
        with pytest.raises(tee.CommunicationError, match=r"supplicant\.Supplicant") as caught:
            context.open_session(HelloWorld.uuid)
        assert caught.value.origin == tee.Origin.TEE
        assert isinstance(caught.value.__cause__, fake.MissingSupplicantError)
        with Supplicant(kernel, applications=[applications]):
            assert greet(context) == 42


def test_a_supplicant_that_dies_fails_the_opening(
    kernel: fake.Kernel, optee: fake.Optee, context: tee.Context, pool: ThreadPoolExecutor
) -> None:
    opening = pool.submit(context.open_session, HelloWorld.uuid)
    wait_until(lambda: optee.supplicant_queue.pending == 1)
    with RawDevice(kernel, "/dev/teepriv0") as device:
        receive(kernel, device.fd, META, ROOM, ROOM)
    with pytest.raises(tee.CommunicationError, match="Supplicant"):
        opening.result(LIMIT)


@pytest.mark.parametrize("is_received", [True, False])
def test_a_supplicant_that_dies_frees_what_it_shared(
    kernel: fake.Kernel, optee: fake.Optee, pool: ThreadPoolExecutor, is_received: bool
) -> None:
    def ask_with_memory() -> int:
        with optee.rpc.shared(100):
            allocated.set()
            assert answered.wait(LIMIT)
            return optee.rpc.call(4711, [])

    allocated, answered = threading.Event(), threading.Event()
    asking = pool.submit(ask_with_memory)
    with RawDevice(kernel, "/dev/teepriv0") as device:
        number = receive(kernel, device.fd, META, ROOM).number
        _, memory, _ = device.allocate(100)
        send(kernel, device.fd, (0x103, number, 0, 0), (3, 0, 0, memory))
        assert allocated.wait(LIMIT)
        if is_received:
            answered.set()
            receive(kernel, device.fd, META)
    answered.set()
    assert asking.result(LIMIT) == Result.COMMUNICATION
    with Supplicant(kernel):
        assert optee.rpc.call(4711, []) == Result.NOT_SUPPORTED


def test_there_is_one_supplicant_at_a_time(kernel: fake.Kernel, supplicant: Supplicant) -> None:
    assert refused(Supplicant, kernel) == errno.EBUSY
    assert repr(supplicant) == "<Supplicant of /dev/teepriv0, open>"
    for _ in range(2):
        supplicant.close()
    assert supplicant.closed
    with Supplicant(kernel):
        pass
    with pytest.raises(ValueError, match="closed"), supplicant:
        pass


def test_a_supplicant_serves_op_tee_only() -> None:
    assert refused(Supplicant, fake.Kernel(fake.AmdTee())) == errno.ENOENT
    kernel = fake.Kernel(fake.AmdTee())
    assert refused(Supplicant, kernel, device="/dev/tee0") == errno.ENXIO


def test_a_forgotten_supplicant_is_closed_with_a_warning(kernel: fake.Kernel) -> None:
    with pytest.warns(ResourceWarning, match="unclosed <Supplicant"):
        Supplicant(kernel)
        gc.collect()
    with Supplicant(kernel):
        pass


def test_files_are_the_supplicants(
    optee: fake.Optee, kernel: fake.Kernel, supplicant: Supplicant, tmp_path: Path
) -> None:
    files = optee.world.file_system
    with pytest.raises(fake.ResultError) as caught:
        files.open("a/b")
    assert caught.value.code == Result.ITEM_NOT_FOUND
    contents = {f"a/{size}": (b"0123456789abcdef" * (size // 16 + 1))[:size] for size in SIZES}
    for name, content in contents.items():
        handle = files.create(name)
        files.write(handle, 0, content)
        assert files.read(handle, 0, len(content) + 10) == content
        assert files.read(handle, len(content), 10) == b""
        files.close(handle)
        assert (tmp_path / "tee" / name).read_bytes() == content
    assert files.list("a") == sorted(str(size) for size in SIZES)
    assert not has_memory(kernel)


def test_files_change_as_they_are_told_to(
    optee: fake.Optee, supplicant: Supplicant, tmp_path: Path
) -> None:
    files = optee.world.file_system
    handle = files.create("old")
    files.write(handle, 3, b"abcdef")
    files.truncate(handle, 5)
    files.close(handle)
    assert (tmp_path / "tee/old").read_bytes() == b"\0\0\0ab"
    files.close(files.create("new"))
    with pytest.raises(fake.ResultError) as caught:
        files.rename("old", "new", False)
    assert caught.value.code == Result.ACCESS_CONFLICT
    files.rename("old", "new", True)
    assert (tmp_path / "tee/new").read_bytes() == b"\0\0\0ab"
    files.remove("new")
    for absent in (lambda: files.remove("new"), lambda: files.list("x"), lambda: files.open("new")):
        with pytest.raises(fake.ResultError) as caught:
            absent()
        assert caught.value.code == Result.ITEM_NOT_FOUND
    with pytest.raises(fake.ResultError) as caught:
        files.read(handle + 77, 0, 1)
    assert caught.value.code == Result.GENERIC
    with pytest.raises(fake.ResultError):
        files.create("../outside")
    assert not (tmp_path / "outside").exists()


def test_files_outlive_the_supplicant_and_the_kernel(
    optee: fake.Optee, supplicant: Supplicant, tmp_path: Path
) -> None:
    handle = optee.world.file_system.create("name")
    optee.world.file_system.write(handle, 0, b"content")
    supplicant.close()
    other = fake.Optee(supplicant=fake.SupplicantUse.NOWAIT)
    kernel = fake.Kernel(other)
    with pytest.raises(fake.ResultError) as caught:
        other.world.file_system.open("name")
    assert caught.value.code in (Result.COMMUNICATION, Result.OUT_OF_MEMORY)
    with Supplicant(kernel, storage=FolderFileSystem(tmp_path / "tee")):
        handle = other.world.file_system.open("name")
        assert other.world.file_system.read(handle, 0, 100) == b"content"


def test_without_a_folder_there_is_no_storage(optee: fake.Optee, kernel: fake.Kernel) -> None:
    with Supplicant(kernel), pytest.raises(fake.ResultError) as caught:
        optee.world.file_system.open("name")
    assert caught.value.code == Result.STORAGE_NOT_AVAILABLE


@pytest.mark.parametrize(
    ("func", "params", "expected"),
    [
        (RpcCommand.RPMB, [], Result.NOT_SUPPORTED),
        (4711, [Param(TYPE.VALUE_INPUT)], Result.NOT_SUPPORTED),
        (RpcCommand.LOAD_TA, [Param(TYPE.VALUE_INPUT)], Result.BAD_PARAMETERS),
        (RpcCommand.SHM_ALLOC, [Param(TYPE.VALUE_INPUT, b=9)], Result.BAD_PARAMETERS),
        (RpcCommand.SHM_ALLOC, [Param(TYPE.VALUE_INOUT, b=1 << 62)], Result.OUT_OF_MEMORY),
        (RpcCommand.SHM_ALLOC, [Param(TYPE.VALUE_INOUT, b=2**64 - 1)], Result.OUT_OF_MEMORY),
        (RpcCommand.SHM_FREE, [Param(TYPE.VALUE_INOUT, b=99)], Result.BAD_PARAMETERS),
        (RpcCommand.FS, [], Result.BAD_PARAMETERS),
        (RpcCommand.FS, [Param(TYPE.VALUE_INPUT, a=99)], Result.BAD_PARAMETERS),
        (
            RpcCommand.FS,
            [Param(TYPE.VALUE_INPUT, a=FsOperation.READ), Param(TYPE.MEMREF_INPUT)],
            Result.BAD_PARAMETERS,
        ),
        (
            RpcCommand.FS,
            [Param(TYPE.VALUE_INPUT, a=FsOperation.REMOVE), Param(TYPE.MEMREF_INPUT, b=9)],
            Result.BAD_PARAMETERS,
        ),
        (RpcCommand.FS, [Param(TYPE.VALUE_INPUT, a=FsOperation.CLOSEDIR)], Result.BAD_PARAMETERS),
    ],
)
def test_what_is_asked_for_in_a_wrong_way_is_refused_and_the_next_is_served(
    optee: fake.Optee,
    supplicant: Supplicant,
    context: tee.Context,
    func: int,
    params: list[Param],
    expected: Result,
) -> None:
    assert optee.rpc.call(func, params) == expected
    assert greet(context) == 42


def test_too_little_room_for_an_image_says_how_much_it_needs(
    optee: fake.Optee, supplicant: Supplicant, applications: Path
) -> None:
    size = (applications / f"{HelloWorld.uuid}.ta").stat().st_size
    words = [int.from_bytes(HelloWorld.uuid.bytes[i : i + 8], "little") for i in (0, 8)]
    with optee.rpc.shared(size) as memory:
        place = Param(TYPE.MEMREF_OUTPUT, b=size - 1, memory=memory)
        request = [Param(TYPE.VALUE_INPUT, a=words[0], b=words[1]), place]
        assert optee.rpc.call(RpcCommand.LOAD_TA, request) == Result.SHORT_BUFFER
        assert place.b == size
        assert memory.read(0, size) == bytes(size)


def test_memory_is_not_read_or_written_beyond_its_end(
    optee: fake.Optee, supplicant: Supplicant, context: tee.Context
) -> None:
    with optee.rpc.shared(PAGE) as memory:
        for kind, operation in (
            (TYPE.MEMREF_INPUT, FsOperation.WRITE),
            (TYPE.MEMREF_OUTPUT, FsOperation.READ),
        ):
            handle = optee.world.file_system.create("name")
            optee.world.file_system.write(handle, 0, bytes(2 * PAGE))
            place = Param(kind, a=1, b=PAGE, memory=memory)
            head = Param(TYPE.VALUE_INPUT, a=operation, b=handle)
            assert optee.rpc.call(RpcCommand.FS, [head, place]) == Result.BAD_PARAMETERS
    assert greet(context) == 42


class Slow(MemoryFileSystem):
    """Waits while it opens a file."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    def open(self, name: str) -> int:
        self.is_asked.set()
        assert self.may_answer.wait(LIMIT)
        if name == "fault":
            raise ZeroDivisionError
        return super().open(name)


def code_of_opening(optee: fake.Optee, name: str) -> int:
    with pytest.raises(fake.ResultError) as caught:
        optee.world.file_system.open(name)
    return caught.value.code


def test_a_client_that_dies_while_it_is_served_is_no_loss_to_the_next(
    optee: fake.Optee, kernel: fake.Kernel, pool: ThreadPoolExecutor
) -> None:
    files = Slow()
    with Supplicant(kernel, storage=files):
        dying = pool.submit(code_of_opening, optee, "name")
        assert files.is_asked.wait(LIMIT)
        optee.supplicant_queue.kill_clients()
        files.may_answer.set()
        assert dying.result(LIMIT) == Result.COMMUNICATION
        assert code_of_opening(optee, "name") == Result.ITEM_NOT_FOUND


def test_a_file_system_that_fails_is_an_error_and_no_end(
    optee: fake.Optee, kernel: fake.Kernel
) -> None:
    files = Slow()
    files.may_answer.set()
    with Supplicant(kernel, storage=files):
        assert code_of_opening(optee, "fault") == Result.GENERIC
        assert code_of_opening(optee, "name") == Result.ITEM_NOT_FOUND


def test_a_name_that_begins_with_a_slash_is_in_the_folder_too(
    optee: fake.Optee, supplicant: Supplicant, tmp_path: Path
) -> None:
    optee.world.file_system.close(optee.world.file_system.create("/a//b"))
    assert (tmp_path / "tee/a/b").exists()


class Interrupting(fake.Kernel):
    """Has a signal end the first wait of a supplicant."""

    interrupts = 1

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        if request == uapi.TEE_IOC_SUPPL_RECV and self.interrupts:
            self.interrupts -= 1
            raise InterruptedError(errno.EINTR, "a signal")
        return super().ioctl(fd, request, argument)


def test_a_signal_does_not_end_a_supplicant(optee: fake.Optee) -> None:
    with Supplicant(Interrupting(optee)):
        assert code_of_opening(optee, "name") == Result.STORAGE_NOT_AVAILABLE


def test_an_interrupt_while_memory_is_given_back_loses_none(
    optee: fake.Optee, kernel: fake.Kernel, pool: ThreadPoolExecutor
) -> None:
    def serve_once(device: RawDevice) -> int:
        number = receive(kernel, device.fd, META, ROOM).number
        fd, memory, _ = device.allocate(100)
        send(kernel, device.fd, (0x103, number, 0, 0), (3, 0, 0, memory))
        return fd

    with RawDevice(kernel, "/dev/teepriv0") as device:
        served = pool.submit(serve_once, device)
        memory = optee.rpc.allocate(100)
        kernel.close(served.result(LIMIT))
        assert has_memory(kernel)
        with interrupted_soon():
            optee.rpc.free(memory)
        assert not has_memory(kernel)
