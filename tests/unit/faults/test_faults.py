# SPDX-License-Identifier: BSD-2-Clause
"""Faults on demand, and the counters that prove that nothing leaked."""

from __future__ import annotations

import errno
import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._boundary import address_of
from pytee_client.fake import Resources
from pytee_client.fake.applications import Conformance, HelloWorld
from pytee_client.fake.applications.conformance import Command
from pytee_client.faults import (
    Action,
    Answer,
    Delay,
    Do,
    Fail,
    Fault,
    FaultControl,
    FaultyKernel,
    Gate,
    Hold,
    ObservedCall,
    Oversize,
    Plan,
    ShortRegistration,
    SystemCall,
    Unplug,
)
from pytee_client.kernels import uapi

from ...support.raw_device import LEFT_SESSION, RawDevice, refused
from ...support.waiting import LIMIT, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OPEN, INVOKE = SystemCall.OPEN_SESSION, SystemCall.INVOKE
NOTHING_HELD = Resources()


@pytest.fixture
def below() -> fake.Kernel:
    return fake.Kernel()


@pytest.fixture
def kernel(below: fake.Kernel) -> Iterator[FaultyKernel]:
    faulty = FaultyKernel(below)
    yield faulty
    faulty.disarm()
    if below.resources() != NOTHING_HELD:
        gc.collect()
    assert below.resources() == NOTHING_HELD


@pytest.fixture
def session(kernel: FaultyKernel) -> Iterator[tee.Session]:
    with tee.Context(backend=kernel) as context, context.open_session(Conformance.uuid) as opened:
        yield opened


def arm(kernel: FaultyKernel, *faults: Fault) -> None:
    kernel.arm(Plan(faults))


def invoke(session: tee.Session) -> bool:
    try:
        session.invoke_command(Command.NOTHING)
    except tee.TeecError:
        return False
    return True


@pytest.mark.parametrize(
    ("named", "struck"),
    [
        ({}, [1]),
        ({"nth": 3}, [3]),
        ({"nth": 3, "times": 2}, [3, 4]),
        ({"nth": 3, "times": None}, [3, 4, 5, 6, 7, 8]),
        ({"nth": 2, "every": 3, "times": None}, [2, 5, 8]),
        ({"nth": 2, "every": 3, "times": 2}, [2, 5]),
    ],
)
def test_a_fault_strikes_the_calls_that_it_says(
    kernel: FaultyKernel, session: tee.Session, named: dict[str, int], struck: list[int]
) -> None:
    arm(kernel, Fault(INVOKE, Fail(errno.EIO), **named))  # type: ignore[arg-type]
    came = [invoke(session) for _ in range(8)]
    assert [number for number, passed in enumerate(came, 1) if not passed] == struck
    assert [strike.number for strike in kernel.strikes] == struck


def test_a_fault_can_be_for_some_calls_only(kernel: FaultyKernel, session: tee.Session) -> None:
    def is_for_values(call: ObservedCall) -> bool:
        return call.command_id == Command.VALUES

    arm(kernel, Fault(INVOKE, Fail(errno.EIO), nth=2, where=is_for_values))
    session.invoke_command(Command.VALUES)
    session.invoke_command(Command.NOTHING)
    session.invoke_command(Command.NOTHING)
    with pytest.raises(tee.GenericError) as caught:
        session.invoke_command(Command.VALUES)
    assert caught.value.errno == errno.EIO
    assert kernel.strikes[0].call.command_id == Command.VALUES


@pytest.mark.parametrize(
    ("call", "error", "expected"),
    [
        (SystemCall.OPEN, errno.EACCES, tee.DeviceAccessError),
        (SystemCall.VERSION, errno.EIO, tee.GenericError),
        (SystemCall.OPEN_SESSION, errno.ENOMEM, tee.OutOfMemoryError),
        (SystemCall.SHM_REGISTER, errno.ENOMEM, tee.OutOfMemoryError),
        (SystemCall.INVOKE, errno.EINVAL, tee.BadParametersError),
    ],
)
def test_each_kind_of_call_can_fail(
    kernel: FaultyKernel, call: SystemCall, error: int, expected: type[tee.TeecError]
) -> None:
    arm(kernel, Fault(call, Fail(error)))
    with (
        pytest.raises(expected) as caught,
        tee.Context("/dev/tee0", backend=kernel) as context,
        context.open_session(Conformance.uuid) as opened,
    ):
        opened.invoke_command(Command.MEMREF_XOR, tee.MemrefTempInOut(bytearray(3)))
    assert caught.value.errno == error
    kernel.assert_all_struck()


