# SPDX-License-Identifier: BSD-2-Clause
"""The example application acipher."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Acipher49"]


class Acipher49:
    """What its client and its fake inherit."""

    __slots__ = ()

    class Mode(IntEnum):
        """What is done."""

        DECRYPT = 0
        ENCRYPT = 1

    class Algorithm(IntEnum):
        """The paddings of RSA that it supports: TEE_ALG_RSAES_*."""

        PKCS1_V1_5 = 0x60000130
        PKCS1_OAEP_MGF1_SHA1 = 0x60210230
        PKCS1_OAEP_MGF1_SHA224 = 0x60310230
        PKCS1_OAEP_MGF1_SHA256 = 0x60410230
        PKCS1_OAEP_MGF1_SHA384 = 0x60510230
        PKCS1_OAEP_MGF1_SHA512 = 0x60610230
