# SPDX-License-Identifier: BSD-2-Clause
"""TEEC_AllocateSharedMemory; what it has in common with registering is tested there."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client.faults import Fail, Fault, Plan, SystemCall
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.c_library import Kind
from ...support.conformance import Command, xored
from ...support.renaming_kernel import RenamingKernel
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
@pytest.mark.parametrize("error", [errno.ENOMEM, errno.EINVAL, errno.EFAULT, errno.EIO])
def test_a_failure_of_the_kernels_leaves_no_buffer(observed: Observed, error: int) -> None:
    for request in (uapi.TEE_IOC_SHM_ALLOC, uapi.TEE_IOC_SHM_REGISTER):
        observed.kernel.fail(request, error)
    block = c.memory(10, 3, c.ffi.cast("void *", 1))
    # Pages of the library's own that can't be shared are pages that can't be had.
    is_other = error == errno.EIO
    expected = tee.Result.GENERIC if is_other else tee.Result.OUT_OF_MEMORY
    assert allocate(observed.context, block) == expected
    assert c.ffi.errno == (error if is_other else errno.ENOMEM)
    assert block.buffer == c.ffi.NULL


@pytest.mark.assertion("AS-03", "AS-06")
@pytest.mark.parametrize("error", [errno.ENOMEM, errno.EINVAL])
def test_memory_that_can_not_be_mapped_is_out_of_memory(
    target: Target, observed: Observed, error: int
) -> None:
    if target.reg_mem:
        # There the pages are the process's own.
        return
    before = set(observed.kernel.descriptors)
    observed.kernel.arm(Plan([Fault(SystemCall.MMAP, Fail(error))]))
    block = c.memory(10, 3, c.ffi.cast("void *", 1))
    assert allocate(observed.context, block) == tee.Result.OUT_OF_MEMORY
    assert c.ffi.errno == errno.ENOMEM
    assert block.buffer == c.ffi.NULL
    assert observed.kernel.descriptors == before


@pytest.fixture(params=[errno.ENOMEM, errno.EINVAL], ids=errno.errorcode.get)
def wordy_context(target: Target, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A context on a kernel that has one errno for all memory that can't be had."""
    words = dict.fromkeys((errno.ENOMEM, errno.EINVAL), request.param)
    renamed = dict.fromkeys((uapi.TEE_IOC_SHM_ALLOC, uapi.TEE_IOC_SHM_REGISTER), words)
    kernel, context = RenamingKernel(target.kernel, renamed), c.new_context()
    assert c.context_initialize(context, kernel, target.device) == 0
    yield context
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("AS-06")
@pytest.mark.parametrize("size", [2**64 - 1, 2**64 - 4095, 2**63, 2**48])
def test_a_size_that_can_not_be_had_is_out_of_memory_in_every_kernels_words(
    wordy_context: Any, size: int
) -> None:
    block = c.memory(size)
    assert allocate(wordy_context, block) == tee.Result.OUT_OF_MEMORY
    assert c.ffi.errno == errno.ENOMEM
    assert block.buffer == c.ffi.NULL


@pytest.mark.assertion("AS-02", "RS-02")
def test_an_empty_block_works_with_every_kernel(wordy_context: Any) -> None:
    session, registered, allocated = c.new_session(), c.memory(0), c.memory(0)
    registered.buffer = c.ffi.new("char[1]")
    assert c.lib.TEEC_RegisterSharedMemory(wordy_context, registered) == 0
    assert allocate(wordy_context, allocated) == 0
    assert c.open_session(wordy_context, session) == DONE
    operation = c.operation((Kind.WHOLE, (registered, 0, 0)), (Kind.WHOLE, (allocated, 0, 0)))
    assert c.invoke(session, Command.NOTHING, operation) == DONE
    c.lib.TEEC_CloseSession(session)
    for block in (registered, allocated):
        c.lib.TEEC_ReleaseSharedMemory(block)


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
