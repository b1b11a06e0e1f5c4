# SPDX-License-Identifier: BSD-2-Clause
"""What one call leaves to the next, and what closing, interrupts and errors take from it."""

from __future__ import annotations

import errno
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, cast
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._boundary import copy_from_user, copy_to_user
from pytee_client._calls.call import Call
from pytee_client._calls.pool import CallPool
from pytee_client.kernels import uapi

from ...support.interruption import Interrupted
from ...support.outputs import output_as
from ...support.waiting import LIMIT, wait_until

INVOKE_ORIGIN_OFFSET = 16


class Gate(fake.TrustedApplication):
    """Waits in command 1, fills memory, and returns what it is told to."""

    uuid = UUID("7d1f8c1e-6d0e-4a39-9d53-9f2d3c1a6b01")
    entered: ClassVar[threading.Event]
    opened: ClassVar[threading.Event]
    code: ClassVar[int]
    size: ClassVar[int]
    seen: ClassVar[list[bytes]]

    def invoke_command(
        self,
        session: fake.ClientSession,
        command_id: int,
        parameters: fake.Parameters,
    ) -> None:
        if command_id:
            self.entered.set()
            assert self.opened.wait(LIMIT)
        memref = parameters[0]
        if isinstance(memref, fake.MemrefParameter) and memref.type.is_output:
            assert memref.buffer is not None
            self.seen.append(bytes(memref.buffer))
            memref.buffer[:] = b"x" * len(memref.buffer)
            memref.size = self.size or memref.size
        if self.code:
            raise fake.ResultError(self.code)


class ForgetfulKernel(fake.Kernel):
    """Says of no command that the TEE has run it, if it is to forget.

    Attributes:
        order: the ends of commands and the beginnings of closings.
    """

    forgets = False
    fails = False

    def __init__(self) -> None:
        super().__init__()
        self.order: list[int] = []

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        if request == uapi.TEE_IOC_CLOSE_SESSION:
            self.order.append(request)
        if self.fails and request == uapi.TEE_IOC_INVOKE:
            raise OSError(errno.EIO, "as it is told to")
        result = super().ioctl(fd, request, argument)
        if request == uapi.TEE_IOC_INVOKE:
            self.order.append(request)
        if self.forgets and request == uapi.TEE_IOC_INVOKE:
            base, _ = uapi.BUF_DATA.unpack(copy_from_user(argument, uapi.BUF_DATA.size))
            copy_to_user(base + INVOKE_ORIGIN_OFFSET, bytes([tee.Origin.COMMS, 0, 0, 0]))
        return result


@pytest.fixture
def kernel() -> ForgetfulKernel:
    made = ForgetfulKernel()
    Gate.entered, Gate.opened, Gate.code = threading.Event(), threading.Event(), 0
    Gate.size, Gate.seen = 0, []
    made.install(Gate)
    return made


@pytest.fixture
def context(kernel: ForgetfulKernel) -> Iterator[tee.Context]:
    with tee.Context(backend=kernel) as made:
        yield made


@pytest.fixture
def session(context: tee.Context) -> tee.Session:
    return context.open_session(Gate.uuid)


@pytest.mark.parametrize("code", [0, tee.Result.ITEM_NOT_FOUND])
def test_a_call_with_a_block_ends_as_it_does_though_its_context_is_being_closed(
    context: tee.Context, session: tee.Session, pool: ThreadPoolExecutor, code: int
) -> None:
    Gate.code = code
    block = context.allocate_shared_memory(10)

    def work() -> int:
        (view,) = session.invoke_command(1, block)
        with output_as(memoryview, view) as view:
            return len(view)

    call = pool.submit(work)
    assert Gate.entered.wait(LIMIT)
    closing = pool.submit(context.close)
    wait_until(lambda: context._closing)
    Gate.opened.set()
    if code:
        with pytest.raises(tee.ItemNotFoundError):
            call.result(LIMIT)
    else:
        assert call.result(LIMIT) == 10
    closing.result(LIMIT)


