# SPDX-License-Identifier: BSD-2-Clause
"""What a verb says of errors."""

from __future__ import annotations

from typing import Any

from .._teec_error import name_of_origin
from ..errors import (
    DeadlineError,
    DeviceAccessError,
    DeviceNotFoundError,
    NotATeeDeviceError,
    PrivilegedDeviceError,
    SupplicantRunningError,
    TeecError,
)
from ._answer import Status
from ._printable import printable

__all__ = [
    "CommandLineError",
    "InputError",
    "OutputError",
    "error_data",
    "error_status",
    "error_text",
    "is_ours",
]


class InputError(Exception):
    """The input is wrong; the text says what, in one line.

    Attributes:
        status: the exit status.
    """

    def __init__(self, text: str, status: int = Status.WRONG_INPUT) -> None:
        super().__init__(text)
        self.status = status


class OutputError(Exception):
    """The standard output can't be written; the text says why, in one line."""


class CommandLineError(InputError):
    """The command line is wrong, and the parser of arguments could not see it."""


_NO_TEE = (
    DeviceAccessError,
    DeviceNotFoundError,
    NotATeeDeviceError,
    PrivilegedDeviceError,
    SupplicantRunningError,
)


def error_status(error: Exception) -> int:
    """Return the exit status for an error."""
    if isinstance(error, CommandLineError):
        return Status.WRONG_COMMAND_LINE
    if isinstance(error, InputError):
        return error.status
    if isinstance(error, DeadlineError):
        return Status.TIMED_OUT
    return Status.NO_TEE if isinstance(error, _NO_TEE) else Status.TEE_ERROR


def error_text(error: Exception) -> str:
    """Return an error in one line; one that a program has declared begins with its name."""
    text = " ".join(str(error).split())
    return printable(text if is_ours(error) else f"{type(error).__name__}{': ' * bool(text)}{text}")


def is_ours(error: Exception) -> bool:
    """Return whether the class of an error is one of this package, and not a declared one."""
    module = f"{type(error).__module__}."
    return module.startswith("pytee_client.") and not module.startswith("pytee_client.ta.")


def error_data(error: Exception) -> dict[str, Any]:
    """Return an error for --json: its class, its text, and the result if it has one."""
    data: dict[str, Any] = {"class": type(error).__name__, "message": error_text(error)}
    if not isinstance(error, TeecError) and isinstance(error.__cause__, TeecError):
        # A declared exception that is none of ours was raised in place of it.
        error = error.__cause__
    if isinstance(error, TeecError):
        data |= {
            "code": error.code,
            "result": getattr(error.result, "name", None),
            "origin": name_of_origin(error.origin),
            "errno": getattr(error, "errno", None),
            "remedy": error.remedy,
        }
    return data
