# SPDX-License-Identifier: BSD-2-Clause
"""Public RSA keys, and whether a signature was made with one.

Here nothing is trusted because of what is found: it tells a reader which key it was.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

__all__ = ["OPTEE_DEFAULT_KEY", "PublicKey", "hash_name_of", "name_of_algorithm"]

_PKCS1: Final = 0x70000830
_PSS: Final = 0x70010930
# By the field of TEE_ALG_ values that says which hash is signed.
_HASHES: Final = {2: "sha1", 3: "sha224", 4: "sha256", 5: "sha384", 6: "sha512"}
# What PKCS#1 puts before a hash, by the hash.
_PREFIXES: Final = {
    "sha1": "3021300906052b0e03021a05000414",
    "sha224": "302d300d06096086480165030402040500041c",
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
}
_RSA_ENCRYPTION: Final = bytes.fromhex("300d06092a864886f70d0101010500")


def hash_name_of(algorithm: int) -> str | None:
    """Return the hash that an algorithm of GlobalPlatform signs, if it is one of RSA's."""
    return _HASHES.get(algorithm >> 12 & 0xF) if _scheme(algorithm) else None


def name_of_algorithm(algorithm: int) -> str:
    """Return the name that GlobalPlatform's TEE_ALG_ has for an algorithm of RSA, or its number."""
    scheme, hash_name = _scheme(algorithm), hash_name_of(algorithm)
    if not scheme or hash_name is None:
        return f"0x{algorithm:08x}"
    return f"RSASSA_PKCS1_{scheme}_{hash_name.upper()}"


def _scheme(algorithm: int) -> str | None:
    hash_number = algorithm >> 12 & 0xF
    if algorithm == _PKCS1 | hash_number << 12:
        return "V1_5"
    # The hash of the mask generation stands beside it.
    return "PSS_MGF1" if algorithm == _PSS | hash_number << 12 | hash_number << 20 else None


class PublicKey(NamedTuple):
    """A public key.

    Attributes:
        modulus, exponent: its numbers.
    """

    modulus: int
    exponent: int

    @property
    def bits(self) -> int:
        """How long its modulus is."""
        return self.modulus.bit_length()

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of its DER, as ``openssl pkey -pubout -outform DER | sha256sum`` prints it.

        DER is that of a SubjectPublicKeyInfo (RFC 5280).
        """
        numbers = _der(0x30, _der_integer(self.modulus) + _der_integer(self.exponent))
        return hashlib.sha256(_der(0x30, _RSA_ENCRYPTION + _der(3, b"\0" + numbers))).hexdigest()

    def has_signed(self, algorithm: int, digest: bytes, signature: bytes) -> bool:
        """Return whether a signature of a digest was made with this key's private half."""
        name, scheme = hash_name_of(algorithm), _scheme(algorithm)
        length = (self.bits + 7) // 8
        if name is None or self.modulus < 1 or len(signature) != length:
            return False
        if len(digest) != hashlib.new(name).digest_size:
            return False
        number = pow(int.from_bytes(signature, "big"), self.exponent, self.modulus)
        message = number.to_bytes(length, "big")
        if scheme == "V1_5":
            tail = b"\0" + bytes.fromhex(_PREFIXES[name]) + digest
            return message == b"\0\1" + b"\xff" * (length - 2 - len(tail)) + tail
        return _is_pss(message, self.bits - 1, name, digest)


def _is_pss(message: bytes, bits: int, name: str, digest: bytes) -> bool:
    """Return whether a message is an encoding of a digest; see EMSA-PSS-VERIFY in RFC 8017."""
    encoded = message[-((bits + 7) // 8) :]
    size = len(digest)
    if len(encoded) < size + 2 or encoded[-1] != 0xBC:
        return False
    masked, end = encoded[: -size - 1], encoded[-size - 1 : -1]
    block = bytes(
        one ^ other for one, other in zip(masked, _mask(end, len(masked), name), strict=True)
    )
    block = bytes([block[0] & 0xFF >> 8 * len(encoded) - bits]) + block[1:]
    zeros, _, salt = block.partition(b"\1")
    return not any(zeros) and end == hashlib.new(name, bytes(8) + digest + salt).digest()


def _mask(seed: bytes, length: int, name: str) -> bytes:
    made, counter = b"", 0
    while len(made) < length:
        made += hashlib.new(name, seed + counter.to_bytes(4, "big")).digest()
        counter += 1
    return made[:length]


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _der_integer(number: int) -> bytes:
    return _der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


# keys/default_ta.pem of OP-TEE's sources, with its private half.
OPTEE_DEFAULT_KEY: Final = PublicKey(
    int(
        "a65a18adc0b3cee30c902b7d409bacbb5a4988420ab1e092c08691e69eefa0e1"
        "f12f90f666ddea155ac028b49ddf520c6ea5c61943ac69a8f25ffe6000a5d23a"
        "cc1201f35bba0c511c2cf4b077b9d672351c0f73cd2f16f9ba8984a09bbf8b5b"
        "7fe88b8b9fc871ea1c6c1f00a0eeca3ebf188e579b4866eb8bd44051ae86a186"
        "f8d00bfab62e252e05ff760146d73deb1f7cfcdf1e828b5eb0caa3ea16be2d6e"
        "54509cb841ef17c77f6054aaf970a0f8982e82f98c5ffb9c888e77b03272991a"
        "e0045ebf1daaf7f0053cb495dd4dba3a71a1f8728e1d98e313bacab027bf8759"
        "5427f8e8ecc68537d23a95e4a5099ad01fa386b092d8021e3375db26bf27fc35",
        16,
    ),
    65537,
)
