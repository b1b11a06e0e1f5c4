# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application sign_verify."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from ... import ta

__all__ = ["SignVerify"]


class SignVerify(ta.Client, uuid="f066f150-42af-404f-ae32-c8e6cd117e70"):
    """Sign messages, each with a new RSA key: OP-TEE's example sign_verify, there since 4.9.

    Any login may open it.

    Source: sign_verify_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        sign_verify: command 0: sign a message, and have the application verify it. It takes the
            message, an Algorithm and the size of the key in bits, and returns the signature.
    """

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

    sign_verify: Final = ta.command(
        0, bytes, Algorithm, ta.U32, returns=ta.Variable(bytes, 512), slots=(0, 2, 3, 1)
    )
