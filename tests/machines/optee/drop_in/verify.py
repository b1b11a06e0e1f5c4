# SPDX-License-Identifier: BSD-2-Clause
"""verify.py PUBLIC_KEY MESSAGE SIGNATURE: whether an elliptic curve's key made the signature.

A program of its own, because the Python that has cryptography need not be the one that runs the
machines.
"""

import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key


def is_signed(key: EllipticCurvePublicKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def main() -> None:
    public, message, signature = (Path(name).read_bytes() for name in sys.argv[1:])
    key = load_der_public_key(public)
    if not isinstance(key, EllipticCurvePublicKey):
        sys.exit(f"the key is a {type(key).__name__}")
    if not is_signed(key, message, signature):
        sys.exit("the signature is of another key or message")
    if is_signed(key, message + b"!", signature):
        sys.exit("the signature holds for any message")
    print(key.curve.name)


if __name__ == "__main__":
    main()