def test_a_close_that_fails_closes(kernel: FaultyKernel, below: fake.Kernel) -> None:
    arm(kernel, Fault(SystemCall.CLOSE, Fail(errno.EIO)))
    tee.Context(backend=kernel).close()
    kernel.assert_all_struck()
    assert below.resources() == NOTHING_HELD


def test_an_answer_comes_in_place_of_the_tees(kernel: FaultyKernel, session: tee.Session) -> None:
    arm(kernel, Fault(INVOKE, Answer(0x80000001, tee.Origin.TRUSTED_APP)))
    with pytest.raises(tee.TeecError) as caught:
        session.invoke_command(Command.VALUES, tee.ValueOutput(), tee.ValueInOut(4, 5))
    assert (caught.value.code, caught.value.origin) == (0x80000001, tee.Origin.TRUSTED_APP)
    assert caught.value.outputs == ((0, 0), (4, 5))


class Counter(fake.TrustedApplication):
    uuid = UUID("1a0bdcb4-3b2f-4f2b-bf0a-5a8f6f4ab001")
    single_instance = True
    multi_session = True
    keep_alive = True

    def create(self) -> None:
        self.count = 0

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        self.count += 1
        value = parameters[0]
        assert isinstance(value, fake.ValueParameter)
        value.a = self.count


@pytest.mark.parametrize("run", [False, True])
def test_an_answer_can_be_lost_after_the_command_has_run(
    below: fake.Kernel, kernel: FaultyKernel, run: bool
) -> None:
    below.install(Counter)
    lost = Answer(tee.Result.COMMUNICATION, tee.Origin.COMMS, run=run)
    with tee.Context(backend=kernel) as context, context.open_session(Counter.uuid) as opened:
        arm(kernel, Fault(INVOKE, lost))
        with pytest.raises(tee.CommunicationError):
            opened.invoke_command(0, tee.ValueOutput())
        assert opened.invoke_command(0, tee.ValueOutput()) == ((2 if run else 1, 0),)


def test_an_opening_whose_answer_is_lost_leaves_no_session(
    kernel: FaultyKernel, below: fake.Kernel
) -> None:
    arm(kernel, Fault(OPEN, Answer(tee.Result.COMMUNICATION, tee.Origin.COMMS, run=True)))
    with tee.Context(backend=kernel) as context:
        with pytest.raises(tee.CommunicationError):
            context.open_session(Conformance.uuid)
        assert below.resources().secure_world_sessions == 0


def test_an_answer_writes_what_the_kernel_does(kernel: FaultyKernel) -> None:
    with RawDevice(kernel) as device:
        arm(kernel, Fault(OPEN, Answer(tee.Result.BUSY)), Fault(INVOKE, Answer(7, 1)))
        answer = device.open_session(HelloWorld.uuid, (2, 1, 2, 3), (3, 1, 2, 3), (1, 1, 2, 3))
        assert (answer.result, answer.origin) == (tee.Result.BUSY, tee.Origin.TEE)
        assert answer.session != LEFT_SESSION
        assert answer.params == [(2, 0, 0, 0), (3, 1, 2, 3), (1, 1, 2, 3)]
        assert device.invoke(99, 0).result == 7


def test_an_answer_of_the_plan_has_not_the_cause_of_an_earlier_one(
    below: fake.Kernel, kernel: FaultyKernel
) -> None:
    with RawDevice(kernel) as device:
        panicked = device.open_session(Conformance.uuid)
        assert device.invoke(panicked.session, Command.PANIC).result == tee.Result.TARGET_DEAD
        arm(kernel, Fault(INVOKE, Answer(tee.Result.TARGET_DEAD)))
        device.invoke(panicked.session, Command.NOTHING)
        assert kernel.take_cause() is None


def test_sizes_larger_than_the_buffer_are_a_required_size(
    kernel: FaultyKernel, session: tee.Session
) -> None:
    given = bytearray(4)
    outputs = tee.MemrefTempOutput(given), tee.MemrefTempOutput(4)
    arm(kernel, Fault(INVOKE, Oversize(index=1)), Fault(INVOKE, Oversize(2**64), nth=2))
    view, required = session.invoke_command(Command.MEMREF_FILL, *outputs)
    assert bytes(view) == bytes(given)
    assert required == tee.RequiredSize(5)
    one, other = session.invoke_command(Command.MEMREF_FILL, *outputs)
    assert isinstance(one, tee.RequiredSize)
    assert isinstance(other, tee.RequiredSize)


