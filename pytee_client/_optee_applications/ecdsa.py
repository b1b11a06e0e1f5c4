# SPDX-License-Identifier: BSD-2-Clause
"""The example application ecdsa."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Ecdsa"]


class Ecdsa:
    """What its client and its fake inherit."""

    __slots__ = ()

    class Algorithm(IntEnum):
        """The digests, each with a curve: TEE_ALG_ECDSA_*."""

        SHA1 = 0x70001042
        SHA224 = 0x70002042
        SHA256 = 0x70003042
        SHA384 = 0x70004042
        SHA512 = 0x70005042
