# SPDX-License-Identifier: BSD-2-Clause
"""Contexts, sessions and shared memory of the C library."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from .._devices import open_error
from .._native import ffi, lib
from ..enums import GenericCapabilities, MemoryFlags, Origin, Result
from ..errors import error_of
from .checks import pin
from .kernel import raise_interrupted
from .operation import EMPTY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import IntEnum
    from uuid import UUID

    from typing_extensions import Buffer

    from ..parameters import Outputs
    from .kernel import Kernel
    from .operation import NativeOperation

_invoke_command: Final = lib.invoke_command


@final
class NativeContext:
    """A TEEC_Context."""

    __slots__ = ("__weakref__", "_device", "kernel", "struct", "version")

    def __init__(self, name: str | None, kernel: Kernel | None) -> None:
        """Initialise the context; kernel is None for Linux."""
        self.struct = ffi.new("TEEC_Context *")
        self.kernel = kernel
        self._device = ffi.NULL if kernel is None else ffi.new_handle(kernel)
        version = ffi.new("struct tee_ioctl_version_data *")
        path = ffi.NULL if name is None else ffi.new("char[]", name.encode())
        code = lib.context_initialize(self.struct, path, self._device, version)
        error = ffi.errno
        raise_interrupted(lambda: lib.TEEC_FinalizeContext(self.struct))
        if code:
            answer = (version.impl_id, version.gen_caps)
            raise open_error(name, code, error, answer, kernel)
        self.version: tuple[int, int, int] = (
            version.impl_id,
            version.impl_caps,
            version.gen_caps,
        )

    @property
    def registers_memory(self) -> bool:
        """True if the device shares the program's own memory."""
        return bool(self.version[2] & GenericCapabilities.REG_MEM)

    def trim(self) -> None:
        """Give the TEE back the memory that is kept for calls to come."""
        lib.tee_context_trim(self.struct)
        raise_interrupted()

    def finalize(self) -> None:
        """End the context; its device closes with the last call that uses it."""
        lib.TEEC_FinalizeContext(self.struct)
        raise_interrupted()

    def open_session(
        self,
        destination: UUID,
        login: int,
        gid: int | None,
        arguments: Sequence[object],
        operation: NativeOperation,
        doing: str,
        results: type[IntEnum] | None,
    ) -> tuple[NativeSession, Outputs]:
        """Open a session and return it with the outputs of its opening."""
        session = ffi.new("TEEC_Session *")
        uuid = ffi.new("TEEC_UUID *", (*destination.fields[:3], destination.bytes[8:]))
        data = ffi.NULL if gid is None else ffi.new("uint32_t *", gid)
        try:
            operation.struct.paramTypes = operation.fill(self, arguments)
            code = lib.TEEC_OpenSession(
                self.struct, session, uuid, login, data, operation.struct, operation.origin
            )
            error = ffi.errno
            raise_interrupted(lambda: lib.TEEC_CloseSession(session))
            if code:
                self.fail(code, error, operation, doing, results)
            return NativeSession(self, session, destination, results), operation.outputs()
        finally:
            operation.clear()

    def fail(
        self,
        code: int,
        error: int,
        operation: NativeOperation,
        doing: str,
        results: type[IntEnum] | None,
    ) -> NoReturn:
        """Raise the exception for a call that failed, with what came back nevertheless."""
        origin = operation.origin[0]
        outputs: Outputs = ()
        if origin in (Origin.TEE, Origin.TRUSTED_APP):
            # Copies: an error that is kept must not keep the memory in use.
            outputs = tuple(
                bytes(output) if isinstance(output, memoryview) else output
                for output in operation.outputs()
            )
        cause = self.kernel.take_cause() if self.kernel is not None else None
        raise error_of(code, origin, error, doing, outputs=outputs, results=results) from cause


@final
class NativeSession:
    """A TEEC_Session."""

    __slots__ = ("_context", "_destination", "_results", "struct")

    def __init__(
        self,
        context: NativeContext,
        struct: Any,
        destination: UUID,
        results: type[IntEnum] | None,
    ) -> None:
        """Wrap an open session; results names codes of its Trusted Application."""
        self._context = context
        self._destination = destination
        self._results = results
        self.struct = struct

    def invoke_command(
        self, command_id: int, arguments: Sequence[object], operation: NativeOperation
    ) -> Outputs:
        """Run a command and return its outputs."""
        context = self._context
        try:
            types = operation.fill(context, arguments)
            code = _invoke_command(
                self.struct, command_id, operation.struct, types, operation.origin
            )
            if code:
                error = ffi.errno
                raise_interrupted()
                doing = f"invoking command {command_id} of {self._destination}"
                context.fail(code, error, operation, doing, self._results)
            if context.kernel is not None:
                raise_interrupted()
            return operation.outputs()
        finally:
            operation.clear()

    def close(self) -> None:
        """Close the session."""
        lib.TEEC_CloseSession(self.struct)
        raise_interrupted()


@final
class NativeSharedMemory:
    """A TEEC_SharedMemory."""

    __slots__ = ("context", "flags", "size", "struct")

    def __init__(self, context: NativeContext, size: int, flags: int) -> None:
        """Prepare the structure; nothing is shared yet."""
        self.struct = ffi.new("TEEC_SharedMemory *")
        self.struct.size = size
        self.struct.flags = flags
        self.context = context
        self.size = size
        self.flags = MemoryFlags(flags)

    def register(self, buffer: Buffer) -> None:
        """Share a buffer, which the caller keeps where it is until release()."""
        in_place = not memoryview(buffer).readonly
        with pin(buffer, "the buffer", writable=False) as memory:
            self.struct.buffer = memory if self.size else EMPTY
            code = lib.tee_memory_register(self.context.struct, self.struct, in_place)
        self._check(code, f"registering {self.size} bytes of shared memory")

    def allocate(self) -> int:
        """Share memory of the driver's and return a descriptor of it, not the caller's own."""
        code = lib.TEEC_AllocateSharedMemory(self.context.struct, self.struct)
        self._check(code, f"allocating {self.size} bytes of shared memory")
        descriptor: int = lib.shared_memory_descriptor(self.struct)
        return descriptor

    def register_descriptor(self, fd: int) -> None:
        """Share the memory behind a descriptor, which stays the caller's, and learn its size."""
        code = lib.TEEC_RegisterSharedMemoryFileDescriptor(self.context.struct, self.struct, fd)
        doing = f"registering the memory behind descriptor {fd}"
        remedy = None
        if code == Result.NOT_SUPPORTED:
            remedy = (
                "this kernel shares no memory by descriptor; mainline Linux does from 6.18 on,"
                " for dma-bufs of the TEE's own heaps"
            )
        elif ffi.errno in (0, errno.EINVAL):
            remedy = (
                "it must be a dma-buf of the TEE's own heaps, such as"
                " /dev/dma_heap/protected,secure-video"
            )
        self._check(code, doing, remedy)
        self.size = self.struct.size

    def _check(self, code: int, doing: str, remedy: str | None = None) -> None:
        error = ffi.errno
        raise_interrupted(lambda: lib.TEEC_ReleaseSharedMemory(self.struct))
        if code:
            origin = Origin.COMMS if error else Origin.API
            raise error_of(code, origin, error, doing, remedy=remedy)

    def release(self) -> None:
        """End the sharing."""
        lib.TEEC_ReleaseSharedMemory(self.struct)
        raise_interrupted()