def test_a_short_registration_is_none(kernel: FaultyKernel, session: tee.Session) -> None:
    arm(kernel, Fault(SystemCall.SHM_REGISTER, ShortRegistration(missing=4096)))
    with pytest.raises(tee.OutOfMemoryError):
        session.context.register_shared_memory(bytearray(8192))


@pytest.mark.parametrize("after", [False, True])
def test_a_held_call_goes_on_when_the_gate_is_released(
    kernel: FaultyKernel, session: tee.Session, pool: ThreadPoolExecutor, after: bool
) -> None:
    gate = Gate(LIMIT)
    arm(kernel, Fault(INVOKE, Hold(gate, after)))
    call = pool.submit(session.invoke_command, Command.VALUES, tee.ValueOutput())
    gate.wait_until_reached()
    assert not call.done()
    # Others pass.
    session.invoke_command(Command.NOTHING)
    gate.release()
    assert call.result(LIMIT) == ((0, 0),)
    assert gate.reached == 1


def test_a_call_that_is_held_can_be_cancelled(
    kernel: FaultyKernel, session: tee.Session, pool: ThreadPoolExecutor
) -> None:
    gate, operation = Gate(LIMIT), tee.Operation()
    arm(kernel, Fault(INVOKE, Hold(gate)))
    call = pool.submit(session.invoke_command, Command.NOTHING, operation=operation)
    gate.wait_until_reached()
    operation.request_cancellation()
    gate.release()
    assert call.result(LIMIT) == ()
    assert [c.call for c in kernel.calls][-1] is SystemCall.CANCEL


def test_a_gate_that_nobody_opens_or_reaches_says_so(
    kernel: FaultyKernel, session: tee.Session
) -> None:
    arm(kernel, Fault(INVOKE, Hold(Gate(limit=0.01))))
    with pytest.raises(RuntimeError, match="release"):
        session.invoke_command(Command.NOTHING)
    with pytest.raises(RuntimeError, match="0 of 1 calls"):
        Gate(limit=0.01).wait_until_reached()


def test_a_call_that_was_given_up_is_held_until_the_gate_is_released(
    kernel: FaultyKernel, session: tee.Session
) -> None:
    buffer = bytearray(b"before")
    with Gate(LIMIT) as gate:
        arm(kernel, Fault(INVOKE, Hold(gate)))
        with pytest.raises(tee.DeadlineError) as caught:
            session.invoke_command(
                Command.MEMREF_XOR, tee.MemrefTempInOut(buffer), timeout=0.01, grace=0.01
            )
        assert caught.value.still_running
        assert gate.held == 1
        assert session.is_busy
    gate.wait_until_passed()
    assert gate.held == 0
    # Nobody waits for what it brings.
    session.invoke_command(Command.NOTHING)
    assert buffer == b"before"
    # It closes the session itself if it is the last.
    wait_until(lambda: not session.is_busy)


def test_a_call_that_was_given_up_is_not_held_for_longer_than_the_limit_either(
    kernel: FaultyKernel, session: tee.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda about: told.append(str(about.exc_value)))
    gate = Gate(limit=0.1)
    arm(kernel, Fault(INVOKE, Hold(gate)))
    with pytest.raises(tee.DeadlineError):
        session.invoke_command(Command.NOTHING, timeout=0.01, grace=0)
    with pytest.raises(RuntimeError, match="0 of 2 calls left"):
        Gate(limit=0.01).wait_until_passed(2)
    wait_until(lambda: not session.is_busy)
    assert not gate.held
    # Nobody waits for the call who could be told.
    wait_until(lambda: bool(told))
    assert "call release() of its gate" in told[0]


def test_a_call_that_is_held_too_long_on_its_way_back_leaves_nothing(
    kernel: FaultyKernel, below: fake.Kernel
) -> None:
    for call in (OPEN, SystemCall.SHM_REGISTER, SystemCall.OPEN):
        arm(kernel, Fault(call, Hold(Gate(limit=0.01), after=True)))
        with (
            pytest.raises(RuntimeError, match="release"),
            tee.Context(backend=kernel) as context,
            context.allocate_shared_memory(10),
        ):
            context.open_session(Conformance.uuid)
        assert below.resources() == NOTHING_HELD, call


def test_a_delayed_call_is_served(kernel: FaultyKernel, session: tee.Session) -> None:
    arm(kernel, Fault(INVOKE, Delay(0.001)), Fault(INVOKE, Delay(0.001, after=True), nth=2))
    assert invoke(session)
    assert invoke(session)
    kernel.assert_all_struck()


