# SPDX-License-Identifier: BSD-2-Clause
"""The example application sign_verify of OP-TEE since 4.9; it needs the package cryptography."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from ..._optee_applications.sign_verify import SignVerify as Agreed
from ..._process import importing
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication
from ._rsa import generate_rsa_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

__all__ = ["SignVerify"]


class SignVerify(TrustedApplication, Agreed):
    """Sign a message with an RSA key that is made for it.

    SIGN_VERIFY takes the message, an output for the signature, an Algorithm, and the size of the
    key in bits, 256 to 4096. If the output is too small, the result is SHORT_BUFFER with the
    needed size. Without the package cryptography it is NOT_SUPPORTED.
    """

    uuid: ClassVar[UUID] = UUID("f066f150-42af-404f-ae32-c8e6cd117e70")

    unknown_command: ClassVar[int] = Result.BAD_PARAMETERS

    class Command(IntEnum):
        """Its commands."""

        SIGN_VERIFY = 0

    @command(Command.SIGN_VERIFY)
    def sign(self, session: ClientSession, parameters: Parameters) -> None:
        """Sign a message with a new key."""
        parameters.expect(
            ParamType.MEMREF_INPUT,
            ParamType.MEMREF_OUTPUT,
            ParamType.VALUE_INPUT,
            ParamType.VALUE_INPUT,
        )
        algorithm = parameters.value(2).a
        if algorithm not in list(self.Algorithm):
            raise ResultError(Result.BAD_PARAMETERS)
        key = generate_rsa_key(parameters.value(3).a)
        padding, digest = _scheme(algorithm)
        try:
            signature = key.sign(parameters.memref(0).content(), padding, digest)
        except ValueError:
            # The key is too short for the digest.
            raise ResultError(Result.BAD_PARAMETERS) from None
        parameters.memref(1).put(signature)


def _scheme(algorithm: int) -> tuple[AsymmetricPadding, HashAlgorithm]:
    with importing:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15

    kinds: tuple[type[HashAlgorithm], ...] = (
        hashes.SHA1,
        hashes.SHA224,
        hashes.SHA256,
        hashes.SHA384,
        hashes.SHA512,
    )
    digest = kinds[algorithm % len(kinds)]()
    if algorithm < len(kinds):
        return PSS(MGF1(digest), digest.digest_size), digest
    return PKCS1v15(), digest
