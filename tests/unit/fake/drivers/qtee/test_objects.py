# SPDX-License-Identifier: BSD-2-Clause
"""Invoking the objects of the fake QTEE, as far as that is known of the real one."""

from __future__ import annotations

import errno
import mmap
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from pytee_client import fake
from pytee_client.fake import ParamType
from pytee_client.fake.applications.qtee_services import QTEE_SERVICES, QteeEcho
from pytee_client.fake.qtee import MemoryObject, Qtee, QteeArguments, QteeError, QteeObject

from .....support.applications.qtee_probe import QteeProbe
from .....support.qtee_call import MINE
from .....support.qtee_device import (
    DEFUNCT,
    INVALID,
    MEM,
    META,
    NONE,
    NULL,
    OBJREF_OUTPUT,
    OK,
    OPEN,
    REGISTER_AS_CLIENT,
    REGISTER_WITH_CREDENTIALS,
    RELEASE,
    RETAIN,
    SIZE_OUT,
    TEE,
    UNAVAIL,
    USER,
    Memory,
    QteeDevice,
    object_input,
)
from .....support.raw_device import LEFT_RESULT, refused

if TYPE_CHECKING:
    from .....support.raw_device import RawParam

PAGE = mmap.PAGESIZE
MIB = 1 << 20
ECHO, RENEW, UPPER, RESULT = range(4)
EMPTY: RawParam = (ParamType.UBUF_INPUT, 0, 0, 0)


@pytest.mark.parametrize("op", [ECHO, RELEASE])
@pytest.mark.parametrize(
    "param",
    [
        NONE,
        (ParamType.VALUE_INPUT, 0, 0, 0),
        (ParamType.MEMREF_INPUT, 0, 0, NULL),
        (ParamType.UBUF_INOUT, 0, 0, 0),
        (ParamType.OBJREF_INOUT, NULL, 0, 0),
        (META, 0, 0, 0),
        (META | ParamType.UBUF_INPUT, 0, 0, 0),
        (META | ParamType.OBJREF_OUTPUT, 0, 0, 0),
        (14, 0, 0, 0),
        (0x200, 0, 0, 0),
    ],
    ids=lambda param: f"attr {param[0]:#x}" if isinstance(param, tuple) else None,
)
def test_parameters_are_buffers_and_objects_in_one_direction(
    device: QteeDevice, param: RawParam, op: int
) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    assert refused(device.object_invoke, echo, op, param) == errno.EINVAL


def test_a_buffer_has_addresses_of_the_programs(device: QteeDevice) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    kernels = (ParamType.UBUF_INPUT, 1 << 63, 8, 0)
    assert refused(device.object_invoke, echo, ECHO, kernels) == errno.EFAULT
    unmapped = (ParamType.UBUF_INPUT, 8, 8, 0)
    assert refused(device.object_invoke, echo, ECHO, unmapped) == errno.EFAULT


def test_there_are_16_parameters_of_a_kind_and_64_at_most(device: QteeDevice) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    kinds = [EMPTY, (ParamType.UBUF_OUTPUT, 0, 0, 0), object_input(NULL, 0), OBJREF_OUTPUT]
    for kind in kinds:
        assert device.object_invoke(echo, ECHO, *[kind] * 16)[0] == OK
        assert refused(device.object_invoke, echo, ECHO, *[kind] * 17) == errno.EINVAL
    assert device.object_invoke(echo, ECHO, *kinds * 16)[0] == OK


def test_a_message_has_room_for_4_mib(device: QteeDevice) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    most, more = Memory(4 * MIB), Memory(1)
    assert device.object_invoke(echo, ECHO, most.input())[0] == OK
    assert refused(device.object_invoke, echo, ECHO, most.input(), more.output()) == errno.EINVAL


@pytest.mark.parametrize("op", [RETAIN, 0x10000, 0x1FFFF, 0xFFFFFFFF])
def test_reserved_operations_are_refused(device: QteeDevice, op: int) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    assert refused(device.object_invoke, echo, op) == errno.EINVAL
    assert refused(device.object_invoke, NULL, op) == errno.EINVAL


