# SPDX-License-Identifier: BSD-2-Clause
"""A connection to a TEE (TEEC_Context)."""

from __future__ import annotations

import errno
import os
import threading
import weakref
from enum import IntEnum

from . import _hints as t
from . import memory, session
from ._backend import open_native, resolve
from ._boundary import (
    NativeContext,
    NativeSharedMemory,
    backend_name,
    pin,
    to_descriptor,
    to_size,
    to_uint32,
)
from ._buffer import Buffer
from ._calls import open_session
from ._closable import Closable
from ._process import Process
from ._remedies import for_descriptor, for_memory, for_opening
from .enums import GenericCapabilities, Login, MemoryFlags, Origin, Result
from .errors import (
    BadParametersError,
    ClosedContextError,
    ForkedContextError,
    OutOfMemoryError,
    ParameterTypeError,
    TeecError,
    TrustedApplicationNotFoundError,
)
from .identity import gid_for_login
from .memory import (
    AllocatedSharedMemory,
    DescriptorSharedMemory,
    RegisteredSharedMemory,
    SharedMemory,
)
from .operation import ClaimedCall, Operation
from .parameters import Parameter
from .session import Session
from .version import Version, known_implementation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    _Block = TypeVar("_Block", bound=SharedMemory)

__all__ = ["Context"]


class _ExplainedErrors:
    """Turns errors caused by a concurrent close() into ClosedContextError.

    Others get the remedy that a function of their code, their errno and the capability REG_MEM
    knows.
    """

    def __init__(
        self, context: Context, remedy: Callable[[int, int, bool], str | None] | None = None
    ) -> None:
        self._context = context
        self._remedy = remedy

    def __enter__(self) -> NativeContext:
        return self._context._live_native()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, BadParametersError):
            self._context._check_live()
        if self._remedy is not None and isinstance(error, TeecError) and error.remedy is None:
            registers = self._context._native.registers_memory
            error.remedy = self._remedy(error.code, error.errno or 0, registers)


