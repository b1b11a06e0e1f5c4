# SPDX-License-Identifier: BSD-2-Clause
"""The fake AMD-TEE, request by request: what the driver serves, refuses, and leaves alone."""

from __future__ import annotations

import errno
import mmap
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._boundary import address_of
from pytee_client.fake.applications import PSEUDO_APPLICATIONS, Conformance, HelloWorld
from pytee_client.fake.applications.conformance import Command
from pytee_client.fake.secure_world import Identity
from pytee_client.kernels import uapi
from pytee_client.kernels.uapi import ParamType

from ....support.raw_device import LEFT_ORIGIN, LEFT_SESSION, RawDevice, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ....support.raw_device import Answer, RawParam

CONFORMANCE = Conformance.uuid
HELLO_WORLD = HelloWorld.uuid
MISSING = UUID("534d1192-6143-234c-4755-5352544f4f59")
OWN = UUID("6fd93b77-3fb8-524d-b12d-c529b13d8543")
NONE: RawParam = (0, 0, 0, 0)
BAD_PARAMETERS = (tee.Result.BAD_PARAMETERS, tee.Origin.COMMS)
PAGE = mmap.PAGESIZE
MIB = 1 << 20
SUPPL_RECV = 0x8010A406
SUPPL_SEND = 0x8010A407
OBJECT_INVOKE = 0x8010A40A


@pytest.fixture
def kernel() -> fake.Kernel:
    return fake.Kernel("amdtee")


@pytest.fixture
def device(kernel: fake.Kernel) -> Iterator[RawDevice]:
    with RawDevice(kernel) as opened:
        yield opened


def ended(answer: Answer) -> tuple[int, int]:
    return answer.result, answer.origin


def opening(*params: RawParam, count: int | None = None) -> bytes:
    """Return the buffer of an opening, which may lie about its number of parameters."""
    count = len(params) if count is None else count
    header = uapi.OPEN_SESSION_ARG.pack(CONFORMANCE.bytes, bytes(16), 0, 0, 0, 0, 0, count)
    return header + b"".join(uapi.PARAM.pack(*param) for param in params)


def test_the_device_says_that_it_is_amd_tee(device: RawDevice) -> None:
    done = device.ioctl(uapi.TEE_IOC_VERSION, uapi.VERSION_DATA, 0, 0, 0)
    assert done == (0, uapi.TEE_IMPL_ID_AMDTEE, 0, uapi.TEE_GEN_CAP_GP)


def test_there_is_no_device_for_a_supplicant(kernel: fake.Kernel) -> None:
    assert refused(kernel.open, "/dev/teepriv0") == errno.ENOENT


def test_a_device_can_be_opened_twice(kernel: fake.Kernel, device: RawDevice) -> None:
    with RawDevice(kernel) as second:
        assert second.fd != device.fd


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (uapi.TEE_IOC_VERSION, errno.EFAULT),
        (uapi.TEE_IOC_OPEN_SESSION, errno.EFAULT),
        (uapi.TEE_IOC_CANCEL, errno.EFAULT),
        (SUPPL_RECV, errno.EINVAL),
        (SUPPL_SEND, errno.EINVAL),
        (OBJECT_INVOKE, errno.EINVAL),
        (0x8000A40B, errno.EINVAL),
        (uapi.TEE_IOC_VERSION + (1 << 16), errno.EINVAL),
    ],
)
def test_a_null_argument_is_looked_at_only_by_what_there_is(
    device: RawDevice, request_: int, error: int
) -> None:
    assert refused(device.raw_ioctl, request_, 0) == error


@pytest.mark.parametrize("length", [55, 4097])
def test_an_opening_has_a_least_and_a_largest_length(device: RawDevice, length: int) -> None:
    assert refused(device.call, uapi.TEE_IOC_OPEN_SESSION, bytes(5000), length) == errno.EINVAL


def test_an_opening_from_unmapped_memory_faults(device: RawDevice) -> None:
    assert refused(device.ioctl, uapi.TEE_IOC_OPEN_SESSION, uapi.BUF_DATA, 0, 56) == errno.EFAULT


@pytest.mark.parametrize("buffer", [opening(count=1), opening(NONE, count=0)])
def test_the_number_of_parameters_is_that_of_the_length(device: RawDevice, buffer: bytes) -> None:
    assert refused(device.call, uapi.TEE_IOC_OPEN_SESSION, buffer) == errno.EINVAL


