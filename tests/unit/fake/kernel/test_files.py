# SPDX-License-Identifier: BSD-2-Clause
"""Files and mappings of the fake kernel: copies of descriptors, parts of mappings."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
from collections.abc import Callable

import pytest

from pytee_client._boundary import address_of, copy_from_user
from pytee_client.fake import Kernel
from pytee_client.kernels import uapi

from ....fidelity.memory import BASE, Memory

PAGE = mmap.PAGESIZE


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


def version(kernel: Kernel, fd: int) -> int:
    argument = bytearray(uapi.VERSION_DATA.size)
    return kernel.ioctl(fd, uapi.TEE_IOC_VERSION, address_of(argument))


def allocate(kernel: Kernel, device: int, size: int) -> tuple[int, int]:
    """Return the descriptor and the id of new memory."""
    argument = bytearray(uapi.SHM_ALLOC_DATA.pack(size, 0, 0))
    fd = kernel.ioctl(device, uapi.TEE_IOC_SHM_ALLOC, address_of(argument))
    return fd, uapi.SHM_ALLOC_DATA.unpack(argument)[2]


def error_of(call: Callable[[], object]) -> str:
    try:
        call()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "no error"


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_device_closes_with_the_last_of_its_descriptors(kernel: Kernel) -> None:
    before = descriptors()
    first = kernel.open("/dev/teepriv0")
    second = kernel.dup(first)
    assert os.get_inheritable(second) is False
    kernel.close(first)
    assert error_of(lambda: version(kernel, first)) == "EBADF"
    assert version(kernel, second) == 0
    assert error_of(lambda: kernel.open("/dev/teepriv0")) == "EBUSY"
    kernel.close(second)
    kernel.close(kernel.open("/dev/teepriv0"))
    assert descriptors() == before


def test_memory_lasts_as_long_as_a_copy_of_its_descriptor(kernel: Kernel) -> None:
    device = kernel.open("/dev/tee0")
    block, number = allocate(kernel, device, PAGE)
    copy = kernel.dup(block)
    kernel.close(block)
    other, another = allocate(kernel, device, PAGE)
    assert another != number
    address = kernel.mmap(copy, PAGE)
    kernel.close(copy)
    kernel.munmap(address, PAGE)
    last, again = allocate(kernel, device, PAGE)
    assert again == number
    for fd in (other, last, device):
        kernel.close(fd)


def test_what_is_not_of_the_kernel_has_no_copies(kernel: Kernel) -> None:
    assert error_of(lambda: kernel.dup(0)) == "EBADF"


def test_a_mapping_begins_at_the_start_whatever_the_offset(kernel: Kernel) -> None:
    device = kernel.open("/dev/tee0")
    block, _ = allocate(kernel, device, 2 * PAGE)
    whole = kernel.mmap(block, 2 * PAGE)
    ctypes.memmove(whole, b"first", 5)
    part = kernel.mmap(block, PAGE, offset=PAGE)
    assert ctypes.string_at(part, 5) == b"first"
    kernel.munmap(whole, 2 * PAGE)
    kernel.munmap(part, PAGE)
    kernel.close(block)
    kernel.close(device)


@pytest.mark.parametrize(
    ("length", "options", "error"),
    [
        (PAGE, {"offset": 1}, "EINVAL"),
        (PAGE, {"offset": 2 * PAGE}, "EINVAL"),
        (PAGE, {"offset": 2**64 - PAGE}, "EOVERFLOW"),
        (3 * PAGE, {}, "EINVAL"),
        (0, {}, "EINVAL"),
        (PAGE, {"flags": 0}, "EINVAL"),
        (1 << 50, {}, "EINVAL"),
        (1 << 50, {"flags": mmap.MAP_PRIVATE}, "ENOMEM"),
        (1 << 50, {"flags": mmap.MAP_PRIVATE, "protection": mmap.PROT_READ}, "EINVAL"),
    ],
)
def test_what_can_not_be_mapped_is_refused(
    kernel: Kernel, length: int, options: dict[str, int], error: str
) -> None:
    device = kernel.open("/dev/tee0")
    block, _ = allocate(kernel, device, 2 * PAGE)
    assert error_of(lambda: kernel.mmap(block, length, **options)) == error
    kernel.close(block)
    kernel.close(device)


def test_how_to_map_counts_before_what(kernel: Kernel) -> None:
    device = kernel.open("/dev/tee0")
    assert error_of(lambda: kernel.mmap(device, PAGE)) == "ENODEV"
    assert error_of(lambda: kernel.mmap(device, PAGE, flags=0)) == "EINVAL"
    kernel.close(device)


@pytest.mark.parametrize(("release", "error"), [("6.12", "no error"), ("7.2", "EPERM")])
def test_some_releases_map_nothing_to_be_executed(release: str, error: str) -> None:
    kernel = Kernel(release=release)
    device = kernel.open("/dev/tee0")
    block, _ = allocate(kernel, device, PAGE)
    protection = mmap.PROT_READ | mmap.PROT_EXEC
    assert error_of(lambda: kernel.mmap(block, PAGE, protection=protection)) == error
    kernel.close(block)
    kernel.close(device)


def test_a_private_mapping_keeps_what_is_written_to_itself(kernel: Kernel) -> None:
    device = kernel.open("/dev/tee0")
    block, _ = allocate(kernel, device, PAGE)
    shared = kernel.mmap(block, PAGE)
    private = kernel.mmap(block, PAGE, flags=mmap.MAP_PRIVATE)
    ctypes.memmove(private, b"mine", 4)
    assert ctypes.string_at(shared, 4) == bytes(4)
    for address in (shared, private):
        kernel.munmap(address, PAGE)
    kernel.close(block)
    kernel.close(device)


def test_what_is_written_to_a_private_mapping_can_be_registered(kernel: Kernel) -> None:
    device = kernel.open("/dev/tee0")
    block, _ = allocate(kernel, device, 2 * PAGE)
    private = kernel.mmap(block, 2 * PAGE, flags=mmap.MAP_PRIVATE)
    ctypes.memmove(private, b"mine", 4)

    def register(address: int, size: int) -> int:
        argument = bytearray(uapi.SHM_REGISTER_DATA.pack(address, size, 0, 0))
        return kernel.ioctl(device, uapi.TEE_IOC_SHM_REGISTER, address_of(argument))

    registered = register(private, PAGE)
    assert error_of(lambda: register(private + PAGE, 1)) == "EFAULT"
    assert error_of(lambda: register(private, 2 * PAGE)) == "EFAULT"
    assert error_of(lambda: register(private, 3 * PAGE)) == "EFAULT"
    kernel.munmap(private, 2 * PAGE)
    for fd in (registered, block, device):
        kernel.close(fd)


def test_what_may_be_written_may_be_read(kernel: Kernel) -> None:
    device = kernel.open("/dev/tee0")
    block, _ = allocate(kernel, device, PAGE)
    address = kernel.mmap(block, PAGE, protection=mmap.PROT_WRITE)
    ctypes.memmove(address, uapi.SHM_ALLOC_DATA.pack(1, 0, 0), uapi.SHM_ALLOC_DATA.size)
    other = kernel.ioctl(device, uapi.TEE_IOC_SHM_ALLOC, address)
    kernel.munmap(address, PAGE)
    for fd in (other, block, device):
        kernel.close(fd)


def test_memory_lasts_as_long_as_a_part_of_its_mapping(kernel: Kernel) -> None:
    device = kernel.open("/dev/tee0")
    block, number = allocate(kernel, device, 3 * PAGE)
    address = kernel.mmap(block, 3 * PAGE)
    ctypes.memmove(address + 2 * PAGE, b"last", 4)
    kernel.close(block)
    kernel.munmap(address + PAGE, PAGE)
    kernel.munmap(address, PAGE)
    assert ctypes.string_at(address + 2 * PAGE, 4) == b"last"
    other, another = allocate(kernel, device, PAGE)
    assert another != number
    kernel.munmap(address, 3 * PAGE)
    last, again = allocate(kernel, device, PAGE)
    assert again == number
    for fd in (other, last, device):
        kernel.close(fd)


def test_other_memory_of_the_program_is_not_unmapped(kernel: Kernel) -> None:
    device = kernel.open("/dev/tee0")
    block, _ = allocate(kernel, device, PAGE)
    other = Memory()
    before = BASE - PAGE
    assert kernel.mmap(block, PAGE, address=before) == before
    kernel.munmap(before, 2 * PAGE)
    assert error_of(lambda: copy_from_user(before, 1)) == "EFAULT"
    assert len(copy_from_user(BASE, PAGE)) == PAGE
    other.end()
    kernel.close(block)
    kernel.close(device)
