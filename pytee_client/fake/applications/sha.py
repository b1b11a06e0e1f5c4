# SPDX-License-Identifier: BSD-2-Clause
"""The example application sha of OP-TEE since 4.9; for CMAC it needs the package cryptography."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final
from uuid import UUID

from ..._optee_applications.sha import Sha as Agreed
from ..._process import importing
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.parameters import Parameters
from ..secure_world.results import PanicError, ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

__all__ = ["Sha"]

_DIGESTS: Final[dict[int, str]] = {
    Agreed.DigestAlgorithm.SHA1: "sha1",
    Agreed.DigestAlgorithm.SHA224: "sha224",
    Agreed.DigestAlgorithm.SHA256: "sha256",
    Agreed.DigestAlgorithm.SHA384: "sha384",
    Agreed.DigestAlgorithm.SHA512: "sha512",
    Agreed.DigestAlgorithm.SHA3_224: "sha3_224",
    Agreed.DigestAlgorithm.SHA3_256: "sha3_256",
    Agreed.DigestAlgorithm.SHA3_384: "sha3_384",
    Agreed.DigestAlgorithm.SHA3_512: "sha3_512",
}
_SHAKES: Final = {
    Agreed.DigestAlgorithm.SHAKE128.value: hashlib.shake_128,
    Agreed.DigestAlgorithm.SHAKE256.value: hashlib.shake_256,
}
_MACS: Final[dict[int, str]] = {
    Agreed.MacAlgorithm.AES_CMAC: "aes",
    **{Agreed.MacAlgorithm[f"HMAC_{name.upper()}"]: name for name in _DIGESTS.values()},
}
# What a type of key is for, and the sizes that it can have, in bytes.
_KEYS: Final[dict[int, tuple[str, range]]] = {
    Agreed.KeyType.HMAC_SHA256: ("sha256", range(24, 129)),
    Agreed.KeyType.HMAC_SHA1: ("sha1", range(10, 65)),
    Agreed.KeyType.HMAC_SHA224: ("sha224", range(14, 65)),
    Agreed.KeyType.HMAC_SHA384: ("sha384", range(32, 129)),
    Agreed.KeyType.HMAC_SHA512: ("sha512", range(32, 129)),
    Agreed.KeyType.AES: ("aes", range(16, 33, 8)),
    Agreed.KeyType.HMAC_SHA3_224: ("sha3_224", range(24, 129)),
    Agreed.KeyType.HMAC_SHA3_256: ("sha3_256", range(32, 129)),
    Agreed.KeyType.HMAC_SHA3_384: ("sha3_384", range(32, 129)),
    Agreed.KeyType.HMAC_SHA3_512: ("sha3_512", range(32, 129)),
}


@dataclass(slots=True)
class _Operation:
    """The operation of a session.

    Attributes:
        name: the digest behind the HMAC; "aes" for CMAC, "" for a digest alone.
        key: its key; empty for a digest.
        message: what it has got since SET_IV; None before that.
    """

    name: str
    key: bytes = b""
    message: bytes | None = None


@dataclass(slots=True)
class _State:
    """What a session keeps: the last size of a key that was asked for, and the operation."""

    key_size: int = 0
    operation: _Operation | None = None
    has_key: bool = False


class Sha(TrustedApplication, Agreed):
    """Compute digests, and authenticate messages with HMAC or CMAC.

    COMPUTE_DIGEST takes a message, an output and an algorithm (TEE_ALG_SHA*). PREPARE takes an
    algorithm (TEE_ALG_HMAC_*, TEE_ALG_AES_CMAC), the size of the key in bytes, and the KeyType.
    Then come SET_KEY and SET_IV, whose vector is not used, before each COMPUTE_MAC or
    COMPARE_MAC. As in the original both take the message twice. A wrong code is MAC_INVALID. An
    output that is too small is SHORT_BUFFER with the needed size. Before PREPARE these are
    BAD_STATE, and without SET_IV they are a panic.
    """

    uuid: ClassVar[UUID] = UUID("1dc6a16b-2fba-4aa1-9519-ea8a6c8c16e5")

    class Command(IntEnum):
        """Its commands."""

        PREPARE = 0
        SET_KEY = 1
        SET_IV = 2
        COMPUTE_MAC = 3
        COMPARE_MAC = 4
        COMPUTE_DIGEST = 5

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Accept any client, and any parameters."""
        session.data = _State()

    def invoke_command(
        self, session: ClientSession, command_id: int, parameters: Parameters
    ) -> None:
        """Run one of the commands."""
        run = _COMMANDS.get(command_id)
        if run is None:
            raise ResultError(Result.NOT_SUPPORTED)
        run(session.data, parameters)


