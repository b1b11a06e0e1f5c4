# SPDX-License-Identifier: BSD-2-Clause
"""The one door between Python and the C library; nothing else imports the compiled module.

Python values become C structures here and back, and results become exceptions.
Each class wraps one structure. The C library locks for itself; what these
classes leave to their callers is that nothing is used after its end.
"""

from __future__ import annotations

import errno
import operator
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, final

from . import parameters as p
from ._devices import open_error
from ._native import ffi, lib
from .enums import GenericCapabilities, MemoryFlags, OperationState, Origin, Result
from .errors import (
    BadParametersError,
    OutOfMemoryError,
    ParameterRangeError,
    ParameterTypeError,
    ReadOnlyBufferError,
    error_of,
)
from .memory import SharedMemory, part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import IntEnum
    from uuid import UUID

    from typing_extensions import Buffer

SLOTS: Final = 4
_INT_MAX: Final = 0x7FFFFFFF
_UINT32_MAX: Final = 0xFFFFFFFF
_SIZE_MAX: Final = 2 ** (8 * ffi.sizeof("size_t")) - 1


class Kernel(Protocol):
    """A kernel in Python that can answer in Linux's stead: the seam's system calls.

    Each raises OSError for what the system call would fail with. Called from any
    thread that uses a context of it.
    """

    def open(self, path: str) -> int:
        """Open a device and return a descriptor, closed on exec."""

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve an ioctl whose argument is the address given."""

    def mmap(self, fd: int, length: int) -> int:
        """Map shared memory from its start and return the address."""

    def munmap(self, address: int, length: int) -> None:
        """End a mapping."""

    def close(self, fd: int) -> None:
        """Close a descriptor that open or ioctl returned."""

    def take_cause(self) -> BaseException | None:
        """Return, once, the exception behind the last result of this thread's call."""


_thread = threading.local()
# As types rather than as text, which each use would look up.
_ADDRESS: Final = ffi.typeof("uintptr_t")
_BYTES: Final = ffi.typeof("char[]")
_BUF_DATA: Final = ffi.typeof("struct tee_ioctl_buf_data *")


def _answer(device: Any, call: Callable[..., int], *arguments: Any) -> int:
    """Run one of the kernel's calls and return what the seam expects."""
    try:
        return call(ffi.from_handle(device), *arguments)
    except OSError as error:
        return -(error.errno or errno.EIO)
    except BaseException as error:
        # Not an answer: an interrupt, or a fault of the kernel's own. It can't
        # cross the C code, so it waits on the other side of it.
        _thread.interrupted = error
        return -errno.EIO


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def python_device_open(device: Any, path: Any) -> int:
    return _answer(device, lambda kernel: kernel.open(ffi.string(path).decode()))


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def python_device_ioctl(device: Any, fd: int, request: int, argument: Any) -> int:
    return _answer(device, _ioctl, fd, request, argument)


def _ioctl(kernel: Kernel, fd: int, request: int, argument: Any) -> int:
    return kernel.ioctl(fd, request, int(ffi.cast(_ADDRESS, argument)))


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def python_device_mmap(device: Any, fd: int, length: int, address: Any) -> int:
    def call(kernel: Kernel) -> int:
        address[0] = ffi.cast("void *", kernel.mmap(fd, length))
        return 0

    return _answer(device, call)


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def python_device_munmap(device: Any, address: Any, length: int) -> int:
    def call(kernel: Kernel) -> int:
        kernel.munmap(int(ffi.cast("uintptr_t", address)), length)
        return 0

    return _answer(device, call)


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def python_device_close(device: Any, fd: int) -> int:
    def call(kernel: Kernel) -> int:
        kernel.close(fd)
        return 0

    return _answer(device, call)


def _raise_interrupted(undo: Callable[[], object] | None = None) -> None:
    """Raise what a kernel in Python could not raise through the C code, after undo()."""
    error = getattr(_thread, "interrupted", None)
    if error is not None:
        if undo is not None:
            undo()
        _thread.interrupted = None
        raise error


def copy_from_user(address: int, size: int) -> bytes:
    """Read the program's memory as a kernel does: OSError(EFAULT) where there is none."""
    data = ffi.new(_BYTES, size)
    result = lib.copy_from_user(data, address, size)
    if result:
        raise OSError(-result, "copy_from_user")
    copy: bytes = ffi.buffer(data)[:]
    return copy


