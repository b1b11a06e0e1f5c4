# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application ecdsa."""

from __future__ import annotations

from typing import Final

from ... import ta
from ..._optee_applications.ecdsa import Ecdsa as Agreed

__all__ = ["Ecdsa"]


class Ecdsa(ta.Client, Agreed, uuid="1945e8e7-0278-4bfb-bb99-af1080b2a934"):
    """Sign digests with a key of the session: OP-TEE's example ecdsa, which it has since 4.9.

    Any login may open it. The three commands are called in this order; each goes by the algorithm
    of the first. Threads that share a client also share what it has prepared.

    Source: ecdsa_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        compute_digest: command 0: return the digest of a message, and choose the Algorithm.
        gen_key: command 1: make the key.
        sign_verify_digest: command 2: sign a digest, and have the application verify it. Returns
            the signature: r and s, each as long as a number of the curve. Without a key for the
            algorithm it raises NotSupportedError.
    """

    compute_digest: Final = ta.command(
        0, bytes, Agreed.Algorithm, returns=ta.Variable(bytes, 64), slots=(0, 2, 1)
    )
    gen_key: Final = ta.command(1)
    # Two numbers of the largest curve, P-521.
    sign_verify_digest: Final = ta.command(2, bytes, returns=ta.Variable(bytes, 132))

    def sign(self, message: bytes, algorithm: Ecdsa.Algorithm = Agreed.Algorithm.SHA256) -> bytes:
        """Sign a message with a new key.

        Args:
            message: the message.
            algorithm: the digest, and the curve.

        Raises:
            TeecError: as of the commands.
        """
        digest = self.compute_digest(message, algorithm)
        self.gen_key()
        return self.sign_verify_digest(digest)