@pytest.mark.parametrize("attr", [0x200, 4, 14, 0xFF])
def test_an_unknown_attribute_is_refused(device: RawDevice, attr: int) -> None:
    assert refused(device.open_session, CONFORMANCE, (attr, 0, 0, 0)) == errno.EINVAL


@pytest.mark.parametrize(
    "memref",
    [
        (0, 0, 12345),
        (0, 0, 2**64 - 1),
        (0, 0, 2**32 - 1),
        (1, PAGE, 1),
        (2**64 - 1, 2, 1),
    ],
    ids=["unknown", "null", "minus one", "beyond", "wrapping"],
)
def test_a_memref_to_what_is_not_there_is_refused(
    device: RawDevice, memref: tuple[int, int, int]
) -> None:
    assert device.allocate(PAGE)[1:] == (1, PAGE)
    param = (ParamType.MEMREF_INPUT, *memref)
    assert refused(device.open_session, CONFORMANCE, param) == errno.EINVAL


def test_of_an_id_the_low_half_counts(device: RawDevice) -> None:
    _, number, _ = device.allocate(PAGE)
    memref = (ParamType.MEMREF_INPUT, 0, PAGE, 1 << 32 | number)
    assert device.open_session(CONFORMANCE, memref).result == tee.Result.SUCCESS


def test_an_empty_memref_may_lie_at_the_end(device: RawDevice) -> None:
    _, number, size = device.allocate(2 * PAGE)
    session = device.open_session(CONFORMANCE).session
    memref = (ParamType.MEMREF_INOUT, size, 0, number)
    answer = device.invoke(session, Command.MEMREF_CHECKSUM, memref, (2, 5, 5, 5))
    assert ended(answer) == (tee.Result.SUCCESS, tee.Origin.TRUSTED_APP)
    assert answer.params == [memref, (2, 0, 0, 0)]


@pytest.mark.parametrize("login", [0x80000000, 0xBFFFFFFF])
def test_a_login_of_the_kernels_own_is_denied_after_the_parameters(
    device: RawDevice, login: int
) -> None:
    assert refused(device.open_session, MISSING, login=login) == errno.EPERM
    bad = (4, 0, 0, 0)
    assert refused(device.open_session, MISSING, bad, login=login) == errno.EINVAL


@pytest.mark.parametrize("login", [1, 2, 3, 4, 5, 6, 7, 0x7FFFFFFF, 0xC0000000, 0xFFFFFFFF])
def test_no_login_but_public_is_known_whatever_the_application(
    device: RawDevice, login: int
) -> None:
    assert refused(device.open_session, CONFORMANCE, login=login) == errno.EINVAL
    assert refused(device.open_session, MISSING, login=login) == errno.EINVAL


def test_a_missing_application_is_no_memory(device: RawDevice) -> None:
    assert refused(device.open_session, MISSING) == errno.ENOMEM
    assert refused(device.open_session, MISSING, *[NONE] * 5) == errno.ENOMEM


NOT_SENT = {
    "too many": [NONE] * 5,
    "meta": [(uapi.META | ParamType.VALUE_INPUT, 1, 2, 3)],
}


@pytest.mark.parametrize("params", NOT_SENT.values(), ids=NOT_SENT.keys())
def test_an_opening_that_cannot_be_sent_is_a_result_with_the_handle(
    device: RawDevice, params: list[RawParam]
) -> None:
    answer = device.open_session(CONFORMANCE, *params)
    assert ended(answer) == BAD_PARAMETERS
    assert answer.session == 1
    assert answer.params == params
    assert refused(device.close_session, answer.session) == errno.EINVAL


@pytest.mark.parametrize("params", [*NOT_SENT.values(), [NONE] * 7], ids=[*NOT_SENT, "still more"])
def test_a_command_that_cannot_be_sent_is_a_result(
    device: RawDevice, params: list[RawParam]
) -> None:
    session = device.open_session(CONFORMANCE).session
    answer = device.invoke(session, Command.NOTHING, *params)
    assert ended(answer) == BAD_PARAMETERS
    assert answer.params == params


def test_what_cannot_be_sent_gives_back_empty_outputs_and_the_rest_as_it_was(
    device: RawDevice,
) -> None:
    session = device.open_session(CONFORMANCE).session
    values: list[RawParam] = [(kind, 7, 8, 9) for kind in (1, 2, 3)]
    answer = device.invoke(session, Command.VALUES, *values, NONE, NONE)
    assert ended(answer) == BAD_PARAMETERS
    assert answer.params == [(1, 7, 8, 9), (2, 0, 0, 0), (3, 7, 8, 9), NONE, NONE]


