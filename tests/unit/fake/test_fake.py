# SPDX-License-Identifier: BSD-2-Clause
"""The fake kernel as a tool: Trusted Applications of one's own, and choosing it."""

from __future__ import annotations

import errno
import mmap
import pickle
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._boundary import address_of, copy_from_user
from pytee_client._opening import client_nodes, expected_tee
from pytee_client.fake.applications import Conformance
from pytee_client.fake.applications.conformance import Command
from pytee_client.fake.tstee import SecurePartition, TsTee
from pytee_client.kernels import uapi

from ...support.outputs import output_as
from ...support.programs import program
from ...support.raw_device import RawDevice, refused
from ...support.waiting import LIMIT, begin, interrupted_soon, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OWN = UUID("0f2a4a52-8f39-4d2c-9d6e-29a7d6cf0d10")


without_a_tee = pytest.mark.skipif(
    bool(client_nodes()) or expected_tee() is not None, reason="this machine has a TEE"
)


def application(run: Callable[[fake.Parameters], object]) -> type[fake.TrustedApplication]:
    """Make a Trusted Application of what its commands do."""

    class Application(fake.TrustedApplication):
        uuid = OWN

        def invoke_command(
            self,
            session: fake.ClientSession,
            command_id: int,
            parameters: fake.Parameters,
        ) -> None:
            run(parameters)

    return Application


def double(parameters: fake.Parameters) -> None:
    value = parameters[0]
    assert isinstance(value, fake.ValueParameter)
    value.a = value.a * 2 & 0xFFFFFFFF


Doubler = application(double)


def open_with(*applications: type[fake.TrustedApplication]) -> tee.Context:
    kernel = fake.Kernel()
    kernel.install(*applications)
    return tee.Context(backend=kernel)


def test_a_trusted_application_is_a_class() -> None:
    with open_with(Doubler) as context, context.open_session(OWN) as session:
        assert session.invoke_command(0, tee.ValueInOut(21)) == ((42, 0),)
        assert session.invoke_command(0, tee.ValueInOut(0x80000001)) == ((2, 0),)


def test_a_kernel_has_a_device_for_each_tee_that_it_drives() -> None:
    service = SecurePartition(0x8001, ())
    amd, optee = fake.AmdTee(), fake.Optee()
    kernel = fake.Kernel(TsTee(service), amd, optee, fake.Optee(reg_mem=False))
    optee.install(Doubler)
    found = {}
    for path in ("tee0", "tee1", "tee2", "tee3", "teepriv0", "teepriv1"):
        with RawDevice(kernel, f"/dev/{path}") as device:
            answer = device.ioctl(uapi.TEE_IOC_VERSION, uapi.VERSION_DATA, 9, 9, 9)
            found[path] = (answer[1], answer[3])
    assert found == {
        "tee0": (uapi.TEE_IMPL_ID_TSTEE, 0),
        "tee1": (uapi.TEE_IMPL_ID_AMDTEE, 0x1),
        "tee2": (uapi.TEE_IMPL_ID_OPTEE, 0xD),
        "tee3": (uapi.TEE_IMPL_ID_OPTEE, 0x9),
        "teepriv0": (uapi.TEE_IMPL_ID_OPTEE, 0xF),
        "teepriv1": (uapi.TEE_IMPL_ID_OPTEE, 0xB),
    }
    with tee.Context(backend=kernel) as first:
        assert first.version.implementation_id is tee.ImplementationId.AMDTEE
        with pytest.raises(tee.TeecError):
            first.open_session(OWN)
    third = tee.Context("/dev/tee2", backend=kernel)
    with third, third.open_session(OWN) as session:
        assert session.invoke_command(0, tee.ValueInOut(21)) == ((42, 0),)
    with tee.Context("/dev/tee3", backend=kernel) as fourth, pytest.raises(tee.ItemNotFoundError):
        fourth.open_session(OWN)


