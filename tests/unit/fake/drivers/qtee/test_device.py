# SPDX-License-Identifier: BSD-2-Clause
"""The fake QTEE's device: what there is, and what it is not asked for.

There was no real one to compare it with: the claims are what is known of the driver.
"""

from __future__ import annotations

import errno
import mmap
import tempfile
from typing import TYPE_CHECKING

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client.fake import ParamType
from pytee_client.fake.applications import HelloWorld
from pytee_client.fake.applications.qtee_services import QteeEcho
from pytee_client.fake.qtee import Qtee
from pytee_client.kernels import uapi

from .....support.qtee_device import OK, RELEASE, Memory, QteeDevice
from .....support.raw_device import refused

if TYPE_CHECKING:
    from .....support.raw_device import RawParam

PAGE = mmap.PAGESIZE
MIB = 1 << 20
ECHO = 0
EMPTY: RawParam = (ParamType.UBUF_INPUT, 0, 0, 0)


def test_it_has_one_device_that_says_it_carries_objects(kernel: fake.Kernel) -> None:
    with QteeDevice(kernel) as device:
        done = device.ioctl(uapi.TEE_IOC_VERSION, uapi.VERSION_DATA, 9, 9, 9)
        assert done == (0, tee.ImplementationId.QTEE, 0, tee.GenericCapabilities.OBJREF)
    for path in ("/dev/tee1", "/dev/teepriv0"):
        assert refused(kernel.open, path) == errno.ENOENT


def test_linux_6_12_has_no_such_driver() -> None:
    with pytest.raises(ValueError, match=r"release='7\."):
        fake.Kernel(Qtee())
    for profile in ("qtee", "qtee@6.12"):
        with pytest.raises(ValueError, match=r"@7\.2"):
            fake.Kernel(profile)


def test_no_other_driver_invokes_objects() -> None:
    for profile in ("optee", "optee@7.2", "amdtee@7.2", "tstee@7.2"):
        with QteeDevice(fake.Kernel(profile)) as device:
            assert refused(device.raw_ioctl, uapi.TEE_IOC_OBJECT_INVOKE, 0) == errno.EINVAL


def test_the_client_api_has_no_use_for_it_and_says_what_it_is(kernel: fake.Kernel) -> None:
    for path in (None, "/dev/tee0"):
        with pytest.raises(tee.NotSupportedError, match="4, Qualcomm's TEE"):
            tee.Context(path, backend=kernel)
    with pytest.raises(tee.NotSupportedError):
        tee.Context("fake:qtee@7.2")
    with pytest.raises(TypeError, match="no Trusted Applications"):
        kernel.install(HelloWorld)


def test_the_profile_has_services() -> None:
    with QteeDevice(fake.Kernel("qtee@7.2")) as device:
        echo = device.open_service(QteeEcho.NUMBER)
        content, room = Memory(b"some bytes"), Memory(16)
        result, left = device.object_invoke(echo, ECHO, content.input(), room.output())
        assert (result, left[1][2], room.content[:10]) == (OK, 10, b"some bytes")


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (uapi.TEE_IOC_VERSION, errno.EFAULT),
        (uapi.TEE_IOC_OPEN_SESSION, errno.EINVAL),
        (uapi.TEE_IOC_INVOKE, errno.EINVAL),
        (uapi.TEE_IOC_CANCEL, errno.EINVAL),
        (uapi.TEE_IOC_CLOSE_SESSION, errno.EINVAL),
        (uapi.TEE_IOC_SUPPL_RECV, errno.EFAULT),
        (uapi.TEE_IOC_SUPPL_SEND, errno.EFAULT),
        (uapi.TEE_IOC_OBJECT_INVOKE, errno.EFAULT),
        (0x8010A40B, errno.EINVAL),
        (0x8010A400, errno.EINVAL),
    ],
)
def test_a_null_argument_is_looked_at_only_by_what_there_is(
    device: QteeDevice, number: int, error: int
) -> None:
    assert refused(device.raw_ioctl, number, 0) == error


def test_an_argument_has_the_length_of_its_parameters(device: QteeDevice) -> None:
    header = uapi.OBJECT_INVOKE_ARG.pack(0, RELEASE, 0, 1)
    param = uapi.PARAM.pack(*EMPTY)
    number = uapi.TEE_IOC_OBJECT_INVOKE
    device.call(number, header + param)
    for buffer in (header[:-1], header, header + param + b"\0", bytes(4097)):
        assert refused(device.call, number, buffer) == errno.EINVAL


def test_memory_is_allocated_by_pages_and_never_the_programs(device: QteeDevice) -> None:
    sizes = [device.allocate(size)[2] for size in (5000, 5 * PAGE, 4 * MIB)]
    assert sizes == [2 * PAGE, 5 * PAGE, 4 * MIB]
    assert refused(device.allocate, 4 * MIB + 1) == errno.ENOMEM
    assert refused(device.allocate, PAGE, 1) == errno.EINVAL
    content = Memory(PAGE)
    assert refused(device.register, content.address, PAGE) == uapi.ENOTSUPP
    assert refused(device.register, content.address, 0) == uapi.ENOTSUPP
    assert refused(device.register, content.address, PAGE, 1) == errno.EINVAL


def test_memory_by_descriptor_is_none_of_its(device: QteeDevice) -> None:
    with tempfile.TemporaryFile() as file:
        for fd in (-1, file.fileno()):
            given = (uapi.TEE_IOC_SHM_REGISTER_FD, uapi.SHM_REGISTER_FD_DATA, fd, 0, 0, 0)
            assert refused(device.ioctl, *given) == errno.EINVAL


def test_a_number_of_memory_is_free_with_its_last_reference(
    kernel: fake.Kernel, device: QteeDevice
) -> None:
    (first, number, size), _ = device.allocate(2 * PAGE), device.allocate(PAGE)
    assert (number, size) == (1, 2 * PAGE)
    for length in (0, 3 * PAGE):
        assert refused(kernel.mmap, first, length) == errno.EINVAL
    address = kernel.mmap(first, size)
    kernel.close(first)
    assert device.allocate(PAGE)[1] == 3
    kernel.munmap(address, size)
    assert device.allocate(PAGE)[1] == 1
