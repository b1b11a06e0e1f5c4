# SPDX-License-Identifier: BSD-2-Clause
"""Where a verb's text goes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ._answer import Answer
from ._errors import InputError

__all__ = ["add_output", "print_data", "print_text", "written"]


def print_text(text: str, errors: str = "surrogateescape") -> None:
    """Print whole lines; a name of a file that is no text is printed as it is."""
    # Python reads UTF-8, whatever the encoding of the terminal is.
    try:
        content = text.encode("utf-8", errors)
    except UnicodeEncodeError:
        content = text.encode("utf-8", "backslashreplace")
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


def print_data(data: dict[str, Any]) -> None:
    """Print an object of JSON, in one line."""
    # What can't be encoded is escaped as JSON has it.
    print_text(json.dumps(data, ensure_ascii=False) + "\n", "backslashreplace")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Declare the option --output."""
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write it there, and not to the output"
    )


def written(text: str, output: Path | None, data: dict[str, Any]) -> Answer:
    """Write a text to a file, or have it printed; data is for --json, beside the text."""
    if output is None:
        return Answer({**data, "text": text}, text)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{output} can't be written: {error.strerror}") from None
    return Answer({**data, "output": str(output)})