def test_calls_wait_for_a_thread_of_op_tee_and_requests_for_cancellation_too() -> None:
    kernel = fake.Kernel(fake.Optee(threads=2))
    begun = threading.Semaphore(0)
    done: list[int] = []
    leave = threading.Event()

    class Busy(fake.TrustedApplication):
        uuid = OWN

        def invoke_command(
            self,
            session: fake.ClientSession,
            command_id: int,
            parameters: fake.Parameters,
        ) -> None:
            begun.release()
            assert leave.wait(LIMIT)
            done.append(command_id)

    kernel.install(Busy)
    with tee.Context(backend=kernel) as context, ThreadPoolExecutor() as pool:
        sessions = [context.open_session(OWN) for _ in range(3)]
        operation = tee.Operation()
        try:
            calls = [
                pool.submit(sessions[0].invoke_command, 0, operation=operation),
                pool.submit(sessions[1].invoke_command, 1),
            ]
            for _ in calls:
                assert begun.acquire(timeout=LIMIT)
            third = pool.submit(sessions[2].invoke_command, 2)
            request = pool.submit(operation.request_cancellation)
            # What waits is known only by that it does not begin.
            assert not begun.acquire(timeout=0.2)
            assert not request.done()
        finally:
            leave.set()
        for call in calls:
            call.result(LIMIT)
        third.result(LIMIT)
        request.result(LIMIT)
    assert sorted(done) == [0, 1, 2]


