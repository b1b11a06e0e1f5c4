# SPDX-License-Identifier: BSD-2-Clause
"""A client of the example application sha."""

from __future__ import annotations

from typing import Final

from ... import ta
from ..._optee_applications.sha import Sha as Agreed
from ._arguments import to_bytes, to_member

__all__ = ["Sha"]


class Sha(ta.Client, Agreed, uuid="1dc6a16b-2fba-4aa1-9519-ea8a6c8c16e5"):
    """Compute digests and authenticate messages: OP-TEE's example sha, which it has since 4.9.

    Any login may open it. A session has one operation: prepare, set_key and set_iv come before each
    compute_mac or compare_mac, and compute_digest ends it. Out of this order they raise
    BadStateError, or are a panic: TargetDeadError. Threads that share a client share the operation.

    The application takes a message twice: its code is the HMAC or CMAC of message + message.

    Source: sha_ta.h of optee_examples. Tried on the fake alone.

    Attributes:
        prepare: command 0: choose a MacAlgorithm, the size of the key in bytes, and its KeyType.
        set_key: command 1: set the key, which must have this size.
        set_iv: command 2: start. The bytes that it takes have no meaning: b"".
        compute_mac: command 3: return the code of a message.
        compare_mac: command 4: take a message and a code; a wrong code is MacInvalidError.
        compute_digest: command 5: return the digest of a message by a DigestAlgorithm. Those of
            SHAKE128 and SHAKE256 are as long as room= says, 64 bytes by default.
    """

    # What has run has taken the message: nothing here may run again.
    prepare: Final = ta.command(0, Agreed.MacAlgorithm, ta.U32, Agreed.KeyType)
    set_key: Final = ta.command(1, bytes)
    set_iv: Final = ta.command(2, bytes)
    compute_mac: Final = ta.command(3, bytes, returns=ta.Variable(bytes, 64), retry=False)
    compare_mac: Final = ta.command(4, bytes, bytes)
    compute_digest: Final = ta.command(
        5,
        bytes,
        Agreed.DigestAlgorithm,
        returns=ta.Variable(bytes, 64),
        slots=(0, 2, 1),
        retry=False,
    )

    def mac(self, algorithm: Sha.MacAlgorithm, key: bytes, message: bytes) -> bytes:
        """Return the code of a message: that of message + message, as the application has it.

        Args:
            algorithm: the algorithm.
            key: the key.
            message: the message.

        Raises:
            TeecError: as of the commands.
        """
        message = to_bytes(message, "the message")
        self._start(algorithm, key)
        return self.compute_mac(message)

    def verify_mac(
        self, algorithm: Sha.MacAlgorithm, key: bytes, message: bytes, mac: bytes
    ) -> None:
        """Check the code of a message.

        Args:
            algorithm: the algorithm.
            key: the key.
            message: the message.
            mac: the code.

        Raises:
            MacInvalidError: the code is another.
            TeecError: as of the commands.
        """
        message, mac = to_bytes(message, "the message"), to_bytes(mac, "the code")
        self._start(algorithm, key)
        self.compare_mac(message, mac)

    def _start(self, algorithm: Sha.MacAlgorithm, key: bytes) -> None:
        key = to_bytes(key, "the key")
        to_member(algorithm, Sha.MacAlgorithm, "the algorithm")
        is_cmac = algorithm is Sha.MacAlgorithm.AES_CMAC
        kind = Sha.KeyType.AES if is_cmac else Sha.KeyType[algorithm.name]
        self.prepare(algorithm, len(key), kind)
        self.set_key(key)
        self.set_iv(b"")
