# SPDX-License-Identifier: BSD-2-Clause
"""Files that a command line names, of which - is the standard input or output."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .._errors import CommandLineError, InputError
from .._output import print_bytes
from .._reading import read_file, read_input

__all__ = ["STANDARD", "Inputs", "check_files", "to_save", "write_file"]

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
            self._contents[path] = read_input() if path == STANDARD else read_file(path)
        return self._contents[path]


def write_file(path: str, content: bytes) -> None:
    """Write a file, or to the standard output.

    Raises:
        InputError: the file can't be written.
        BrokenPipeError, OutputError: the standard output can't be.
    """
    if path == STANDARD:
        print_bytes(content)
        return
    try:
        Path(path).write_bytes(content)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be written: {_reason(error)}") from None


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def to_save(text: str) -> tuple[int, str]:
    """Return the number of an output and its file, the type of the option --save."""
    number, colon, file = text.partition(":")
    if not (number.isascii() and number.isdecimal() and len(number) < 3 and colon and file):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not of the form NUMBER:FILE, such as 0:made.bin"
        )
    return int(number), file


def check_files(files: Sequence[str | None], *, as_json: bool) -> bool:
    """Check the files of outputs, and return whether one is the standard output.

    Raises:
        CommandLineError: two are the same, or JSON is to be printed there.
    """
    named = [file for file in files if file]
    if len(named) != len(set(named)):
        raise CommandLineError("two outputs can't be written to one file")
    if STANDARD in named and as_json:
        raise CommandLineError("--json prints the outputs: leave out :-")
    return STANDARD in named
