# SPDX-License-Identifier: BSD-2-Clause
"""RSA keys of the sizes that OP-TEE makes; the package cryptography makes none below 1024 bits."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from ..._process import importing
from ...enums import Result
from ..secure_world.results import ResultError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["generate_rsa_key", "rsa_size"]

_EXPONENT: Final = 65537
_SIZES: Final = range(256, 4097)
_SMALLEST: Final = 1024
_ROUNDS: Final = 20
_SMALL_PRIMES: Final = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)


def generate_rsa_key(bits: int) -> RSAPrivateKey:
    """Generate a key.

    Raises:
        ResultError: NOT_SUPPORTED; OP-TEE has no keys of this size, or the package cryptography
            is missing.
    """
    try:
        with importing:
            from cryptography.hazmat.primitives.asymmetric import rsa
    except ImportError:
        raise ResultError(Result.NOT_SUPPORTED) from None
    if bits not in _SIZES:
        raise ResultError(Result.NOT_SUPPORTED)
    if bits >= _SMALLEST:
        return rsa.generate_private_key(_EXPONENT, bits)
    while True:
        p, q = _prime((bits + 1) // 2), _prime(bits // 2)
        if p != q and (p * q).bit_length() == bits:
            break
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return numbers.private_key()


def rsa_size(key: RSAPrivateKey) -> int:
    """Return the size in bytes of what is encrypted or signed with a key."""
    return (key.key_size + 7) // 8


def _prime(bits: int) -> int:
    """Return a prime whose two highest bits are set, for an exponent that it allows."""
    while True:
        candidate = secrets.randbits(bits) | 3 << bits - 2 | 1
        if (candidate - 1) % _EXPONENT and _is_prime(candidate):
            return candidate


def _is_prime(number: int) -> bool:
    """Test by Miller and Rabin."""
    if any(number % small == 0 for small in _SMALL_PRIMES):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(_ROUNDS):
        power = pow(secrets.randbelow(number - 3) + 2, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True
