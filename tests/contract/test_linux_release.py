# SPDX-License-Identifier: BSD-2-Clause
"""What releases of Linux do not all do: by their properties, on fakes of them and on Linux."""

from __future__ import annotations

import errno
import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._boundary import address_of
from pytee_client.fake import LinuxRelease, ParamType
from pytee_client.fake.kernel.release import PROPERTIES
from pytee_client.kernels import uapi

from ..fidelity.probes import PAGE, page_before_a_forbidden_one
from ..fidelity.properties import find
from ..support.linux_kernel import LinuxKernel
from ..support.raw_device import RawDevice, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytee_client.typing import Backend

    from ..fidelity.ground import ProgramKernel
    from ..support.targets import Target

BOTH_KINDS = (LinuxRelease.known()[0].version, "7.2")
LONGEST_OF_ALL = 1 << 20
USER_BUFFERS = (ParamType.UBUF_INPUT, ParamType.UBUF_OUTPUT, ParamType.UBUF_INOUT)
OBJECTS = (ParamType.OBJREF_INPUT, ParamType.OBJREF_OUTPUT, ParamType.OBJREF_INOUT)

pytestmark = [pytest.mark.once, pytest.mark.optee_only]


@dataclass(frozen=True)
class Machine:
    """A kernel with an OP-TEE, and what it is believed to be."""

    kernel: ProgramKernel
    device: str
    backend: Backend
    release: LinuxRelease


@pytest.fixture(params=[*BOTH_KINDS, "the target's"])
def machine(request: pytest.FixtureRequest, target: Target) -> Machine:
    if request.param in BOTH_KINDS:
        kernel = fake.Kernel(f"optee@{request.param}")
        return Machine(kernel, "/dev/tee0", kernel, kernel.release)
    kernel_of_target = cast("ProgramKernel", target.kernel or LinuxKernel())
    return Machine(kernel_of_target, target.device, target.backend, target.release)


@pytest.fixture
def device(machine: Machine) -> Iterator[RawDevice]:
    with RawDevice(machine.kernel, machine.device) as opened:
        yield opened


def test_probes_find_the_release_that_the_kernel_is(machine: Machine) -> None:
    found = find(machine.kernel, machine.device)
    assert found.release() == machine.release
    probed = set(found.answers)
    assert probed >= set(PROPERTIES) - {
        "has_qtee_driver",
        "has_driver_modules",
        "heeds_notification_timeouts",
        "reports_dead_clients",
    }


@pytest.mark.parametrize("size", [0, 2**64 - 1, 2**64 - PAGE + 1])
def test_an_allocation_without_pages_is_refused(
    machine: Machine, device: RawDevice, size: int
) -> None:
    expected = errno.EINVAL if machine.release.rejects_empty_allocations else errno.ENOMEM
    assert refused(device.allocate, size) == expected


@pytest.mark.parametrize("size", [2**64 - PAGE, 1 << 63, (4 << 20) + 1])
def test_an_allocation_of_too_many_pages_has_no_memory(device: RawDevice, size: int) -> None:
    assert refused(device.allocate, size) == errno.ENOMEM


@pytest.mark.parametrize("request_", [uapi.TEE_IOC_OPEN_SESSION, uapi.TEE_IOC_INVOKE])
def test_a_longer_argument_than_the_longest_is_not_read(
    machine: Machine, device: RawDevice, request_: int
) -> None:
    def error(length: int) -> int:
        return refused(device.ioctl, request_, uapi.BUF_DATA, 0, length)

    longest = machine.release.max_argument_size
    assert error(longest) == errno.EFAULT
    assert error(longest + 1) == error(LONGEST_OF_ALL) == errno.EINVAL


@pytest.mark.parametrize("kind", [*USER_BUFFERS, *OBJECTS], ids=lambda kind: kind.name)
def test_a_type_of_parameter_is_known_or_is_refused_before_the_next_is_read(
    machine: Machine, device: RawDevice, kind: ParamType
) -> None:
    release = machine.release
    is_known = release.has_user_buffers if kind.is_buffer else release.has_object_parameters
    head = uapi.OPEN_SESSION_ARG.pack(bytes(16), bytes(16), *[0] * 5, 2)
    argument = head + uapi.PARAM.pack(kind, 0, 0, 0)
    with page_before_a_forbidden_one() as page:
        start = PAGE - len(argument)
        page[start:PAGE] = argument
        place, length = address_of(page) + start, len(argument) + uapi.PARAM.size
        error = refused(device.ioctl, uapi.TEE_IOC_OPEN_SESSION, uapi.BUF_DATA, place, length)
    assert error == (errno.EFAULT if is_known else errno.EINVAL)


def test_a_user_buffer_in_the_kernel_is_a_fault_or_no_parameter(
    machine: Machine, device: RawDevice
) -> None:
    expected = errno.EFAULT if machine.release.has_user_buffers else errno.EINVAL
    buffer = (ParamType.UBUF_INPUT, 1 << 63, 8, 0)
    assert refused(device.invoke, 0, 0, buffer) == expected


def test_memory_by_descriptor_is_a_request_or_is_none(machine: Machine) -> None:
    is_known = machine.release.has_memory_by_descriptor
    expected = tee.BadParametersError if is_known else tee.NotSupportedError
    with (
        tee.Context(machine.device, backend=machine.backend) as context,
        open("/dev/null", "rb") as nothing,
        pytest.raises(expected),
    ):
        context.register_shared_memory_fd(nothing.fileno())


def test_the_revision_is_told_or_is_not(machine: Machine) -> None:
    devices = tee.enumerate_devices(machine.backend)
    assert devices
    for device in devices:
        assert (device.revision is not None) == machine.release.has_revision_attribute


@pytest.mark.parametrize("flags", [mmap.MAP_SHARED, mmap.MAP_PRIVATE], ids=["shared", "private"])
def test_shared_memory_is_mapped_to_be_executed_or_is_not(
    machine: Machine, device: RawDevice, flags: int
) -> None:
    fd, _, size = device.allocate(PAGE)
    protection = mmap.PROT_READ | mmap.PROT_EXEC
    if machine.release.forbids_executable_mappings:
        error = refused(machine.kernel.mmap, fd, size, protection=protection, flags=flags)
        assert error == errno.EPERM
    else:
        address = machine.kernel.mmap(fd, size, protection=protection, flags=flags)
        machine.kernel.munmap(address, size)
