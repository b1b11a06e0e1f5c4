# SPDX-License-Identifier: BSD-2-Clause
"""The header of firmware for the AMD Secure Processor, which applications of AMD-TEE have too.

AMD does not publish it. What is read here is what tools that take firmware apart have found.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Final

from .application_file import ApplicationFile

__all__ = ["HEADER_SIZE", "MAGIC", "MAGIC_OFFSET", "read_firmware_header"]

MAGIC: Final = b"$PS1"
MAGIC_OFFSET: Final = 0x10
HEADER_SIZE: Final = 0x100

_SIGNED_SIZE: Final = struct.Struct("<I")


def read_firmware_header(content: bytes, found: ApplicationFile) -> ApplicationFile:
    """Add to what was found of a file what its header says; faults too, but raise nothing."""
    found = replace(found, format="amdtee")
    if len(content) < HEADER_SIZE:
        fault = f"it is truncated: its header has 256 bytes, but it ends after {len(content)}"
        return replace(found, faults=(*found.faults, fault))
    (signed_size,) = _SIGNED_SIZE.unpack_from(content, 0x14)
    key_id = content[0x38:0x48]
    version = content[0x60:0x64]
    found = replace(
        found,
        version=".".join(map(str, reversed(version))),
        key_id=key_id.hex() if any(key_id) else None,
    )
    if HEADER_SIZE + signed_size > len(content):
        fault = (
            f"it is truncated: its header speaks of {signed_size} signed bytes, but only"
            f" {len(content) - HEADER_SIZE} follow"
        )
        found = replace(found, faults=(*found.faults, fault))
    return found
