# SPDX-License-Identifier: BSD-2-Clause
"""Applications that a command line names: by UUID, or by a well-known name."""

from __future__ import annotations

import argparse
from uuid import UUID

from ..ta.optee.names import uuid_of

__all__ = ["to_application"]


def to_application(text: str) -> UUID:
    """Return the UUID of an application, the type of arguments that name one."""
    try:
        return UUID(text)
    except ValueError:
        pass
    try:
        return uuid_of(text)
    except LookupError as error:
        reason = str(error).removeprefix("no well-known application is named ")
        _, _, hint = reason.partition(": ")
        hint = f": {hint}" if hint else ", such as hello_world"
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a UUID nor a well-known name{hint}"
        ) from None
