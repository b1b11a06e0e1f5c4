# SPDX-License-Identifier: BSD-2-Clause
"""Checks of Python values before they reach the C library."""

from __future__ import annotations

import operator
import os

from .._checks import said, to_number
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


ENCODE: Final = "encode it, for example with .encode()"

# The address of an empty buffer, which may have none of its own: without one it
# would be a null memory reference.
EMPTY: Final = ffi.new("char[1]")

_INT_MAX: Final = 0x7FFFFFFF
_BYTES: Final = ffi.typeof("char[]")
# Most buffers are of these, which need no further look.
_PLAIN: Final = frozenset((bytes, bytearray, memoryview))
_from_buffer: Final = ffi.from_buffer
_SIZE_BITS: Final = 8 * ffi.sizeof("size_t")
_SIZE_MAX: Final = 2**_SIZE_BITS - 1
_SIZES: Final = f"not negative, and at most 2**{_SIZE_BITS} - 1: this machine can't address more"


def to_size(value: object, what: str) -> int:
    """Check a number of bytes."""
    if type(value) is int and 0 <= value <= _SIZE_MAX:
        return value
    return to_number(value, what, 0, _SIZE_MAX, _SIZES)


def to_descriptor(value: object) -> int:
    """Check a file descriptor, or ask an object for its own."""
    fileno = None if isinstance(value, type) else getattr(value, "fileno", None)
    try:
        fd: Any = value if fileno is None else fileno()
        if isinstance(fd, bool):
            raise TypeError
        number = operator.index(fd)
    except TypeError:
        raise ParameterTypeError(
            f"fd must be an int or have a fileno(), not {said(value)}: give the descriptor, or"
            " the open file"
        ) from None
    except (ValueError, OSError) as error:
        # A file that is closed, or a stream without a descriptor.
        raise BadParametersError(f"fd has no file descriptor: {error}") from error
    if not 0 <= number <= _INT_MAX:
        raise ParameterRangeError(f"fd is {said(number)}, which is no open file descriptor")
    return number


def _refuse_scalar(value: object, what: str | int) -> None:
    """Refuse numbers and text that have a buffer, as numpy's do: they are no memory to share."""
    kind = type(value)
    is_number = hasattr(kind, "__float__") and not hasattr(kind, "__len__")
    if is_number or isinstance(value, str):
        what = f"parameter {what}" if isinstance(what, int) else what
        hint = "use a pair of ints or a ValueInput" if is_number else ENCODE
        raise ParameterTypeError(f"{what} must be bytes-like, not {said(value)}: {hint}")


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
    if type(buffer) not in _PLAIN:
        _refuse_scalar(buffer, what)
    try:
        return _from_buffer(_BYTES, buffer, writable)
    except (TypeError, BufferError, ValueError) as error:
        what = f"parameter {what}" if isinstance(what, int) else what
        name = type(buffer).__name__
        if isinstance(error, TypeError):
            raise ParameterTypeError(f"{what} must be bytes-like, not {said(buffer)}") from None
        if not isinstance(error, BufferError):
            raise BadParametersError(f"{what} can't be used: {error}") from error
        if writable and memoryview(buffer).readonly:
            raise ReadOnlyBufferError(
                f"{what} is an output and needs a writable buffer such as a bytearray, not {name}"
            ) from error
        raise BadParametersError(f"{what} must be contiguous memory: copy it first") from error
