# SPDX-License-Identifier: BSD-2-Clause
"""The example application acipher of OP-TEE since 4.9; it needs the package cryptography."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from ..._optee_applications.acipher import Acipher49 as Agreed
from ..._process import importing
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from .acipher import AnyAcipher, encrypt_with

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["Acipher49"]


class Acipher49(AnyAcipher, Agreed):
    """Generate an RSA key for each session, and encrypt or decrypt with it.

    ENCRYPT_DECRYPT takes an input, an output, a value that is 0 to decrypt, and another one that
    is the Algorithm.
    """

    class Command(IntEnum):
        """Its commands."""

        GEN_KEY = 0
        ENCRYPT_DECRYPT = 1

    def _crypt(self, key: RSAPrivateKey | None, parameters: Parameters) -> None:
        parameters.expect(
            ParamType.MEMREF_INPUT,
            ParamType.MEMREF_OUTPUT,
            ParamType.VALUE_INPUT,
            ParamType.VALUE_INPUT,
        )
        if key is None:
            raise ResultError(Result.BAD_STATE)
        padding = _padding(parameters.value(3).a)
        if parameters.value(2).a != Agreed.Mode.DECRYPT:
            encrypt_with(key, padding, parameters)
            return
        try:
            decrypted = key.decrypt(parameters.memref(0).content(), padding)
        except ValueError:
            # It was not encrypted with this key.
            raise ResultError(Result.BAD_PARAMETERS) from None
        parameters.memref(1).put(decrypted)


def _padding(algorithm: int) -> AsymmetricPadding:
    with importing:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15

    known = Acipher49.Algorithm
    digests: dict[int, type[hashes.HashAlgorithm]] = {
        known.PKCS1_OAEP_MGF1_SHA1: hashes.SHA1,
        known.PKCS1_OAEP_MGF1_SHA224: hashes.SHA224,
        known.PKCS1_OAEP_MGF1_SHA256: hashes.SHA256,
        known.PKCS1_OAEP_MGF1_SHA384: hashes.SHA384,
        known.PKCS1_OAEP_MGF1_SHA512: hashes.SHA512,
    }
    if algorithm == known.PKCS1_V1_5:
        return PKCS1v15()
    if algorithm not in digests:
        raise ResultError(Result.NOT_SUPPORTED)
    digest = digests[algorithm]
    return OAEP(MGF1(digest()), digest(), None)
