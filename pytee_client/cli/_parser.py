# SPDX-License-Identifier: BSD-2-Clause
"""The parser of command lines."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from ._answer import Status
from ._output import print_text, say

__all__ = ["Parser"]


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end the program."""
        say(f"{self.prog}: error: {message} (see {self.prog} --help)")
        sys.exit(Status.WRONG_COMMAND_LINE)

    def print_help(self, file: Any = None) -> None:
        """Print the help where results go."""
        print_text(self.format_help())
