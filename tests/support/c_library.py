# SPDX-License-Identifier: BSD-2-Clause
"""The C library as a C program calls it, on a target's kernel; nothing is checked on the way."""

from __future__ import annotations

import weakref
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from pytee_client._boundary.python_kernel import python_device
from pytee_client._native import ffi as ffi
from pytee_client._native import lib as lib

from .targets import Target

if TYPE_CHECKING:
    from uuid import UUID

    from pytee_client.kernels import Kernel

UNWRITTEN = 0xDEADBEEF
# What a structure points to, for as long as the structure is.
_kept: weakref.WeakKeyDictionary[Any, list[object]] = weakref.WeakKeyDictionary()


class Kind(IntEnum):
    """TEEC_VALUE_INPUT and so on."""

    VALUE_INPUT = 1
    VALUE_OUTPUT = 2
    VALUE_INOUT = 3
    TEMP_INPUT = 5
    TEMP_OUTPUT = 6
    TEMP_INOUT = 7
    WHOLE = 0xC
    PARTIAL_INPUT = 0xD
    PARTIAL_OUTPUT = 0xE
    PARTIAL_INOUT = 0xF

    @property
    def member(self) -> str:
        """The member of a TEEC_Parameter that it uses."""
        return "value" if self < 4 else "tmpref" if self < 8 else "memref"


class Outcome(NamedTuple):
    """What a call returned, and what it wrote as origin."""

    code: int
    origin: int


NONE = (0, ())


def operation(*slots: tuple[int, tuple[Any, ...]]) -> Any:
    """Make a TEEC_Operation of a type and the fields of its member for each slot."""
    made = ffi.new("TEEC_Operation *")
    for index, (kind, fields) in enumerate(slots):
        made.paramTypes |= kind << 4 * index
        if kind:
            setattr(made.params[index], Kind(kind).member, fields)
    _kept[made] = [field for _, fields in slots for field in fields]
    return made


def context_initialize(context: Any, kernel: Kernel | None, name: str | None = None) -> int:
    """Call TEEC_InitializeContext; kernel is None for Linux."""
    device = python_device(kernel)
    if kernel is not None:
        _kept.setdefault(context, []).extend((device, kernel))
    path = ffi.NULL if name is None else ffi.new("char[]", name.encode())
    code: int = lib.context_initialize(context, path, device, ffi.NULL)
    return code


def initialize(context: Any, target: Target, name: str | None = None) -> int:
    """Call TEEC_InitializeContext on the target's kernel, for its device if there is no name."""
    return context_initialize(context, target.kernel, name or target.device)


def new_context() -> Any:
    return ffi.new("TEEC_Context *")


def new_session() -> Any:
    return ffi.new("TEEC_Session *")


def uuid_struct(uuid: UUID) -> Any:
    return ffi.new("TEEC_UUID *", (*uuid.fields[:3], uuid.bytes[8:]))


def open_session(
    context: Any,
    session: Any,
    uuid: UUID = Target.CONFORMANCE,
    *,
    login: int = 0,
    data: Any = ffi.NULL,
    operation: Any = ffi.NULL,
) -> Outcome:
    """Call TEEC_OpenSession."""
    origin = ffi.new("uint32_t *", UNWRITTEN)
    code = lib.TEEC_OpenSession(context, session, uuid_struct(uuid), login, data, operation, origin)
    return Outcome(code, origin[0])


def invoke(session: Any, command: int, operation: Any = ffi.NULL) -> Outcome:
    """Call TEEC_InvokeCommand."""
    origin = ffi.new("uint32_t *", UNWRITTEN)
    return Outcome(lib.TEEC_InvokeCommand(session, command, operation, origin), origin[0])


def memory(size: int, flags: int = 3, buffer: Any = ffi.NULL) -> Any:
    """Make a TEEC_SharedMemory to be allocated or registered."""
    made = ffi.new("TEEC_SharedMemory *", (buffer, size, flags))
    _kept[made] = [buffer]
    return made


def registered(context: Any, content: bytes, flags: int = 3) -> Any:
    """Register memory with some content."""
    made = memory(len(content), flags, ffi.new("char[]", content))
    assert lib.TEEC_RegisterSharedMemory(context, made) == 0
    return made


def allocated(context: Any, content: bytes, flags: int = 3) -> Any:
    """Allocate a block with some content."""
    made = memory(len(content), flags)
    assert lib.TEEC_AllocateSharedMemory(context, made) == 0
    ffi.memmove(made.buffer, content, len(content))
    return made


def content_of(block: Any, start: int = 0, end: int | None = None) -> bytes:
    """Return the bytes of a TEEC_SharedMemory."""
    return bytes(ffi.buffer(block.buffer, block.size)[start:end])
