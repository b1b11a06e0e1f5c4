# SPDX-License-Identifier: BSD-2-Clause
"""What Python values must be to go down."""

from __future__ import annotations

import operator

from .._native import ffi
from ..enums import MemoryFlags
from ..errors import (
    BadParametersError,
    ParameterRangeError,
    ParameterTypeError,
    ReadOnlyBufferError,
)
from ..memory import SharedMemory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from typing_extensions import Buffer

    from .. import parameters as p
    from .context import NativeSharedMemory

_INT_MAX: Final = 0x7FFFFFFF
_UINT32_MAX: Final = 0xFFFFFFFF
_BYTES: Final = ffi.typeof("char[]")
_from_buffer: Final = ffi.from_buffer
_SIZE_MAX: Final = 2 ** (8 * ffi.sizeof("size_t")) - 1


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


def pin(buffer: Buffer, what: str | int, writable: bool) -> Any:
    """Return the memory of a buffer as a cdata that keeps it where it is.

    what says whose it is, or which parameter's.
    """
    try:
        return _from_buffer(_BYTES, buffer, writable)
    except (TypeError, BufferError, ValueError) as error:
        what = f"parameter {what}" if isinstance(what, int) else what
        name = type(buffer).__name__
        if isinstance(error, TypeError):
            hint = "; encode it, for example with .encode()" if isinstance(buffer, str) else ""
            raise ParameterTypeError(f"{what} must be bytes-like, not {name}{hint}") from None
        if not isinstance(error, BufferError):
            raise BadParametersError(f"{what} can't be used: {error}") from error
        if writable and memoryview(buffer).readonly:
            raise ReadOnlyBufferError(
                f"{what} is an output and needs a writable buffer such as a bytearray, not {name}"
            ) from error
        raise BadParametersError(f"{what} must be contiguous memory: copy it first") from error


def check_value(value: p.ValueInput | p.ValueInOut, index: int) -> None:
    """Say what is wrong with two numbers, if anything is."""
    to_uint32(value.a, f"parameter {index}, a")
    to_uint32(value.b, f"parameter {index}, b")


def block_of(value: object, index: int) -> SharedMemory:
    """Return what has to be a block of shared memory."""
    if not isinstance(value, SharedMemory):
        raise ParameterTypeError(
            f"parameter {index} needs a SharedMemory, not {type(value).__name__}"
        )
    return value


def foreign_block(block: SharedMemory) -> BadParametersError:
    """Say that a block can't be used in this context."""
    return BadParametersError(f"{block!r} belongs to another context: allocate one here")


def part_of_block(
    block: SharedMemory,
    native: NativeSharedMemory,
    argument: p.MemrefPartial,
    directions: int,
    what: str,
) -> tuple[int, int]:
    """Return offset and size of a part, or say what is wrong with it."""
    length = native.size
    offset, size = to_size(argument.offset, f"{what}, its offset"), argument.size
    size = max(length - offset, 0) if size is None else to_size(size, f"{what}, its size")
    if offset + size > length:
        raise BadParametersError(
            f"{what}: {size} bytes from {offset} are beyond the {length} bytes of {block!r}"
        )
    if directions & ~native.directions:
        raise BadParametersError(
            f"{what} wants the direction {MemoryFlags(directions)!r},"
            f" but {block!r} has not all of it"
        )
    return offset, size
