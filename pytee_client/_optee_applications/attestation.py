# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's attestation."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["DIGEST_SIZE", "AttestationAlgorithm"]

DIGEST_SIZE: Final = 32
"""Of a digest that the TEE signs, and of the salt of its signature, in bytes."""


class AttestationAlgorithm(IntEnum):
    """How the TEE signs: TEE_ALG_*."""

    RSASSA_PSS_SHA256 = 0x70414930