def copy_buffer_from_user(address: int, limit: int) -> tuple[int, int, bytes]:
    """Read what a struct tee_ioctl_buf_data at an address says.

    Returns:
        Where the buffer is, its length in bytes, and a copy of it: nothing if it is
        longer than the limit, or can't all be read.
    """
    where = ffi.new(_BUF_DATA)
    data = ffi.new(_BYTES, limit)
    result = lib.copy_buffer_from_user(data, limit, address, where)
    if result < 0:
        raise OSError(-result, "copy_from_user")
    length = where.buf_len
    return where.buf_ptr, length, ffi.buffer(data)[:length] if result else b""


def copy_to_user(address: int, data: bytes) -> None:
    """Write the program's memory as a kernel does: OSError(EFAULT) where that can't be."""
    result = lib.copy_to_user(address, data, len(data))
    if result:
        raise OSError(-result, "copy_to_user")


def check_user_pages(address: int, size: int) -> None:
    """Raise OSError as the kernel does unless it can write to all of a range of memory."""
    result = lib.check_user_pages(address, size)
    if result:
        raise OSError(-result, "check_user_pages")


def address_of(buffer: Buffer) -> int:
    """Return where a buffer lies."""
    return int(ffi.cast("uintptr_t", ffi.from_buffer(buffer)))


def constant(name: str) -> int:
    """Return the value of a constant of the C headers."""
    value: int = getattr(lib, name)
    return value


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
        _raise_interrupted(lambda: lib.TEEC_FinalizeContext(self.struct))
        if code:
            raise open_error(name, code, error, version.gen_caps)
        self.version: tuple[int, int, int] = (
            version.impl_id,
            version.impl_caps,
            version.gen_caps,
        )

    @property
    def registers_memory(self) -> bool:
        """True if the device shares the program's own memory."""
        return bool(self.version[2] & GenericCapabilities.REG_MEM)

    def finalize(self) -> None:
        """End the context; its device closes with the last call that uses it."""
        lib.TEEC_FinalizeContext(self.struct)
        _raise_interrupted()

    def open_session(
        self,
        destination: UUID,
        login: int,
        gid: int | None,
        arguments: Sequence[object],
        operation: NativeOperation,
        doing: str,
        results: type[IntEnum] | None,
    ) -> tuple[NativeSession, p.Outputs]:
        """Open a session and return it with the outputs of its opening."""
        session = ffi.new("TEEC_Session *")
        uuid = ffi.new("TEEC_UUID *", (*destination.fields[:3], destination.bytes[8:]))
        data = ffi.NULL if gid is None else ffi.new("uint32_t *", gid)
        origin = ffi.new("uint32_t *")
        with _Payload(self, operation, arguments) as payload:
            code = lib.TEEC_OpenSession(
                self.struct, session, uuid, login, data, operation.struct, origin
            )
            error = ffi.errno
            _raise_interrupted(lambda: lib.TEEC_CloseSession(session))
            outputs = self._finish(code, origin[0], error, payload, doing, results)
        return NativeSession(self, session, results), outputs

    def _finish(
        self,
        code: int,
        origin: int,
        error: int,
        payload: _Payload,
        doing: str,
        results: type[IntEnum] | None,
    ) -> p.Outputs:
        if code == Result.SUCCESS:
            return payload.outputs()
        outputs: p.Outputs = ()
        if origin in (Origin.TEE, Origin.TRUSTED_APP):
            # Copies: an error that is kept must not keep the memory in use.
            outputs = tuple(
                bytes(output) if isinstance(output, memoryview) else output
                for output in payload.outputs()
            )
        cause = self.kernel.take_cause() if self.kernel is not None else None
        raise error_of(code, origin, error, doing, outputs=outputs, results=results) from cause


