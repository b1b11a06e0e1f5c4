# SPDX-License-Identifier: BSD-2-Clause
"""The fake Trusted Services, request by request."""

from __future__ import annotations

import errno
import mmap
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.applications.trusted_services import EchoService
from pytee_client.fake.tstee import SecurePartition, TrustedService, TsTee
from pytee_client.kernels import uapi

from ....support.raw_device import LEFT_ORIGIN, RawDevice, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ....support.raw_device import RawParam

PAGE = mmap.PAGESIZE
MIB = 1 << 20
NONE: RawParam = (0, 0, 0, 0)
VALUE_INPUT, VALUE_OUTPUT, VALUE_INOUT, MEMREF_INPUT = 1, 2, 3, 5
UPPER, OPCODE, FAIL, FLOOD = range(4)
MISSING = UUID("534d1192-6143-234c-4755-5352544f4f59")


class Upper(TrustedService):
    uuid = UUID("6b1e7a2c-96b5-4c7e-8a53-5d1f0a8f7c11")

    def call(self, opcode: int, request: bytes) -> tuple[int, bytes]:
        if opcode == UPPER:
            return 0, request.upper()
        if opcode == FLOOD:
            return 0, bytes(PAGE + 1)
        if opcode == FAIL:
            raise ValueError
        return opcode, b""


class Silent(TrustedService):
    uuid = UUID("0b3d5c7e-2f41-4b6a-9c8d-7e6f5a4b3c2d")


@pytest.fixture
def kernel() -> fake.Kernel:
    partitions = (
        SecurePartition(0x8001, (Upper(), Silent())),
        SecurePartition(0x8002, (Silent(),)),
    )
    return fake.Kernel(TsTee(*partitions))


@pytest.fixture
def device(kernel: fake.Kernel) -> Iterator[RawDevice]:
    with RawDevice(kernel) as opened:
        yield opened


def test_each_partition_has_a_device_that_names_it(kernel: fake.Kernel) -> None:
    for path, endpoint in (("/dev/tee0", 0x8001), ("/dev/tee1", 0x8002)):
        with RawDevice(kernel, path) as device:
            done = device.ioctl(uapi.TEE_IOC_VERSION, uapi.VERSION_DATA, 9, 9, 9)
            assert done == (0, uapi.TEE_IMPL_ID_TSTEE, endpoint, 0)
    for path in ("/dev/tee2", "/dev/teepriv0"):
        assert refused(kernel.open, path) == errno.ENOENT


def test_the_client_api_has_no_use_for_it(kernel: fake.Kernel) -> None:
    for path in (None, "/dev/tee0"):
        with pytest.raises(tee.NotSupportedError):
            tee.Context(path, backend=kernel)
    with pytest.raises(TypeError, match="no Trusted Applications"):
        kernel.install(HelloWorld)


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (uapi.TEE_IOC_VERSION, errno.EFAULT),
        (uapi.TEE_IOC_OPEN_SESSION, errno.EFAULT),
        (uapi.TEE_IOC_INVOKE, errno.EFAULT),
        (uapi.TEE_IOC_CLOSE_SESSION, errno.EFAULT),
        (uapi.TEE_IOC_CANCEL, errno.EINVAL),
    ],
)
def test_a_null_argument_is_looked_at_only_by_what_there_is(
    device: RawDevice, number: int, error: int
) -> None:
    assert refused(device.raw_ioctl, number, 0) == error


@pytest.mark.parametrize("login", [0, 1, 2, 3, 4, 0x7FFFFFFF, 0xC0000000])
def test_the_login_does_not_matter(device: RawDevice, login: int) -> None:
    assert device.open_session(Upper.uuid, login=login).result == tee.Result.SUCCESS


def test_the_kernels_own_logins_are_denied_all_the_same(device: RawDevice) -> None:
    assert refused(device.open_session, Upper.uuid, login=0x80000000) == errno.EPERM


