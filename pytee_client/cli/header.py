# SPDX-License-Identifier: BSD-2-Clause
"""The verb header: a header in C, from a declaration."""

from __future__ import annotations

import argparse
from typing import Final

from .._declarations.kinds import DeclarationError
from .._headers.writer import c_header
from ._answer import Answer
from ._declared import declaration_at
from ._errors import InputError
from ._output import add_output, written
from ._tee import to_name

__all__ = ["ABOUT", "EXAMPLES", "add_arguments", "run"]

ABOUT: Final = (
    "Print the header that an application in C shares with its clients: the UUID, the commands\n"
    "with the types of their parameters, result codes, enumerations and structures."
)
EXAMPLES: Final = (
    "header wallet:Wallet",
    "header wallet:Wallet --output ta/include/wallet_ta.h",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument(
        "declaration",
        type=to_name,
        metavar="MODULE:CLASS",
        help="a class of ta.Client; modules are also looked for in the current folder",
    )
    add_output(parser)


def run(arguments: argparse.Namespace) -> Answer:
    """Make the header."""
    declared = declaration_at(arguments.declaration)
    try:
        text = c_header(declared, arguments.declaration)
    except DeclarationError as error:
        raise InputError(str(error)) from None
    return written(text, arguments.output, {"declaration": arguments.declaration})
