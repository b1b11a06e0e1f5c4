# SPDX-License-Identifier: BSD-2-Clause
"""Text of others, such as names of files and processes, for a terminal."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Return a text in one line, without what a terminal would obey instead of showing it."""
    return " ".join(
        "".join(one if one.isprintable() or one.isspace() else "\ufffd" for one in text).split()
    )
