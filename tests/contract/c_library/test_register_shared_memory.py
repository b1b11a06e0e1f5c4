# SPDX-License-Identifier: BSD-2-Clause
"""TEEC_RegisterSharedMemory."""

from __future__ import annotations

import errno
import mmap
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client._boundary import copy_to_user
from pytee_client.faults import (
    Action,
    Fail,
    Fault,
    FaultControl,
    ObservedCall,
    Plan,
    ShortRegistration,
    SystemCall,
)
from pytee_client.kernels import uapi

from ...support import c_library as c
from ...support.c_library import Kind
from ...support.conformance import Command, checksum, xored
from ...support.observed_kernel import ObservedKernel
from ...support.targets import Target
from ...support.waiting import LIMIT
from ...support.window import Window, with_window

if TYPE_CHECKING:
    from .conftest import Observed

DONE = (0, tee.Origin.TRUSTED_APP)
BAD_PARAMETERS = tee.Result.BAD_PARAMETERS
GP_MINIMUM = 512 * 1024


def register(context: Any, block: Any) -> int:
    code: int = c.lib.TEEC_RegisterSharedMemory(context, block)
    return code


def xor(session: Any, block: Any) -> None:
    assert c.invoke(session, Command.MEMREF_XOR, c.operation((Kind.WHOLE, (block, 0, 0)))) == DONE


@pytest.mark.assertion("RS-01")
@pytest.mark.parametrize("size", [0, 1, 4096])
def test_a_null_buffer_is_refused(observed: Observed, size: int) -> None:
    assert register(observed.context, c.memory(size)) == BAD_PARAMETERS
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("RS-02")
def test_nothing_can_be_registered(c_context: Any, c_session: Any) -> None:
    data = c.ffi.new("char[]", b"x")
    block = c.memory(0, 3, data)
    assert register(c_context, block) == 0
    xor(c_session, block)
    c.lib.TEEC_ReleaseSharedMemory(block)
    assert (block.buffer, block.size) == (data, 0)
    assert c.ffi.string(data) == b"x"


@pytest.mark.assertion("RS-03", "RS-15")
@pytest.mark.parametrize("flags", [0, 1, 2, 3, 4, 5, 7, 0x80000000, 0xFFFFFFFF])
def test_flags_are_input_output_or_both(c_context: Any, flags: int) -> None:
    block = c.memory(4, flags, c.ffi.new("char[4]"))
    assert register(c_context, block) == (0 if flags in (1, 2, 3) else BAD_PARAMETERS)
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("RS-04", "RS-05")
def test_only_buffer_size_and_flags_are_read_and_none_is_written(
    c_context: Any, c_session: Any
) -> None:
    data = c.ffi.new("char[]", b"abcdef")
    block = c.ffi.new("TEEC_SharedMemory *")
    c.ffi.buffer(block)[:] = b"\xa5" * c.ffi.sizeof("TEEC_SharedMemory")
    block.buffer, block.size, block.flags = data, 6, 3
    assert register(c_context, block) == 0
    assert (block.buffer, block.size, block.flags) == (data, 6, 3)
    assert bytes(c.ffi.buffer(data, 6)) == b"abcdef"
    xor(c_session, block)
    c.lib.TEEC_ReleaseSharedMemory(block)
    assert (block.buffer, block.size, block.flags) == (data, 6, 3)


@pytest.mark.assertion("RS-05", "RS-06", "RS-15")
@pytest.mark.parametrize("flags", [1, 2, 3])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errno.ENOMEM, tee.Result.OUT_OF_MEMORY),
        (errno.EIO, tee.Result.GENERIC),
    ],
)
def test_a_failure_has_its_code_and_changes_nothing(
    target: Target, observed: Observed, error: int, code: int, flags: int
) -> None:
    if not target.reg_mem:
        # There the system is not asked: sharing is promised, and made by each operation.
        error = code = 0
    observed.kernel.fail(uapi.TEE_IOC_SHM_REGISTER, error)
    data = c.ffi.new("char[]", b"abc")
    block = c.memory(3, flags, data)
    assert register(observed.context, block) == code
    if code:
        assert c.ffi.errno == error
    assert (block.buffer, block.size, block.flags) == (data, 3, flags)
    assert c.ffi.string(data) == b"abc"
    c.lib.TEEC_ReleaseSharedMemory(block)
    assert c.ffi.string(data) == b"abc"