def test_a_released_object_is_unknown_and_releasing_is_never_refused(
    device: QteeDevice,
) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    for _ in range(2):
        device.release_object(echo)
        assert refused(device.object_invoke, echo, ECHO) == errno.EINVAL
    device.release_object(12345)


def test_releasing_leaves_the_result_as_it_was(device: QteeDevice) -> None:
    given = (EMPTY, OBJREF_OUTPUT)
    done = device.object_invoke(12345, RELEASE, *given)
    assert done == (LEFT_RESULT, [EMPTY, (ParamType.OBJREF_OUTPUT, 0, 0, 0xC)])


def test_objects_are_numbered_from_0_in_each_context(
    kernel: fake.Kernel, device: QteeDevice
) -> None:
    environment = device.register_client()
    echo = device.open_service(QteeEcho.NUMBER, environment)
    assert (environment, echo) == (0, 1)
    device.release_object(environment)
    assert device.object_invoke(echo, RENEW, OBJREF_OUTPUT)[1][0][1:3] == (0, TEE)
    assert device.object_invoke(echo, RENEW, OBJREF_OUTPUT)[1][0][1:3] == (2, TEE)
    with QteeDevice(kernel) as other:
        assert refused(other.object_invoke, echo, ECHO) == errno.EINVAL


def test_an_object_is_released_when_no_client_knows_it(
    kernel: fake.Kernel, device: QteeDevice
) -> None:
    probe = device.open_service(QteeProbe.NUMBER)
    echo = device.open_service(QteeEcho.NUMBER, 0)
    _, left = device.object_invoke(echo, ECHO, object_input(probe, TEE), OBJREF_OUTPUT)
    again = left[1][1]
    assert (left[1][2], again) == (TEE, 3)
    device.release_object(probe)
    assert QteeProbe.releases == 0
    device.release_object(again)
    assert QteeProbe.releases == 1


def test_closing_the_device_releases_its_objects_while_its_memory_lives(
    kernel: fake.Kernel,
) -> None:
    device = QteeDevice(kernel)
    device.open_service(QteeProbe.NUMBER)
    memory, *_ = device.allocate(PAGE)
    kernel.close(device.fd)
    assert QteeProbe.releases == 1
    kernel.close(memory)
    assert QteeProbe.releases == 1


def test_no_object_is_an_object_too(device: QteeDevice) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    result, left = device.object_invoke(echo, ECHO, object_input(NULL, 0), OBJREF_OUTPUT)
    assert (result, left[1]) == (OK, (ParamType.OBJREF_OUTPUT, NULL, 0, 0xC))


@pytest.mark.parametrize(
    ("number", "flags"), [(77, TEE), (1, 0), (1, TEE | USER), (1, 8), (77, MEM)]
)
def test_an_object_that_is_not_there_cannot_be_passed(
    device: QteeDevice, number: int, flags: int
) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    given = object_input(number, flags)
    assert refused(device.object_invoke, echo, ECHO, given) == errno.EINVAL


def test_a_memory_object_is_shared_memory_of_the_context(
    kernel: fake.Kernel, device: QteeDevice
) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    fd, number, _ = device.allocate(PAGE)
    with mmap.mmap(fd, PAGE) as memory:
        memory[:5] = b"bytes"
        assert device.object_invoke(echo, UPPER, object_input(number, MEM)) == (
            OK,
            [object_input(number, MEM)],
        )
        assert memory[:5] == b"BYTES"
    _, left = device.object_invoke(echo, ECHO, object_input(number, MEM), OBJREF_OUTPUT)
    assert left[1][1:3] == (number, MEM)
    with QteeDevice(kernel) as other:
        assert (
            refused(
                other.object_invoke,
                other.open_service(QteeEcho.NUMBER),
                UPPER,
                object_input(number, MEM),
            )
            == errno.EINVAL
        )
    kernel.close(fd)
    assert device.allocate(PAGE)[1] == number


