# SPDX-License-Identifier: BSD-2-Clause
"""The example application aes."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Aes"]


class Aes:
    """What its client and its fake inherit."""

    __slots__ = ()

    class Algorithm(IntEnum):
        """The modes of AES; CCM and GCM are there since OP-TEE 4.9."""

        ECB = 0
        CBC = 1
        CTR = 2
        CCM = 3
        GCM = 4

    class Mode(IntEnum):
        """What is done."""

        DECODE = 0
        ENCODE = 1
