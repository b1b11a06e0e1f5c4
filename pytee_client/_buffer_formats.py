# SPDX-License-Identifier: BSD-2-Clause
"""Formats of buffers: those of the module struct, with what PEP 3118 adds to them."""

from __future__ import annotations

from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Numbers, characters, bits and padding. F, D and G are complex numbers of ctypes.
_DATA: Final = frozenset("?bBhHiIlLqQnNefdgFDGcspuwtx")
# Addresses of memory, strings, functions and Python objects. A Z alone is a string of ctypes.
_REFERENCES: Final = frozenset("PzZO&X")
_COMPLEX: Final = frozenset({"Zf", "Zd", "Zg"})
# With byte orders, numbers of repetitions, and the ends of structures.
_KNOWN: Final = _DATA | _COMPLEX | {"T{"} | frozenset("@=<>!^|} \t\r\n0123456789")


class Content(Enum):
    """What memory holds."""

    DATA = "data"
    REFERENCES = "references"
    UNKNOWN = "unknown"


def content_of(buffer_format: str) -> Content:
    """Return what memory of a format holds; references in any part of it count."""
    if buffer_format in _DATA:
        return Content.DATA
    position, content = 0, Content.DATA
    while position < len(buffer_format):
        end = _end_of_token(buffer_format, position)
        token = buffer_format[position:end]
        if token in _REFERENCES:
            return Content.REFERENCES
        is_name_or_shape = token[0] in ":(" and len(token) > 1
        if not is_name_or_shape and token not in _KNOWN:
            content = Content.UNKNOWN
        position = end
    return content


def _end_of_token(text: str, start: int) -> int:
    """Return where a token ends: a name, a shape, a structure's begin, or one character."""
    closing = {":": ":", "(": ")"}.get(text[start])
    if closing is not None:
        # Without its end, the rest is no name and no shape.
        return (text.find(closing, start + 1) + 1) or start + 1
    pair = text[start : start + 2]
    return start + 2 if pair in _COMPLEX or pair == "T{" else start + 1