def test_values_are_two_numbers_of_32_bits(device: RawDevice) -> None:
    session = device.open_session(CONFORMANCE).session
    wide = 0x1_0000_0000
    answer = device.invoke(
        session, Command.VALUES, (1, wide + 5, wide + 6, 7), (2, 1, 1, 1), (3, wide + 1, 2, 9)
    )
    assert ended(answer) == (tee.Result.SUCCESS, tee.Origin.TRUSTED_APP)
    inverted = (3, 0xFFFFFFFE, 0xFFFFFFFD, 0)
    assert answer.params == [(1, wide + 5, wide + 6, 7), (2, 7, 9, 0), inverted]


def test_an_application_that_refuses_has_its_outputs_and_origin(device: RawDevice) -> None:
    refusal = (1, tee.Result.ACCESS_DENIED, 0, 0)
    answer = device.open_session(CONFORMANCE, refusal, (2, 0, 0, 0))
    assert ended(answer) == (tee.Result.ACCESS_DENIED, tee.Origin.TRUSTED_APP)
    assert answer.session == 1
    assert answer.params == [refusal, (2, 0x4F50454E, 1, 0)]


def test_a_session_number_is_an_index_and_the_applications_handle(device: RawDevice) -> None:
    uuids = (CONFORMANCE, CONFORMANCE, HELLO_WORLD, CONFORMANCE, HELLO_WORLD)
    sessions = [device.open_session(uuid).session for uuid in uuids]
    assert sessions == [0x00001, 0x10001, 0x00002, 0x20001, 0x10002]
    device.close_session(0x10001)
    assert device.open_session(CONFORMANCE).session == 0x10001


def test_an_application_is_loaded_as_long_as_any_context_uses_it(
    kernel: fake.Kernel, device: RawDevice
) -> None:
    first = device.open_session(CONFORMANCE).session
    with RawDevice(kernel) as other:
        assert other.open_session(CONFORMANCE).session == first == 1
        device.close_session(first)
        assert device.open_session(HELLO_WORLD).session == 2
    assert device.open_session(CONFORMANCE).session == 1


def test_a_context_has_32_sessions_with_an_application(
    kernel: fake.Kernel, device: RawDevice
) -> None:
    sessions = [device.open_session(CONFORMANCE).session for _ in range(32)]
    assert sessions[-1] == 31 << 16 | 1
    assert refused(device.open_session, CONFORMANCE) == errno.ENOMEM
    assert device.open_session(HELLO_WORLD).session == 2
    with RawDevice(kernel) as other:
        assert other.open_session(CONFORMANCE).session == 1
    device.close_session(sessions[7])
    assert device.open_session(CONFORMANCE).session == sessions[7]


class Recorder(fake.TrustedApplication):
    uuid = OWN
    calls: list[tuple[str, object]]

    def open_session(self, session: fake.ClientSession, parameters: fake.Parameters) -> None:
        session.data = sum(name == "open" for name, _ in self.calls)
        self.calls.append(("open", session.identity))

    def close_session(self, session: fake.ClientSession) -> None:
        self.calls.append(("close", session.data))


@pytest.fixture
def calls(kernel: fake.Kernel) -> Iterator[list[tuple[str, object]]]:
    Recorder.calls = []
    kernel.install(Recorder)
    yield Recorder.calls
    del Recorder.calls


def test_the_session_too_many_is_opened_and_closed_again(
    device: RawDevice, calls: list[tuple[str, object]]
) -> None:
    for _ in range(32):
        device.open_session(OWN)
    assert refused(device.open_session, OWN) == errno.ENOMEM
    assert calls[-1] == ("close", 32)


def test_an_application_learns_nothing_of_its_client(
    device: RawDevice, calls: list[tuple[str, object]]
) -> None:
    device.open_session(OWN)
    assert calls == [("open", Identity(tee.Login.PUBLIC, UUID(int=0)))]


