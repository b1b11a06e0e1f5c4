# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application ecdh."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from ... import ta

__all__ = ["Ecdh"]


class Ecdh(ta.Client, uuid="50c82425-94da-4072-a3e0-58ef063767c0"):
    """Derive a secret from two new keys: OP-TEE's example ecdh, which OP-TEE has since 4.9.

    Any login may open it.

    Source: ecdh_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        derive_selftest: command 0: make two keys on a Curve, and return the secret that their
            owners share.
    """

    class Curve(IntEnum):
        """The elliptic curves that it supports."""

        NIST_P192 = 0
        NIST_P224 = 1
        NIST_P256 = 2
        NIST_P384 = 3

    derive_selftest: Final = ta.command(0, Curve, returns=ta.Variable(bytes, 48), slots=(0, 3))
