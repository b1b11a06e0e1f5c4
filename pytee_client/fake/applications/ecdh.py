# SPDX-License-Identifier: BSD-2-Clause
"""The example application ecdh of OP-TEE since 4.9; it needs the package cryptography."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar
from uuid import UUID

from ..._optee_applications.ecdh import Ecdh as Agreed
from ..._process import importing
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

__all__ = ["Ecdh"]


class Ecdh(TrustedApplication, Agreed):
    """Make two keys, and return the secret that their owners would share.

    DERIVE_SELFTEST takes a Curve in slot 0 and an output in slot 3. If that is too small, the
    result is SHORT_BUFFER with the needed size. Without the package cryptography it is
    NOT_SUPPORTED.
    """

    uuid: ClassVar[UUID] = UUID("50c82425-94da-4072-a3e0-58ef063767c0")

    unknown_command: ClassVar[int] = Result.BAD_PARAMETERS

    class Command(IntEnum):
        """Its commands."""

        DERIVE_SELFTEST = 0

    @command(Command.DERIVE_SELFTEST)
    def derive(self, session: ClientSession, parameters: Parameters) -> None:
        """Derive a secret from two new keys."""
        parameters.expect(
            ParamType.VALUE_INPUT,
            ParamType.NONE,
            ParamType.NONE,
            ParamType.MEMREF_OUTPUT,
        )
        curve = parameters.value(0).a
        if curve not in list(self.Curve):
            raise ResultError(Result.BAD_PARAMETERS)
        parameters.memref(3).put(_shared_secret(self.Curve(curve)))


def _shared_secret(curve: Ecdh.Curve) -> bytes:
    try:
        with importing:
            from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        raise ResultError(Result.NOT_SUPPORTED) from None
    curves: dict[Ecdh.Curve, type[ec.EllipticCurve]] = {
        Ecdh.Curve.NIST_P192: ec.SECP192R1,
        Ecdh.Curve.NIST_P224: ec.SECP224R1,
        Ecdh.Curve.NIST_P256: ec.SECP256R1,
        Ecdh.Curve.NIST_P384: ec.SECP384R1,
    }
    one, other = (ec.generate_private_key(curves[curve]()) for _ in range(2))
    return one.exchange(ec.ECDH(), other.public_key())
