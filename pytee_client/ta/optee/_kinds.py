# SPDX-License-Identifier: BSD-2-Clause
"""Kinds of contents that OP-TEE's applications have, and others seldom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import ta
from ..._checks import to_count
from ..._declarations.kinds import MemoryKind
from ...errors import ParameterRangeError

if TYPE_CHECKING:
    from ..._stand_ins import Buffer

__all__ = ["BigNumber", "LimitedBytes", "LimitedText", "Room"]


class LimitedBytes(ta.Bytes):
    """Bytes, of which an application takes so many.

    Args:
        least: how many at least.
        most: how many at most; None for any number.
    """

    def __init__(self, least: int, most: int | None = None) -> None:
        super().__init__()
        self.name = f"LimitedBytes({least}, {most})"
        self._least, self._most = least, most

    def write(self, given: Any, what: str) -> Buffer:
        """Return what was given, as long as its size is right."""
        content = super().write(given, what)
        _check_size(memoryview(content).nbytes, self._least, self._most, what)
        return content


class LimitedText(ta.Text):
    """Text in UTF-8, of which an application takes so many bytes.

    Args:
        most: how many bytes at most.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.name = f"LimitedText({most})"
        self._most = most

    def write(self, given: Any, what: str) -> bytes:
        """Return the encoded text, as long as its size is right."""
        content = super().write(given, what)
        _check_size(len(content), 0, self._most, what)
        return content


class Room(MemoryKind[int, int]):
    """Memory for both directions that only brings something back: a program gives its size.

    Args:
        least: how many bytes at least.
        most: how many bytes at most.
    """

    def __init__(self, least: int = 0, most: int = 1 << 24) -> None:
        super().__init__(f"Room({least}, {most})", int)
        self._least, self._most = least, most

    def write(self, given: Any, what: str) -> bytes:
        """Return so many zeros."""
        size = to_count(given, what)
        _check_size(size, self._least, self._most, what)
        return bytes(size)

    def read(self, content: bytes | memoryview) -> int:
        """Return the size."""
        return len(content)


class BigNumber(MemoryKind[int, int]):
    """A number of any size that is not negative, in as few bytes as it needs, the highest first."""

    def __init__(self) -> None:
        super().__init__("BigNumber()", int)

    def write(self, given: Any, what: str) -> bytes:
        """Return the bytes."""
        number = to_count(given, what)
        return number.to_bytes((number.bit_length() + 7) // 8, "big")

    def read(self, content: bytes | memoryview) -> int:
        """Return the number."""
        return int.from_bytes(content, "big")


def _check_size(size: int, least: int, most: int | None, what: str) -> None:
    if size < least or (most is not None and size > most):
        allowed = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ParameterRangeError(f"{what} is {size} bytes, but must be {allowed}")
