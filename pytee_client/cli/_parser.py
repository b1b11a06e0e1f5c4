# SPDX-License-Identifier: BSD-2-Clause
"""The parser of command lines."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from ._answer import Status
from ._output import print_text, say

__all__ = ["Parser"]


_COLUMNS: Final = 79


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and whose help fits on a terminal.

    Args:
        description: paragraphs, with an empty line between two. One that has an indented line stays
            as it is.
        examples: command lines, without the name of the program.
        options: those of ArgumentParser.
    """

    def __init__(
        self, *, description: str = "", examples: Iterable[str] = (), **options: Any
    ) -> None:
        shown = "".join(f"  {one}\n" for one in examples)
        options.setdefault("epilog", f"examples:\n{shown}" if shown else None)
        super().__init__(
            description="\n\n".join(map(_filled, description.split("\n\n"))),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **options,
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end the program."""
        say(f"{self.prog}: error: {message} (see {self.prog} --help)")
        sys.exit(Status.WRONG_COMMAND_LINE)

    def print_help(self, file: Any = None) -> None:
        """Print the help where results go."""
        print_text(self.format_help())


def _filled(paragraph: str) -> str:
    if "\n " in paragraph:
        return paragraph
    return textwrap.fill(paragraph, _COLUMNS, break_long_words=False, break_on_hyphens=False)
