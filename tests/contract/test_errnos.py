# SPDX-License-Identifier: BSD-2-Clause
"""One cause, one class: an errno is the same exception whatever the program did when it came."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeAlias

import pytest

import pytee_client as tee
from pytee_client import kernels
from pytee_client.faults import Answer, Fail, Fault, FaultyKernel, Gate, Hold, Plan, SystemCall
from pytee_client.kernels import uapi

from ..support.conformance import Command
from ..support.targets import Target
from ..support.waiting import LIMIT, wait_until

CLASSES: dict[int, type[tee.TeecError]] = {
    **dict.fromkeys((errno.EPERM, errno.EACCES), tee.AccessDeniedError),
    errno.ENOENT: tee.ItemNotFoundError,
    errno.EINTR: tee.InterruptedCallError,
    **dict.fromkeys(
        (
            errno.ENXIO,
            errno.ENODEV,
            errno.ETIMEDOUT,
            errno.ECOMM,
            errno.EPROTO,
            errno.EREMOTEIO,
            errno.ESHUTDOWN,
        ),
        tee.CommunicationError,
    ),
    errno.E2BIG: tee.ExcessDataError,
    errno.EBADF: tee.BadStateError,
    errno.EBUSY: tee.BusyError,
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), tee.TooManyFilesError),
    **dict.fromkeys(
        (errno.ENOMEM, errno.EAGAIN, errno.EOVERFLOW, errno.ENOBUFS, errno.ENOSPC),
        tee.OutOfMemoryError,
    ),
    **dict.fromkeys((errno.EFAULT, errno.EINVAL), tee.BadParametersError),
    **dict.fromkeys(
        (errno.ENOSYS, errno.ENOTTY, errno.EOPNOTSUPP, uapi.ENOTSUPP), tee.NotSupportedError
    ),
}
WITH_REMEDY = {
    *(errno.EPERM, errno.EACCES, errno.EINTR, errno.ENXIO, errno.ENODEV, errno.EBADF),
    *(errno.EBUSY, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EFAULT),
    *(errno.ENOSYS, errno.ENOTTY, errno.EOPNOTSUPP, uapi.ENOTSUPP),
}
ERRNOS = sorted({*errno.errorcode, uapi.ENOTSUPP})

# How a device that can't be opened is told.
OF_OPENING: dict[int, type[tee.TeecError]] = {
    **dict.fromkeys((errno.ENOENT, errno.ENXIO, errno.ENODEV), tee.DeviceNotFoundError),
    **dict.fromkeys((errno.EPERM, errno.EACCES), tee.DeviceAccessError),
    errno.ENOTTY: tee.NotATeeDeviceError,
}
SHARING = (SystemCall.SHM_ALLOC, SystemCall.SHM_REGISTER)
Action: TypeAlias = "Callable[[], object]"


def named(error: int) -> str:
    return errno.errorcode.get(error, "ENOTSUPP")


class Program:
    """A context on a kernel in which each call can be made to fail, and a session in it."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.kernel = FaultyKernel(target.kernel or "linux")
        self.context = tee.Context(target.device, backend=self.kernel)
        self.session = self.context.open_session(Target.CONFORMANCE)
        self.block = self.context.allocate_shared_memory(100)

    def close(self) -> None:
        self.kernel.disarm()
        self.block.close()
        self.context.close()

    def error_of(self, error: int, calls: tuple[SystemCall, ...], action: Action) -> Any:
        """Return what an action raises if calls fail with an errno; None if nothing."""
        self.context.trim()
        self.kernel.arm(Plan([Fault(call, Fail(error), times=None) for call in calls]))
        try:
            action()
        except tee.TeecError as raised:
            raised.__traceback__ = None
            return raised
        finally:
            strikes = self.kernel.strikes
            self.kernel.disarm()
            assert strikes, calls
        return None


@pytest.fixture
def program(target: Target) -> Iterator[Program]:
    made = Program(target)
    yield made
    made.close()


