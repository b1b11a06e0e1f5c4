# SPDX-License-Identifier: BSD-2-Clause
"""What the conformance Trusted Application does, computed here."""

from __future__ import annotations

from pytee_client.fake.applications.conformance import Command

__all__ = ["Command", "checksum", "filled", "xored"]


def filled(slot: int, size: int) -> bytes:
    """Return what MEMREF_FILL writes."""
    period = bytes((16 * slot + j) % 256 for j in range(256))
    return (period * (size // 256 + 1))[:size]


def xored(slot: int, data: bytes) -> bytes:
    """Return what MEMREF_XOR makes of data."""
    return data.translate(bytes(byte ^ (0xA5 + slot) % 256 for byte in range(256)))


def checksum(*buffers: bytes) -> tuple[int, int]:
    """Return what MEMREF_CHECKSUM reports."""
    data = b"".join(buffers)
    return sum(p * byte for p, byte in enumerate(data, 1)) % 2**32, len(data)