@pytest.mark.assertion("RS-06")
@pytest.mark.parametrize("flags", [1, 2, 3])
def test_what_the_tee_refuses_of_any_memory_is_out_of_memory(
    target: Target, observed: Observed, flags: int
) -> None:
    if not target.reg_mem:
        return
    # Of the client's memory, and of as much of the library's own.
    observed.kernel.fail(uapi.TEE_IOC_SHM_REGISTER, errno.EINVAL, errno.EINVAL)
    block = c.memory(3, flags, c.ffi.new("char[]", b"abc"))
    assert register(observed.context, block) == tee.Result.OUT_OF_MEMORY
    assert c.ffi.errno == errno.ENOMEM
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("RS-08")
@pytest.mark.parametrize("flags", [1, 2, 3])
def test_memory_of_a_type_that_the_kernel_does_not_share_is_copied(
    target: Target, observed: Observed, flags: int
) -> None:
    """As with pages that have memory tags: Linux before 7.1 shares none of them."""
    before = set(observed.kernel.descriptors)
    observed.kernel.fail(uapi.TEE_IOC_SHM_REGISTER, errno.EINVAL if target.reg_mem else 0)
    data = c.ffi.new("char[]", b"abcdef")
    block = c.memory(6, flags, data)
    assert register(observed.context, block) == 0
    assert observed.kernel.descriptors == before
    operation = c.operation((Kind.WHOLE, (block, 0, 0)))
    command = Command.MEMREF_XOR if flags == 3 else Command.NOTHING
    assert c.invoke(observed.session, command, operation) == DONE
    assert c.ffi.string(data) == (xored(0, b"abcdef") if flags == 3 else b"abcdef")
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("RS-07", "RS-09")
@pytest.mark.parametrize(
    ("offset", "size"), [(0, GP_MINIMUM), (1, 1), (3, 4096), (4095, 2), (1000, 5000), (0, 4096)]
)
def test_any_address_and_length_can_be_registered(
    c_context: Any, c_session: Any, offset: int, size: int
) -> None:
    with mmap.mmap(-1, offset + size + 1) as pages, c.ffi.from_buffer(pages) as data:
        block = c.memory(size, 3, data + offset)
        assert register(c_context, block) == 0
        xor(c_session, block)
        c.lib.TEEC_ReleaseSharedMemory(block)
        assert pages[:] == bytes(offset) + xored(0, bytes(size)) + b"\0"


@pytest.mark.assertion("RS-07")
@pytest.mark.parametrize("flags", [1, 3])
@pytest.mark.parametrize("size", [2**64 - 1, 2**63])
def test_what_is_larger_than_the_address_space_is_refused(
    c_context: Any, size: int, flags: int
) -> None:
    assert register(c_context, c.memory(size, flags, c.ffi.new("char[1]"))) != 0


@pytest.mark.assertion("RS-06")
@pytest.mark.parametrize("flags", [1, 2, 3])
def test_memory_that_is_not_all_there_is_refused(c_context: Any, flags: int) -> None:
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    with c.ffi.from_buffer(pages) as data:
        block = c.memory(2 * mmap.PAGESIZE, flags, c.ffi.cast("void *", data))
    pages.resize(mmap.PAGESIZE)
    assert register(c_context, block) != 0
    pages.close()


@dataclass(frozen=True)
class RegisterFirstPage(Action):
    """The kernel registers the first page only, and says so."""

    calls = frozenset({SystemCall.SHM_REGISTER})

    def perform(self, kernel: FaultControl, call: ObservedCall, proceed: Callable[[], int]) -> int:
        address, _, flags, number = uapi.SHM_REGISTER_DATA.unpack(call.argument)
        shorter = uapi.SHM_REGISTER_DATA.pack(address, mmap.PAGESIZE, flags, number)
        copy_to_user(call.address, shorter)
        return proceed()


