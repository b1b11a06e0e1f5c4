# SPDX-License-Identifier: BSD-2-Clause
"""Files of signed applications, made with a key of the tests' own."""

from __future__ import annotations

import hashlib
import math
import random
import struct
from typing import Final
from uuid import UUID

from pytee_client.devices.rsa import PublicKey

PSS: Final = 0x70414930
PKCS1: Final = 0x70004830
APPLICATION: Final = UUID("8aaaf200-2450-11e4-abe2-0002a5d5c51b")


class PrivateKey:
    """A key of RSA that signs; it is the same for the same seed."""

    def __init__(self, seed: int, bits: int = 1024) -> None:
        self._random = random.Random(seed)
        exponent = 65537
        while True:
            first, second = self._prime(bits // 2), self._prime(bits // 2)
            order = (first - 1) * (second - 1)
            if math.gcd(exponent, order) == 1 and (first * second).bit_length() == bits:
                break
        self.public = PublicKey(first * second, exponent)
        self._exponent = pow(exponent, -1, order)

    def sign(self, algorithm: int, digest: bytes) -> bytes:
        """Sign a digest of SHA-256."""
        bits = self.public.bits
        if algorithm == PKCS1:
            tail = bytes.fromhex("003031300d060960864801650304020105000420") + digest
            message = b"\0\1" + b"\xff" * (bits // 8 - 2 - len(tail)) + tail
        else:
            message = self._pss(digest, bits - 1)
        number = pow(int.from_bytes(message, "big"), self._exponent, self.public.modulus)
        return number.to_bytes(bits // 8, "big")

    def _pss(self, digest: bytes, bits: int) -> bytes:
        salt = self._random.randbytes(32)
        end = hashlib.sha256(bytes(8) + digest + salt).digest()
        size = (bits + 7) // 8
        block = b"\1".rjust(size - 65, b"\0") + salt
        mask = b"".join(
            hashlib.sha256(end + counter.to_bytes(4, "big")).digest()
            for counter in range(size // 32 + 1)
        )
        masked = bytearray(one ^ other for one, other in zip(block, mask, strict=False))
        masked[0] &= 0xFF >> 8 * size - bits
        return bytes(masked) + end + b"\xbc"

    def _prime(self, bits: int) -> int:
        while True:
            candidate = self._random.getrandbits(bits) | 3 << bits - 2 | 1
            # Fermat's test takes all but a few, and the tests verify what it is used for.
            if all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7)):
                return candidate


KEY: Final = PrivateKey(1)


def header(
    kind: int, image_size: int, signed: bytes, key: PrivateKey = KEY, algorithm: int = PSS
) -> bytes:
    """Return a struct shdr with its hash and its signature."""
    packed = struct.pack("<4sIIIHH", b"HSTO", kind, image_size, algorithm, 32, key.public.bits // 8)
    digest = hashlib.sha256(packed + signed).digest()
    return packed + digest + key.sign(algorithm, digest)


def application(
    uuid: UUID = APPLICATION,
    version: int = 0,
    image: bytes = b"\x7fELF and so on",
    key: PrivateKey = KEY,
    algorithm: int = PSS,
) -> bytes:
    """Return the file of a bootstrap application."""
    own = uuid.bytes + struct.pack("<I", version)
    return header(1, len(image), own + image, key, algorithm) + own + image


def legacy_application(image: bytes = b"\x7fELF and so on") -> bytes:
    """Return the file of an application from before OP-TEE 3.7."""
    return header(0, len(image), image, algorithm=PKCS1) + image


def encrypted_application(uuid: UUID = APPLICATION, flags: int = 0) -> bytes:
    """Return the file of an encrypted application."""
    image = b"nobody can read it"
    own = uuid.bytes + struct.pack("<I", 7) + struct.pack("<IIHH", 0x40000810, flags, 12, 16)
    own += bytes(28)
    return header(2, len(image), own + b"what it was before", KEY) + own + image


def subkey(
    uuid: UUID,
    key: PrivateKey,
    name: str = "",
    max_depth: int = 0,
    issuer: PrivateKey = KEY,
    version: int = 1,
) -> bytes:
    """Return the header of a subkey, with the name of what comes next."""
    modulus = key.public.modulus.to_bytes(key.public.bits // 8 + 1, "big")
    exponent = key.public.exponent.to_bytes(3, "big")
    at = 16 + 20 + 24
    image = (
        uuid.bytes
        + struct.pack("<IIIII", len(name), version, max_depth, PSS, 2)
        + struct.pack("<III", 0xD0000130, at, len(modulus))
        + struct.pack("<III", 0xD0000230, at + len(modulus), len(exponent))
        + modulus
        + exponent
    )
    return header(3, len(image), image, issuer) + image + name.encode()


def named_below(uuid: UUID, name: str) -> UUID:
    """Return the UUID of what a subkey signs under a name."""
    return UUID(bytes=hashlib.sha512(uuid.bytes + name.encode()).digest()[:16], version=5)


def firmware(version: bytes = b"\1\2\3\4", key_id: bytes = bytes(range(16))) -> bytes:
    """Return a file as AMD signs it."""
    content = bytearray(0x100)
    content[0x10:0x14] = b"$PS1"
    content[0x14:0x18] = struct.pack("<I", 64)
    content[0x38:0x48] = key_id
    content[0x60:0x64] = version
    return bytes(content) + bytes(64 + 256)