@pytest.mark.parametrize("kind", ["value", "bytes", "block"])
def test_an_interrupt_leaves_no_output_to_the_next_call(
    context: tee.Context, session: tee.Session, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    block = context.allocate_shared_memory(10)
    parameters: dict[str, Any] = {
        "value": tee.ValueInOut(1),
        "bytes": tee.MemrefTempInOut(bytearray(3)),
        "block": block,
    }
    name = "expect_value" if kind == "value" else "expect_memory"
    expect = getattr(Call, name)

    def interrupted(call: Call, *output: Any) -> None:
        expect(call, *output)
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(Call, name, interrupted)
        with pytest.raises(Interrupted):
            session.invoke_command(0, parameters[kind])
    assert session.invoke_command(0, (1, 2)) == ()
    block.close()


def test_a_block_that_no_one_gave_a_size_comes_back_whole(
    kernel: ForgetfulKernel, context: tee.Context, session: tee.Session
) -> None:
    with context.allocate_shared_memory(10) as block:
        session.invoke_command(0, tee.MemrefTempInOut(bytearray(3)))
        kernel.forgets = True
        (view,) = session.invoke_command(0, block)
        with output_as(memoryview, view) as view:
            assert len(view) == 10


def test_a_command_that_could_not_be_prepared_keeps_no_buffer(session: tee.Session) -> None:
    buffer = bytearray(3)
    with pytest.raises(tee.ParameterTypeError) as caught:
        session.prepare(0, tee.MemrefTempInOut(buffer), cast("Any", "text"))
    # As long as the error is there.
    assert caught.value is not None
    buffer.extend(bytes(1000))


def test_a_buffer_that_compares_each_of_its_elements_is_a_slot(session: tee.Session) -> None:
    class Elementwise(bytearray):
        """Compares as arrays of numpy do."""

        __hash__ = None

        def __eq__(self, other: object) -> bool:
            raise ValueError("the truth value of an array is ambiguous")

    assert session.prepare(0, Elementwise(b"abc"))() == ()


@pytest.mark.parametrize(
    ("slots", "contents"),
    [
        ((), ()),
        ((tee.ValueInOut,), ((1, 2),)),
        ((tee.ValueInOut(1, 2),), ()),
        ((tee.MemrefTempInOut(bytearray(3)),), ()),
    ],
    ids=["nothing", "value each time", "value", "bytes"],
)
def test_closing_a_session_waits_for_its_prepared_commands(
    kernel: ForgetfulKernel,
    session: tee.Session,
    pool: ThreadPoolExecutor,
    slots: tuple[Any, ...],
    contents: tuple[Any, ...],
) -> None:
    call = pool.submit(session.prepare(1, *slots), *contents)
    assert Gate.entered.wait(LIMIT)
    closing = pool.submit(session.close)
    wait_until(lambda: session.closed)
    Gate.opened.set()
    call.result(LIMIT)
    closing.result(LIMIT)
    assert kernel.order == [uapi.TEE_IOC_INVOKE, uapi.TEE_IOC_CLOSE_SESSION]


@pytest.mark.parametrize("size", [2, 3, 9])
def test_what_comes_back_of_a_prepared_buffer_has_the_size_that_was_set(
    session: tee.Session, size: int
) -> None:
    command = session.prepare(0, tee.MemrefTempInOut(bytearray(3)))
    Gate.size = size
    for _ in range(2):
        assert command() == ((b"xxx"[:size],) if size <= 3 else (tee.RequiredSize(size),))


def test_an_output_of_a_prepared_commands_own_begins_with_zeros(session: tee.Session) -> None:
    command = session.prepare(0, tee.MemrefTempOutput(3))
    assert command() == command() == (b"xxx",)
    assert Gate.seen == [bytes(3), bytes(3)]


@pytest.mark.parametrize("kind", [tee.MemrefWhole, tee.MemrefPartialInOut])
def test_a_prepared_command_keeps_no_block_open(
    context: tee.Context, session: tee.Session, kind: type[Any]
) -> None:
    with context.allocate_shared_memory(3) as block:
        command = session.prepare(0, kind(block), None, (1, 2))
        (view,) = command()
        output_as(memoryview, view).release()
    with pytest.raises(tee.ClosedSharedMemoryError):
        command()


@pytest.mark.parametrize("number", [Decimal(1), Fraction(1), 1.0])
def test_a_number_that_is_no_int_is_refused(session: tee.Session, number: Any) -> None:
    with pytest.raises(tee.ParameterTypeError):
        session.prepare(0, tee.ValueInOut)((number, 0))
    with pytest.raises(tee.ParameterTypeError):
        session.invoke_command(0, tee.ValueInOut(0, number))


@pytest.mark.parametrize("command_id", [Decimal("7.9"), Fraction(15, 2), 7.0, "7"])
@pytest.mark.parametrize("kind", ["nothing", "value", "bytes", "block", "two"])
def test_a_command_that_is_no_int_is_refused(
    context: tee.Context, session: tee.Session, command_id: Any, kind: str
) -> None:
    with context.allocate_shared_memory(3) as block:
        parameters: dict[str, tuple[Any, ...]] = {
            "nothing": (),
            "value": (tee.ValueInOut(1),),
            "bytes": (tee.MemrefTempInOut(bytearray(3)),),
            "block": (block,),
            "two": ((1, 2), b"abc"),
        }
        with pytest.raises(tee.ParameterTypeError, match="command id"):
            session.invoke_command(command_id, *parameters[kind])


class Index:
    def __index__(self) -> int:
        return 5


def test_what_stands_for_an_int_is_one(session: tee.Session) -> None:
    number: Any = Index()
    Gate.opened.set()
    assert session.invoke_command(number, tee.ValueInOut(number, number)) == ((5, 5),)
    assert session.invoke_command(number) == ()
    (view,) = session.invoke_command(number, tee.MemrefTempInOut(bytearray(3)))
    assert bytes(view) == b"xxx"


def test_a_session_that_was_lost_does_not_keep_the_device_open(kernel: ForgetfulKernel) -> None:
    context = tee.Context(backend=kernel)
    session = context.open_session(Gate.uuid)
    # As an interrupt does that comes before it is anybody's.
    context._sessions.clear()
    session._closed = True
    context.close()
    assert kernel.resources().descriptors == 1
    del session
    gc.collect()
    assert kernel.resources().descriptors == 0


def test_the_errno_of_a_call_is_that_of_no_other_call(
    kernel: ForgetfulKernel, session: tee.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    attend = CallPool.attend

    def after_another_call(self: CallPool, call: Call) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(CallPool, "attend", attend)
            kernel.fails = False
            session.invoke_command(0)
        attend(self, call)

    monkeypatch.setattr(CallPool, "attend", after_another_call)
    kernel.fails = True
    with pytest.raises(tee.TeecError) as caught:
        session.invoke_command(0, tee.ValueInOut(1))
    assert caught.value.errno == errno.EIO


def test_no_more_than_64_blocks_are_kept(
    kernel: ForgetfulKernel, context: tee.Context, session: tee.Session
) -> None:
    before = kernel.resources().memory
    parameters = [b"a", b"b", b"c", b"d"]
    with ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(session.invoke_command, 1, *parameters) for _ in range(20)]
        wait_until(lambda: kernel.resources().memory == before + 80)
        Gate.opened.set()
        for call in calls:
            assert call.result(LIMIT) == ()
    assert kernel.resources().memory == before + 64
    context.trim()
    assert kernel.resources().memory == before


def test_a_call_that_no_worker_got_yet_can_be_stopped() -> None:
    # As an opening whose time-out is over before it is submitted.
    call = Call(cancellable=True)
    assert not call.stop()
    assert not call.give_up()
    call.request_cancellation_elsewhere()
    assert not call.is_pending
