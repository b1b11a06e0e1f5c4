# SPDX-License-Identifier: BSD-2-Clause
"""A client of OP-TEE's attestation, and what verifies its signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ... import ta
from ..._checks import said
from ..._declarations.kinds import MemoryKind
from ..._optee_applications.attestation import DIGEST_SIZE, AttestationAlgorithm
from ..._process import importing
from ...errors import ParameterTypeError
from ._kinds import BigNumber, LimitedBytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = [
    "Attestation",
    "AttestationAlgorithm",
    "AttestationError",
    "AttestationKey",
    "Evidence",
]

# Of the largest key that OP-TEE can be built with.
_MAX_KEY_SIZE: Final = 512


class AttestationError(Exception):
    """A signature of the TEE does not hold. The text says why."""


@dataclass(frozen=True)
class AttestationKey:
    """The public key of a TEE: AttestationKey(*attestation.get_pubkey()).

    Whose key it is, no TEE can tell: compare it with one that came from the board when it was
    made.

    Attributes:
        exponent: its public exponent.
        modulus: its modulus.
        algorithm: how the TEE signs with it; a member of AttestationAlgorithm, if it is known.
    """

    exponent: int
    modulus: int
    algorithm: int = AttestationAlgorithm.RSASSA_PSS_SHA256

    def to_cryptography(self) -> RSAPublicKey:
        """Return the key as one of the package cryptography.

        Raises:
            AttestationError: it is no RSA key.
            ImportError: the package is missing.
        """
        try:
            with importing:
                from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
        except ImportError:
            raise ImportError(
                "to verify signatures takes the package cryptography:"
                " pip install 'pytee_client[crypto]'"
            ) from None
        try:
            return RSAPublicNumbers(self.exponent, self.modulus).public_key()
        except ValueError as error:
            raise AttestationError(f"the key is no RSA key: {error}") from None


@dataclass(frozen=True)
class Evidence:
    """A digest that the TEE has signed.

    Attributes:
        digest: the SHA-256 digest, 32 bytes.
        signature: the signature of the nonce and the digest.
    """

    digest: bytes
    signature: bytes

    def verify(self, key: AttestationKey, nonce: bytes) -> None:
        """Verify that the TEE with a key has signed this digest for a nonce.

        It takes the package cryptography: pip install 'pytee_client[crypto]'.

        Args:
            key: the key, which you know from elsewhere to be that of the TEE.
            nonce: what the digest was asked for with. Use another one each time, of random bytes:
                an old answer does not hold for it.

        Raises:
            AttestationError: the signature does not hold.
            ImportError: the package is missing.
        """
        if not isinstance(key, AttestationKey):
            raise ParameterTypeError(f"the key must be an AttestationKey, not {said(key)}")
        content = bytes(_NONCE.write(nonce, "the nonce"))
        if key.algorithm != AttestationAlgorithm.RSASSA_PSS_SHA256:
            raise AttestationError(
                f"the TEE signs with the algorithm {key.algorithm:#x}, which is not known here"
            )
        public = key.to_cryptography()
        size = (public.key_size + 7) // 8
        if len(self.signature) != size:
            raise AttestationError(
                f"the signature has {len(self.signature)} bytes, but this key makes {size}"
            )
        with importing:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
            from cryptography.hazmat.primitives.hashes import SHA256

        padding = PSS(MGF1(SHA256()), DIGEST_SIZE)
        try:
            public.verify(self.signature, content + self.digest, padding, SHA256())
        except InvalidSignature:
            raise AttestationError(
                "the signature is of another key, another nonce or another digest"
            ) from None


class _EvidenceKind(MemoryKind[Evidence, Evidence]):
    """A digest, and then its signature."""

    def __init__(self) -> None:
        super().__init__("Evidence", Evidence)

    def write(self, given: Any, what: str) -> bytes:
        """Return the bytes."""
        if not isinstance(given, Evidence):
            raise ParameterTypeError(f"{what} must be an Evidence, not {said(given)}")
        return given.digest + given.signature

    def read(self, content: bytes | memoryview) -> Evidence:
        """Return the evidence."""
        if len(content) <= DIGEST_SIZE:
            raise ta.ContentError(f"{len(content)} bytes are no digest and a signature")
        return Evidence(bytes(content[:DIGEST_SIZE]), bytes(content[DIGEST_SIZE:]))


_NONCE: Final = LimitedBytes(1)
_EVIDENCE: Final = ta.Variable(_EvidenceKind(), DIGEST_SIZE + _MAX_KEY_SIZE)


class Attestation(ta.Client, uuid="39800861-182a-4720-9b67-2bcd622bc0b5"):
    """Get digests that the TEE signs: OP-TEE's pseudo application attestation.

    OP-TEE has it where it is built with CFG_ATTESTATION_PTA, which is not the default: elsewhere
    the opening raises TrustedApplicationNotFoundError. Any login may open it. The first use makes
    an RSA key, by default of 3072 bits, which the TEE keeps in its storage.

    Source: pta_attestation.h and attestation.c of OP-TEE. Tried on the fake alone.

    For example::

        with optee.Attestation(context) as attestation:
            key = optee.AttestationKey(*attestation.get_pubkey())
            nonce = secrets.token_bytes(32)
            evidence = attestation.get_ta_shdr_digest(application, nonce)
        evidence.verify(key, nonce)

    Attributes:
        get_pubkey: command 0: return the exponent and the modulus of the key, and the algorithm.
        get_ta_shdr_digest: command 1: return the digest that the file of an application is signed
            with, as Evidence. It takes a UUID and a nonce of at least one byte. ItemNotFoundError:
            there is no such file; pseudo applications have none.
        hash_tee_memory: command 3: return the digest of the code and the constants of the TEE, as
            Evidence. It takes a nonce.
    """

    get_pubkey: Final = ta.command(
        0,
        returns=(
            ta.Variable(BigNumber(), 8),
            ta.Variable(BigNumber(), _MAX_KEY_SIZE),
            ta.U32,
        ),
    )
    get_ta_shdr_digest: Final = ta.command(1, ta.TeeUuid, _NONCE, returns=_EVIDENCE)
    hash_tee_memory: Final = ta.command(3, _NONCE, returns=_EVIDENCE)
