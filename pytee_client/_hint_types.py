# SPDX-License-Identifier: BSD-2-Clause
"""Types for hints whose import takes long; _hints imports this module when it is needed."""

from __future__ import annotations

import typing
from concurrent.futures import Future
from typing import Any, Literal, NoReturn, TypeAlias
from uuid import UUID

from .kernels.kernel import Kernel

if typing.TYPE_CHECKING:
    from typing_extensions import Self
else:
    # Python has it from 3.11 on.
    Self = getattr(typing, "Self", typing.Any)

__all__ = [
    "UUID",
    "Any",
    "Backend",
    "FileDescriptorLike",
    "Future",
    "HasFileno",
    "Kernel",
    "NoReturn",
    "Self",
]

Backend: TypeAlias = Literal["linux", "fake"] | Kernel


class HasFileno(typing.Protocol):
    """An object with a file descriptor."""

    def fileno(self) -> int:
        """Return the file descriptor."""
        ...


FileDescriptorLike: TypeAlias = int | HasFileno
