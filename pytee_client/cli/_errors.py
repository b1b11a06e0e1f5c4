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

__all__ = ["InputError", "error_data", "error_status", "error_text"]


class InputError(Exception):
    """The input is wrong; the text says what, in one line."""


_NO_TEE = (
    DeviceAccessError,
    DeviceNotFoundError,
    NotATeeDeviceError,
    PrivilegedDeviceError,
    SupplicantRunningError,
)


def error_status(error: InputError | TeecError) -> Status:
    """Return the exit status for an error."""
    if isinstance(error, InputError):
        return Status.WRONG_INPUT
    if isinstance(error, DeadlineError):
        return Status.TIMED_OUT
    return Status.NO_TEE if isinstance(error, _NO_TEE) else Status.TEE_ERROR


def error_text(error: InputError | TeecError) -> str:
    """Return an error in one line."""
    return " ".join(str(error).split())


def error_data(error: InputError | TeecError) -> dict[str, Any]:
    """Return an error for --json: its class, its text, and the result if it has one."""
    data: dict[str, Any] = {"class": type(error).__name__, "message": error_text(error)}
    if isinstance(error, TeecError):
        data |= {
            "code": error.code,
            "result": getattr(error.result, "name", None),
            "origin": name_of_origin(error.origin),
            "errno": getattr(error, "errno", None),
            "remedy": error.remedy,
        }
    return data