@pytest.mark.parametrize("threads", [0, -1])
def test_an_op_tee_has_threads(threads: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        fake.Optee(threads=threads)


def test_a_kernel_has_sixteen_devices_of_a_kind() -> None:
    fake.Kernel(*(fake.Optee() for _ in range(16)))
    with pytest.raises(ValueError, match="16"):
        fake.Kernel(*(fake.Optee() for _ in range(17)))


def test_an_exception_that_is_no_result_is_a_panic_and_its_cause() -> None:
    with open_with(Doubler) as context, context.open_session(OWN) as session:
        for _ in range(2):
            with pytest.raises(tee.TargetDeadError) as caught:
                session.invoke_command(0)
            assert isinstance(caught.value.__cause__, AssertionError)
            assert caught.value.origin == tee.Origin.TEE


def test_a_panic_is_not_the_cause_of_a_later_error_elsewhere() -> None:
    with open_with(Doubler) as context:
        with context.open_session(OWN) as session, pytest.raises(tee.TargetDeadError):
            session.invoke_command(0)
        with pytest.raises(tee.TrustedApplicationNotFoundError) as caught:
            context.open_session(UUID(int=5))
        assert caught.value.__cause__ is None


class Recorder(fake.TrustedApplication):
    uuid = OWN
    calls: list[str]

    def create(self) -> None:
        self.calls.append("create")

    def destroy(self) -> None:
        self.calls.append("destroy")

    def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        self.calls.append("open")
        if parameters[0] is not None:
            raise fake.ResultError(tee.Result.ACCESS_DENIED)
        session.data = len(self.calls)

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        self.calls.append(f"invoke {command_id} of {session.data}")

    def close_session(self, session: fake.ClientSession) -> None:
        self.calls.append("close")


@pytest.fixture
def calls() -> Iterator[list[str]]:
    Recorder.calls = []
    yield Recorder.calls
    del Recorder.calls


def test_the_entry_points_are_called_in_their_order(calls: list[str]) -> None:
    with open_with(Recorder) as context, context.open_session(OWN) as session:
        session.invoke_command(7)
    assert calls == ["create", "open", "invoke 7 of 2", "close", "destroy"]


def test_a_refused_session_leaves_no_instance(calls: list[str]) -> None:
    with open_with(Recorder) as context, pytest.raises(tee.AccessDeniedError):
        context.open_session(OWN, (1, 2))
    assert calls == ["create", "open", "destroy"]


class Single(Recorder):
    single_instance = True


class Multi(Single):
    multi_session = True


class Keeper(Single):
    keep_alive = True


def test_a_single_instance_of_one_session_is_busy_for_others(calls: list[str]) -> None:
    with open_with(Single) as context:
        with context.open_session(OWN):
            with pytest.raises(tee.BusyError) as caught:
                context.open_session(OWN)
            assert caught.value.origin == tee.Origin.TEE
        context.open_session(OWN).close()
    assert calls == ["create", "open", "close", "destroy"] * 2


def test_a_single_instance_of_many_sessions_is_shared(calls: list[str]) -> None:
    with open_with(Multi) as context, context.open_session(OWN), context.open_session(OWN):
        pass
    assert calls == ["create", "open", "open", "close", "close", "destroy"]


def test_an_instance_that_is_kept_alive_outlives_its_session(calls: list[str]) -> None:
    with open_with(Keeper) as context:
        context.open_session(OWN).close()
        context.open_session(OWN).close()
    assert calls == ["create", "open", "close", "open", "close"]


class Watching(fake.Kernel):
    """Notes which memory of the program it is asked to share."""

    def __init__(self) -> None:
        super().__init__()
        self.install(Conformance)
        self.shared: list[range] = []

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        if request == uapi.TEE_IOC_SHM_REGISTER:
            data = copy_from_user(argument, uapi.SHM_REGISTER_DATA.size)
            address, length, *_ = uapi.SHM_REGISTER_DATA.unpack(data)
            self.shared.append(range(address, address + length))
        return super().ioctl(fd, request, argument)


def test_immutable_memory_is_never_shared_in_place() -> None:
    kernel = Watching()
    data = bytes(10_000)
    with tee.Context(backend=kernel) as context, context.open_session(Conformance.uuid) as session:
        session.invoke_command(Command.NOTHING, data)
        with context.register_shared_memory(data, tee.MemoryFlags.INPUT) as block:
            session.invoke_command(Command.NOTHING, block)
        mutable = bytearray(10_000)
        with context.register_shared_memory(mutable) as block:
            (view,) = session.invoke_command(Command.NOTHING, block)
            output_as(memoryview, view).release()
    assert not any(address_of(data) in memory for memory in kernel.shared)
    assert any(address_of(mutable) in memory for memory in kernel.shared)
    assert all(memory.start % mmap.PAGESIZE == 0 for memory in kernel.shared[:1])


def test_an_interrupt_is_no_panic_but_goes_through() -> None:
    def interrupt(parameters: fake.Parameters) -> None:
        raise KeyboardInterrupt

    with open_with(application(interrupt)) as context, context.open_session(OWN) as session:
        with pytest.raises(KeyboardInterrupt):
            session.invoke_command(0)
        with pytest.raises(KeyboardInterrupt):
            session.invoke_command(0)


def test_closing_a_session_within_its_own_call_is_refused() -> None:
    contexts: list[tee.Context] = []
    closing = application(lambda parameters: contexts[0].close())
    with open_with(closing) as context, context.open_session(OWN) as session:
        contexts.append(context)
        with pytest.raises(tee.TargetDeadError) as caught:
            session.invoke_command(0)
        assert isinstance(caught.value.__cause__, tee.BadStateError)
        assert not session.closed
        assert not context.closed


def test_an_interrupted_closing_of_a_session_does_not_hold_up_another() -> None:
    entered, leave = threading.Event(), threading.Event()

    def stay(parameters: fake.Parameters) -> None:
        entered.set()
        assert leave.wait(LIMIT)

    with open_with(application(stay)) as context, context.open_session(OWN) as session:
        call = begin(session.invoke_command, 0)
        assert entered.wait(LIMIT)
        closing = begin(session.close)
        wait_until(lambda: session.closed)
        with interrupted_soon():
            session.close()
        leave.set()
        call.result(LIMIT)
        closing.result(LIMIT)
        assert session.closed


def test_memory_that_an_application_keeps_is_not_the_programs() -> None:
    kept: list[memoryview] = []

    def keep(parameters: fake.Parameters) -> None:
        for memref in parameters:
            if isinstance(memref, fake.MemrefParameter) and memref.buffer is not None:
                kept.append(memref.buffer)

    with open_with(application(keep)) as context, context.open_session(OWN) as session:
        block = context.allocate_shared_memory(4096)
        (view,) = session.invoke_command(0, b"abc", tee.MemrefPartialInOut(block))
        output_as(memoryview, view).release()
        block.close()
    assert bytes(kept[0]) == b"abc"
    assert kept[0].readonly
    kept[1][:] = b"x" * 4096


def test_calls_into_different_instances_run_side_by_side() -> None:
    barrier = threading.Barrier(2)
    with open_with(application(lambda parameters: barrier.wait(LIMIT))) as context:
        sessions = [context.open_session(OWN) for _ in range(2)]
        threads = [threading.Thread(target=s.invoke_command, args=(0,)) for s in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
            assert not thread.is_alive()


def test_a_fault_of_the_kernel_itself_is_shown_as_it_is() -> None:
    class Faulty(fake.Kernel):
        def ioctl(self, fd: int, request: int, argument: int) -> int:
            raise ZeroDivisionError("a fault")

    with pytest.raises(ZeroDivisionError, match="a fault"):
        tee.Context(backend=Faulty())


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOMEM, errno.EBUSY, 524])
def test_an_errno_of_the_kernel_is_kept(error: int) -> None:
    class Failing(fake.Kernel):
        failing = False

        def ioctl(self, fd: int, request: int, argument: int) -> int:
            if self.failing:
                raise OSError(error, "as planned")
            return super().ioctl(fd, request, argument)

    kernel = Failing()
    kernel.install(Doubler)
    with tee.Context(backend=kernel) as context:
        session = context.open_session(OWN)
        kernel.failing = True
        with pytest.raises(tee.TeecError) as caught:
            session.invoke_command(0, tee.ValueInOut(1))
        kernel.failing = False
        session.close()
    assert caught.value.errno == error
    assert caught.value.origin == tee.Origin.COMMS
    assert caught.value.outputs == ()


