# SPDX-License-Identifier: BSD-2-Clause
"""Checks of Python values before they reach the C library."""

from __future__ import annotations

import operator
import os
from functools import cache

from .._checks import is_bool, said, to_number
from .._native import ffi
from .._process import importing
from ..errors import BadParametersError, ParameterRangeError, ParameterTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

_INT_MAX: Final = 0x7FFFFFFF
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
        if is_bool(fd):
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


def uuid_octets(value: object) -> bytes:
    """Return the 16 octets of a destination, most significant first.

    They come from where uuid.UUID keeps them: a subclass can have other attributes.
    """
    uuid, number_of = _uuid()
    name = type(value).__name__
    if not isinstance(value, uuid):
        hint = ": make one with UUID(...)" if isinstance(value, str | bytes | int) else ""
        raise ParameterTypeError(
            f"opening a session: the destination must be a uuid.UUID, not {name}{hint}"
        )
    try:
        return int.to_bytes(number_of(value), 16, "big")
    except (AttributeError, TypeError, OverflowError):
        raise ParameterTypeError(
            f"opening a session: the destination must be a whole uuid.UUID, and this {name}"
            " has no number of 128 bits"
        ) from None


@cache
def _uuid() -> tuple[type, Callable[[object], int]]:
    """Return the class, and what gets the number of an object of it."""
    # Slow to import; programs that have a UUID have it already.
    with importing:
        from uuid import UUID

    return UUID, vars(UUID)["int"].__get__


def to_path(path: str) -> bytes:
    """Return a path as Linux takes it; ValueError, as of os.open(), if it has a null byte."""
    octets = os.fsencode(path)
    if b"\0" in octets:
        raise ValueError(f"embedded null byte in the path {path!r}")
    return octets