def test_something_can_happen_before_a_call(kernel: FaultyKernel, session: tee.Session) -> None:
    happened: list[int] = []
    arm(kernel, Fault(INVOKE, Do(lambda: happened.append(len(kernel.strikes))), nth=2))
    assert invoke(session)
    assert not happened
    assert invoke(session)
    assert happened == [1]


def test_several_faults_of_one_call_come_one_after_the_other(
    kernel: FaultyKernel, session: tee.Session
) -> None:
    happened: list[str] = []
    arm(
        kernel,
        Fault(INVOKE, Do(lambda: happened.append("first"))),
        Fault(INVOKE, Do(lambda: happened.append("second"))),
        Fault(INVOKE, Fail(errno.EIO)),
        Fault(INVOKE, Do(lambda: happened.append("never"))),
    )
    assert not invoke(session)
    assert happened == ["first", "second"]


@dataclass(frozen=True)
class Twice(Action):
    """Runs a command twice."""

    calls = frozenset({INVOKE})

    def perform(self, kernel: FaultControl, call: ObservedCall, proceed: Callable[[], int]) -> int:
        proceed()
        return proceed()


def test_actions_can_be_ones_own(below: fake.Kernel, kernel: FaultyKernel) -> None:
    below.install(Counter)
    with tee.Context(backend=kernel) as context, context.open_session(Counter.uuid) as opened:
        arm(kernel, Fault(None, Twice()))
        assert opened.invoke_command(0, tee.ValueOutput()) == ((2, 0),)


def test_what_is_unplugged_is_gone_and_gives_back_what_it_had(
    kernel: FaultyKernel, below: fake.Kernel
) -> None:
    with tee.Context(backend=kernel) as context:
        block = context.allocate_shared_memory(10)
        opened = context.open_session(Conformance.uuid)
        arm(kernel, Fault(INVOKE, Unplug(), nth=2))
        opened.invoke_command(Command.NOTHING)
        for _ in range(2):
            with pytest.raises(tee.CommunicationError) as caught:
                opened.invoke_command(Command.NOTHING)
            assert caught.value.errno == errno.ENODEV
        with pytest.raises(tee.DeviceNotFoundError):
            tee.Context("/dev/tee0", backend=kernel)
        block.close()
        opened.close()
    assert below.resources() == NOTHING_HELD
    kernel.plug_in()
    tee.Context(backend=kernel).close()


def test_a_driver_is_removed_from_those_who_have_it_open_last(
    kernel: FaultyKernel, session: tee.Session
) -> None:
    arm(kernel, Fault(INVOKE, Unplug(serve_open=True)))
    assert invoke(session)
    with pytest.raises(tee.DeviceNotFoundError):
        tee.Context("/dev/tee0", backend=kernel)
    assert invoke(session)


def test_one_device_can_be_unplugged_and_come_back(kernel: FaultyKernel) -> None:
    with RawDevice(kernel) as client:
        privileged = kernel.open("/dev/teepriv0")
        kernel.unplug("/dev/tee0")
        assert refused(kernel.open, "/dev/tee0") == errno.ENOENT
        assert refused(client.raw_ioctl, uapi.TEE_IOC_VERSION, 0) == errno.ENODEV
        assert refused(kernel.ioctl, privileged, uapi.TEE_IOC_VERSION, 0) == errno.EFAULT
        kernel.plug_in("/dev/tee0")
        kernel.close(kernel.open("/dev/tee0"))
        assert refused(client.raw_ioctl, uapi.TEE_IOC_VERSION, 0) == errno.ENODEV
        kernel.close(privileged)


def test_a_number_that_is_used_again_is_not_dead(kernel: FaultyKernel) -> None:
    fd = kernel.open("/dev/tee0")
    kernel.unplug()
    kernel.close(fd)
    kernel.plug_in()
    assert kernel.open("/dev/tee0") == fd
    assert refused(kernel.ioctl, fd, uapi.TEE_IOC_VERSION, 0) == errno.EFAULT
    kernel.close(fd)


def test_faults_that_struck_nothing_are_named(kernel: FaultyKernel, session: tee.Session) -> None:
    arm(kernel, Fault(INVOKE, Delay(0)), Fault(SystemCall.CANCEL, Fail(errno.EIO), nth=3))
    assert invoke(session)
    with pytest.raises(AssertionError, match=r"CANCEL no\. 3: fail with EIO") as caught:
        kernel.assert_all_struck()
    assert "INVOKE" not in str(caught.value)


