# SPDX-License-Identifier: BSD-2-Clause
"""The way from the fake OP-TEE's requests to its supplicant, system call by system call."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from pytee_client import fake
from pytee_client._boundary import address_of
from pytee_client.enums import Result
from pytee_client.fake.structures import Param
from pytee_client.kernels import uapi

from .....support.raw_device import RawDevice, refused
from .....support.raw_supplicant import META, ROOM, receive, send
from .....support.waiting import LIMIT, interrupted_soon, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

    from .....support.raw_device import RawParam

TYPE = fake.ParamType
FUNC = 4711
ANSWER = 0xFFFF4711


@pytest.fixture
def optee() -> fake.Optee:
    return fake.Optee()


@pytest.fixture
def kernel(optee: fake.Optee) -> fake.Kernel:
    return fake.Kernel(optee, release="7.2")


@pytest.fixture
def supplicant(kernel: fake.Kernel) -> Iterator[RawDevice]:
    with RawDevice(kernel, "/dev/teepriv0") as device:
        yield device


class Client:
    """A thread of OP-TEE that asks the supplicant."""

    def __init__(self, optee: fake.Optee, pool: ThreadPoolExecutor) -> None:
        self._queue = optee.supplicant_queue
        self._pool = pool

    def ask(self, *params: Param, func: int = FUNC) -> Future[int]:
        before = self._queue.pending
        asked = self._pool.submit(self._queue.call, func, list(params))
        wait_until(lambda: asked.done() or self._queue.pending > before)
        return asked


@pytest.fixture
def client(optee: fake.Optee, pool: ThreadPoolExecutor) -> Iterator[Client]:
    yield Client(optee, pool)
    optee.supplicant_queue.kill_clients()


def head(number: int) -> RawParam:
    return (0x103, number, 0, 0)


def test_requests_come_in_their_order_with_numbers_that_are_free(
    kernel: fake.Kernel, supplicant: RawDevice, client: Client
) -> None:
    asked = [client.ask(func=func) for func in (10, 20, 30)]
    first, second = (receive(kernel, supplicant.fd, META) for _ in range(2))
    assert [(first.func, first.number), (second.func, second.number)] == [(10, 1), (20, 2)]
    send(kernel, supplicant.fd, head(2), ret=ANSWER)
    send(kernel, supplicant.fd, head(1))
    assert asked[1].result(LIMIT) == ANSWER
    assert asked[0].result(LIMIT) == Result.SUCCESS
    third = receive(kernel, supplicant.fd, META)
    assert (third.func, third.number) == (30, 3)
    client.ask()
    assert receive(kernel, supplicant.fd, META).number == 1


def test_a_request_is_written_whole_and_what_is_behind_it_is_left(
    kernel: fake.Kernel, supplicant: RawDevice, client: Client
) -> None:
    _, number, _ = supplicant.allocate(100)
    memory = kernel._memory.find_memory(kernel._contexts[supplicant.fd], number)
    client.ask(
        Param(TYPE.VALUE_INPUT, a=2**64 - 1, b=2, c=3),
        Param(TYPE.VALUE_OUTPUT, a=1, b=2, c=3),
        Param(TYPE.MEMREF_INOUT, a=7, b=8, memory=memory),
        Param(TYPE.MEMREF_OUTPUT, a=9, b=8),
    )
    left: RawParam = (uapi.META, 5, 6, 7)
    received = receive(kernel, supplicant.fd, META, ROOM, ROOM, ROOM, ROOM, left)
    assert received.params[1:] == [
        (1, 2**64 - 1, 2, 3),
        (2, 0, 0, 0),
        (7, 7, 8, number),
        (6, 0, 8, uapi.TEE_MEMREF_NULL),
    ]
    assert received.rest == [left]
    kernel._memory.put_memory(memory)


def test_an_answer_changes_what_is_an_output_and_nothing_else(
    kernel: fake.Kernel, supplicant: RawDevice, client: Client
) -> None:
    params = [
        Param(TYPE.VALUE_INPUT, a=1, b=1, c=1),
        Param(TYPE.VALUE_OUTPUT),
        Param(TYPE.VALUE_INOUT, a=1, b=1, c=1),
        Param(TYPE.MEMREF_INOUT, a=5, b=8),
    ]
    asked = client.ask(*params)
    receive(kernel, supplicant.fd, META, ROOM, ROOM, ROOM, ROOM)
    answers: list[RawParam] = [(1, 9, 9, 9), (2, 2, 3, 4), (3, 5, 6, 7), (7, 9, 1000, 9)]
    send(kernel, supplicant.fd, head(1), *answers, ret=ANSWER, more=40)
    assert asked.result(LIMIT) == ANSWER
    assert [(p.a, p.b, p.c) for p in params] == [(1, 1, 1), (2, 3, 4), (5, 6, 7), (5, 1000, 0)]


def test_what_is_answered_as_an_input_or_as_nothing_known_is_zero(
    kernel: fake.Kernel, supplicant: RawDevice, client: Client
) -> None:
    params = [Param(TYPE.VALUE_INOUT, a=1, b=1, c=1), Param(TYPE.VALUE_INOUT, a=1, b=1, c=1)]
    asked = client.ask(*params)
    receive(kernel, supplicant.fd, META, ROOM, ROOM)
    send(kernel, supplicant.fd, head(1), (1, 9, 9, 9), (77, 9, 9, 9))
    assert asked.result(LIMIT) == Result.SUCCESS
    assert [(p.a, p.b, p.c) for p in params] == [(0, 0, 0)] * 2


def test_without_a_number_one_request_is_served_at_a_time(
    kernel: fake.Kernel, supplicant: RawDevice, client: Client
) -> None:
    params = [Param(TYPE.VALUE_INOUT, a=1)]
    first, second = client.ask(*params), client.ask()
    received = receive(kernel, supplicant.fd, ROOM)
    assert received.params == [(3, 1, 0, 0)]
    for room in (META, ROOM):
        assert refused(receive, kernel, supplicant.fd, room) == errno.EINVAL
    assert refused(send, kernel, supplicant.fd, (3, 5, 0, 0), (3, 5, 0, 0)) == errno.EINVAL
    send(kernel, supplicant.fd, (3, 5, 0, 0))
    assert first.result(LIMIT) == Result.SUCCESS
    assert params[0].a == 5
    assert receive(kernel, supplicant.fd, META).number == 2
    send(kernel, supplicant.fd, head(2))
    assert second.result(LIMIT) == Result.SUCCESS


@pytest.mark.parametrize(
    "room",
    [(), ((1, 0, 0, 0),), ((0x101, 0, 0, 0),), (META, (3, 0, 0, 0)), (META, (2, 0, 0, 0))],
    ids=str,
)
def test_room_of_another_kind_is_refused(
    kernel: fake.Kernel, supplicant: RawDevice, client: Client, room: tuple[RawParam, ...]
) -> None:
    client.ask()
    assert refused(receive, kernel, supplicant.fd, *room) == errno.EINVAL
    assert receive(kernel, supplicant.fd, META).func == FUNC


def test_room_may_be_marked_at_every_place(
    kernel: fake.Kernel, supplicant: RawDevice, client: Client
) -> None:
    client.ask(Param(TYPE.VALUE_OUTPUT))
    received = receive(kernel, supplicant.fd, META, META)
    assert received.params == [head(1), (2, 0, 0, 0)]


def test_room_of_too_little_leaves_the_request(
    kernel: fake.Kernel, supplicant: RawDevice, client: Client
) -> None:
    client.ask(Param(TYPE.VALUE_OUTPUT), Param(TYPE.VALUE_OUTPUT))
    for room in ([META, ROOM], [ROOM]):
        assert refused(receive, kernel, supplicant.fd, *room) == errno.EINVAL
    assert len(receive(kernel, supplicant.fd, ROOM, ROOM).params) == 2


def test_memory_as_room_is_refused_and_not_kept(kernel: fake.Kernel, supplicant: RawDevice) -> None:
    fd, number, _ = supplicant.allocate(100)
    room = (5, 0, 1, number)
    assert refused(receive, kernel, supplicant.fd, META, room) == errno.EINVAL
    assert refused(receive, kernel, supplicant.fd, META, (5, 0, 1, 99)) == errno.EINVAL
    kernel.close(fd)
    assert supplicant.allocate(100)[1] == number


def test_a_wrong_answer_leaves_the_client_waiting(
    kernel: fake.Kernel, supplicant: RawDevice, client: Client
) -> None:
    asked = client.ask(Param(TYPE.VALUE_OUTPUT))
    assert refused(send, kernel, supplicant.fd, head(1), ROOM) == errno.ENOENT
    receive(kernel, supplicant.fd, META, ROOM)
    wrong: list[tuple[RawParam, ...]] = [
        (),
        ((3, 1, 0, 0), ROOM),
        (META, ROOM),
        (head(1),),
        (head(1), ROOM, ROOM),
        (head(1), (0x200, 0, 0, 0)),
    ]
    for params in wrong:
        assert refused(send, kernel, supplicant.fd, *params) == errno.EINVAL
    assert refused(send, kernel, supplicant.fd, head(2), ROOM) == errno.ENOENT
    assert not asked.done()
    send(kernel, supplicant.fd, head(1 << 32 | 1), ROOM)
    assert asked.result(LIMIT) == Result.SUCCESS
    assert refused(send, kernel, supplicant.fd, head(1), ROOM) == errno.ENOENT


def test_arguments_are_checked_as_those_of_other_requests(
    kernel: fake.Kernel, supplicant: RawDevice
) -> None:
    data = bytearray(uapi.SUPPL_RECV_ARG.pack(0, 1) + uapi.PARAM.pack(*META) + bytes(8000))
    lengths = {7: errno.EINVAL, 39: errno.EINVAL, 4097: errno.EINVAL}
    for request in (uapi.TEE_IOC_SUPPL_RECV, uapi.TEE_IOC_SUPPL_SEND):
        assert refused(supplicant.raw_ioctl, request, 0) == errno.EFAULT
        assert refused(supplicant.ioctl, request, uapi.BUF_DATA, 0, 8) == errno.EFAULT
        for length, error in lengths.items():
            call = (request, uapi.BUF_DATA, address_of(data), length)
            assert refused(supplicant.ioctl, *call) == error
    # Only an answer may have room to spare.
    call = (uapi.TEE_IOC_SUPPL_RECV, uapi.BUF_DATA, address_of(data), 41)
    assert refused(supplicant.ioctl, *call) == errno.EINVAL
    data[8:16] = head(9)[0].to_bytes(8, "little")
    call = (uapi.TEE_IOC_SUPPL_SEND, uapi.BUF_DATA, address_of(data), 41)
    assert refused(supplicant.ioctl, *call) == errno.ENOENT


def test_user_buffers_of_an_answer_are_checked_where_the_kernel_knows_them(
    kernel: fake.Kernel, supplicant: RawDevice
) -> None:
    high: RawParam = (9, 1 << 63, 1, 0)
    assert refused(send, kernel, supplicant.fd, head(9), high) == errno.EFAULT
    old = fake.Kernel()
    with RawDevice(old, "/dev/teepriv0") as device:
        assert refused(send, old, device.fd, head(9), high) == errno.ENOENT


def test_only_a_supplicants_device_serves_a_supplicant(kernel: fake.Kernel) -> None:
    with RawDevice(kernel) as device:
        for request in (uapi.TEE_IOC_SUPPL_RECV, uapi.TEE_IOC_SUPPL_SEND):
            assert refused(device.raw_ioctl, request, 0) == errno.EINVAL


def test_there_is_one_supplicant_until_its_memory_is_gone(kernel: fake.Kernel) -> None:
    with RawDevice(kernel, "/dev/teepriv0") as device:
        assert refused(RawDevice, kernel, "/dev/teepriv0") == errno.EBUSY
        fd, _, _ = device.allocate(100)
        kernel.close(device.fd)
        assert refused(RawDevice, kernel, "/dev/teepriv0") == errno.EBUSY
        kernel.close(fd)
    with RawDevice(kernel, "/dev/teepriv0"):
        pass


def test_what_a_supplicant_leaves_unanswered_is_a_communication_error(
    kernel: fake.Kernel, client: Client
) -> None:
    with RawDevice(kernel, "/dev/teepriv0") as device:
        asked = [client.ask(), client.ask()]
        receive(kernel, device.fd, META)
    assert [call.result(LIMIT) for call in asked] == [Result.COMMUNICATION] * 2
    with RawDevice(kernel, "/dev/teepriv0") as successor:
        assert refused(send, kernel, successor.fd, head(1)) == errno.ENOENT


def test_a_client_waits_for_the_first_supplicant(kernel: fake.Kernel, client: Client) -> None:
    asked = client.ask()
    with RawDevice(kernel, "/dev/teepriv0") as device:
        assert not asked.done()
        assert receive(kernel, device.fd, META).func == FUNC
        send(kernel, device.fd, head(1))
    assert asked.result(LIMIT) == Result.SUCCESS


def test_a_client_of_the_kernels_own_does_not_wait(optee: fake.Optee, kernel: fake.Kernel) -> None:
    assert optee.supplicant_queue.call(FUNC, [], waits=False) == Result.COMMUNICATION


def test_a_killed_client_is_withdrawn_or_its_answer_refused_once(
    optee: fake.Optee, kernel: fake.Kernel, supplicant: RawDevice, client: Client
) -> None:
    asked = [client.ask(func=func) for func in (10, 20)]
    receive(kernel, supplicant.fd, META)
    optee.supplicant_queue.kill_clients()
    assert [call.result(LIMIT) for call in asked] == [Result.COMMUNICATION] * 2
    # The number of the first is taken until it is answered, the second is as if never made.
    client.ask(func=30)
    received = receive(kernel, supplicant.fd, META)
    assert (received.func, received.number) == (30, 2)
    assert refused(send, kernel, supplicant.fd, head(1)) == errno.EBADF
    assert refused(send, kernel, supplicant.fd, head(1)) == errno.ENOENT


def test_an_answer_to_a_dead_client_is_lost_on_a_release_that_reports_none(
    optee: fake.Optee, pool: ThreadPoolExecutor
) -> None:
    kernel = fake.Kernel(optee, release="6.12.43")
    with RawDevice(kernel, "/dev/teepriv0") as supplicant:
        asked = Client(optee, pool).ask()
        receive(kernel, supplicant.fd, META)
        optee.supplicant_queue.kill_clients()
        assert asked.result(LIMIT) == Result.COMMUNICATION
        send(kernel, supplicant.fd, head(1))
        assert refused(send, kernel, supplicant.fd, head(1)) == errno.ENOENT


def test_the_file_being_closed_ends_a_wait_for_requests(
    kernel: fake.Kernel, supplicant: RawDevice, pool: ThreadPoolExecutor
) -> None:
    waiting = pool.submit(receive, kernel, supplicant.fd, META)
    kernel.close(supplicant.fd)
    with pytest.raises(OSError, match=r".") as caught:
        waiting.result(LIMIT)
    assert caught.value.errno == errno.EBADF
    with RawDevice(kernel, "/dev/teepriv0"):
        pass


def test_an_interrupt_ends_a_wait_for_requests_and_loses_none(
    kernel: fake.Kernel, supplicant: RawDevice, client: Client
) -> None:
    with interrupted_soon():
        receive(kernel, supplicant.fd, META)
    client.ask()
    assert receive(kernel, supplicant.fd, META).number == 1


def test_an_interrupted_client_withdraws_its_request(
    kernel: fake.Kernel, optee: fake.Optee, client: Client
) -> None:
    with interrupted_soon():
        optee.supplicant_queue.call(10, [])
    assert not optee.supplicant_queue.pending
    with RawDevice(kernel, "/dev/teepriv0") as device:
        client.ask(func=20)
        assert receive(kernel, device.fd, META).func == 20


def test_the_first_opening_ever_is_announced(optee: fake.Optee, kernel: fake.Kernel) -> None:
    seen: list[str] = []
    optee.supplicant_queue.on_first_open.append(lambda: seen.append("opened"))
    RawDevice(kernel).__exit__(None, None, None)
    assert not seen
    for _ in range(2):
        with RawDevice(kernel, "/dev/teepriv0"):
            assert seen == ["opened"]


def test_an_opening_that_its_first_announcement_fails_leaves_nothing_open(
    optee: fake.Optee, kernel: fake.Kernel
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    optee.supplicant_queue.on_first_open.append(fail)
    with pytest.raises(ZeroDivisionError):
        kernel.open("/dev/teepriv0")
    with RawDevice(kernel, "/dev/teepriv0"):
        pass