class Context(Closable):
    """A connection to a TEE; sessions are opened and memory is shared in it.

    Source: TEEC_InitializeContext, GPD_SPE_007 4.5.2.

    Args:
        device: the path of a device, such as "/dev/tee1"; "fake:" or "fake:optee" for the
            fake kernel; None for the first device with the GlobalPlatform capability. A
            machine that has no TEE device at all then gets the fake kernel, and a
            FakeTeeWarning.
        backend: "linux" to have no fake, "fake" to have no other, or a kernel in Python,
            such as a pytee_client.fake.Kernel. The environment variable
            PYTEE_CLIENT_BACKEND (linux or fake) stands for it where it is not given.

    Raises:
        DeviceNotFoundError: there is no such device.
        DeviceAccessError: a PermissionError; the user may not open the device.
        PrivilegedDeviceError: the device is the supplicant's.
        NotATeeDeviceError: the path leads to something else.
        NotSupportedError: the device has not the GlobalPlatform capability.
        ValueError: backend is not one of these.

    Threads: any number may use a context at once. close() waits for their calls.
    Processes: a child of a fork can't use its parent's contexts.
    """

    def __init__(
        self, device: str | os.PathLike[str] | None = None, *, backend: t.Backend | None = None
    ) -> None:
        path, kernel = resolve(device, backend)
        self._native = open_native(path, kernel)
        self._path = path
        self._process = Process.generation
        self._lock = threading.Lock()
        self._closing = False
        self._sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        self._blocks: weakref.WeakSet[SharedMemory] = weakref.WeakSet()
        self._closed = False

    @property
    def version(self) -> Version:
        """Which kernel and which TEE answer; also after close()."""
        implementation, capabilities, generic = self._native.version
        return Version(
            backend_name(self._native.kernel),
            known_implementation(implementation),
            capabilities,
            GenericCapabilities(generic),
        )

    def _check_live(self) -> None:
        if self._closed or self._closing:
            raise ClosedContextError("the context is closed: open another")
        if self._process != Process.generation:
            raise ForkedContextError(
                "the context belongs to the parent of this process: open another here"
            )

    def _live_native(self) -> NativeContext:
        self._check_live()
        return self._native

    def open_session(
        self,
        destination: t.UUID,
        *parameters: Parameter,
        login: int = Login.PUBLIC,
        gid: int | str | None = None,
        operation: Operation | None = None,
        results: type[IntEnum] | None = None,
    ) -> Session:
        """Open a session with a Trusted Application.

        Source: TEEC_OpenSession, GPD_SPE_007 4.5.7; kernel ioctl TEE_IOC_OPEN_SESSION.

        Args:
            destination: the UUID of the Trusted Application.
            parameters: up to four for its open-session entry point; see
                pytee_client.parameters. What it returns is in Session.outputs.
            login: who the client says it is; client_uuid() tells what the application then
                sees. Mainline Linux has PUBLIC, USER and GROUP.
            gid: the group for the two group logins, by its number or its name, and for no
                other login.
            operation: by which another thread can cancel the opening.
            results: an IntEnum class that names the Trusted Application's own codes. Errors
                of this session that come from the application, also those of its opening,
                have its members as their result; codes that it lacks keep the name that
                they have in Result. Errors can be pickled if the class can: define it at
                the top of a module.

        Raises:
            TrustedApplicationNotFoundError: the TEE has no such Trusted Application.
            AccessDeniedError: the kernel refuses the login, as for a group that the process
                is not in; or the application refuses the client.
            TeecError: another cause, by class, code and origin; outputs has what came back.
            ParameterTypeError, ParameterRangeError, ReadOnlyBufferError,
            BadParametersError: the arguments can't be sent; nothing was.
            ClosedContextError: the context is closed.

        Threads: may be called from any; other Python threads run meanwhile. Without a
        supplicant it waits until there is one, if the application lies in the file system.
        """
        self._check_live()
        if not hasattr(destination, "bytes_le"):
            raise ParameterTypeError(
                "opening a session: the destination must be a uuid.UUID,"
                f" not {type(destination).__name__}"
            )
        _check_results(results)
        login = to_uint32(login, "the login")
        group = gid_for_login(login, gid)
        try:
            with ClaimedCall(operation) as call, _ExplainedErrors(self) as native:
                opened, outputs = open_session(
                    native, destination, login, group, parameters, call, results
                )
        except TeecError as error:
            if error.remedy is None:
                error.remedy = for_opening(error, self.version, destination, login)
            if error.code != Result.ITEM_NOT_FOUND or error.origin != Origin.TEE:
                raise
            raise TrustedApplicationNotFoundError(
                error.doing, origin=error.origin, remedy=error.remedy, outputs=error.outputs
            ) from None
        session = Session(self, destination, opened, outputs, results)
        with self._lock:
            self._sessions.add(session)
            overtaken = self._closed or self._closing
        if overtaken:
            session.close()
            raise ClosedContextError("the context was closed while the session was opened")
        return session

    def allocate_shared_memory(
        self, size: int, flags: MemoryFlags = MemoryFlags.INOUT
    ) -> AllocatedSharedMemory:
        """Allocate a block of zeroed memory that the TEE can use without a copy.

        Source: TEEC_AllocateSharedMemory, GPD_SPE_007 4.5.5.

        Args:
            size: in bytes; 0 is allowed.
            flags: the directions in which operations may use it.

        Raises:
            OutOfMemoryError: a MemoryError; there is no room for it here or in the TEE.
            ClosedContextError: the context is closed.

        Threads: may be called from any.
        """
        native = self._live_native()
        memory = NativeSharedMemory(native, to_size(size, "the size"), _directions(flags))
        with _ExplainedErrors(self, for_memory):
            descriptor = -1 if native.registers_memory else memory.allocate()
        try:
            block = AllocatedSharedMemory(self, memory, descriptor)
        except (OSError, ValueError, OverflowError) as error:
            memory.release()
            raise OutOfMemoryError(
                f"allocating {size} bytes of shared memory",
                errno=errno.ENOMEM,
                remedy=for_memory(
                    Result.OUT_OF_MEMORY, errno.ENOMEM, registers=native.registers_memory
                ),
            ) from error
        if native.registers_memory:
            try:
                with _ExplainedErrors(self, for_memory):
                    memory.register(block, "allocating")
            except BaseException:
                block.close()
                raise
        return self._adopt(block)

    def register_shared_memory(
        self, buffer: Buffer, flags: MemoryFlags = MemoryFlags.INOUT
    ) -> RegisteredSharedMemory:
        """Share memory of the program's own in place, where the device can do that.

        Devices without the capability REG_MEM are given a copy for each operation. So are all
        devices of memory that the kernel does not share: what can only be read, and types of
        memory that the kernel's release does not know, such as pages with memory tags.

        Source: TEEC_RegisterSharedMemory, GPD_SPE_007 4.5.4. The TEE can reach all of the
        pages that the buffer touches, and may write to them whatever the direction.

        Args:
            buffer: contiguous memory, writable if flags has OUTPUT. It can't be resized
                or freed until the block is closed.
            flags: the directions in which operations may use it.

        Raises:
            ReadOnlyBufferError: a BufferError; the buffer can't be written.
            ParameterTypeError: not a bytes-like object.
            OutOfMemoryError: a MemoryError; there is no room for it in the TEE.
            BadParametersError: not all of the memory is there, such as pages of a mapped file
                behind the file's end.
            ClosedContextError: the context is closed.

        Threads: may be called from any.
        """
        native = self._live_native()
        flags = _directions(flags)
        pinned = pin(buffer, "the buffer", writable=bool(flags & MemoryFlags.OUTPUT))
        memory = NativeSharedMemory(native, len(pinned), flags)
        with _ExplainedErrors(self, for_memory):
            memory.register(buffer)
        return self._adopt(RegisteredSharedMemory(self, memory, buffer, pinned))

    def register_shared_memory_fd(
        self, fd: t.FileDescriptorLike, flags: MemoryFlags = MemoryFlags.INOUT
    ) -> DescriptorSharedMemory:
        """Share the memory behind a descriptor, which may be memory that only the TEE can read.

        Source: TEEC_RegisterSharedMemoryFileDescriptor, an extension of OP-TEE's library;
        kernel ioctl TEE_IOC_SHM_REGISTER_FD. Mainline Linux has it from 6.18 on, for
        dma-bufs of the TEE's own heaps; OP-TEE's own kernels had it before.

        Args:
            fd: the descriptor, or an object with a fileno(). It stays the caller's, and may
                be closed as soon as this returns.
            flags: the directions in which operations may use it.

        Raises:
            NotSupportedError: the kernel can't share memory by descriptor.
            BadParametersError: the memory behind this one can't be shared.
            ParameterTypeError, ParameterRangeError: fd is none.
            OutOfMemoryError: a MemoryError; there is no room for it in the TEE.
            ClosedContextError: the context is closed.

        Threads: may be called from any.
        """
        memory = NativeSharedMemory(self._live_native(), 0, _directions(flags))
        descriptor = to_descriptor(fd)
        with _ExplainedErrors(self, for_descriptor):
            memory.register_descriptor(descriptor)
        return self._adopt(DescriptorSharedMemory(self, memory))

    def trim(self) -> None:
        """Give the TEE back the memory that the context keeps for its next calls.

        The TEE sees copies of what calls pass as temporary memory references, in blocks of
        whole pages; but outputs of 2 MiB or more in whole pages are shared themselves. Sharing
        a block takes longer than the copies of most calls; so a context keeps those that no
        call uses, wiped: up to 64 blocks of together 4 MiB, or 256 KiB if the driver has them
        (without the capability REG_MEM). They go with the context, when memory to share runs
        out, and by this method.

        Raises:
            ClosedContextError: the context is closed.

        Threads: may be called from any; blocks that calls use stay theirs.
        """
        self._live_native().trim()

    def _adopt(self, block: _Block) -> _Block:
        with self._lock:
            self._blocks.add(block)
            overtaken = self._closed or self._closing
        if overtaken:
            block.close()
            raise ClosedContextError("the context was closed while memory was shared")
        return block

    def close(self) -> None:
        """Close the context with its sessions and its shared memory. Closing twice is harmless.

        Source: TEEC_FinalizeContext, GPD_SPE_007 4.5.3.

        Raises:
            SharedMemoryInUseError: a BufferError; a memoryview of an allocated block is
                still alive. The context stays open, though its sessions are closed.
            BadStateError: called within a call of its own, as by a signal handler.

        Threads: may be called from any; waits for the calls of the others.
        """
        with self._lock:
            self._closing = True
            sessions, blocks = list(self._sessions), list(self._blocks)
        try:
            interrupts = []
            for part in (*sessions, *blocks):
                try:
                    part.close()
                except BaseException as error:
                    # One that comes after the close must not keep the rest from theirs.
                    if not part.closed:
                        raise
                    interrupts.append(error)
            with self._lock:
                already, self._closed = self._closed, True
            if not already:
                self._native.finalize()
            if interrupts:
                raise interrupts[0]
        finally:
            with self._lock:
                self._closing = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        device = self._path or "the first device"
        return f"<Context on {device} of {self.version.backend}, {state}>"


# What belongs to a context names its class in hints, and can't import it.
for _module in (memory, session):
    vars(_module)["Context"] = Context


def _directions(flags: int) -> MemoryFlags:
    if flags not in (MemoryFlags.INPUT, MemoryFlags.OUTPUT, MemoryFlags.INOUT):
        raise BadParametersError(f"the flags must be INPUT, OUTPUT or both, not {flags!r}")
    return MemoryFlags(flags)


def _check_results(results: object) -> None:
    if results is None:
        return
    if not isinstance(results, type) or not issubclass(results, IntEnum) or not len(results):
        raise ParameterTypeError(f"results must be an IntEnum class with members, not {results!r}")
    for member in results:
        to_uint32(member.value, f"the result {results.__name__}.{member.name}")
