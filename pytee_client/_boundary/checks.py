# SPDX-License-Identifier: BSD-2-Clause
"""Checks of Python values before they reach the C library."""

from __future__ import annotations

import operator
import os

from .._native import ffi
from ..errors import (
    BadParametersError,
    ParameterRangeError,
    ParameterTypeError,
    ReadOnlyBufferError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from .._stand_ins import Buffer


# The address of an empty buffer, which may have none of its own: without one it
# would be a null memory reference.
EMPTY: Final = ffi.new("char[1]")

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


def uuid_octets(value: object) -> bytes:
    """Return the 16 octets of a destination, most significant first.

    They come from where uuid.UUID keeps them: a subclass can have other attributes.
    """
    # Slow to import; programs that have a UUID have it already.
    from uuid import UUID

    name = type(value).__name__
    if not isinstance(value, UUID):
        hint = ": make one with UUID(...)" if isinstance(value, str | bytes | int) else ""
        raise ParameterTypeError(
            f"opening a session: the destination must be a uuid.UUID, not {name}{hint}"
        )
    try:
        return int.to_bytes(vars(UUID)["int"].__get__(value), 16, "big")
    except (AttributeError, TypeError, OverflowError):
        raise ParameterTypeError(
            f"opening a session: the destination must be a whole uuid.UUID, and this {name}"
            " has no number of 128 bits"
        ) from None


def to_path(path: str) -> bytes:
    """Return a path as Linux takes it; ValueError, as of os.open(), if it has a null byte."""
    octets = os.fsencode(path)
    if b"\0" in octets:
        raise ValueError(f"embedded null byte in the path {path!r}")
    return octets


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