def ways_of_calling(program: Program) -> dict[str, Action]:
    """Return ways to run a command, short and long."""
    session, block, command = program.session, program.block, Command.NOTHING
    buffer = bytearray(3)
    cases: dict[str, tuple[Any, ...]] = {
        "nothing": (),
        "value": (tee.ValueInOut(1, 2),),
        "input value": ((1, 2),),
        "bytes": (tee.MemrefTempInOut(buffer),),
        "input bytes": (b"abc",),
        "output": (tee.MemrefTempOutput(10),),
        "block": (block,),
        "part": (tee.MemrefPartialInOut(block, 1, 2),),
        "slice": (memoryview(bytearray(5))[1:3],),
        "many": (b"abc", (1, 2), None, tee.ValueOutput()),
    }
    ways: dict[str, Action] = {}

    def with_operation(*parameters: Any) -> object:
        return session.invoke_command(command, *parameters, operation=tee.Operation())

    for name, parameters in cases.items():
        ways[name] = partial(session.invoke_command, command, *parameters)
        ways[f"{name}, with an operation"] = partial(with_operation, *parameters)
        ways[f"{name}, prepared"] = session.prepare(command, *parameters)
    contents: dict[str, tuple[Any, Any]] = {
        "value each time": (tee.ValueInOut, (1, 2)),
        "bytes each time": (tee.MemrefTempInOut, buffer),
        "block each time": (tee.MemrefWhole, block),
        "input each time": (tee.MemrefTempInput, b"abc"),
        "output each time": (tee.MemrefTempOutput, 10),
    }
    for name, (kind, content) in contents.items():
        ways[name] = partial(session.prepare(command, kind), content)
    return ways


# Calls of these send copies.
COPIED = ("bytes", "input bytes", "output", "slice", "many", "input each time")


def errnos_for(target: Target) -> list[int]:
    # The others are all alike, and a real machine is slow.
    return sorted({*CLASSES, errno.EIO}) if target.is_real else ERRNOS


def test_an_errno_of_a_command_has_one_class_whatever_way_it_was_called(program: Program) -> None:
    ways = ways_of_calling(program)
    for error in errnos_for(program.target):
        expected = CLASSES.get(error, tee.GenericError)
        for name, call in ways.items():
            raised = program.error_of(error, (SystemCall.INVOKE,), call)
            said = f"{name}, {named(error)}: {raised!r}"
            assert type(raised) is expected, said
            assert (raised.origin, raised.errno) == (tee.Origin.COMMS, error), said
            assert raised.sent is not None, said
            assert raised.remedy or error not in WITH_REMEDY, said


def test_an_errno_has_the_same_class_if_the_copies_of_a_command_get_it(program: Program) -> None:
    ways = ways_of_calling(program)
    copied = {name: call for name, call in ways.items() if name.split(", ")[0] in COPIED}
    assert len(copied) > 2 * len(COPIED)
    copied["an opening"] = lambda: program.context.open_session(Target.CONFORMANCE, b"abc")
    for error in errnos_for(program.target):
        expected = CLASSES.get(error, tee.GenericError)
        if error == errno.EINVAL:
            # What OP-TEE's driver says where its TEE has no room.
            expected = tee.OutOfMemoryError
        for name, call in copied.items():
            raised = program.error_of(error, SHARING, call)
            said = f"{name}, {named(error)}: {raised!r}"
            assert type(raised) is expected, said
            assert raised.origin == tee.Origin.COMMS, said


def test_an_errno_of_an_opening_has_the_class_that_it_has_in_commands(program: Program) -> None:
    def open_session() -> None:
        program.context.open_session(Target.CONFORMANCE)

    for error in errnos_for(program.target):
        raised = program.error_of(error, (SystemCall.OPEN_SESSION,), open_session)
        assert type(raised) is CLASSES.get(error, tee.GenericError), named(error)
        assert (raised.origin, raised.errno) == (tee.Origin.COMMS, error)


