# SPDX-License-Identifier: BSD-2-Clause
"""Files and the standard input, read to their ends."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path

from ._errors import InputError

__all__ = ["check_end", "read_file", "read_input"]


def read_input() -> bytes:
    """Return what the standard input has.

    Raises:
        InputError: it can't be read.
    """
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise InputError(f"the standard input can't be read: {error.strerror}") from None


def read_file(path: str) -> bytes:
    """Return what a file has.

    Raises:
        InputError: it can't be read, or has no end.
    """
    check_end(path)
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"{path} can't be read: {reason}") from None


def check_end(path: str) -> None:
    """Refuse a device that has bytes for ever, such as /dev/zero.

    Raises:
        InputError: it is one.
    """
    # What else is wrong with it is found where it is read.
    with contextlib.suppress(OSError, ValueError):
        if not stat.S_ISCHR(os.stat(path).st_mode):
            return
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            is_endless = not os.isatty(file) and bool(os.read(file, 1))
        finally:
            os.close(file)
        if is_endless:
            raise InputError(f"{path} has no end: take a part of it, such as with head -c 16")