def test_a_kept_memory_object_keeps_its_memory(kernel: fake.Kernel, device: QteeDevice) -> None:
    kept: list[MemoryObject] = []

    def run(arguments: QteeArguments) -> None:
        (memory,) = arguments.input_objects
        assert isinstance(memory, MemoryObject)
        memory.retain()
        kept.append(memory)

    QteeProbe.run = run
    probe = device.open_service(QteeProbe.NUMBER)
    fd, number, _ = device.allocate(PAGE)
    device.object_invoke(probe, 0, object_input(number, MEM))
    kernel.close(fd)
    kept[0].write(b"still here", 7)
    assert kept[0].read(6, 11) == b"\0still here"
    for offset, length in ((PAGE, 1), (-1, 1), (0, PAGE + 1)):
        with pytest.raises(ValueError, match="are not in"):
            kept[0].read(offset, length)
    assert device.allocate(PAGE)[1] == number + 1
    kept[0].release()
    with pytest.raises(ValueError, match="released"):
        kept[0].read()
    assert device.allocate(PAGE)[1] == number


@pytest.mark.parametrize("code", [1, 2, 3, 4, 10, 0x7FFFFFFF, *range(-99, -89), -103])
def test_a_result_is_32_bits_and_no_error(device: QteeDevice, code: int) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    wanted = Memory(code.to_bytes(4, "little", signed=True))
    assert device.object_invoke(echo, RESULT, wanted.input()) == (code, [wanted.input()])


def test_outputs_of_a_failure_are_sizes_as_they_were_and_no_objects(device: QteeDevice) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    room = Memory(16)
    result, left = device.object_invoke(echo, 99, room.output(), OBJREF_OUTPUT)
    assert (result, left) == (INVALID, [room.output(), (ParamType.OBJREF_OUTPUT, 0, 0, 0xC)])


def test_an_output_is_as_long_as_the_object_made_it(device: QteeDevice) -> None:
    echo = device.open_service(QteeEcho.NUMBER)
    content, room, more = Memory(b"12345"), Memory(b"........"), Memory(b"..")
    result, left = device.object_invoke(echo, ECHO, content.input(), room.output(), more.output())
    assert (result, [param[2] for param in left]) == (OK, [5, 5, 0])
    assert (room.content, more.content) == (b"12345...", b"..")
    result, left = device.object_invoke(echo, ECHO, content.input(), more.output())
    assert (result, left[1][2], more.content) == (SIZE_OUT, 2, b"..")


def test_outputs_that_cannot_be_copied_make_a_result_and_no_objects(device: QteeDevice) -> None:
    probe = device.open_service(QteeProbe.NUMBER)

    def run(arguments: QteeArguments) -> None:
        arguments.output_buffers[0].content = b"1234"
        arguments.output_objects[0] = QteeProbe()

    QteeProbe.run = run
    nowhere = (ParamType.UBUF_OUTPUT, 8, 8, 0)
    result, left = device.object_invoke(probe, 0, nowhere, OBJREF_OUTPUT)
    assert (result, left[1][1:3]) == (UNAVAIL, (0, 0))
    room = Memory(8)
    assert device.object_invoke(probe, 0, room.output(), OBJREF_OUTPUT)[1][1][1] == probe + 1


def test_an_object_that_fails_is_defunct(device: QteeDevice) -> None:
    probe = device.open_service(QteeProbe.NUMBER)
    failure = ZeroDivisionError()

    def run(arguments: QteeArguments) -> None:
        raise failure

    QteeProbe.run = run
    for _ in range(2):
        assert device.object_invoke(probe, 0)[0] == DEFUNCT
        assert device.kernel.take_cause() is failure
        QteeProbe.run = print
    device.release_object(probe)


