# SPDX-License-Identifier: BSD-2-Clause
"""Clients of the example application acipher, in both of its ages."""

from __future__ import annotations

from typing import Final

from ... import ta
from ..._optee_applications.acipher import Acipher49 as Agreed

__all__ = ["Acipher", "Acipher49"]

# A key of 4096 bits, the largest.
_ROOM = 512


class Acipher(ta.Client, uuid="a734eed9-d6a1-4244-aa50-7c99719e7b7b"):
    """Encrypt with an RSA key of the session: OP-TEE's example acipher, until 4.8.

    Any login may open it. Nobody can decrypt what it encrypts.

    Source: acipher_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        gen_key: command 0: make a key, of so many bits: 256 to 4096.
        encrypt: command 1: encrypt with a padding of PKCS#1 1.5. Without a key it raises
            BadStateError, and for what is too long for the key BadParametersError.
    """

    gen_key: Final = ta.command(0, ta.U32)
    encrypt: Final = ta.command(1, bytes, returns=ta.Variable(bytes, _ROOM))


class Acipher49(ta.Client, Agreed, uuid="a734eed9-d6a1-4244-aa50-7c99719e7b7b"):
    """Encrypt and decrypt with an RSA key of the session: OP-TEE's example acipher, since 4.9.

    Any login may open it.

    Source: acipher_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        gen_key: command 0: make a key, of so many bits: 256 to 4096.
        encrypt_decrypt: command 1: take data, a Mode and an Algorithm, and return what becomes of
            the data. Without a key it raises BadStateError, and for data that is too long for the
            key, or that was not encrypted with it, BadParametersError.
    """

    gen_key: Final = ta.command(0, ta.U32)
    encrypt_decrypt: Final = ta.command(
        1,
        bytes,
        Agreed.Mode,
        Agreed.Algorithm,
        returns=ta.Variable(bytes, _ROOM),
        slots=(0, 2, 3, 1),
    )

    def encrypt(
        self, data: bytes, algorithm: Acipher49.Algorithm = Agreed.Algorithm.PKCS1_V1_5
    ) -> bytes:
        """Encrypt with the key of the session.

        Args:
            data: what is encrypted.
            algorithm: the padding.

        Raises:
            TeecError: as of encrypt_decrypt.
        """
        return self.encrypt_decrypt(data, Acipher49.Mode.ENCRYPT, algorithm)

    def decrypt(
        self, data: bytes, algorithm: Acipher49.Algorithm = Agreed.Algorithm.PKCS1_V1_5
    ) -> bytes:
        """Decrypt with the key of the session.

        Args:
            data: what was encrypted with it.
            algorithm: the padding.

        Raises:
            TeecError: as of encrypt_decrypt.
        """
        return self.encrypt_decrypt(data, Acipher49.Mode.DECRYPT, algorithm)
