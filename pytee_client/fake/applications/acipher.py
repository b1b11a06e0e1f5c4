# SPDX-License-Identifier: BSD-2-Clause
"""The example application acipher of OP-TEE; it needs the package cryptography."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_EXPONENT: Final = 65537
_MAX_KEY: Final = 4096
_DECRYPT: Final = 0


class Acipher(TrustedApplication):
    """Generate an RSA key for each session, and encrypt with it.

    GEN_KEY takes the size of the key in bits, 1024 to 4096. Without the package cryptography it
    is NOT_SUPPORTED. ENCRYPT takes an input and an output; if the output is too small, the
    result is SHORT_BUFFER with the needed size. As in later versions of the original it accepts
    two further values: 0 in the first one to decrypt, and an Algorithm in the second.
    """

    uuid: ClassVar[UUID] = UUID("a734eed9-d6a1-4244-aa50-7c99719e7b7b")

    class Command(IntEnum):
        """Its commands."""

        GEN_KEY = 0
        ENCRYPT = 1

    class Algorithm(IntEnum):
        """The paddings of RSA that it supports (TEE_ALG_RSAES_*)."""

        PKCS1_V1_5 = 0x60000130
        PKCS1_OAEP_MGF1_SHA1 = 0x60210230
        PKCS1_OAEP_MGF1_SHA224 = 0x60310230
        PKCS1_OAEP_MGF1_SHA256 = 0x60410230
        PKCS1_OAEP_MGF1_SHA384 = 0x60510230
        PKCS1_OAEP_MGF1_SHA512 = 0x60610230

    @command(Command.GEN_KEY)
    def gen_key(self, session: ClientSession, parameters: Parameters) -> None:
        """Generate the key of the session."""
        parameters.expect(ParamType.VALUE_INPUT)
        session.data = _generate(parameters.value(0).a)

    @command(Command.ENCRYPT)
    def encrypt(self, session: ClientSession, parameters: Parameters) -> None:
        """Encrypt or decrypt with the key of the session."""
        key: RSAPrivateKey | None = session.data
        decrypts, algorithm = False, int(self.Algorithm.PKCS1_V1_5)
        shape = [ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT]
        if parameters[2] is not None:
            shape += [ParamType.VALUE_INPUT] * 2
        parameters.expect(*shape)
        if parameters[2] is not None:
            decrypts = parameters.value(2).a == _DECRYPT
            algorithm = parameters.value(3).a
        if key is None:
            raise ResultError(Result.BAD_STATE)
        padding = _padding(algorithm)
        data, size = parameters.memref(0).content(), key.key_size // 8
        if not decrypts and _room(parameters) < size:
            parameters.memref(1).put(bytes(size))
        try:
            if decrypts:
                parameters.memref(1).put(key.decrypt(data, padding))
            else:
                parameters.memref(1).put(key.public_key().encrypt(data, padding))
        except ValueError:
            # The data is too long for the key, or was not encrypted with it.
            raise ResultError(Result.BAD_PARAMETERS) from None


def _room(parameters: Parameters) -> int:
    output = parameters.memref(1)
    return 0 if output.buffer is None else output.size


def _generate(bits: int) -> RSAPrivateKey:
    try:
        from cryptography.hazmat.primitives.asymmetric import rsa
    except ImportError:
        raise ResultError(Result.NOT_SUPPORTED) from None
    try:
        if bits > _MAX_KEY:
            raise ValueError("longer than OP-TEE's")
        return rsa.generate_private_key(_EXPONENT, bits)
    except ValueError:
        raise ResultError(Result.NOT_SUPPORTED) from None


def _padding(algorithm: int) -> AsymmetricPadding:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15

    known = Acipher.Algorithm
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
