# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's application for Android Verified Boot."""

from __future__ import annotations

from typing import Final

__all__ = ["MAX_NAME_SIZE", "NAME_PREFIX"]

NAME_PREFIX: Final = b"named_value_"
"""What the application puts in front of a name, which makes it that of an object."""

# TEE_OBJECT_ID_MAX_LEN
_MAX_OBJECT_ID: Final = 64

MAX_NAME_SIZE: Final = _MAX_OBJECT_ID - len(NAME_PREFIX)
"""How many bytes a name has at most."""