def test_a_plan_says_what_it_plans() -> None:
    plan = Plan(
        [
            Fault(INVOKE, Answer(tee.Result.BUSY), nth=2, times=None),
            Fault(None, Fail(uapi.ENOTSUPP), nth=5, every=3, times=4),
            Fault(OPEN, Hold(Gate()), where=lambda call: True),
        ]
    )
    assert str(plan).splitlines() == [
        "INVOKE no. 2 and those after it: answer 0xffff000d from TEE",
        "any call no. 5, then every 3th, 4 in all: fail with 524",
        "OPEN_SESSION no. 1, of some: wait",
    ]
    assert str(Plan()) == "no faults"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fault(INVOKE, Fail(errno.EIO), nth=0),
        lambda: Fault(INVOKE, Fail(errno.EIO), every=0),
        lambda: Fault(INVOKE, Fail(errno.EIO), times=0),
        lambda: Fault(SystemCall.MMAP, Answer(tee.Result.BUSY)),
        lambda: Fault(OPEN, Answer(tee.Result.SUCCESS)),
        lambda: Fault(INVOKE, Fail(4711)),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(make: Callable[[], Fault]) -> None:
    with pytest.raises(ValueError, match=r"\w+"):
        make()


def test_a_plan_by_chance_is_the_same_for_the_same_seed() -> None:
    assert Plan.random(5) == Plan.random(5)
    assert len({Plan.random(seed) for seed in range(20)}) == 20
    plan = Plan.random(1, faults=7, among=9, actions=[Delay(0)])
    assert [fault.action for fault in plan.faults] == [Delay(0)] * 7
    assert all(1 <= fault.nth <= 9 for fault in plan.faults)


def test_calls_are_counted_from_when_a_plan_begins(
    kernel: FaultyKernel, session: tee.Session
) -> None:
    for _ in range(2):
        arm(kernel, Fault(INVOKE, Fail(errno.EIO), nth=2))
        assert [invoke(session) for _ in range(3)] == [True, False, True]


def test_calls_of_several_threads_are_counted_together(
    kernel: FaultyKernel, session: tee.Session, pool: ThreadPoolExecutor
) -> None:
    arm(kernel, Fault(INVOKE, Fail(errno.EIO), nth=10, every=10, times=None))
    outcomes = list(pool.map(lambda _: invoke(session), range(200)))
    assert outcomes.count(False) == 20


@pytest.mark.timeout(LIMIT)
def test_a_session_that_is_forgotten_with_a_plan_is_closed(
    below: fake.Kernel, kernel: FaultyKernel, session: tee.Session
) -> None:
    def arm_for_another() -> None:
        other = session.context.open_session(Conformance.uuid)
        arm(kernel, Fault(INVOKE, Fail(errno.EIO), where=lambda _: other.closed))

    arm_for_another()
    assert below.resources().sessions == 2
    with pytest.warns(ResourceWarning, match="unclosed <Session"):
        kernel.disarm()
    assert below.resources().sessions == 1
    assert invoke(session)


@pytest.mark.parametrize("profile", ["optee", "optee-no-reg-mem", "amdtee"])
def test_whatever_happens_nothing_leaks(profile: str) -> None:
    below = fake.Kernel(profile)
    failed = 0
    for seed in range(300):
        plan = Plan.random(seed, among=12)
        try:
            with tee.Context("/dev/tee0", backend=FaultyKernel(below, plan)) as context:
                block = context.allocate_shared_memory(100)
                own = context.register_shared_memory(bytearray(100))
                with context.open_session(Conformance.uuid) as opened:
                    outputs = tee.MemrefTempOutput(9), tee.MemrefTempInOut(bytearray(9))
                    opened.invoke_command(Command.MEMREF_FILL, block, *outputs, own)
                    opened.invoke_command(Command.VALUES, tee.ValueOutput())
        except tee.TeecError:
            failed += 1
        assert below.resources() == NOTHING_HELD, f"seed {seed}:\n{plan}"
    assert 50 < failed < 300
    with tee.Context(backend=below) as context:
        context.open_session(HelloWorld.uuid).close()


def test_without_a_plan_the_kernel_is_the_one_below(below: fake.Kernel) -> None:
    kernel = FaultyKernel(below)
    with RawDevice(kernel) as device:
        data = bytearray(uapi.VERSION_DATA.size)
        assert device.raw_ioctl(uapi.TEE_IOC_VERSION, address_of(data)) == 0
        assert uapi.VERSION_DATA.unpack(data)[0] == uapi.TEE_IMPL_ID_OPTEE
        assert refused(device.raw_ioctl, 0x8010A40B, 0) == errno.EINVAL
        assert kernel.descriptors == {device.fd}
    assert not kernel.descriptors
