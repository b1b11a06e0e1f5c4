# SPDX-License-Identifier: BSD-2-Clause
"""Memory that C reads or writes on Python's word: it is never shorter than what C assumes."""

from __future__ import annotations

import errno
from uuid import UUID

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._boundary import LinuxKernel, address_of, copy_to_user, read_mapping
from pytee_client.fake.applications import HelloWorld
from pytee_client.faults import Answer, Fault, FaultyKernel, Plan, SystemCall
from pytee_client.kernels import ProxyKernel, uapi
from pytee_client.supplicant.device import SupplicantDevice

from ...support.stand_in import StandIn, on_stand_in


class Changing(bytearray):
    """Exports other memory each time, from Python 3.12 on."""

    def __buffer__(self, flags: int) -> memoryview:
        del self[-1:]
        return memoryview(bytearray(len(self)))


@on_stand_in
def test_what_is_registered_is_as_long_as_the_memory_it_is(device: StandIn) -> None:
    with tee.Context(device.path) as context, context.open_session(UUID(int=1)) as session:
        buffer = Changing(100)
        with context.register_shared_memory(buffer) as block:
            ((_, _, size),) = device.registrations()
            assert size == len(block)
        for parameter in (buffer, tee.MemrefTempInOut(buffer), tee.MemrefTempOutput(buffer)):
            session.invoke_command(0, parameter)


@pytest.mark.parametrize("path", ["/dev/null\0", "\0", "/dev/nu\0ll"])
def test_a_path_that_would_end_early_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match="null byte"):
        LinuxKernel().open(path)
    with pytest.raises(ValueError, match="absolute path"):
        tee.Context(path, backend="linux")


class Mapping(ProxyKernel):
    """Says that memory is mapped elsewhere."""

    address: object = 0

    def mmap(self, fd: int, length: int) -> int:
        super().munmap(super().mmap(fd, length), length)
        return self.address  # type: ignore[return-value]

    def munmap(self, address: int, length: int) -> None:
        pass


@pytest.mark.parametrize("address", [0, 4096, 2**47 - 4096, 2**62])
def test_memory_that_a_kernel_in_python_did_not_map_is_not_used(address: int) -> None:
    kernel = Mapping(fake.Kernel("optee-no-reg-mem"))
    kernel.address = address
    with tee.Context(backend=kernel) as context, context.open_session(HelloWorld.uuid) as session:
        with pytest.raises(tee.TeecError) as caught:
            session.invoke_command(0, b"abc")
        assert caught.value.errno == errno.EFAULT


def test_memory_that_cannot_be_written_is_not_used() -> None:
    kernel = Mapping(fake.Kernel("optee-no-reg-mem"))
    # Of the interpreter, or of a library: its code.
    with open("/proc/self/maps") as maps:
        kernel.address = next(int(line.split("-")[0], 16) for line in maps if " r-xp " in line)
    with (
        tee.Context(backend=kernel) as context,
        context.open_session(HelloWorld.uuid) as session,
        pytest.raises(tee.TeecError) as caught,
    ):
        session.invoke_command(0, b"abc")
    assert caught.value.errno == errno.EFAULT


def test_a_fault_answers_only_where_there_is_room() -> None:
    kernel = FaultyKernel(fake.Kernel())
    kernel.arm(Plan([Fault(SystemCall.INVOKE, Answer(tee.Result.BUSY))]))
    fd = kernel.open("/dev/tee0")
    memory = bytearray(b"\x55" * 64)
    data = bytearray(uapi.BUF_DATA.pack(address_of(memory), 8))
    with pytest.raises(OSError, match=r".") as caught:
        kernel.ioctl(fd, uapi.TEE_IOC_INVOKE, address_of(data))
    assert caught.value.errno == errno.EINVAL
    assert memory == b"\x55" * 64
    kernel.close(fd)


class Sparing(ProxyKernel):
    """Shares less memory than was asked for."""

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        result = super().ioctl(fd, request, argument)
        if request == uapi.TEE_IOC_SHM_ALLOC:
            copy_to_user(argument, (4096).to_bytes(8, "little"))
        if request == uapi.TEE_IOC_SHM_REGISTER:
            copy_to_user(argument + 8, (4096).to_bytes(8, "little"))
        return result


@pytest.mark.parametrize("reg_mem", [False, True])
def test_a_supplicant_has_no_memory_smaller_than_it_was_asked_for(reg_mem: bool) -> None:
    kernel = fake.Kernel(fake.Optee(reg_mem=reg_mem, supplicant=fake.SupplicantUse.WAIT))
    device = SupplicantDevice(Sparing(kernel), "/dev/teepriv0")
    before = kernel.resources()
    with pytest.raises(OSError, match="less than") as caught:
        device.allocate(10_000)
    assert caught.value.errno == errno.ENOMEM
    assert kernel.resources() == before
    device.free(device.allocate(4096))
    device.close()
    kernel.assert_no_leaks()


@pytest.mark.parametrize(("address", "size"), [(0, 1), (4096, 1), (2**47 - 4096, 8192)])
def test_a_mapping_that_is_none_is_not_read(address: int, size: int) -> None:
    with pytest.raises(OSError, match=r".") as caught:
        read_mapping(address, size)
    assert caught.value.errno == errno.EFAULT


def test_a_mapping_is_read() -> None:
    memory = bytearray(b"abc")
    assert read_mapping(address_of(memory), 3) == b"abc"
