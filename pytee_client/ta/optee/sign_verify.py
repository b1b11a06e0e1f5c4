# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application sign_verify."""

from __future__ import annotations

from typing import Final

from ... import ta
from ..._optee_applications.sign_verify import SignVerify as Agreed

__all__ = ["SignVerify"]


class SignVerify(ta.Client, Agreed, uuid="f066f150-42af-404f-ae32-c8e6cd117e70"):
    """Sign messages, each with a new RSA key: OP-TEE's example sign_verify, there since 4.9.

    Any login may open it.

    Source: sign_verify_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        sign_verify: command 0: sign a message, and have the application verify it. It takes the
            message, an Algorithm and the size of the key in bits, and returns the signature.
    """

    sign_verify: Final = ta.command(
        0, bytes, Agreed.Algorithm, ta.U32, returns=ta.Variable(bytes, 512), slots=(0, 2, 3, 1)
    )
