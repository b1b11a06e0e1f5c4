# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's pseudo application for attestation; it needs the package cryptography."""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from ..._optee_applications.attestation import DIGEST_SIZE, AttestationAlgorithm
from ..._process import importing
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import MemrefParameter, Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import LOGIN_TRUSTED_APP, ClientSession
from ..secure_world.trusted_application import TrustedApplication
from ._rsa import generate_rsa_key, rsa_size

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["Attestation"]

_UUID_SIZE: Final = 16
_KEY: Final = b"key"


class Attestation(TrustedApplication):
    """Sign digests of applications and of the TEE, with an RSA key of this TEE.

    GET_PUBKEY fills two outputs with the exponent and the modulus, big-endian, and returns the
    algorithm in a value. GET_TA_SHDR_DIGEST takes a UUID as the structure TEE_UUID, and a nonce;
    HASH_TEE_MEMORY takes a nonce. Their output is a SHA-256 digest of 32 bytes and the signature
    (RSASSA-PSS, SHA-256, a salt of 32 bytes) of the nonce and the digest. HASH_TA_MEMORY is for
    Trusted Applications. An unknown application is ITEM_NOT_FOUND.

    The key is made at the first use, and kept in the secure storage. What the fake has no code of
    has digests of names: those of an application and of its UUID, and that of the fake itself.

    OP-TEE has it only where it is built with it (CFG_ATTESTATION_PTA), and Debian's is not. A fake
    has it when it is installed: fake.Kernel(applications=[fake.applications.Attestation]).

    Attributes:
        key_size: the size of the key in bits, as of CFG_ATTESTATION_PTA_KEY_SIZE.
    """

    uuid: ClassVar[UUID] = UUID("39800861-182a-4720-9b67-2bcd622bc0b5")
    pseudo = True
    unknown_command: ClassVar[int] = Result.BAD_PARAMETERS
    key_size: ClassVar[int] = 3072

    class Command(IntEnum):
        """Its commands."""

        GET_PUBKEY = 0
        GET_TA_SHDR_DIGEST = 1
        HASH_TA_MEMORY = 2
        HASH_TEE_MEMORY = 3

    @command(Command.GET_PUBKEY)
    def get_public_key(self, session: ClientSession, parameters: Parameters) -> None:
        """Return the key that verifies signatures."""
        output = ParamType.MEMREF_OUTPUT
        parameters.expect(output, output, ParamType.VALUE_OUTPUT)
        numbers = self._key().public_key().public_numbers()
        is_short = False
        for slot, number in enumerate((numbers.e, numbers.n)):
            try:
                parameters.memref(slot).put(number.to_bytes((number.bit_length() + 7) // 8, "big"))
            except ResultError:
                is_short = True
        parameters.value(2).a = AttestationAlgorithm.RSASSA_PSS_SHA256
        if is_short:
            raise ResultError(Result.SHORT_BUFFER)

    @command(Command.GET_TA_SHDR_DIGEST)
    def get_digest(self, session: ClientSession, parameters: Parameters) -> None:
        """Return the digest of an application, and sign it."""
        given = ParamType.MEMREF_INPUT
        parameters.expect(given, given, ParamType.MEMREF_OUTPUT)
        if parameters.memref(0).size != _UUID_SIZE:
            raise ResultError(Result.BAD_PARAMETERS)
        key, nonce, output = self._begin(parameters.memref(1), parameters.memref(2))
        self._sign(key, nonce, self._digest_of(parameters.memref(0).content()), output)

    @command(Command.HASH_TA_MEMORY)
    def hash_application(self, session: ClientSession, parameters: Parameters) -> None:
        """Return the digest of the memory of the application that calls, and sign it."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
        _check_nonce(parameters.memref(0))
        if session.identity.login != LOGIN_TRUSTED_APP:
            raise ResultError(Result.ACCESS_DENIED)
        key, nonce, output = self._begin(parameters.memref(0), parameters.memref(1))
        self._sign(key, nonce, self._digest_of(session.identity.uuid.bytes_le), output)

    @command(Command.HASH_TEE_MEMORY)
    def hash_tee(self, session: ClientSession, parameters: Parameters) -> None:
        """Return the digest of the memory of the TEE, and sign it."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
        key, nonce, output = self._begin(parameters.memref(0), parameters.memref(1))
        self._sign(key, nonce, hashlib.sha256(b"pytee_client's fake TEE").digest(), output)

    def _begin(
        self, nonce: MemrefParameter, output: MemrefParameter
    ) -> tuple[RSAPrivateKey, bytes, MemrefParameter]:
        """Check what all that sign have, and the room in the output before anything is done."""
        _check_nonce(nonce)
        key = self._key()
        needed = DIGEST_SIZE + rsa_size(key)
        if output.size < needed:
            output.size = needed
            raise ResultError(Result.SHORT_BUFFER)
        return key, nonce.content(), output

    def _digest_of(self, uuid: bytes) -> bytes:
        """Return the digest of an application by its UUID; pseudo applications have no file."""
        wanted = UUID(bytes_le=uuid)
        for application in self.core.world.applications():
            if application.uuid == wanted and not application.pseudo:
                name = f"{application.__module__}.{application.__qualname__}"
                return hashlib.sha256(wanted.bytes + name.encode()).digest()
        raise ResultError(Result.ITEM_NOT_FOUND)

    def _sign(
        self, key: RSAPrivateKey, nonce: bytes, digest: bytes, output: MemrefParameter
    ) -> None:
        with importing:
            from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
            from cryptography.hazmat.primitives.hashes import SHA256

        padding = PSS(MGF1(SHA256()), DIGEST_SIZE)
        output.put(digest + key.sign(nonce + digest, padding, SHA256()))

    def _key(self) -> RSAPrivateKey:
        """Return the key of this TEE, which is made at the first use."""
        try:
            stored = self.core.open_persistent_object(_KEY)
        except ResultError as error:
            if error.code != Result.ITEM_NOT_FOUND:
                raise
            return self._make_key()
        with importing:
            from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
            from cryptography.hazmat.primitives.serialization import load_der_private_key

        with stored:
            content = stored.read(stored.get_info().data_size)
        key = load_der_private_key(content, None)
        assert isinstance(key, RSAPrivateKey)
        return key

    def _make_key(self) -> RSAPrivateKey:
        key = generate_rsa_key(self.key_size)
        with importing:
            from cryptography.hazmat.primitives.serialization import (
                Encoding,
                NoEncryption,
                PrivateFormat,
            )

        content = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self.core.create_persistent_object(_KEY, data=content).close()
        return key


def _check_nonce(nonce: MemrefParameter) -> None:
    if nonce.is_null:
        raise ResultError(Result.BAD_PARAMETERS)