def test_the_end_of_a_context_closes_its_sessions_by_their_index(
    kernel: fake.Kernel, calls: list[tuple[str, object]]
) -> None:
    with RawDevice(kernel) as device:
        sessions = [device.open_session(OWN).session for _ in range(3)]
        device.close_session(sessions[0])
        device.open_session(OWN)
    closed = [number for name, number in calls if name == "close"]
    assert closed == [0, 3, 1, 2]
    with RawDevice(kernel) as device:
        assert device.open_session(CONFORMANCE).session == 1


@pytest.mark.parametrize("wrong", [0, 0x10001, 0x200001, 0x2, 0xFFFFFFFF])
def test_a_session_that_is_not_there_is_refused(device: RawDevice, wrong: int) -> None:
    assert device.open_session(CONFORMANCE).session == 1
    assert refused(device.invoke, wrong, Command.NOTHING) == errno.EINVAL
    assert refused(device.invoke, wrong, Command.NOTHING, *[NONE] * 7) == errno.EINVAL
    assert refused(device.close_session, wrong) == errno.EINVAL


def test_a_session_is_its_contexts_own(kernel: fake.Kernel, device: RawDevice) -> None:
    session = device.open_session(CONFORMANCE).session
    with RawDevice(kernel) as other:
        assert refused(other.invoke, session, Command.NOTHING) == errno.EINVAL
        assert refused(other.close_session, session) == errno.EINVAL
    assert device.invoke(session, Command.NOTHING).result == tee.Result.SUCCESS


def test_a_session_is_closed_once(device: RawDevice) -> None:
    session = device.open_session(CONFORMANCE).session
    device.close_session(session)
    assert refused(device.close_session, session) == errno.EINVAL
    assert refused(device.invoke, session, Command.NOTHING) == errno.EINVAL


def test_nothing_is_cancelled(device: RawDevice) -> None:
    session = device.open_session(CONFORMANCE).session
    for number in (session, 0):
        assert refused(device.cancel, number) == errno.EINVAL


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (1, PAGE),
        (5000, 2 * PAGE),
        (5 * PAGE, 8 * PAGE),
        (9 * PAGE + 1, 16 * PAGE),
        (3 * MIB, 4 * MIB),
        (4 * MIB, 4 * MIB),
    ],
)
def test_memory_is_allocated_by_powers_of_two_of_pages(
    device: RawDevice, wanted: int, given: int
) -> None:
    assert device.allocate(wanted)[1:] == (1, given)


@pytest.mark.parametrize("size", [0, 4 * MIB + 1, 2**64 - 1])
def test_there_is_no_memory_of_no_size_or_too_large_a_one(device: RawDevice, size: int) -> None:
    assert refused(device.allocate, size) == errno.ENOMEM


def test_allocated_memory_can_be_mapped_as_far_as_it_was_rounded_up(
    kernel: fake.Kernel, device: RawDevice
) -> None:
    fd, _, size = device.allocate(5 * PAGE)
    kernel.munmap(kernel.mmap(fd, size), size)
    assert refused(kernel.mmap, fd, size + PAGE) == errno.EINVAL


def test_the_lowest_free_id_is_given_again(kernel: fake.Kernel, device: RawDevice) -> None:
    first = device.allocate(PAGE)
    assert (first[1], device.allocate(PAGE)[1]) == (1, 2)
    kernel.close(first[0])
    assert device.allocate(PAGE)[1] == 1


def test_no_flags_are_known(device: RawDevice) -> None:
    data = bytearray(PAGE)
    assert refused(device.allocate, PAGE, flags=1) == errno.EINVAL
    assert refused(device.register, address_of(data), PAGE, flags=1) == errno.EINVAL


def test_a_programs_own_memory_is_not_shared_however_it_is(device: RawDevice) -> None:
    data = bytearray(PAGE)
    for address, length in ((address_of(data), PAGE), (address_of(data), 0), (0, PAGE)):
        assert refused(device.register, address, length) == uapi.ENOTSUPP == 524
    assert refused(device.register, 1 << 63, PAGE) == errno.EFAULT
    assert refused(device.register, PAGE, 2**64 - PAGE) == errno.EFAULT
    assert device.allocate(PAGE)[1] == 1


def test_the_name_of_a_file_is_the_drivers_own_writing_of_the_uuid() -> None:
    name = fake.AmdTee.firmware_name(UUID("6fd93b77-3fb8-524d-b12d-c529b13d8543"))
    assert name == "amdtee/773bd96f-b83f-4d52-b12dc529b13d8543.bin"