def _prepare(state: _State, parameters: Parameters) -> None:
    parameters.expect(*[ParamType.VALUE_INPUT] * 3)
    algorithm, size, kind = (parameters.value(slot).a for slot in range(3))
    if kind not in _KEYS:
        raise ResultError(Result.BAD_PARAMETERS)
    state.key_size, state.operation, state.has_key = size, None, False
    name, sizes = _KEYS[kind]
    wanted = _MACS.get(algorithm)
    if wanted is None or size not in sizes:
        raise ResultError(Result.NOT_SUPPORTED)
    if wanted != name:
        raise PanicError(Result.BAD_PARAMETERS)
    if name == "aes":
        try:
            with importing:
                import cryptography  # noqa: F401
        except ImportError:
            raise ResultError(Result.NOT_SUPPORTED) from None
    state.operation, state.has_key = _Operation(name, bytes(size)), True


def _operation(state: _State) -> _Operation:
    if state.operation is None:
        raise ResultError(Result.BAD_STATE)
    return state.operation


def _set_key(state: _State, parameters: Parameters) -> None:
    operation = _operation(state)
    if not state.has_key:
        raise ResultError(Result.BAD_STATE)
    parameters.expect(ParamType.MEMREF_INPUT)
    key = parameters.memref(0).content()
    if len(key) != state.key_size:
        raise ResultError(Result.BAD_PARAMETERS)
    if not operation.name:
        raise PanicError(Result.BAD_PARAMETERS)
    operation.key, operation.message = key, None


def _set_iv(state: _State, parameters: Parameters) -> None:
    operation = _operation(state)
    parameters.expect(ParamType.MEMREF_INPUT)
    if not operation.name:
        raise PanicError(Result.BAD_PARAMETERS)
    operation.message = b""


def _update(operation: _Operation, parameters: Parameters) -> bytes:
    """Add the message, and return the code that results if it is added once more."""
    if operation.message is None:
        raise PanicError(Result.BAD_STATE)
    message = parameters.memref(0).content()
    operation.message += message
    whole = operation.message + message
    if operation.name != "aes":
        return hmac.digest(operation.key, whole, operation.name)
    with importing:
        from cryptography.hazmat.primitives.ciphers import algorithms
        from cryptography.hazmat.primitives.cmac import CMAC

    cmac = CMAC(algorithms.AES(operation.key))
    cmac.update(whole)
    return cmac.finalize()


def _compute_mac(state: _State, parameters: Parameters) -> None:
    operation = _operation(state)
    parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
    parameters.memref(1).put(_update(operation, parameters))
    operation.message = None


def _compare_mac(state: _State, parameters: Parameters) -> None:
    operation = _operation(state)
    parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_INPUT)
    expected = _update(operation, parameters)
    operation.message = None
    if not hmac.compare_digest(expected, parameters.memref(1).content()):
        raise ResultError(Result.MAC_INVALID)


def _compute_digest(state: _State, parameters: Parameters) -> None:
    parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT, ParamType.VALUE_INPUT)
    algorithm, message = parameters.value(2).a, parameters.memref(0).content()
    if algorithm in _SHAKES:
        digest = _SHAKES[algorithm](message).digest(parameters.memref(1).size)
    elif algorithm in _DIGESTS:
        digest = hashlib.new(_DIGESTS[algorithm], message, usedforsecurity=False).digest()
    else:
        state.operation = None
        raise ResultError(Result.NOT_SUPPORTED)
    # As in the original it takes the place of what was prepared.
    state.operation = _Operation("")
    parameters.memref(1).put(digest)


_COMMANDS: Final[dict[int, Callable[[_State, Parameters], None]]] = {
    Sha.Command.PREPARE: _prepare,
    Sha.Command.SET_KEY: _set_key,
    Sha.Command.SET_IV: _set_iv,
    Sha.Command.COMPUTE_MAC: _compute_mac,
    Sha.Command.COMPARE_MAC: _compare_mac,
    Sha.Command.COMPUTE_DIGEST: _compute_digest,
}
