# SPDX-License-Identifier: BSD-2-Clause
"""Files that a command line names, of which - is the standard input or output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from .._errors import CommandLineError, InputError

__all__ = ["STANDARD", "Inputs", "write_file"]

STANDARD: Final = "-"


class Inputs:
    """The files that one command line reads, each once."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self._is_read = False

    def begin_again(self) -> None:
        """Have the same words give the same content once more."""
        self._is_read = False

    def read(self, path: str) -> bytes:
        """Return what is in a file.

        Raises:
            InputError: it can't be read.
            CommandLineError: it is the standard input for the second time, or has no name.
        """
        if not path:
            raise CommandLineError("a file has no name: give its path, or - for the standard input")
        if path == STANDARD:
            if self._is_read:
                raise CommandLineError("the standard input can be read once: give it to one place")
            self._is_read = True
        if path not in self._contents:
            self._contents[path] = _read(path)
        return self._contents[path]


def _read(path: str) -> bytes:
    if path == STANDARD:
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be read: {_reason(error)}") from None


def write_file(path: str, content: bytes) -> None:
    """Write a file, or to the standard output.

    Raises:
        InputError: it can't be written.
    """
    if path == STANDARD:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    try:
        Path(path).write_bytes(content)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be written: {_reason(error)}") from None


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
