# SPDX-License-Identifier: BSD-2-Clause
"""The example application sha."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Sha"]


class Sha:
    """What its client and its fake inherit."""

    __slots__ = ()

    class DigestAlgorithm(IntEnum):
        """The digests that it supports: TEE_ALG_*."""

        SHA1 = 0x50000002
        SHA224 = 0x50000003
        SHA256 = 0x50000004
        SHA384 = 0x50000005
        SHA512 = 0x50000006
        SHA3_224 = 0x50000008
        SHA3_256 = 0x50000009
        SHA3_384 = 0x5000000A
        SHA3_512 = 0x5000000B
        SHAKE128 = 0x50000101
        SHAKE256 = 0x50000102

    class MacAlgorithm(IntEnum):
        """The codes that it supports: TEE_ALG_*."""

        HMAC_SHA1 = 0x30000002
        HMAC_SHA224 = 0x30000003
        HMAC_SHA256 = 0x30000004
        HMAC_SHA384 = 0x30000005
        HMAC_SHA512 = 0x30000006
        HMAC_SHA3_224 = 0x30000008
        HMAC_SHA3_256 = 0x30000009
        HMAC_SHA3_384 = 0x3000000A
        HMAC_SHA3_512 = 0x3000000B
        AES_CMAC = 0x30000610

    class KeyType(IntEnum):
        """The types of keys, one for each algorithm: TA_SHA_OBJ_TYPE_*."""

        HMAC_SHA256 = 0
        HMAC_SHA1 = 1
        HMAC_SHA224 = 2
        HMAC_SHA384 = 3
        HMAC_SHA512 = 4
        AES = 5
        HMAC_SHA3_224 = 6
        HMAC_SHA3_256 = 7
        HMAC_SHA3_384 = 8
        HMAC_SHA3_512 = 9
