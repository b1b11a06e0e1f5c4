# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application ecdh."""

from __future__ import annotations

from typing import Final

from ... import ta
from ..._optee_applications.ecdh import Ecdh as Agreed

__all__ = ["Ecdh"]


class Ecdh(ta.Client, Agreed, uuid="50c82425-94da-4072-a3e0-58ef063767c0"):
    """Derive a secret from two new keys: OP-TEE's example ecdh, which OP-TEE has since 4.9.

    Any login may open it.

    Source: ecdh_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        derive_selftest: command 0: make two keys on a Curve, and return the secret that their
            owners share.
    """

    derive_selftest: Final = ta.command(
        0, Agreed.Curve, returns=ta.Variable(bytes, 48), slots=(0, 3)
    )
