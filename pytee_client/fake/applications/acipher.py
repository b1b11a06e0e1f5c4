# SPDX-License-Identifier: BSD-2-Clause
"""The example application acipher of OP-TEE 4.5; it needs the package cryptography."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from ..._process import importing
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication
from ._rsa import generate_rsa_key, rsa_size

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["Acipher", "AnyAcipher", "encrypt_with"]


class AnyAcipher(TrustedApplication):
    """What all releases of it have in common."""

    uuid: ClassVar[UUID] = UUID("a734eed9-d6a1-4244-aa50-7c99719e7b7b")

    @command(0)
    def gen_key(self, session: ClientSession, parameters: Parameters) -> None:
        """Generate the key of the session."""
        parameters.expect(ParamType.VALUE_INPUT)
        session.data = generate_rsa_key(parameters.value(0).a)

    @command(1)
    def crypt(self, session: ClientSession, parameters: Parameters) -> None:
        """Use the key of the session."""
        self._crypt(session.data, parameters)

    def _crypt(self, key: RSAPrivateKey | None, parameters: Parameters) -> None:
        raise NotImplementedError


class Acipher(AnyAcipher):
    """Generate an RSA key for each session, and encrypt with it.

    GEN_KEY takes the size of the key in bits, 256 to 4096. Without the package cryptography it
    is NOT_SUPPORTED. ENCRYPT takes an input and an output; if the output is too small, the
    result is SHORT_BUFFER with the needed size. The padding is that of PKCS#1 1.5.
    """

    class Command(IntEnum):
        """Its commands."""

        GEN_KEY = 0
        ENCRYPT = 1

    def _crypt(self, key: RSAPrivateKey | None, parameters: Parameters) -> None:
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
        if key is None:
            raise ResultError(Result.BAD_STATE)
        with importing:
            from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        encrypt_with(key, PKCS1v15(), parameters)


def encrypt_with(key: RSAPrivateKey, padding: AsymmetricPadding, parameters: Parameters) -> None:
    """Encrypt the input in slot 0 to the output in slot 1."""
    output, size = parameters.memref(1), rsa_size(key)
    if output.buffer is None or output.size < size:
        parameters.memref(1).put(bytes(size))
    try:
        encrypted = key.public_key().encrypt(parameters.memref(0).content(), padding)
    except ValueError:
        # The data is too long for the key.
        raise ResultError(Result.BAD_PARAMETERS) from None
    parameters.memref(1).put(encrypted)