@final
class NativeSession:
    """A TEEC_Session."""

    __slots__ = ("context", "results", "struct")

    def __init__(self, context: NativeContext, struct: Any, results: type[IntEnum] | None) -> None:
        """Wrap an open session; results names codes of its Trusted Application."""
        self.context = context
        self.struct = struct
        self.results = results

    def invoke_command(
        self,
        command_id: int,
        arguments: Sequence[object],
        operation: NativeOperation,
        doing: str,
    ) -> p.Outputs:
        """Run a command and return its outputs."""
        origin = ffi.new("uint32_t *")
        with _Payload(self.context, operation, arguments) as payload:
            code = lib.TEEC_InvokeCommand(self.struct, command_id, operation.struct, origin)
            error = ffi.errno
            _raise_interrupted()
            return self.context._finish(code, origin[0], error, payload, doing, self.results)

    def close(self) -> None:
        """Close the session."""
        lib.TEEC_CloseSession(self.struct)
        _raise_interrupted()


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
            self.struct.buffer = memory if self.size else _EMPTY
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
        _raise_interrupted(lambda: lib.TEEC_ReleaseSharedMemory(self.struct))
        if code:
            origin = Origin.COMMS if error else Origin.API
            raise error_of(code, origin, error, doing, remedy=remedy)

    def release(self) -> None:
        """End the sharing."""
        lib.TEEC_ReleaseSharedMemory(self.struct)
        _raise_interrupted()


@final
class NativeOperation:
    """A TEEC_Operation, used for one call."""

    __slots__ = ("struct",)

    def __init__(self) -> None:
        """Start idle."""
        self.struct = ffi.new("TEEC_Operation *")

    @property
    def state(self) -> OperationState:
        """What has become of it."""
        return _STATES[lib.tee_operation_state(self.struct)]

    def request_cancellation(self) -> None:
        """Ask for its end."""
        lib.TEEC_RequestCancellation(self.struct)
        _raise_interrupted()


_STATES: Final = {
    lib.TEE_OPERATION_IDLE: OperationState.IDLE,
    lib.TEE_OPERATION_REQUESTED: OperationState.REQUESTED,
    lib.TEE_OPERATION_SENT: OperationState.SENT,
    lib.TEE_OPERATION_DONE: OperationState.DONE,
}


def to_uint32(value: object, what: str) -> int:
    """Check an unsigned 32-bit number."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ParameterTypeError(f"{what} must be an int, not {type(value).__name__}") from None
    if not 0 <= number <= _UINT32_MAX:
        raise ParameterRangeError(f"{what} is {number}, but must be from 0 to 2**32 - 1")
    return number


def to_size(value: object, what: str) -> int:
    """Check a number of bytes."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ParameterTypeError(f"{what} must be an int, not {type(value).__name__}") from None
    if number < 0:
        raise ParameterRangeError(f"{what} is {number}, but must not be negative")
    if number > _SIZE_MAX:
        raise ParameterRangeError(f"{what} is {number}, more than this machine can address")
    return number


def to_descriptor(value: object) -> int:
    """Check a file descriptor, or ask an object for its own."""
    fileno = getattr(value, "fileno", None)
    try:
        fd = operator.index(value if fileno is None else fileno())  # type: ignore[arg-type]
    except TypeError:
        name = type(value).__name__
        raise ParameterTypeError(f"fd must be an int or have a fileno(), not {name}") from None
    if not 0 <= fd <= _INT_MAX:
        raise ParameterRangeError(f"fd is {fd}, which is no open file descriptor")
    return fd


def pin(buffer: Buffer, what: str, *, writable: bool) -> Any:
    """Return the memory of a buffer as a cdata that keeps it where it is."""
    try:
        return ffi.from_buffer(buffer, require_writable=writable)
    except TypeError:
        hint = "; encode it, for example with .encode()" if isinstance(buffer, str) else ""
        name = type(buffer).__name__
        raise ParameterTypeError(f"{what} must be bytes-like, not {name}{hint}") from None
    except BufferError as error:
        if writable and memoryview(buffer).readonly:
            raise ReadOnlyBufferError(
                f"{what} is an output and needs a writable buffer such as a bytearray,"
                f" not {type(buffer).__name__}"
            ) from error
        raise BadParametersError(f"{what} must be contiguous memory: copy it first") from error
    except ValueError as error:
        raise BadParametersError(f"{what} can't be used: {error}") from error


# The address of an empty buffer, which may have none of its own: without one it
# would be a null memory reference.
_EMPTY: Final = ffi.new("char[1]")
_Reader: TypeAlias = "Callable[[], object]"