@pytest.mark.assertion("RS-06")
@pytest.mark.parametrize("flags", [1, 2, 3])
@pytest.mark.parametrize(
    "action", [Fail(errno.ENOMEM), Fail(errno.EFAULT), RegisterFirstPage()], ids=str
)
def test_memory_that_is_not_all_there_is_so_in_every_kernels_words(
    target: Target, action: Action, flags: int
) -> None:
    """Linux says ENOMEM before 6.8; later EFAULT, or it registers what there is."""
    kernel, context = ObservedKernel(target), c.new_context()
    assert c.context_initialize(context, kernel, target.device) == 0
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    with c.ffi.from_buffer(pages) as data:
        block = c.memory(2 * mmap.PAGESIZE, flags, c.ffi.cast("void *", data))
    pages.resize(mmap.PAGESIZE)
    kernel.arm(Plan([Fault(SystemCall.SHM_REGISTER, action)]))
    assert register(context, block) == tee.Result.GENERIC
    assert c.ffi.errno == errno.EFAULT
    assert len(kernel.descriptors) == 1
    c.lib.TEEC_ReleaseSharedMemory(block)
    c.lib.TEEC_FinalizeContext(context)
    pages.close()


@pytest.mark.assertion("RS-06")
@pytest.mark.parametrize("flags", [1, 2, 3])
def test_memory_of_which_the_kernel_takes_only_part_is_refused(target: Target, flags: int) -> None:
    """As Linux does from 6.8 on with some memory of which the end is missing."""
    kernel, context = ObservedKernel(target), c.new_context()
    assert c.context_initialize(context, kernel, target.device) == 0
    kernel.arm(Plan([Fault(SystemCall.SHM_REGISTER, ShortRegistration(missing=4096))]))
    with mmap.mmap(-1, 8192) as pages, c.ffi.from_buffer(pages) as data:
        block = c.memory(8192, flags, data)
        expected = tee.Result.OUT_OF_MEMORY if target.reg_mem else 0
        assert register(context, block) == expected
        assert len(kernel.descriptors) == 1
        c.lib.TEEC_ReleaseSharedMemory(block)
    c.lib.TEEC_FinalizeContext(context)


@pytest.mark.assertion("RS-08")
def test_memory_is_shared_in_place_where_that_can_be(target: Target, observed: Observed) -> None:
    data = c.ffi.new("char[]", b"abcdef")
    block = c.memory(6, 3, data)
    assert register(observed.context, block) == 0
    asked = [
        uapi.SHM_REGISTER_DATA.unpack(request.argument)[:2]
        for request in observed.kernel.requests(uapi.TEE_IOC_SHM_REGISTER)
    ]
    assert asked == ([(int(c.ffi.cast("uintptr_t", data)), 6)] if target.reg_mem else [])
    xor(observed.session, block)
    assert bytes(c.ffi.buffer(data, 6)) == xored(0, b"abcdef")
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("RS-10", "RS-11", "AS-09")
@pytest.mark.parametrize("make", [c.allocated, c.registered])
def test_the_program_uses_the_memory_between_operations_of_all_sessions(
    c_context: Any, c_session: Any, make: Callable[[Any, bytes], Any]
) -> None:
    block, other = make(c_context, bytes(100)), c.new_session()
    assert c.open_session(c_context, other) == DONE
    for round_, session in enumerate((c_session, other, c_session)):
        data = bytes([round_]) * 100
        c.ffi.memmove(block.buffer, data, 100)
        operation = c.operation((Kind.WHOLE, (block, 0, 0)), (Kind.VALUE_OUTPUT, (0, 0)))
        assert c.invoke(session, Command.MEMREF_CHECKSUM, operation) == DONE
        value = operation.params[1].value
        assert (value.a, value.b) == checksum(data)
        xor(session, block)
        assert c.content_of(block) == xored(0, data)
    c.lib.TEEC_CloseSession(other)
    c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("RS-10", "AS-09")
@pytest.mark.parametrize("make", [c.allocated, c.registered])
@with_window
def test_what_the_program_writes_during_an_operation_stays(
    target: Target,
    c_context: Any,
    c_session: Any,
    pool: ThreadPoolExecutor,
    window: Window,
    make: Callable[[Any, bytes], Any],
) -> None:
    block = make(c_context, bytes(100))
    # What is copied comes back as a whole; so only an input there.
    in_place = make is c.allocated or target.reg_mem
    kind = Kind.PARTIAL_INOUT if in_place else Kind.PARTIAL_INPUT
    wish = (window.milliseconds, 0)
    operation = c.operation((Kind.VALUE_INPUT, wish), (kind, (block, 100, 0)))
    call = window.start(pool, c.invoke, c_session, Command.WAIT, operation)
    c.ffi.memmove(block.buffer, b"program", 7)
    try:
        window.check()
        assert call.result(LIMIT) == DONE
        assert c.content_of(block) == b"program" + bytes(93)
    finally:
        c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("RS-12", "AS-10")
