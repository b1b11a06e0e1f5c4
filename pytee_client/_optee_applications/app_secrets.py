# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's application for secrets of programs."""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["HEADER", "IV_SIZE", "MAX_SEALED", "OVERHEAD", "OWNER", "TAG_SIZE"]

MAX_SEALED: Final = 4096
"""How many bytes what was sealed has at most."""

IV_SIZE: Final = 12
TAG_SIZE: Final = 16

HEADER: Final = struct.Struct(f"<II{IV_SIZE}s{TAG_SIZE}s")
"""The magic number, the version, the initialization vector, the tag."""

OWNER: Final = struct.Struct("<I16s")
"""Whom it is sealed to: the login, and the UUID as the structure TEE_UUID."""

OVERHEAD: Final = HEADER.size + OWNER.size
"""How much longer a secret is once it is sealed."""
