# SPDX-License-Identifier: BSD-2-Clause
"""TEEC_RegisterSharedMemoryFileDescriptor."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pytee_client as tee
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.c_library import Kind
from ...support.conformance import Command
from ...support.descriptor_kernel import DescriptorKernel
from ...support.observed_kernel import ObservedKernel
from ...support.renaming_kernel import RenamingKernel
from ...support.targets import Target
from .conftest import Observed

DONE = (0, tee.Origin.TRUSTED_APP)
BAD_PARAMETERS = tee.Result.BAD_PARAMETERS
REFUSED = (BAD_PARAMETERS, tee.Origin.API)
SIZE = 5000


@pytest.fixture(scope="module")
def sharing(target: Target) -> Iterator[Observed]:
    """A context of a kernel that has the request, which none of the targets' has."""
    kernel = ObservedKernel(target)
    sharing = Observed(kernel, c.new_context(), c.new_session())
    assert c.context_initialize(sharing.context, DescriptorKernel(kernel), target.device) == 0
    assert c.open_session(sharing.context, sharing.session) == DONE
    yield sharing
    c.lib.TEEC_CloseSession(sharing.session)
    c.lib.TEEC_FinalizeContext(sharing.context)
    assert not kernel.descriptors


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    """A file of a size, in place of a dma-buf."""
    fd = os.open(tmp_path / "memory", os.O_RDWR | os.O_CREAT)
    os.ftruncate(fd, SIZE)
    yield fd
    os.close(fd)


def register(context: Any, block: Any, fd: int) -> int:
    code: int = c.lib.TEEC_RegisterSharedMemoryFileDescriptor(context, block, fd)
    return code


@pytest.mark.assertion("FD-01")
def test_what_can_not_be_meant_is_refused(sharing: Observed, descriptor: int) -> None:
    block = c.memory(0)
    assert register(c.ffi.NULL, block, descriptor) == BAD_PARAMETERS
    assert register(sharing.context, c.ffi.NULL, descriptor) == BAD_PARAMETERS
    assert register(c.new_context(), block, descriptor) == BAD_PARAMETERS
    assert register(sharing.context, block, -1) == BAD_PARAMETERS
    for flags in (0, 4, 0xFFFFFFFF):
        assert register(sharing.context, c.memory(0, flags), descriptor) == BAD_PARAMETERS


@pytest.mark.assertion("FD-02", "FD-05", "RL-12")
def test_success_sets_the_size_and_leaves_the_descriptor_the_programs(
    sharing: Observed, descriptor: int
) -> None:
    before = set(sharing.kernel.descriptors)
    block = c.memory(7, 3, c.ffi.cast("void *", 1))
    own = os.dup(descriptor)
    assert register(sharing.context, block, own) == 0
    assert (block.buffer, block.size, block.flags) == (c.ffi.NULL, SIZE, 3)
    assert os.fstat(own).st_size == SIZE
    os.close(own)
    operation = c.operation((Kind.WHOLE, (block, 0, 0)))
    assert c.invoke(sharing.session, Command.MEMREF_FILL, operation) == DONE
    c.lib.TEEC_ReleaseSharedMemory(block)
    assert sharing.kernel.descriptors == before
    assert os.fstat(descriptor).st_size == SIZE


@pytest.mark.assertion("FD-03")
def test_a_descriptor_that_can_not_be_shared_is_refused(sharing: Observed) -> None:
    reading, writing = os.pipe()
    block = c.memory(0)
    for fd in (reading, 9999):
        assert register(sharing.context, block, fd) == BAD_PARAMETERS
        assert c.ffi.errno == errno.EINVAL
        c.lib.TEEC_ReleaseSharedMemory(block)
    assert os.fstat(reading)
    os.close(reading)
    os.close(writing)


@pytest.mark.assertion("FD-03")
def test_a_descriptor_that_is_none_is_refused_in_every_kernels_words(target: Target) -> None:
    """Mainline Linux says EINVAL of all that it can't share; OP-TEE's own kernels say EBADF."""
    renamed = {uapi.TEE_IOC_SHM_REGISTER_FD: {errno.EINVAL: errno.EBADF}}
    kernel = RenamingKernel(DescriptorKernel(ObservedKernel(target)), renamed)
    context, block = c.new_context(), c.memory(0)
    assert c.context_initialize(context, kernel, target.device) == 0
    assert register(context, block, 9999) == BAD_PARAMETERS
    assert c.ffi.errno == errno.EINVAL
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("FD-04")
def test_a_kernel_that_has_no_such_request_is_told_from_a_bad_descriptor(
    target: Target, c_context: Any, descriptor: int
) -> None:
    block = c.memory(0)
    is_known = target.release.has_memory_by_descriptor
    code = BAD_PARAMETERS if is_known else tee.Result.NOT_SUPPORTED
    assert register(c_context, block, descriptor) == code
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("FD-06", "FD-07")
@pytest.mark.parametrize("flags", [1, 2, 3])
def test_a_block_serves_references_in_its_directions(
    sharing: Observed, descriptor: int, flags: int
) -> None:
    block = c.memory(0, flags)
    assert register(sharing.context, block, descriptor) == 0
    for kind in (Kind.PARTIAL_INPUT, Kind.PARTIAL_OUTPUT, Kind.PARTIAL_INOUT):
        operation = c.operation((kind, (block, 100, SIZE - 100)), (Kind.WHOLE, (block, 0, 0)))
        outcome = c.invoke(sharing.session, Command.MEMREF_FILL, operation)
        assert outcome == (REFUSED if kind & 3 & ~flags else DONE)
        beyond = c.operation((kind, (block, 100, SIZE - 99)))
        assert c.invoke(sharing.session, Command.MEMREF_FILL, beyond) == REFUSED
    operation = c.operation((Kind.VALUE_INPUT, (0, 9)), (Kind.WHOLE, (block, 0, 0)))
    assert c.invoke(sharing.session, Command.SET_SIZE, operation) == DONE
    assert operation.params[1].memref.size == (9 if flags & 2 else 0)
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("FD-06")
def test_what_one_command_writes_the_next_reads(sharing: Observed, descriptor: int) -> None:
    """Nothing is mapped here: only the application can say what is in the block."""
    block = c.memory(0)
    assert register(sharing.context, block, descriptor) == 0
    fill = c.operation((Kind.PARTIAL_OUTPUT, (block, 3, 10)))
    assert c.invoke(sharing.session, Command.MEMREF_FILL, fill) == DONE
    read = c.operation((Kind.PARTIAL_INPUT, (block, 3, 10)), (Kind.VALUE_OUTPUT, (0, 0)))
    assert c.invoke(sharing.session, Command.MEMREF_CHECKSUM, read) == DONE
    assert (read.params[1].value.a, read.params[1].value.b) == (1 * 0 + 2 * 1 + 3 * 2, 3)
    c.lib.TEEC_ReleaseSharedMemory(block)