def test_an_errno_of_shared_memory_has_the_class_that_it_has_in_commands(program: Program) -> None:
    roads: dict[str, Action] = {
        "allocate": lambda: program.context.allocate_shared_memory(10),
        "register": lambda: program.context.register_shared_memory(bytearray(10)),
    }
    if not program.target.reg_mem:
        # Such a device copies it in each operation.
        del roads["register"]
    for error in errnos_for(program.target):
        expected = CLASSES.get(error, tee.GenericError)
        if error == errno.EINVAL:
            expected = tee.OutOfMemoryError
        if error == errno.EOPNOTSUPP and program.target.reg_mem:
            # Each operation copies what the driver can't share.
            continue
        for name, road in roads.items():
            raised = program.error_of(error, SHARING, road)
            assert type(raised) is expected, f"{name}, {named(error)}: {raised!r}"
            assert raised.origin == tee.Origin.COMMS


def test_an_errno_of_a_mapping_has_the_class_that_it_has_in_commands(program: Program) -> None:
    if program.target.reg_mem:
        # Nothing is mapped there.
        return
    for error in ERRNOS:
        expected = CLASSES.get(error, tee.GenericError)
        if error == errno.EINVAL:
            expected = tee.OutOfMemoryError
        for road in (
            lambda: program.context.allocate_shared_memory(10),
            lambda: program.session.invoke_command(Command.NOTHING, b"abc"),
        ):
            raised = program.error_of(error, (SystemCall.MMAP,), road)
            assert type(raised) is expected, f"{named(error)}: {raised!r}"


@pytest.mark.parametrize("call", [SystemCall.OPEN, SystemCall.VERSION], ids=lambda call: call.name)
def test_an_errno_of_opening_a_device_has_the_class_that_it_has_in_commands(
    target: Target, call: SystemCall
) -> None:
    for error in errnos_for(target):
        expected = OF_OPENING.get(error, CLASSES.get(error, tee.GenericError))
        if error == errno.EINVAL:
            # What a device that is going away says, and what no TEE device says of VERSION.
            is_open = call is SystemCall.OPEN
            expected = tee.DeviceNotFoundError if is_open else tee.NotATeeDeviceError
        kernel = FaultyKernel(target.kernel or "linux", Plan([Fault(call, Fail(error))]))
        with pytest.raises(tee.TeecError) as caught:
            tee.Context(target.device, backend=kernel)
        assert type(caught.value) is expected, f"{named(error)}: {caught.value!r}"
        assert caught.value.origin == tee.Origin.COMMS
        assert not kernel.descriptors


def test_whatever_fails_at_an_end_raises_nothing_and_releases_all(target: Target) -> None:
    for error in errnos_for(target):
        kernel = FaultyKernel(target.kernel or "linux")
        context = tee.Context(target.device, backend=kernel)
        session = context.open_session(Target.CONFORMANCE)
        block = context.allocate_shared_memory(10)
        session.invoke_command(Command.NOTHING, b"abc")
        ends = (SystemCall.CLOSE_SESSION, SystemCall.CLOSE, SystemCall.MUNMAP, SystemCall.CANCEL)
        kernel.arm(Plan([Fault(call, Fail(error), times=None) for call in ends]))
        context.trim()
        session.close()
        block.close()
        context.close()
        assert not kernel.descriptors


def test_a_driver_that_is_interrupted_says_whether_the_command_may_have_run(
    program: Program,
) -> None:
    def run() -> None:
        program.session.invoke_command(Command.NOTHING, b"abc")

    raised = program.error_of(errno.EINTR, (SystemCall.INVOKE,), run)
    assert issubclass(type(raised), InterruptedError)
    assert raised.may_have_run
    assert "the command may have run" in str(raised)
    raised = program.error_of(errno.EINTR, SHARING, run)
    assert issubclass(type(raised), InterruptedError)
    assert not raised.may_have_run
    assert "nothing was run" in str(raised)