def test_the_fake_kernels_of_one_profile_are_one() -> None:
    with (
        fake.default_kernel().installed(Doubler),
        tee.Context("fake:") as one,
        tee.Context("fake:optee") as two,
    ):
        one.open_session(OWN).close()
        two.open_session(OWN).close()
        assert one.version.backend == "fake"
    with (
        tee.Context(backend=fake.Kernel()) as fresh,
        pytest.raises(tee.ItemNotFoundError, match=r"kernel\.install"),
    ):
        fresh.open_session(OWN)


@pytest.mark.parametrize("kind", [k for k in uapi.ParamType if k >= uapi.ParamType.UBUF_INPUT])
@pytest.mark.parametrize("profile", ["optee", "optee@7.2"])
def test_op_tee_takes_no_user_buffers_and_no_objects(kind: uapi.ParamType, profile: str) -> None:
    with RawDevice(fake.Kernel(profile)) as device:
        parameter = (kind, 4096, 1, 0)
        assert refused(device.open_session, Conformance.uuid, parameter) == errno.EINVAL
        session = device.open_session(Conformance.uuid).session
        assert refused(device.invoke, session, Command.NOTHING, parameter) == errno.EINVAL


@pytest.mark.parametrize("size", [0, 1])
def test_memory_of_op_tees_pool_is_passed_by_an_address_that_is_in_it(size: int) -> None:
    with RawDevice(fake.Kernel("optee-no-reg-mem")) as device:
        _, number, end = device.allocate(mmap.PAGESIZE)
        beyond = (uapi.ParamType.MEMREF_INPUT, end, 0, number)
        within = (uapi.ParamType.MEMREF_INPUT, end - 1, size, number)
        assert refused(device.open_session, Conformance.uuid, beyond) == errno.EINVAL
        session = device.open_session(Conformance.uuid).session
        assert refused(device.invoke, session, Command.NOTHING, beyond) == errno.EINVAL
        assert device.invoke(session, Command.NOTHING, within).result == tee.Result.SUCCESS