def test_parameters_of_an_opening_are_parsed_and_not_used(device: RawDevice) -> None:
    meta = (uapi.META | VALUE_INPUT, 1, 2, 3)
    given = [NONE, meta, (VALUE_INPUT, 1, 2, 3), (VALUE_OUTPUT, 1, 2, 3), (VALUE_INOUT, 1, 2, 3)]
    answer = device.open_session(Upper.uuid, *given)
    assert (answer.result, answer.origin) == (tee.Result.SUCCESS, LEFT_ORIGIN)
    assert answer.params == [*given[:3], (VALUE_OUTPUT, 0, 0, 0), given[4]]
    for bad in ((4, 0, 0, 0), (MEMREF_INPUT, 0, 0, 7), (MEMREF_INPUT, 0, 0, 2**64 - 1)):
        assert refused(device.open_session, Upper.uuid, bad) == errno.EINVAL


def test_a_service_is_of_its_partition(kernel: fake.Kernel, device: RawDevice) -> None:
    assert refused(device.open_session, MISSING) == errno.ENODEV
    with RawDevice(kernel, "/dev/tee1") as other:
        assert refused(other.open_session, Upper.uuid) == errno.ENODEV
        assert other.open_session(Silent.uuid).session == 0


def test_sessions_are_numbered_from_0_in_each_context(
    kernel: fake.Kernel, device: RawDevice
) -> None:
    assert [device.open_session(Upper.uuid).session for _ in range(3)] == [0, 1, 2]
    device.close_session(1)
    assert refused(device.close_session, 1) == errno.EINVAL
    assert device.open_session(Silent.uuid).session == 1
    with RawDevice(kernel) as other:
        assert refused(other.invoke, 0, UPPER, (VALUE_INOUT, 0, 0, 0)) == errno.EINVAL
        assert refused(other.close_session, 0) == errno.EINVAL
        assert other.open_session(Upper.uuid).session == 0


def swapped(fd: int, content: bytes) -> bytes:
    """Swap the beginning of shared memory."""
    with mmap.mmap(fd, PAGE) as memory:
        before = memory[: len(content)]
        memory[: len(content)] = content
        return before


def test_a_request_and_its_response_are_in_the_memory_that_a_value_names(
    device: RawDevice,
) -> None:
    session = device.open_session(Upper.uuid).session
    fd, number, _ = device.allocate(PAGE)
    swapped(fd, b"some bytes")
    wide = 1 << 32
    answer = device.invoke(session, 7 << 16 | UPPER, (VALUE_INOUT, wide | number, wide | 4, 9))
    assert (answer.result, answer.origin) == (0, LEFT_ORIGIN)
    assert answer.params == [(VALUE_INOUT, 4, wide | 4, 9)]
    assert swapped(fd, bytes(10)) == b"SOME bytes"


def test_a_status_is_the_services_own(device: RawDevice) -> None:
    session = device.open_session(Upper.uuid).session
    answer = device.invoke(session, 0x1234, (VALUE_INOUT, 0, 0, 0), *[NONE] * 6)
    assert (answer.result, answer.params[0]) == (0x1234, (VALUE_INOUT, 0, 0, 0))


def test_the_length_of_a_response_is_seen_in_an_inout_only(device: RawDevice) -> None:
    session = device.open_session(Upper.uuid).session
    _, number, _ = device.allocate(PAGE)
    given = (VALUE_INPUT, number, 4, 0)
    assert device.invoke(session, UPPER, given).params == [given]


@pytest.mark.parametrize(
    ("func", "params"),
    [
        (UPPER, []),
        (UPPER, [(VALUE_INOUT, 7, 0, 0)]),
        (UPPER, [(VALUE_INOUT, 1, PAGE + 1, 0)]),
        (UPPER, [(VALUE_INOUT, 0, 1, 0)]),
        (FAIL, [(VALUE_INOUT, 1, 1, 0)]),
        (FLOOD, [(VALUE_INOUT, 1, 1, 0)]),
    ],
    ids=["no parameter", "no such memory", "beyond", "no memory", "failing", "flooding"],
)
def test_a_call_that_cannot_be_made_is_refused(
    device: RawDevice, func: int, params: list[RawParam]
) -> None:
    session = device.open_session(Upper.uuid).session
    assert device.allocate(PAGE)[1] == 1
    assert refused(device.invoke, session, func, *params) == errno.EINVAL


