# SPDX-License-Identifier: BSD-2-Clause
"""Checks of what methods take that send several commands: before the first is sent."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, TypeVar

from ..._boundary.buffers import bytes_of
from ..._checks import to_instance

__all__ = ["to_bytes", "to_member"]

_EnumT = TypeVar("_EnumT", bound=IntEnum)


def to_bytes(given: Any, what: str) -> bytes:
    """Return bytes that were given, or a copy of what is bytes-like.

    Raises:
        ParameterTypeError: they are none.
    """
    return bytes_of(given, what)


def to_member(given: _EnumT, kind: type[_EnumT], what: str) -> _EnumT:
    """Check a member of an enumeration.

    Raises:
        ParameterTypeError: it is none.
    """
    return to_instance(given, kind, what, f"write {kind.__qualname__}.NAME")