def test_a_folder_for_firmware_says_which_applications_there_are(tmp_path: Path) -> None:
    kernel = fake.Kernel(fake.AmdTee(firmware=tmp_path))
    kernel.install(Conformance)
    file = tmp_path / fake.AmdTee.firmware_name(CONFORMANCE)
    with RawDevice(kernel) as device:
        assert refused(device.open_session, CONFORMANCE) == errno.ENOMEM
        file.parent.mkdir()
        file.touch()
        assert device.open_session(CONFORMANCE).result == tee.Result.SUCCESS
        file.unlink()
        assert refused(device.open_session, CONFORMANCE) == errno.ENOMEM


def test_a_file_that_the_tee_refuses_is_a_result_of_nobody(tmp_path: Path) -> None:
    kernel = fake.Kernel(fake.AmdTee(firmware=tmp_path))
    (tmp_path / "amdtee").mkdir()
    (tmp_path / fake.AmdTee.firmware_name(MISSING)).touch()
    with RawDevice(kernel) as device:
        answer = device.open_session(MISSING)
    assert ended(answer) == (tee.Result.SECURITY, LEFT_ORIGIN)
    assert answer.session == LEFT_SESSION


def test_op_tees_own_applications_are_not_there(device: RawDevice) -> None:
    for own in PSEUDO_APPLICATIONS:
        assert refused(device.open_session, own.uuid) == errno.ENOMEM


def test_the_fake_is_there_by_its_name() -> None:
    with tee.Context("fake:amdtee") as context:
        assert context.version.implementation_id == tee.ImplementationId.AMDTEE
        assert context.version.generic_capabilities == tee.GenericCapabilities.GP
        with context.open_session(CONFORMANCE) as session:
            assert session.invoke_command(Command.MEMREF_FILL, tee.MemrefTempOutput(3))


@pytest.fixture
def new_device() -> Iterator[RawDevice]:
    """AMD-TEE on a kernel that has parameters for user buffers and objects."""
    with RawDevice(fake.Kernel("amdtee@7.2")) as opened:
        yield opened


LATER_TYPES = [kind for kind in ParamType if kind > ParamType.MEMREF_INOUT]


@pytest.mark.parametrize("kind", LATER_TYPES, ids=lambda kind: kind.name)
def test_parameters_of_other_releases_are_unknown_to_this_one(
    device: RawDevice, kind: ParamType
) -> None:
    assert refused(device.open_session, CONFORMANCE, (kind, 0, 0, 0)) == errno.EINVAL


@pytest.mark.parametrize("kind", LATER_TYPES, ids=lambda kind: kind.name)
def test_parameters_of_other_releases_cannot_be_sent_and_come_back(
    new_device: RawDevice, kind: ParamType
) -> None:
    given = (kind, PAGE, 7, 9)
    back = (kind, 0, 0, 9) if kind is ParamType.OBJREF_OUTPUT else given
    answer = new_device.open_session(CONFORMANCE, given)
    assert (*ended(answer), answer.params) == (*BAD_PARAMETERS, [back])
    session = new_device.open_session(CONFORMANCE).session
    answer = new_device.invoke(session, Command.NOTHING, given)
    assert (*ended(answer), answer.params) == (*BAD_PARAMETERS, [back])


def test_a_user_buffer_lies_in_the_users_addresses(new_device: RawDevice) -> None:
    for address, size in ((1 << 63, 1), (PAGE, 2**64 - PAGE)):
        buffer = (ParamType.UBUF_INOUT, address, size, 0)
        assert refused(new_device.open_session, CONFORMANCE, buffer) == errno.EFAULT


def test_no_memory_is_shared_by_descriptor(device: RawDevice, new_device: RawDevice) -> None:
    request, layout = uapi.TEE_IOC_SHM_REGISTER_FD, uapi.SHM_REGISTER_FD_DATA
    for fd, flags in ((-1, 0), (new_device.fd, 0), (new_device.fd, 1)):
        assert refused(new_device.ioctl, request, layout, fd, 0, flags, 0) == errno.EINVAL
    assert refused(new_device.raw_ioctl, request, 0) == errno.EFAULT
    assert refused(device.raw_ioctl, request, 0) == errno.EINVAL


def test_no_release_has_memory_without_pages(device: RawDevice, new_device: RawDevice) -> None:
    for size in (0, 2**64 - 1):
        assert refused(device.allocate, size) == errno.ENOMEM
        assert refused(new_device.allocate, size) == errno.ENOMEM