class _Payload:
    """The parameters of one call in its TEEC_Operation, and what they keep alive until its end."""

    __slots__ = ("_context", "_kept", "_pins", "_readers")

    def __init__(
        self, context: NativeContext, operation: NativeOperation, arguments: Sequence[object]
    ) -> None:
        self._context = context
        if len(arguments) > SLOTS:
            raise BadParametersError(f"{len(arguments)} parameters given, but an operation has 4")
        self._kept: list[object] = []
        self._pins: list[Any] = []
        self._readers: list[_Reader] = []
        types = 0
        try:
            for index, argument in enumerate(arguments):
                slot = operation.struct.params[index]
                types |= self._fill(slot, argument, f"parameter {index}") << (4 * index)
        except BaseException:
            self._release()
            raise
        operation.struct.paramTypes = types

    def __enter__(self) -> _Payload:
        return self

    def __exit__(self, *error: object) -> None:
        self._release()

    def _release(self) -> None:
        """Let go of all memory, which the frames of an error would else keep in use."""
        for memory in self._pins:
            ffi.release(memory)
        self._pins.clear()
        self._kept.clear()
        self._readers.clear()

    def outputs(self) -> p.Outputs:
        return tuple(read() for read in self._readers)

    def _fill(self, slot: Any, argument: object, what: str) -> int:
        fill = _FILLERS.get(type(argument))
        if fill is None:
            argument = _parameter_of(argument, what)
            fill = _FILLERS[type(argument)]
        return fill(self, slot, argument, what)

    def _nothing(self, slot: Any, argument: None, what: str) -> int:
        return int(lib.TEEC_NONE)

    def _value_input(self, slot: Any, argument: p.ValueInput | p.ValueInOut, what: str) -> int:
        slot.value.a = to_uint32(argument.a, f"{what}, a")
        slot.value.b = to_uint32(argument.b, f"{what}, b")
        return int(lib.TEEC_VALUE_INPUT)

    def _value_output(self, slot: Any, argument: object, what: str) -> int:
        self._readers.append(lambda: p.Value(slot.value.a, slot.value.b))
        return int(lib.TEEC_VALUE_OUTPUT)

    def _value_inout(self, slot: Any, argument: p.ValueInOut, what: str) -> int:
        self._value_input(slot, argument, what)
        self._value_output(slot, argument, what)
        return int(lib.TEEC_VALUE_INOUT)

    def _set_temporary(self, slot: Any, memory: Any, size: int) -> None:
        slot.tmpref.buffer = memory if size else _EMPTY
        slot.tmpref.size = size

    def _set_null(self, slot: Any) -> None:
        slot.tmpref.buffer = ffi.NULL
        slot.tmpref.size = 0

    def _temp_input(self, slot: Any, argument: p.MemrefTempInput, what: str) -> int:
        if argument.buffer is None:
            self._set_null(slot)
        else:
            memory = self._pin(argument.buffer, what, writable=False)
            self._set_temporary(slot, memory, len(memory))
        return int(lib.TEEC_MEMREF_TEMP_INPUT)

    def _temp_output(self, slot: Any, argument: p.MemrefTempOutput, what: str) -> int:
        if isinstance(argument.buffer, int):
            self._own_output(slot, to_size(argument.buffer, f"{what}, its size"))
        else:
            self._caller_output(slot, argument.buffer, what)
        return int(lib.TEEC_MEMREF_TEMP_OUTPUT)

    def _temp_inout(self, slot: Any, argument: p.MemrefTempInOut, what: str) -> int:
        self._caller_output(slot, argument.buffer, what)
        return int(lib.TEEC_MEMREF_TEMP_INOUT)

    def _pin(self, buffer: Buffer, what: str, *, writable: bool) -> Any:
        memory = pin(buffer, what, writable=writable)
        self._pins.append(memory)
        return memory

    def _own_output(self, slot: Any, size: int) -> None:
        try:
            memory = ffi.new("char[]", size)
        except (MemoryError, OverflowError):
            raise OutOfMemoryError(f"allocating an output of {size} bytes") from None
        self._kept.append(memory)
        self._set_temporary(slot, memory, size)
        view = memoryview(ffi.buffer(memory))
        self._add_output(lambda: int(slot.tmpref.size), size, lambda end: bytes(view[:end]))

    def _caller_output(self, slot: Any, buffer: Buffer | None, what: str) -> None:
        if buffer is None:
            self._set_null(slot)
            self._add_output(lambda: int(slot.tmpref.size), 0, bytes)
            return
        memory = self._pin(buffer, what, writable=True)
        size = len(memory)
        self._set_temporary(slot, memory, size)
        self._add_output(lambda: int(slot.tmpref.size), size, lambda end: part_of(buffer, 0, end))

    def _add_output(
        self, size: Callable[[], int], capacity: int, cut: Callable[[int], object]
    ) -> None:
        def read() -> object:
            end = size()
            return cut(end) if end <= capacity else p.RequiredSize(end)

        self._readers.append(read)

    def _set_registered(
        self, slot: Any, block: SharedMemory, offset: int, size: int, output: bool
    ) -> None:
        native = block._live()
        if native.context is not self._context:
            raise BadParametersError(f"{block!r} belongs to another context: allocate one here")
        # The block can't be closed while this export stands.
        self._pin(block._memory(), "shared memory", writable=False)
        self._kept.append(native)
        slot.memref.parent = native.struct
        slot.memref.offset = offset
        slot.memref.size = size
        if output:
            self._add_output(
                lambda: int(slot.memref.size), size, lambda used: block._output(offset, used)
            )

    def _whole(self, slot: Any, argument: p.MemrefWhole, what: str) -> int:
        block = _block_of(argument.block, what)
        output = bool(block.flags & MemoryFlags.OUTPUT)
        self._set_registered(slot, block, 0, len(block), output)
        return int(lib.TEEC_MEMREF_WHOLE)

    def _partial(self, slot: Any, argument: Any, what: str, directions: MemoryFlags) -> None:
        block = _block_of(argument.block, what)
        length = len(block)
        offset = to_size(argument.offset, f"{what}, its offset")
        size = argument.size
        size = max(length - offset, 0) if size is None else to_size(size, f"{what}, its size")
        if offset + size > length:
            raise BadParametersError(
                f"{what}: {size} bytes from {offset} are beyond the {length} bytes of {block!r}"
            )
        if directions & ~block.flags:
            raise BadParametersError(
                f"{what} wants the direction {directions!r}, but {block!r} has not all of it"
            )
        self._set_registered(slot, block, offset, size, bool(directions & MemoryFlags.OUTPUT))

    def _partial_input(self, slot: Any, argument: p.MemrefPartialInput, what: str) -> int:
        self._partial(slot, argument, what, MemoryFlags.INPUT)
        return int(lib.TEEC_MEMREF_PARTIAL_INPUT)

    def _partial_output(self, slot: Any, argument: p.MemrefPartialOutput, what: str) -> int:
        self._partial(slot, argument, what, MemoryFlags.OUTPUT)
        return int(lib.TEEC_MEMREF_PARTIAL_OUTPUT)

    def _partial_inout(self, slot: Any, argument: p.MemrefPartialInOut, what: str) -> int:
        self._partial(slot, argument, what, MemoryFlags.INOUT)
        return int(lib.TEEC_MEMREF_PARTIAL_INOUT)


