# SPDX-License-Identifier: BSD-2-Clause
"""The standard streams, and where a verb's text goes."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from ._answer import Answer
from ._errors import InputError, OutputError
from ._types import to_path

__all__ = [
    "add_output",
    "check_output",
    "drop_output",
    "end_errors",
    "flush_output",
    "open_missing_streams",
    "print_bytes",
    "print_data",
    "print_text",
    "say",
    "written",
]


def open_missing_streams() -> None:
    """Open the standard streams that this process has not.

    Otherwise the next file that is opened would be one of them. What is opened fails as a closed
    file does; only what is said on the error stream is lost in silence.
    """
    for number, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDWR)):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one.
            os.open(os.devnull, flags)
            os.set_inheritable(number, True)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)


def say(text: str) -> None:
    """Print a line on the standard error stream, if somebody can read it."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def print_bytes(content: bytes) -> None:
    """Print bytes as they are.

    Raises:
        BrokenPipeError: who read the output has left.
        OutputError: it can't be written.
    """
    with _output() as stream:
        stream.flush()
        left = memoryview(content)
        while left:
            # A stream without a buffer may take a part alone.
            left = left[stream.buffer.write(left) or 0 :]


def flush_output() -> None:
    """Write what is still in memory; raises what print_bytes() raises."""
    with _output() as stream:
        stream.flush()


@contextlib.contextmanager
def _output() -> Iterator[Any]:
    try:
        yield sys.stdout
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"the standard output can't be written: {error.strerror}") from None


def drop_output() -> None:
    """Give up what is still in memory, so that the interpreter does not complain of it."""
    _drop(sys.stdout)


def end_errors() -> None:
    """Write what was said, and give up what can't be written."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        _drop(sys.stderr)


def _drop(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        number = stream.fileno()
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)


def print_text(text: str, errors: str = "surrogateescape") -> None:
    """Print whole lines; a name of a file that is no text is printed as it is."""
    # Python reads UTF-8, whatever the encoding of the terminal is.
    try:
        content = text.encode("utf-8", errors)
    except UnicodeEncodeError:
        content = text.encode("utf-8", "backslashreplace")
    print_bytes(content)


def print_data(data: dict[str, Any]) -> None:
    """Print an object of JSON, in one line."""
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    except ValueError:
        # Such as a time in a damaged file.
        text = json.dumps(_finite(data), ensure_ascii=False)
    # What can't be encoded is escaped as JSON has it.
    print_text(f"{text}\n", "backslashreplace")


def _finite(data: Any) -> Any:
    """Return data with texts for the numbers that JSON has not."""
    if isinstance(data, dict):
        return {name: _finite(one) for name, one in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(one) for one in data]
    return str(data) if isinstance(data, float) and not math.isfinite(data) else data


def add_output(parser: argparse.ArgumentParser) -> None:
    """Declare the option --output."""
    parser.add_argument(
        "-o", "--output", type=to_path, metavar="FILE", help="write it there, and not to the output"
    )


def check_output(output: str | os.PathLike[str] | None, path: str) -> None:
    """See that an output does not replace what it is made of.

    Raises:
        InputError: it does.
    """
    with contextlib.suppress(OSError, ValueError):
        if output is not None and os.path.samefile(output, path):
            raise InputError(f"{path} would be lost: name another file for the output")


def written(text: str, output: Path | None, data: dict[str, Any]) -> Answer:
    """Write a text to a file, or have it printed; data is for --json, beside the text."""
    if output is None:
        return Answer({**data, "text": text}, text)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{output} can't be written: {error.strerror}") from None
    return Answer({**data, "output": str(output)})
