# SPDX-License-Identifier: BSD-2-Clause
"""Contexts, sessions and shared memory of the C library."""

from __future__ import annotations

import errno
import sys
from functools import partial

from .._native import ffi, lib
from .._remedies import for_memory
from .._results import error_of
from ..enums import GenericCapabilities, MemoryFlags, Origin, Result
from .checks import pin, to_uint32
from .kernel import raise_interrupted
from .operation import EMPTY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import IntEnum
    from typing import Any, Final, NoReturn
    from uuid import UUID

    from typing_extensions import Buffer

    from ..kernels import Kernel
    from ..parameters import Outputs
    from .operation import NativeOperation


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
            # Most programs open what is there, and need not be told why not.
            from .._devices import open_error

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
        results: type[IntEnum] | None,
    ) -> tuple[NativeSession, Outputs]:
        """Open a session and return it with the outputs of its opening.

        The destination is anything that has its octets as a UUID has them.
        """
        # The destructor keeps what it needs of this context.
        shared = ffi.gc(ffi.new("struct shared_session *"), partial(_drop, self))
        session = ffi.addressof(shared, "session")
        octets = getattr(destination, _UUID_OCTETS)
        uuid = ffi.from_buffer(_UUID, octets)
        data = ffi.NULL if gid is None else ffi.new("uint32_t *", gid)
        try:
            operation.struct.paramTypes = operation.fill(self, arguments)
            code = lib.TEEC_OpenSession(
                self.struct, session, uuid, login, data, operation.struct, operation.origin_address
            )
            error = ffi.errno
            raise_interrupted(lambda: lib.TEEC_CloseSession(session))
            if code:
                doing = f"opening a session with {destination}"
                self.fail(code, error, operation, doing, results)
            lib.session_share(shared, self.kernel is not None)
            return NativeSession(self, shared, destination, results), operation.outputs()
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
        origin = operation.origin
        outputs: Outputs = ()
        if origin in (Origin.TEE, Origin.TRUSTED_APP):
            # Copies: an error that is kept must not keep the memory in use.
            outputs = tuple(
                bytes(output) if isinstance(output, memoryview) else output
                for output in operation.outputs()
            )
        # What the API fails with when it is asked by an operation is the memory for its copies.
        remedy = for_memory(code, error, self.registers_memory) if origin == Origin.API else None
        cause = self.kernel.take_cause() if self.kernel is not None else None
        raise error_of(
            code, origin, error, doing, remedy=remedy, outputs=outputs, results=results
        ) from cause


_UINT32_MAX: Final = 0xFFFFFFFF
# Which of a UUID's forms lies in memory as a TEEC_UUID, whose first three fields are numbers.
_UUID_OCTETS: Final = "bytes_le" if sys.byteorder == "little" else "bytes"
_UUID: Final = ffi.typeof("TEEC_UUID *")


def _drop(context: NativeContext, shared: Any) -> None:
    lib.session_drop(shared)


class NativeSession:
    """A TEEC_Session.

    Attributes:
        struct: the structure.
    """

    __slots__ = ("_context", "_destination", "_results", "_shared", "struct")

    def __init__(
        self,
        context: NativeContext,
        shared: Any,
        destination: UUID,
        results: type[IntEnum] | None,
    ) -> None:
        """Wrap an open session; results names codes of its Trusted Application."""
        self._context = context
        self._destination = destination
        self._results = results
        self._shared = shared
        self.struct = ffi.addressof(shared, "session")

    def adopt(self, operation: NativeOperation) -> None:
        """Have an operation's next calls go to this session."""
        operation.call.session = self._shared

    def invoke_command(
        self, operation: NativeOperation, command_id: int, arguments: Sequence[object]
    ) -> Outputs:
        """Run a command and return its outputs.

        BadStateError of the API's means that nothing was sent, as the session is closing or
        another process's; or that the operation is in another call.
        """
        try:
            if type(command_id) is not int or not 0 <= command_id <= _UINT32_MAX:
                command_id = to_uint32(command_id, "the command id")
            types = operation.fill(self._context, arguments)
            if lib.call_invoke(operation.call, command_id, types):
                self.check(operation)
            return operation.outputs()
        finally:
            operation.clear()

    def check(self, operation: NativeOperation) -> None:
        """Raise what came of a call, unless it was success."""
        raise_interrupted()
        code, error = operation.call.result, operation.call.error
        if code:
            doing = f"invoking command {operation.call.command} of {self._destination}"
            self._context.fail(code, error, operation, doing, self._results)

    def set_closing(self, closing: bool) -> None:
        """Have calls refused from here on, or accepted again."""
        lib.session_set_closing(self._shared, closing)

    def close(self) -> None:
        """Close the session."""
        lib.session_close(self._shared)
        raise_interrupted()


class NativeSharedMemory:
    """A TEEC_SharedMemory."""

    __slots__ = ("context", "directions", "flags", "size", "struct")

    def __init__(self, context: NativeContext, size: int, flags: int) -> None:
        """Prepare the structure; nothing is shared yet."""
        self.struct = ffi.new("TEEC_SharedMemory *")
        self.struct.size = size
        self.struct.flags = flags
        self.context = context
        self.size = size
        self.directions = int(flags)
        self.flags = MemoryFlags(flags)

    def register(self, buffer: Buffer, doing: str = "registering") -> None:
        """Share a buffer, which the caller keeps where it is until release()."""
        in_place = not memoryview(buffer).readonly
        with pin(buffer, "the buffer", False) as memory:
            self.struct.buffer = memory if self.size else EMPTY
            code = lib.tee_memory_register(self.context.struct, self.struct, in_place)
        self.check(code, f"{doing} {self.size} bytes of shared memory")

    def allocate(self) -> int:
        """Share memory of the driver's and return a descriptor of it, not the caller's own."""
        code = lib.TEEC_AllocateSharedMemory(self.context.struct, self.struct)
        self.check(code, f"allocating {self.size} bytes of shared memory")
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
        self.check(code, doing, remedy)
        self.size = self.struct.size

    def check(self, code: int, doing: str, remedy: str | None = None) -> None:
        error = ffi.errno
        raise_interrupted(lambda: lib.TEEC_ReleaseSharedMemory(self.struct))
        if code:
            origin = Origin.COMMS if error else Origin.API
            remedy = remedy or for_memory(code, error, self.context.registers_memory)
            raise error_of(code, origin, error, doing, remedy=remedy)

    def release(self) -> None:
        """End the sharing."""
        lib.TEEC_ReleaseSharedMemory(self.struct)
        raise_interrupted()
