# SPDX-License-Identifier: BSD-2-Clause
"""The example application ecdsa of OP-TEE since 4.9; it needs the package cryptography."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from ..._optee_applications.ecdsa import Ecdsa as Agreed
from ..._process import importing
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["Ecdsa"]


class Ecdsa(TrustedApplication, Agreed):
    """Digest, make a key, and sign; each session has a key of its own.

    COMPUTE_DIGEST takes an input, an output and an Algorithm, which is that of the session from
    then on. If the output is too small, the result is SHORT_BUFFER without the needed size.
    GEN_KEY makes a key for the algorithm. Without the package cryptography it is NOT_SUPPORTED.
    SIGN_VERIFY_DIGEST takes a digest, and an output for the signature: its two numbers, each as
    long as one of the curve.
    """

    uuid: ClassVar[UUID] = UUID("1945e8e7-0278-4bfb-bb99-af1080b2a934")

    unknown_command: ClassVar[int] = Result.BAD_PARAMETERS

    class Command(IntEnum):
        """Its commands."""

        COMPUTE_DIGEST = 0
        GEN_KEY = 1
        SIGN_VERIFY_DIGEST = 2

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Accept any client, and any parameters."""
        session.data = _State()

    @command(Command.COMPUTE_DIGEST)
    def compute_digest(self, session: ClientSession, parameters: Parameters) -> None:
        """Compute the digest of a message, and choose the algorithm."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT, ParamType.VALUE_INPUT)
        _digest(session.data, parameters)

    @command(Command.GEN_KEY)
    def gen_key(self, session: ClientSession, parameters: Parameters) -> None:
        """Make the key of the session."""
        parameters.expect()
        _generate(session.data)

    @command(Command.SIGN_VERIFY_DIGEST)
    def sign(self, session: ClientSession, parameters: Parameters) -> None:
        """Sign a digest with the key of the session."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
        _sign(session.data, parameters)


_DIGESTS: Final = {
    Ecdsa.Algorithm.SHA1: "sha1",
    Ecdsa.Algorithm.SHA224: "sha224",
    Ecdsa.Algorithm.SHA256: "sha256",
    Ecdsa.Algorithm.SHA384: "sha384",
    Ecdsa.Algorithm.SHA512: "sha512",
}


@dataclass(slots=True)
class _State:
    """What a session keeps.

    Attributes:
        algorithm: the last that it was given, whether there is such a one or not.
        key: the key.
        made_for: the algorithm that the key was made for.
    """

    algorithm: int = 0
    key: EllipticCurvePrivateKey | None = None
    made_for: int = 0


def _digest(state: _State, parameters: Parameters) -> None:
    state.algorithm = parameters.value(2).a
    if state.algorithm not in _DIGESTS:
        raise ResultError(Result.BAD_PARAMETERS)
    name = _DIGESTS[Ecdsa.Algorithm(state.algorithm)]
    digest = hashlib.new(name, parameters.memref(0).content(), usedforsecurity=False).digest()
    output = parameters.memref(1)
    if output.buffer is None or output.size < len(digest):
        raise ResultError(Result.SHORT_BUFFER)
    parameters.memref(1).put(digest)


def _generate(state: _State) -> None:
    if state.algorithm not in _DIGESTS:
        raise ResultError(Result.BAD_PARAMETERS)
    try:
        with importing:
            from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        raise ResultError(Result.NOT_SUPPORTED) from None
    curves: dict[int, type[ec.EllipticCurve]] = {
        Ecdsa.Algorithm.SHA1: ec.SECP192R1,
        Ecdsa.Algorithm.SHA224: ec.SECP224R1,
        Ecdsa.Algorithm.SHA256: ec.SECP256R1,
        Ecdsa.Algorithm.SHA384: ec.SECP384R1,
        Ecdsa.Algorithm.SHA512: ec.SECP521R1,
    }
    state.key = ec.generate_private_key(curves[state.algorithm]())
    state.made_for = state.algorithm


def _sign(state: _State, parameters: Parameters) -> None:
    if state.key is None or state.made_for != state.algorithm:
        raise ResultError(Result.NOT_SUPPORTED)
    with importing:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

    digest, number = parameters.memref(0).content(), (state.key.key_size + 7) // 8
    kinds = (hashes.SHA1, hashes.SHA224, hashes.SHA256, hashes.SHA384, hashes.SHA512)
    kind = next((kind for kind in kinds if kind.digest_size == len(digest)), None)
    if kind is None:
        raise ResultError(Result.BAD_PARAMETERS)
    signature = state.key.sign(digest, ec.ECDSA(utils.Prehashed(kind())))
    r, s = utils.decode_dss_signature(signature)
    parameters.memref(1).put(r.to_bytes(number, "big") + s.to_bytes(number, "big"))
