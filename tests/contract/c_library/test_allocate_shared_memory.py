# SPDX-License-Identifier: BSD-2-Clause
"""TEEC_AllocateSharedMemory; what it has in common with registering is tested there."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client.fake import uapi

from ...support import c_library as c
from ...support.c_library import Kind
from ...support.conformance import Command, xored
from ...support.targets import Target

if TYPE_CHECKING:
    from .conftest import Observed

DONE = (0, tee.Origin.TRUSTED_APP)


def allocate(context: Any, block: Any) -> int:
    code: int = c.lib.TEEC_AllocateSharedMemory(context, block)
    return code


@pytest.mark.assertion("AS-01", "AS-04", "AS-07", "AS-08")
@pytest.mark.parametrize("size", [1, 7, 4095, 4096, 4097, 512 * 1024])
def test_success_is_a_zeroed_buffer_of_the_size_asked_for(
    c_context: Any, c_session: Any, size: int
) -> None:
    block = c.memory(size, 3, c.ffi.cast("void *", 1))
    assert allocate(c_context, block) == 0
    assert (block.size, block.flags) == (size, 3)
    assert int(c.ffi.cast("uintptr_t", block.buffer)) % 16 == 0
    assert c.content_of(block) == bytes(size)
    operation = c.operation((Kind.WHOLE, (block, 0, 0)))
    assert c.invoke(c_session, Command.MEMREF_XOR, operation) == DONE
    assert c.content_of(block) == xored(0, bytes(size))
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("AS-08")
def test_memory_is_zeroed_again_for_the_next_block(c_context: Any) -> None:
    for _ in range(3):
        block = c.memory(4096)
        assert allocate(c_context, block) == 0
        assert c.content_of(block) == bytes(4096)
        c.ffi.memmove(block.buffer, b"\xee" * 4096, 4096)
        c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("AS-02")
def test_an_empty_block_has_a_buffer(c_context: Any) -> None:
    block = c.memory(0)
    assert allocate(c_context, block) == 0
    assert block.buffer != c.ffi.NULL
    assert block.size == 0
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("AS-03", "AS-05", "AS-06", "RS-15")
@pytest.mark.parametrize(
    ("size", "flags", "code"),
    [
        (10, 0, tee.Result.BAD_PARAMETERS),
        (10, 4, tee.Result.BAD_PARAMETERS),
        (10, 0xFFFFFFFF, tee.Result.BAD_PARAMETERS),
        (2**64 - 1, 3, tee.Result.OUT_OF_MEMORY),
        (2**63, 1, tee.Result.OUT_OF_MEMORY),
        (2**48, 2, tee.Result.OUT_OF_MEMORY),
    ],
)
def test_a_failure_leaves_no_buffer(c_context: Any, size: int, flags: int, code: int) -> None:
    block = c.memory(size, flags, c.ffi.cast("void *", 1))
    assert allocate(c_context, block) == code
    assert block.buffer == c.ffi.NULL
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("AS-03", "AS-06")
@pytest.mark.parametrize("error", [errno.ENOMEM, errno.EIO])
def test_a_failure_of_the_kernels_leaves_no_buffer(observed: Observed, error: int) -> None:
    for request in (uapi.TEE_IOC_SHM_ALLOC, uapi.TEE_IOC_SHM_REGISTER):
        observed.kernel.fail(request, error)
    block = c.memory(10, 3, c.ffi.cast("void *", 1))
    expected = tee.Result.OUT_OF_MEMORY if error == errno.ENOMEM else tee.Result.GENERIC
    assert allocate(observed.context, block) == expected
    assert c.ffi.errno == error
    assert block.buffer == c.ffi.NULL


@pytest.mark.assertion("AS-12")
def test_the_memory_is_the_drivers_where_it_registers_none(
    target: Target, observed: Observed
) -> None:
    block = c.memory(100)
    assert allocate(observed.context, block) == 0
    requests = [ioctl.request for ioctl in observed.kernel.ioctls]
    share = uapi.TEE_IOC_SHM_REGISTER if target.reg_mem else uapi.TEE_IOC_SHM_ALLOC
    assert requests == [share]
    assert block.size == 100
    c.lib.TEEC_ReleaseSharedMemory(block)