@pytest.mark.parametrize("first", [c.allocated, c.registered])
@pytest.mark.parametrize("second", [c.lib.TEEC_AllocateSharedMemory, register])
def test_sharing_over_a_live_structure_loses_the_old_block_and_serves_the_new(
    target: Target,
    first: Callable[[Any, bytes], Any],
    second: Callable[[Any, Any], int],
) -> None:
    kernel, context, session = ObservedKernel(target), c.new_context(), c.new_session()
    assert c.context_initialize(context, kernel, target.device) == 0
    assert c.open_session(context, session) == DONE
    block = first(context, b"abcdef")
    lost = int(c.ffi.cast("uintptr_t", block.buffer))
    assert second(context, block) == 0
    xor(session, block)
    c.lib.TEEC_ReleaseSharedMemory(block)
    c.lib.TEEC_CloseSession(session)
    c.lib.TEEC_FinalizeContext(context)
    # Nothing but the lost block, which a device without REG_MEM did not register.
    assert len(kernel.descriptors) == (1 if first is c.allocated or target.reg_mem else 0)
    if first is c.allocated and not target.reg_mem:
        kernel.munmap(lost, mmap.PAGESIZE)
    for fd in list(kernel.descriptors):
        kernel.close(fd)


@pytest.mark.assertion("RS-13", "AS-11", "RS-15")
@pytest.mark.parametrize(
    "share", [register, c.lib.TEEC_AllocateSharedMemory], ids=["register", "allocate"]
)
def test_a_context_that_is_not_live_is_refused(
    new_context: Callable[[], Any], share: Callable[[Any, Any], int]
) -> None:
    ended = new_context()
    c.lib.TEEC_FinalizeContext(ended)
    garbage = c.new_context()
    c.ffi.buffer(garbage)[:] = b"\xa5" * c.ffi.sizeof("TEEC_Context")
    for context in (ended, garbage, c.new_context()):
        block = c.memory(4, 3, c.ffi.new("char[4]"))
        assert share(context, block) == BAD_PARAMETERS
        c.lib.TEEC_ReleaseSharedMemory(block)


@pytest.mark.assertion("RS-13", "GEN-02")
def test_threads_can_register_at_once(
    c_context: Any, c_session: Any, pool: ThreadPoolExecutor
) -> None:
    ready = threading.Barrier(4, timeout=LIMIT)

    def work() -> None:
        ready.wait()
        for _ in range(10):
            block = c.registered(c_context, b"abc")
            xor(c_session, block)
            assert c.content_of(block) == xored(0, b"abc")
            c.lib.TEEC_ReleaseSharedMemory(block)

    for call in [pool.submit(work) for _ in range(4)]:
        call.result(LIMIT)


@pytest.mark.assertion("RS-14", "AS-11")
def test_null_structures_are_refused(observed: Observed) -> None:
    null, block = c.ffi.NULL, c.memory(4, 3, c.ffi.new("char[4]"))
    for share in (c.lib.TEEC_RegisterSharedMemory, c.lib.TEEC_AllocateSharedMemory):
        assert share(observed.context, null) == BAD_PARAMETERS
        assert share(null, block) == BAD_PARAMETERS
        assert share(null, null) == BAD_PARAMETERS
    assert observed.kernel.ioctls == []


@pytest.mark.assertion("RS-16")
def test_a_child_of_a_fork_leaves_its_parents_memory_alone(c_context: Any, c_session: Any) -> None:
    with mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as pages:
        with c.ffi.from_buffer(pages) as data:
            block = c.memory(100, 3, data)
            assert register(c_context, block) == 0
            reading, writing = os.pipe()
            pid = os.fork()
            if not pid:
                # It shares the parent's pages until one of them writes.
                os.close(writing)
                os.read(reading, 1)
                kept = pages[:100] == bytes(100)
                pages[:100] = b"\xee" * 100
                os._exit(0 if kept else 1)
            os.close(reading)
            pages[:3] = b"abc"
            xor(c_session, block)
            os.close(writing)
            assert os.waitpid(pid, 0)[1] == 0
            c.lib.TEEC_ReleaseSharedMemory(block)
        assert pages[:100] == xored(0, b"abc" + bytes(97))
