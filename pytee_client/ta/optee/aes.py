# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application aes."""

from __future__ import annotations

from typing import Final

from ... import ta
from ..._checks import to_count
from ..._optee_applications.aes import Aes as Agreed
from ._arguments import to_bytes

__all__ = ["Aes"]


class Aes(ta.Client, Agreed, uuid="5dbac793-f574-4871-8ad3-04331ec17f24"):
    """Encrypt and decrypt with AES: OP-TEE's example aes.

    Any login may open it. A session has one operation: prepare, set_key and set_iv come before the
    first cipher, or before each authenc. Out of this order they raise BadStateError, or are a
    panic: TargetDeadError. Threads that share a client share the operation: a client for each has
    an operation for each.

    Source: aes_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        prepare: command 0: choose an Algorithm, the size of the key in bytes, 16 or 32, and a Mode.
        set_key: command 1: set the key.
        set_iv: command 2: set the initial vector, and start: 16 bytes, none for ECB, and the nonce
            for CCM and GCM.
        cipher: command 3: take data, and memory for what becomes of it, such as a bytearray of the
            same size, and return a memoryview of this. CBC and ECB keep what is less than a block
            for the next call. Memory that is smaller than the data is BadParametersError.
        authenc: command 4: take data, memory as cipher does, the Mode, and the tag. Returns a
            memoryview of the memory, and the tag. A tag that is asked for is given as zeros; one
            that is wrong is MacInvalidError. OP-TEE has it since 4.9, and before NotSupportedError.
    """

    prepare: Final = ta.command(0, Agreed.Algorithm, ta.U32, Agreed.Mode)
    set_key: Final = ta.command(1, bytes)
    set_iv: Final = ta.command(2, bytes)
    cipher: Final = ta.command(3, bytes, ta.Out[ta.BUFFER])
    authenc: Final = ta.command(4, bytes, ta.Out[ta.BUFFER], Agreed.Mode, ta.InOut[bytes])

    def encrypt(self, algorithm: Aes.Algorithm, key: bytes, iv: bytes, data: bytes) -> bytes:
        """Encrypt with ECB, CBC or CTR.

        Args:
            algorithm: the mode of AES.
            key: 16 or 32 bytes.
            iv: the initial vector; b"" for ECB.
            data: whole blocks of 16 bytes for ECB and CBC.

        Raises:
            TeecError: as of the commands.
        """
        return self._cipher(Aes.Mode.ENCODE, algorithm, key, iv, data)

    def decrypt(self, algorithm: Aes.Algorithm, key: bytes, iv: bytes, data: bytes) -> bytes:
        """Decrypt with ECB, CBC or CTR; see encrypt() for the arguments."""
        return self._cipher(Aes.Mode.DECODE, algorithm, key, iv, data)

    def seal(
        self, algorithm: Aes.Algorithm, key: bytes, nonce: bytes, data: bytes, tag_size: int = 16
    ) -> tuple[bytes, bytes]:
        """Encrypt with CCM or GCM, and return also the tag. OP-TEE has this since 4.9.

        Args:
            algorithm: the mode of AES.
            key: 16 or 32 bytes.
            nonce: 7 to 13 bytes for CCM, usually 12 for GCM.
            data: what is encrypted.
            tag_size: the size of the tag in bytes.

        Raises:
            TeecError: as of the commands.
        """
        data, zeros = to_bytes(data, "the data"), bytes(to_count(tag_size, "the size of the tag"))
        mode = Aes.Mode.ENCODE
        self._start(mode, algorithm, key, nonce)
        sealed, tag = self.authenc(data, bytearray(len(data)), mode, zeros)
        return bytes(sealed), tag

    def unseal(
        self, algorithm: Aes.Algorithm, key: bytes, nonce: bytes, data: bytes, tag: bytes
    ) -> bytes:
        """Decrypt what seal() encrypted.

        Args:
            algorithm: the mode of AES.
            key: the key.
            nonce: the nonce.
            data: what was encrypted.
            tag: its tag.

        Raises:
            MacInvalidError: the data, the tag, the key or the nonce is another.
            TeecError: as of the commands.
        """
        data, tag = to_bytes(data, "the data"), to_bytes(tag, "the tag")
        mode = Aes.Mode.DECODE
        self._start(mode, algorithm, key, nonce)
        return bytes(self.authenc(data, bytearray(len(data)), mode, tag)[0])

    def _start(self, mode: Aes.Mode, algorithm: Aes.Algorithm, key: bytes, iv: bytes) -> None:
        key, iv = to_bytes(key, "the key"), to_bytes(iv, "the vector")
        self.prepare(algorithm, len(key), mode)
        self.set_key(key)
        self.set_iv(iv)

    def _cipher(
        self, mode: Aes.Mode, algorithm: Aes.Algorithm, key: bytes, iv: bytes, data: bytes
    ) -> bytes:
        data = to_bytes(data, "the data")
        self._start(mode, algorithm, key, iv)
        return bytes(self.cipher(data, bytearray(len(data))))
