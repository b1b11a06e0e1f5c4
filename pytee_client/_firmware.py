# SPDX-License-Identifier: BSD-2-Clause
"""The files that the driver of AMD-TEE loads Trusted Applications from."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["amdtee_firmware"]


def amdtee_firmware(uuid: UUID) -> str:
    """Return the name of a Trusted Application's file, from the folder for firmware on.

    The driver reads the first three fields of the UUID as little-endian, and writes no
    dash before the last.
    """
    swapped = type(uuid)(bytes=uuid.bytes_le)
    head, _, node = str(swapped).rpartition("-")
    return f"amdtee/{head}{node}.bin"
