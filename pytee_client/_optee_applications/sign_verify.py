# SPDX-License-Identifier: BSD-2-Clause
"""The example application sign_verify."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["SignVerify"]


class SignVerify:
    """What its client and its fake inherit."""

    __slots__ = ()

    class Algorithm(IntEnum):
        """The paddings and digests that it supports."""

        PKCS1_PSS_MGF1_SHA1 = 0
        PKCS1_PSS_MGF1_SHA224 = 1
        PKCS1_PSS_MGF1_SHA256 = 2
        PKCS1_PSS_MGF1_SHA384 = 3
        PKCS1_PSS_MGF1_SHA512 = 4
        PKCS1_V1_5_SHA1 = 5
        PKCS1_V1_5_SHA224 = 6
        PKCS1_V1_5_SHA256 = 7
        PKCS1_V1_5_SHA384 = 8
        PKCS1_V1_5_SHA512 = 9
