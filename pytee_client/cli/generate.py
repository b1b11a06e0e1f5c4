# SPDX-License-Identifier: BSD-2-Clause
"""The verb generate: the skeleton of a declaration, from a header in C."""

from __future__ import annotations

import argparse
import os
from typing import Final

from .._headers.preprocessor import HeaderError
from .._headers.skeleton import skeleton
from ._answer import Answer
from ._errors import InputError
from ._output import add_output, check_output, written
from ._reading import read_file, read_input

__all__ = ["ABOUT", "EXAMPLES", "add_arguments", "run"]

ABOUT: Final = (
    "Print the skeleton of a declaration, from the header that an application in C shares with\n"
    "its clients: UUID, commands, result codes, enumerations, structures of numbers, sizes. A\n"
    "header does not say what commands take: write that into ta.command(NUMBER)."
)
EXAMPLES: Final = (
    "generate ta/include/wallet_ta.h > wallet.py",
    "generate sizes.h wallet_ta.h --output wallet.py",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "headers",
        nargs="+",
        metavar="HEADER",
        help="the header, after those that it needs; - is the standard input",
    )
    add_output(parser)


def run(arguments: argparse.Namespace) -> Answer:
    """Make the skeleton."""
    text = "\n".join(map(_content, arguments.headers))
    for path in arguments.headers:
        check_output(arguments.output, path)
    last = arguments.headers[-1]
    name, last = ("the header", "the input") if last == "-" else (os.path.basename(last), last)
    try:
        made = skeleton(text, name)
    except HeaderError as error:
        raise InputError(f"{last}: {error}") from None
    return written(made, arguments.output, {"headers": arguments.headers})


def _content(path: str) -> str:
    content = read_input() if path == "-" else read_file(path)
    # Comments of old headers are often in no encoding that they name.
    return content.decode("utf-8", "replace").replace("\r\n", "\n").removeprefix("\ufeff")
