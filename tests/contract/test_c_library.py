# SPDX-License-Identifier: BSD-2-Clause
"""The C library by itself, called as a C program would: what Python never lets through."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any

import pytest

import pytee_client as tee
from pytee_client._native import ffi, lib

from ..support.conformance import Command, checksum
from ..support.targets import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

API = tee.Origin.API
BAD_PARAMETERS = tee.Result.BAD_PARAMETERS


@pytest.fixture
def c_context(context: tee.Context) -> Any:
    return context._native.struct


@pytest.fixture
def c_session(c_context: Any) -> Iterator[Any]:
    session = ffi.new("TEEC_Session *")
    fields = Target.CONFORMANCE.fields
    uuid = ffi.new("TEEC_UUID *", (*fields[:3], Target.CONFORMANCE.bytes[8:]))
    origin = ffi.new("uint32_t *")
    code = lib.TEEC_OpenSession(c_context, session, uuid, 0, ffi.NULL, ffi.NULL, origin)
    assert (code, origin[0]) == (0, tee.Origin.TRUSTED_APP)
    yield session
    lib.TEEC_CloseSession(session)
    lib.TEEC_CloseSession(session)


def invoke(session: Any, command: int, operation: Any) -> tuple[int, int]:
    origin = ffi.new("uint32_t *")
    return lib.TEEC_InvokeCommand(session, command, operation, origin), origin[0]


def allocate(c_context: Any, size: int, flags: int) -> Any:
    memory = ffi.new("TEEC_SharedMemory *", {"size": size, "flags": flags})
    assert lib.TEEC_AllocateSharedMemory(c_context, memory) == 0
    return memory


def whole(memory: Any, kind: int | None = None) -> Any:
    operation = ffi.new("TEEC_Operation *")
    operation.paramTypes = lib.TEEC_MEMREF_WHOLE if kind is None else kind
    operation.params[0].memref.parent = memory
    operation.params[0].memref.size = 1
    return operation


@pytest.mark.parametrize("types", [4, 8, 9, 10, 11, 0x10000, 0x80000000])
def test_reserved_parameter_types_are_refused(c_session: Any, types: int) -> None:
    operation = ffi.new("TEEC_Operation *", {"paramTypes": types})
    assert invoke(c_session, Command.NOTHING, operation) == (BAD_PARAMETERS, API)


def test_a_direction_that_the_block_has_not_is_refused(c_context: Any, c_session: Any) -> None:
    memory = allocate(c_context, 10, lib.TEEC_MEM_INPUT)
    for kind, expected in (
        (lib.TEEC_MEMREF_PARTIAL_INPUT, (0, tee.Origin.TRUSTED_APP)),
        (lib.TEEC_MEMREF_PARTIAL_OUTPUT, (BAD_PARAMETERS, API)),
        (lib.TEEC_MEMREF_PARTIAL_INOUT, (BAD_PARAMETERS, API)),
    ):
        assert invoke(c_session, Command.NOTHING, whole(memory, kind)) == expected
    lib.TEEC_ReleaseSharedMemory(memory)


def test_memory_that_is_not_shared_is_refused(c_context: Any, c_session: Any) -> None:
    released = allocate(c_context, 10, lib.TEEC_MEM_INPUT)
    lib.TEEC_ReleaseSharedMemory(released)
    assert (released.buffer, released.size) == (ffi.NULL, 0)
    lib.TEEC_ReleaseSharedMemory(released)
    for memory in (released, ffi.new("TEEC_SharedMemory *"), ffi.NULL):
        for kind in (lib.TEEC_MEMREF_WHOLE, lib.TEEC_MEMREF_PARTIAL_INPUT):
            operation = whole(memory, kind)
            assert invoke(c_session, Command.NOTHING, operation) == (BAD_PARAMETERS, API)


def test_memory_that_can_only_be_read_is_registered_as_input(
    c_context: Any, c_session: Any
) -> None:
    with mmap.mmap(-1, 4096, prot=mmap.PROT_READ) as pages, ffi.from_buffer(pages) as address:
        memory = ffi.new("TEEC_SharedMemory *", (address, 4096, lib.TEEC_MEM_INPUT))
        assert lib.TEEC_RegisterSharedMemory(c_context, memory) == 0
        operation = whole(memory)
        operation.paramTypes |= lib.TEEC_VALUE_OUTPUT << 4
        assert invoke(c_session, Command.MEMREF_CHECKSUM, operation) == (0, 4)
        value = operation.params[1].value
        assert checksum(bytes(4096)) == (value.a, value.b)
        lib.TEEC_ReleaseSharedMemory(memory)
        assert (memory.buffer, memory.size) == (address, 4096)


def test_a_failed_allocation_leaves_no_buffer(c_context: Any) -> None:
    for size, flags in ((10, 0), (10, 4), (2**64 - 1, 1)):
        memory = ffi.new("TEEC_SharedMemory *", (ffi.cast("void *", 1), size, flags))
        assert lib.TEEC_AllocateSharedMemory(c_context, memory) != 0
        assert memory.buffer == ffi.NULL
        lib.TEEC_ReleaseSharedMemory(memory)


def test_memory_by_descriptor_is_not_supported_by_this_kernel(c_context: Any) -> None:
    memory = ffi.new("TEEC_SharedMemory *", {"flags": lib.TEEC_MEM_INPUT})
    register = lib.TEEC_RegisterSharedMemoryFileDescriptor
    assert register(c_context, memory, 0) == tee.Result.NOT_SUPPORTED
    assert register(c_context, memory, -1) == BAD_PARAMETERS


def test_an_operation_can_be_used_again_and_a_late_request_is_forgotten(c_session: Any) -> None:
    operation = ffi.new("TEEC_Operation *")
    assert invoke(c_session, Command.NOTHING, operation) == (0, tee.Origin.TRUSTED_APP)
    assert invoke(c_session, Command.NOTHING, operation) == (0, tee.Origin.TRUSTED_APP)
    lib.TEEC_RequestCancellation(operation)
    assert invoke(c_session, Command.NOTHING, operation) == (0, tee.Origin.TRUSTED_APP)
    operation.started = 0
    lib.TEEC_RequestCancellation(operation)
    assert invoke(c_session, Command.NOTHING, operation) == (tee.Result.CANCEL, API)


def test_null_and_dead_structures_are_harmless(c_context: Any) -> None:
    lib.TEEC_FinalizeContext(ffi.NULL)
    lib.TEEC_CloseSession(ffi.NULL)
    lib.TEEC_ReleaseSharedMemory(ffi.NULL)
    lib.TEEC_RequestCancellation(ffi.NULL)
    session = ffi.new("TEEC_Session *")
    assert invoke(session, 0, ffi.NULL) == (BAD_PARAMETERS, API)
    assert invoke(ffi.NULL, 0, ffi.NULL) == (BAD_PARAMETERS, API)
    for garbage in (b"\xff", b"\x01", b"\0"):
        context = ffi.new("TEEC_Context *")
        ffi.buffer(context)[:] = garbage * ffi.sizeof("TEEC_Context")
        lib.TEEC_FinalizeContext(context)
        memory = ffi.new("TEEC_SharedMemory *", {"size": 1, "flags": 1})
        assert lib.TEEC_AllocateSharedMemory(context, memory) == BAD_PARAMETERS
    uuid = ffi.new("TEEC_UUID *")
    for arguments in ((ffi.NULL, session, uuid), (c_context, ffi.NULL, uuid)):
        assert lib.TEEC_OpenSession(*arguments, 0, ffi.NULL, ffi.NULL, ffi.NULL) == BAD_PARAMETERS
    open_session = lib.TEEC_OpenSession
    for login in (tee.Login.GROUP, tee.Login.GROUP_APPLICATION):
        code = open_session(c_context, session, uuid, login, ffi.NULL, ffi.NULL, ffi.NULL)
        assert code == BAD_PARAMETERS


def test_a_session_outlives_its_context_as_an_error_only(target: Target) -> None:
    context = target.open_context()
    session = context.open_session(Target.CONFORMANCE)
    memory = allocate(context._native.struct, 10, lib.TEEC_MEM_INPUT)
    lib.TEEC_FinalizeContext(context._native.struct)
    lib.TEEC_FinalizeContext(context._native.struct)
    assert invoke(session._native.struct, 0, ffi.NULL) == (BAD_PARAMETERS, API)
    lib.TEEC_ReleaseSharedMemory(memory)
    context.close()