@pytest.mark.parametrize(
    ("profile", "error"),
    [
        ("optee", errno.EINVAL),
        ("optee@6.12", errno.EINVAL),
        ("optee@6.12.43", errno.EINVAL),
        ("optee@7.2", errno.EFAULT),
        ("optee@7.2.13", errno.EFAULT),
    ],
)
def test_a_profile_can_name_the_release_of_linux(profile: str, error: int) -> None:
    with RawDevice(fake.Kernel(profile)) as device:
        assert refused(device.raw_ioctl, uapi.TEE_IOC_SHM_REGISTER_FD, 0) == error


@pytest.mark.parametrize("device", ["fake:nothing", "fake:/dev/tee0", "fake:nothing@7.2"])
def test_an_unknown_profile_is_refused(device: str) -> None:
    with pytest.raises(ValueError, match="there are optee"):
        tee.Context(device)


@pytest.mark.parametrize("name", ["5.4", "6.12.1", "6", "later"])
def test_an_unknown_release_is_refused_and_the_known_ones_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=rf"no Linux '{name}'.*6\.12, 6\.12\.43.*7\.2\.13"):
        tee.Context(f"fake:optee@{name}")


def test_contradictory_choices_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="is the fake kernel's"):
        tee.Context("fake:", backend="linux")
    with pytest.raises(ValueError, match="not one of"):
        tee.Context(backend="windows")  # type: ignore[arg-type]
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "windows")
    with pytest.raises(ValueError, match="PYTEE_CLIENT_BACKEND='windows'"):
        tee.Context()
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake:windows")
    with pytest.raises(ValueError, match=r"PYTEE_CLIENT_BACKEND='fake:windows': .*there are optee"):
        tee.Context()


def test_the_environment_chooses_where_the_program_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake")
    with tee.Context() as context:
        assert context.version.backend == "fake"
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "linux")
    with pytest.raises(tee.DeviceNotFoundError):
        tee.Context("/dev/tee15")
    with tee.Context(backend="fake") as context:
        assert context.version.backend == "fake"
    with pytest.raises(ValueError, match="is the fake kernel's"):
        tee.Context("fake:")


def test_the_environment_can_name_a_profile_or_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "fake:amdtee")
    with tee.Context() as context, tee.Context("/dev/tee0") as other:
        for one in (context, other):
            assert one.version.implementation_id == tee.ImplementationId.AMDTEE
    assert tee.enumerate_devices()[0].implementation_id == tee.ImplementationId.AMDTEE
    with tee.Context("fake:optee") as context, tee.Context(backend="fake") as other:
        for one in (context, other):
            assert one.version.implementation_id == tee.ImplementationId.OPTEE
    monkeypatch.setenv("PYTEE_CLIENT_BACKEND", "/dev/tee15")
    with pytest.raises(tee.DeviceNotFoundError, match="/dev/tee15"):
        tee.Context()
    with pytest.raises(tee.DeviceNotFoundError, match="/dev/tee14"):
        tee.Context("/dev/tee14")
    with tee.Context("fake:optee", backend="fake") as context:
        assert context.version.backend == "fake"


@without_a_tee
def test_a_machine_without_a_tee_gets_the_fake_with_one_warning() -> None:
    script = (
        "import pytee_client as tee\n"
        "for _ in range(2):\n"
        "    with tee.Context() as context: print(context.version.backend)\n"
    )
    done = subprocess.run(
        program(script, options=("-W", "always")),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["fake", "fake"]
    assert done.stderr.count("FakeTeeWarning") == 1
    # It names the line of the program.
    assert "<string>:4: FakeTeeWarning" in done.stderr
    assert 'backend="linux"' in done.stderr


@without_a_tee
def test_a_machine_without_a_tee_has_none_by_linux() -> None:
    with pytest.raises(tee.DeviceNotFoundError, match=r"no TEE device.*fake:"):
        tee.Context(backend="linux")


def test_errors_survive_pickling() -> None:
    with tee.Context("fake:") as context, pytest.raises(tee.TeecError) as caught:
        context.open_session(UUID(int=5))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is type(caught.value)
    assert str(copy) == str(caught.value)
    assert (copy.code, copy.origin) == (caught.value.code, caught.value.origin)