_FILLERS: Final[dict[type, Callable[[_Payload, Any, Any, str], int]]] = {
    type(None): _Payload._nothing,
    p.ValueInput: _Payload._value_input,
    p.ValueOutput: _Payload._value_output,
    p.ValueInOut: _Payload._value_inout,
    p.MemrefTempInput: _Payload._temp_input,
    p.MemrefTempOutput: _Payload._temp_output,
    p.MemrefTempInOut: _Payload._temp_inout,
    p.MemrefWhole: _Payload._whole,
    p.MemrefPartialInput: _Payload._partial_input,
    p.MemrefPartialOutput: _Payload._partial_output,
    p.MemrefPartialInOut: _Payload._partial_inout,
}


def _block_of(value: object, what: str) -> SharedMemory:
    if not isinstance(value, SharedMemory):
        raise ParameterTypeError(f"{what} needs a SharedMemory, not {type(value).__name__}")
    return value


def _parameter_of(argument: Any, what: str) -> object:
    """Return the parameter that a plain value stands for."""
    if isinstance(argument, SharedMemory):
        return p.MemrefWhole(argument)
    if isinstance(argument, tuple | list) and len(argument) == 2:
        return p.ValueInput(*argument)
    if isinstance(argument, str | int | tuple | list):
        hint = {
            str: "encode it, for example with .encode()",
            int: "use a pair of ints or a ValueInput",
        }.get(type(argument), "a value is a pair of ints")
        raise ParameterTypeError(f"{what} can't be {type(argument).__name__}: {hint}")
    return p.MemrefTempInput(argument)
