# SPDX-License-Identifier: BSD-2-Clause
"""Kernels that stand between the library and another one."""

from __future__ import annotations

import errno
import mmap
import os

import pytest

import pytee_client as tee
from pytee_client import fake
from pytee_client._boundary import address_of, constant, copy_from_user, copy_to_user
from pytee_client.fake.applications import HelloWorld
from pytee_client.kernels import LinuxKernel, ObservedCall, ProxyKernel, SystemCall, uapi

from ...support.raw_device import refused


def test_the_requests_have_the_numbers_of_the_interface() -> None:
    numbers = {name for name in vars(uapi) if name.startswith("TEE_IOC_")}
    assert len(numbers) > 7
    for name in numbers:
        call = SystemCall[name.removeprefix("TEE_IOC_")]
        assert call.value == constant(name)
        assert SystemCall.of_request(constant(name)) is call
    assert SystemCall.of_request(0x8010A40B) is SystemCall.OTHER


def test_the_headers_of_arguments_have_the_sizes_of_the_interface() -> None:
    assert SystemCall.OPEN_SESSION.header_size == uapi.OPEN_SESSION_ARG.size
    assert SystemCall.INVOKE.header_size == uapi.INVOKE_ARG.size
    assert SystemCall.CANCEL.header_size == 0


def test_linux_refuses_as_linux_does() -> None:
    kernel = LinuxKernel()
    assert refused(kernel.open, "/dev/no-such-tee") == errno.ENOENT
    assert refused(kernel.open, "/dev/null") == errno.ENOTTY
    assert refused(kernel.close, -1) == errno.EBADF
    assert refused(kernel.mmap, -1, 4096) == errno.EBADF
    assert refused(kernel.munmap, 1, 4096) == errno.EINVAL
    assert refused(kernel.ioctl, -1, uapi.TEE_IOC_VERSION, 0) == errno.EBADF
    assert kernel.take_cause() is None  # type: ignore[func-returns-value]


def test_linux_maps_what_is_mapped_elsewhere_too() -> None:
    kernel = LinuxKernel()
    fd = os.memfd_create("pages")
    os.ftruncate(fd, mmap.PAGESIZE)
    address = kernel.mmap(fd, mmap.PAGESIZE)
    copy_to_user(address + 5, b"hello")
    assert os.pread(fd, 5, 5) == b"hello"
    kernel.munmap(address, mmap.PAGESIZE)
    with pytest.raises(OSError, match="copy_from_user"):
        copy_from_user(address, 1)
    kernel.close(fd)
    assert refused(kernel.close, fd) == errno.EBADF


def test_a_context_on_a_kernel_that_passes_on_works_as_on_the_other_one() -> None:
    kernel = ProxyKernel(ProxyKernel(fake.Kernel("optee-no-reg-mem")))
    with tee.Context(backend=kernel) as context:
        assert context.version.backend == "fake"
        with (
            context.open_session(HelloWorld.uuid) as session,
            context.allocate_shared_memory(10) as block,
        ):
            assert session.invoke_command(0, tee.ValueInOut(1)) == ((2, 0),)
            assert bytes(block) == bytes(10)


def test_a_kernel_is_no_name_but_linux() -> None:
    assert ProxyKernel("linux").backend == "linux"
    with pytest.raises(ValueError, match=r"fake\.Kernel"):
        ProxyKernel("fake")  # type: ignore[arg-type]


def test_a_call_is_seen_as_the_kernel_sees_it() -> None:
    params = uapi.PARAM.pack(3, 7, 8, 9) + uapi.PARAM.pack(0, 0, 0, 0)
    buffer = bytearray(uapi.INVOKE_ARG.pack(5, 77, 0, 0, 0, 2) + params)
    data = bytearray(uapi.BUF_DATA.pack(address_of(buffer), len(buffer)))
    call = ObservedCall.of_ioctl(4, uapi.TEE_IOC_INVOKE, address_of(data))
    assert call.call is SystemCall.INVOKE
    assert (call.command_id, call.session, call.uuid) == (5, 77, None)
    assert call.params == [(3, 7, 8, 9), (0, 0, 0, 0)]
    assert call.param_address(1) == address_of(buffer) + 24 + 32
    opening = bytearray(HelloWorld.uuid.bytes + bytes(40))
    data = bytearray(uapi.BUF_DATA.pack(address_of(opening), len(opening)))
    call = ObservedCall.of_ioctl(4, uapi.TEE_IOC_OPEN_SESSION, address_of(data))
    assert (call.uuid, call.session, call.params) == (HelloWorld.uuid, None, [])
    for layout, request, fields in (
        (uapi.CANCEL_ARG, uapi.TEE_IOC_CANCEL, (1, 77)),
        (uapi.CLOSE_SESSION_ARG, uapi.TEE_IOC_CLOSE_SESSION, (77,)),
    ):
        data = bytearray(layout.pack(*fields))
        assert ObservedCall.of_ioctl(4, request, address_of(data)).session == 77


def test_what_can_not_be_read_is_for_the_kernel_to_complain_of() -> None:
    for address in (0, 1 << 63):
        call = ObservedCall.of_ioctl(4, uapi.TEE_IOC_INVOKE, address)
        assert (call.argument, call.buffer, call.params) == (b"", b"", [])
        assert (call.session, call.command_id) == (None, None)
    for where, length in ((0, 24), (0, 2**60)):
        data = bytearray(uapi.BUF_DATA.pack(where, length))
        call = ObservedCall.of_ioctl(4, uapi.TEE_IOC_INVOKE, address_of(data))
        assert (len(call.argument), call.buffer, call.params) == (16, b"", [])
