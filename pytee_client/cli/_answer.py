# SPDX-License-Identifier: BSD-2-Clause
"""What a verb answers, and exit statuses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

__all__ = ["Answer", "Status"]


class Status(IntEnum):
    """How a verb ended, for scripts."""

    OK = 0
    WRONG_INPUT = 1
    WRONG_COMMAND_LINE = 2
    NO_TEE = 3
    TEE_ERROR = 4
    NOT_AS_WISHED = 5
    TIMED_OUT = 124

    @property
    def meaning(self) -> str:
        """What --help says of it."""
        return _MEANINGS[self]


_MEANINGS = {
    Status.OK: "success",
    Status.WRONG_INPUT: "something is wrong with the input, or the output has no place",
    Status.WRONG_COMMAND_LINE: "something is wrong with the command line",
    Status.NO_TEE: "no TEE could be opened",
    Status.TEE_ERROR: "a call failed, in the TEE, in the application or in the kernel",
    Status.NOT_AS_WISHED: "a fault (doctor), no application (probe), a difference (replay)",
    Status.TIMED_OUT: "it did not end in time",
}


@dataclass(frozen=True)
class Answer:
    """What a verb found.

    Attributes:
        data: what --json prints, as one object: strings, numbers, lists and so on. Its keys are
            a promise to scripts.
        text: what is printed without --json: whole lines, or nothing.
        status: the exit status; a Status, or that of a program that was run.
        error: what went wrong if there is something to print all the same, such as what an
            application returned with its error. It becomes a line and "error" in the data.
    """

    data: dict[str, Any]
    text: str = ""
    status: int = Status.OK
    error: Exception | None = None
