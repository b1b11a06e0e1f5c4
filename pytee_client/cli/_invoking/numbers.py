# SPDX-License-Identifier: BSD-2-Clause
"""Numbers and bytes as people write them."""

from __future__ import annotations

import re
from typing import Final

from .files import Inputs

__all__ = ["BYTES", "bytes_of", "number_of", "size_of"]

_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SIZE: Final = re.compile(r"(.*?)([KMG]?)", re.S)

BYTES: Final = "hex:00ff, str:text or @FILE (@- is the standard input)"


def number_of(text: str) -> int:
    """Return a whole number, in decimal, hexadecimal (0x), octal (0o) or binary (0b).

    Raises:
        ValueError: this is none.
    """
    return int(text, 0)


def size_of(text: str) -> int:
    """Return a number of bytes, of which K is 1024, M is 1024 K and G is 1024 M.

    Raises:
        ValueError: this is none.
    """
    found = _SIZE.fullmatch(text)
    assert found is not None
    size = number_of(found[1]) * _UNITS[found[2]]
    if size < 0:
        raise ValueError
    return size


def bytes_of(text: str, inputs: Inputs) -> bytes | None:
    """Return the bytes that hex:, str: or @ say; None if this is none of them.

    Raises:
        ValueError: what follows hex: is not hexadecimal.
        InputError, CommandLineError: as of Inputs.read().
    """
    if text.startswith("hex:"):
        return bytes.fromhex(text.removeprefix("hex:"))
    if text.startswith("str:"):
        return encoded(text.removeprefix("str:"))
    if text.startswith("@"):
        return inputs.read(text.removeprefix("@"))
    return None


def encoded(text: str) -> bytes:
    """Return a word of a command line as bytes, those that were no text as they were."""
    return text.encode("utf-8", "surrogateescape")
