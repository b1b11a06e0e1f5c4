# SPDX-License-Identifier: BSD-2-Clause
"""The parser of command lines."""

from __future__ import annotations

import argparse
from typing import NoReturn

from ._answer import Status

__all__ = ["Parser"]


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end the program."""
        self.exit(
            Status.WRONG_COMMAND_LINE, f"{self.prog}: error: {message} (see {self.prog} --help)\n"
        )
