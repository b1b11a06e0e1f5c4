# SPDX-License-Identifier: BSD-2-Clause
"""Where a verb's text goes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ._errors import InputError

__all__ = ["add_output", "write"]


def add_output(parser: argparse.ArgumentParser) -> None:
    """Declare the option --output."""
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write it there, and not to the output"
    )


def write(text: str, output: Path | None) -> None:
    """Write a text to a file, or to the standard output."""
    if output is None:
        # Python reads UTF-8, whatever the encoding of the terminal is.
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{output} can't be written: {error.strerror}") from None
