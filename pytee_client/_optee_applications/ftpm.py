# SPDX-License-Identifier: BSD-2-Clause
"""The application fTPM, a TPM 2.0 in firmware."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

__all__ = ["HEADER", "MAX_SIZE", "PpiFunction", "stated_size"]

MAX_SIZE: Final = 4096
"""Of commands and responses, in bytes."""

HEADER: Final = struct.Struct(">HII")
"""The tag, the size of all, and the code of a command or of a response, as of TPM 2.0."""


def stated_size(message: bytes | memoryview) -> int:
    """Return the size that the header of a command or of a response says."""
    return int.from_bytes(message[2:6], "big")


class PpiFunction(IntEnum):
    """The functions of the physical presence interface."""

    QUERY = 0
    VERSION = 1
    SUBMIT_OPERATION_REQUEST = 2
    GET_PENDING_OPERATION = 3
    GET_PLATFORM_ACTION = 4
    RETURN_OPERATION_RESPONSE = 5
    SUBMIT_USER_LANGUAGE = 6
    SUBMIT_OPERATION_REQUEST_2 = 7
    GET_USER_CONFIRMATION = 8