def test_a_command_that_is_interrupted_while_its_context_closes_is_interrupted(
    target: Target, pool: ThreadPoolExecutor
) -> None:
    gate = Gate(LIMIT)
    faults = [Fault(SystemCall.INVOKE, action) for action in (Hold(gate), Fail(errno.EINTR))]
    kernel = FaultyKernel(target.kernel or "linux", Plan(faults))
    context = tee.Context(target.device, backend=kernel)
    session = context.open_session(Target.CONFORMANCE)
    call = pool.submit(session.invoke_command, Command.NOTHING, tee.ValueInOut(1))
    gate.wait_until_reached()
    closing = pool.submit(context.close)
    wait_until(lambda: session.closed)
    gate.release()
    with pytest.raises(tee.InterruptedCallError, match="may have run"):
        call.result(LIMIT)
    closing.result(LIMIT)
    assert not kernel.descriptors


def test_the_device_that_goes_is_the_same_error_in_all_that_a_program_does(
    program: Program,
) -> None:
    context, session = program.context, program.session
    roads: list[Any] = [
        *ways_of_calling(program).values(),
        lambda: context.open_session(Target.CONFORMANCE),
        lambda: context.open_session(Target.CONFORMANCE, b"abc"),
        lambda: context.allocate_shared_memory(10),
    ]
    if program.target.reg_mem:
        roads.append(lambda: context.register_shared_memory(bytearray(10)))
    context.trim()
    program.kernel.unplug()
    for road in roads:
        with pytest.raises(tee.CommunicationError, match="the device is gone") as caught:
            road()
        assert type(caught.value) is tee.CommunicationError
        assert (caught.value.origin, caught.value.errno) == (tee.Origin.COMMS, errno.ENODEV)
    assert not session.is_dead
    tee.Operation().request_cancellation()
    context.trim()
    with pytest.raises(tee.DeviceNotFoundError):
        tee.Context(program.target.device, backend=program.kernel)


def test_a_success_that_the_driver_says_itself_is_one(program: Program) -> None:
    answer = Answer(tee.Result.SUCCESS, tee.Origin.COMMS)
    ways: dict[str, Any] = ways_of_calling(program)
    program.kernel.arm(Plan([Fault(SystemCall.INVOKE, answer, times=None)]))
    for call in ways.values():
        call()


class NegativeKernel(kernels.ProxyKernel):
    """Returns the errno of a failed call as a negative number, or raises it as one.

    Attributes:
        make_failure: returns what calls return, or raises; None to pass them on.
    """

    make_failure: Callable[[], int] | None = None

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        if self.make_failure is not None and request != uapi.TEE_IOC_CLOSE_SESSION:
            return self.make_failure()
        return super().ioctl(fd, request, argument)

    def mmap(self, fd: int, length: int) -> int:
        if self.make_failure is not None:
            return self.make_failure()
        return super().mmap(fd, length)


def raising(*arguments: Any) -> Callable[[], int]:
    def fail() -> int:
        raise OSError(*arguments)

    return fail


FAILURES: list[tuple[Callable[[], int], int]] = [
    (lambda: -errno.ENODEV, errno.ENODEV),
    (raising(errno.ENODEV, "gone"), errno.ENODEV),
    (raising(-errno.ENODEV, "gone"), errno.ENODEV),
    (raising("gone"), errno.EIO),
    (raising(0, "gone"), errno.EIO),
    (raising(10**12, "gone"), errno.EIO),
    (raising("ENODEV", "gone"), errno.EIO),
]


@pytest.mark.parametrize(("fail", "error"), FAILURES)
def test_however_a_kernel_in_python_fails_it_is_the_same_error(
    target: Target, fail: Callable[[], int], error: int
) -> None:
    kernel = NegativeKernel(target.kernel or "linux")
    with tee.Context(target.device, backend=kernel) as context:
        session = context.open_session(Target.CONFORMANCE)
        kernel.make_failure = fail
        for road in (
            lambda: session.invoke_command(Command.NOTHING, tee.ValueInOut(1)),
            lambda: session.invoke_command(Command.NOTHING, b"abc"),
            lambda: context.open_session(Target.CONFORMANCE),
            lambda: context.allocate_shared_memory(10),
            lambda: tee.Context(target.device, backend=kernel),
        ):
            with pytest.raises(tee.TeecError) as caught:
                road()
            assert caught.value.errno == error
        kernel.make_failure = None
        session.invoke_command(Command.NOTHING, b"abc")