@pytest.mark.parametrize("code", [0, 1 << 32, -(1 << 31) - 1])
def test_a_result_of_a_failure_is_32_bits_and_not_0(code: int) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        QteeError(code)


def test_an_object_that_fails_to_release_is_its_own_problem(device: QteeDevice) -> None:
    class Failing(QteeObject):
        def released(self) -> None:
            raise ZeroDivisionError

    QteeProbe.run = lambda arguments: arguments.output_objects.__setitem__(0, Failing())
    probe = device.open_service(QteeProbe.NUMBER)
    for _ in range(2):
        _, left = device.object_invoke(probe, 0, OBJREF_OUTPUT)
        device.release_object(left[0][1])


@pytest.mark.parametrize(
    ("output", "value"), [("output_objects", "text"), ("output_buffers", None)]
)
def test_an_object_that_answers_nonsense_is_defunct(
    device: QteeDevice, output: str, value: object
) -> None:
    def run(arguments: QteeArguments) -> None:
        if output == "output_objects":
            arguments.output_objects[0] = value  # type: ignore[call-overload]
        else:
            arguments.output_buffers.clear()

    QteeProbe.run = run
    probe = device.open_service(QteeProbe.NUMBER)
    done = device.object_invoke(probe, 0, (ParamType.UBUF_OUTPUT, 0, 0, 0), OBJREF_OUTPUT)
    assert done[0] == DEFUNCT
    assert isinstance(device.kernel.take_cause(), TypeError)


def test_a_client_is_registered_by_credentials_that_its_object_tells(device: QteeDevice) -> None:
    seen: list[bytes] = []

    class Curious(QteeObject):
        def __init__(self, credentials: bytes) -> None:
            super().__init__(credentials)
            seen.append(credentials)

    credentials = bytes(range(256)) * 20
    kernel = fake.Kernel(Qtee({7: Curious}), release="7.2")
    with QteeDevice(kernel) as own:
        own.open_service(7, own.register_client(credentials))
    assert seen == [credentials]


@pytest.mark.parametrize("op", [4, 8, 9])
def test_operations_of_the_kernels_own_are_refused_on_the_root(device: QteeDevice, op: int) -> None:
    assert refused(device.object_invoke, NULL, op) == errno.EINVAL


def test_registering_without_credentials_is_the_kernels_own(device: QteeDevice) -> None:
    nobody = object_input(NULL, 0)
    params = (nobody, OBJREF_OUTPUT)
    assert refused(device.object_invoke, NULL, REGISTER_WITH_CREDENTIALS, *params) == errno.EINVAL
    assert device.object_invoke(NULL, REGISTER_AS_CLIENT, *params)[0] == INVALID
    for op, given in ((0, ()), (5, ()), (5, (OBJREF_OUTPUT,)), (6, params)):
        assert device.object_invoke(NULL, op, *given)[0] == INVALID


def test_a_service_is_opened_by_its_number(device: QteeDevice) -> None:
    environment = device.register_client()
    missing, short = Memory(b"miss"), Memory(b"me")
    assert device.object_invoke(environment, OPEN, missing.input(), OBJREF_OUTPUT)[0] == 10
    for op, given in ((0, (short.input(), OBJREF_OUTPUT)), (0, ()), (1, ())):
        assert device.object_invoke(environment, op, *given)[0] == INVALID


def test_no_more_objects_of_clients_are_held_than_there_are_ids(pool: ThreadPoolExecutor) -> None:
    kernel = fake.Kernel(Qtee(QTEE_SERVICES, callback_ids=2), release="7.2")
    with QteeDevice(kernel) as device:
        echo = device.open_service(QteeEcho.NUMBER)
        mine = object_input(MINE)
        for _ in range(2):
            assert refused(device.object_invoke, echo, ECHO, object_input(77, MEM)) == errno.EINVAL
            assert device.object_invoke(echo, ECHO, mine, mine)[0] == OK
            assert refused(device.object_invoke, echo, ECHO, mine, mine, mine) == errno.ENOSPC