async def _coroutine() -> None:
    pass


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda: None, "returned None: return the status, a number of 32 bits, and the response"),
        (lambda: 0, "returned 0: return the status"),
        (lambda: (0, "text"), "returned (0, 'text'): return the status"),
        (lambda: (0, None), "returned (0, None): return the status"),
        (lambda: (1.0, b""), "returned (1.0, b'')"),
        (lambda: (True, b""), "returned (True, b'')"),
        (lambda: (1 << 32, b""), "returned (4294967296, b'')"),
        (lambda: (0, b"", 1), "returned (0, b'', 1)"),
        (_coroutine, "is an async function"),
        (lambda: 1 // 0, "ZeroDivisionError: integer division or modulo by zero"),
    ],
)
def test_a_mistake_of_a_service_is_named_with_its_place(
    answer: Callable[[], Any], says: str
) -> None:
    class Mistaken(TrustedService):
        uuid = Upper.uuid

        def call(self, opcode: int, request: bytes) -> Any:
            return answer()

    with RawDevice(fake.Kernel(TsTee(SecurePartition(0x8001, (Mistaken(),))))) as device:
        session = device.open_session(Upper.uuid).session
        with pytest.raises(OSError, match="the service failed") as caught:
            device.invoke(session, 0, (VALUE_INOUT, 0, 0, 0))
    assert caught.value.errno == errno.EINVAL
    assert says in str(caught.value)
    assert f"{__file__}, line " in str(caught.value)
    assert caught.value.__cause__ is not None


def test_a_status_may_be_negative_and_a_response_any_bytes() -> None:
    class Negative(TrustedService):
        uuid = Upper.uuid

        def call(self, opcode: int, request: bytes) -> tuple[int, Any]:
            return -133, bytearray(b"ok")

    with RawDevice(fake.Kernel(TsTee(SecurePartition(0x8001, (Negative(),))))) as device:
        session = device.open_session(Upper.uuid).session
        _, number, _ = device.allocate(PAGE)
        answer = device.invoke(session, 0, (VALUE_INOUT, number, 0, 0))
    assert answer.result == 2**32 - 133
    assert answer.params[0][1] == 2


def test_the_memory_of_a_call_is_given_back_after_it(
    kernel: fake.Kernel, device: RawDevice
) -> None:
    session = device.open_session(Upper.uuid).session
    fd, number, _ = device.allocate(PAGE)
    for func in (UPPER, OPCODE):
        device.invoke(session, func, (VALUE_INOUT, number, 4, 0))
    assert refused(device.invoke, session, FAIL, (VALUE_INOUT, number, 4, 0)) == errno.EINVAL
    kernel.close(fd)
    assert device.allocate(PAGE)[1] == number


def test_memory_is_allocated_by_pages_and_never_the_programs(device: RawDevice) -> None:
    sizes = [device.allocate(size)[2] for size in (5000, 5 * PAGE, 4 * MIB)]
    assert sizes == [2 * PAGE, 5 * PAGE, 4 * MIB]
    assert refused(device.allocate, 4 * MIB + 1) == errno.ENOMEM
    assert refused(device.register, 0, PAGE) == uapi.ENOTSUPP


def test_the_profile_has_a_partition_with_a_service() -> None:
    with RawDevice(fake.Kernel("tstee")) as device:
        session = device.open_session(EchoService.uuid).session
        fd, number, _ = device.allocate(PAGE)
        swapped(fd, b"bytes")
        assert device.invoke(session, 0, (VALUE_INOUT, number, 3, 0)).params[0][1] == 3
        assert device.invoke(session, 9, (VALUE_INOUT, number, 3, 0)).result == 9
