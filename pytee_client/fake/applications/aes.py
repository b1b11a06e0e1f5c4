# SPDX-License-Identifier: BSD-2-Clause
"""The example application aes of OP-TEE 4.5; it needs the package cryptography."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from ..._optee_applications.aes import Aes as Agreed
from ..._process import importing
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.results import PanicError, ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

__all__ = ["Aes", "AnyAes", "Operation"]

_BLOCK: Final = 16
_KEY_SIZES: Final = (16, 32)


@dataclass(slots=True)
class Operation:
    """The operation that a session has prepared.

    Attributes:
        algorithm: the mode of AES.
        encrypts: whether it encrypts; otherwise it decrypts.
        key: the key; zeros until one is set.
        running: the cipher since the last initial vector; None before the first one.
        rest: how many bytes wait for their block to be complete.
        nonce: the initial vector of an authenticated mode; None before the first one.
    """

    algorithm: int
    encrypts: bool
    key: bytes
    running: CipherContext | None = None
    rest: int = 0
    nonce: bytes | None = None


class AnyAes(TrustedApplication):
    """What all releases of it have in common."""

    uuid: ClassVar[UUID] = UUID("5dbac793-f574-4871-8ad3-04331ec17f24")
    _algorithms: ClassVar[int] = 3

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Accept any client, and any parameters."""
        session.data = _State()

    @command(0)
    def prepare(self, session: ClientSession, parameters: Parameters) -> None:
        """Choose the mode, the size of the key and the direction."""
        parameters.expect(*[ParamType.VALUE_INPUT] * 3)
        self._prepare(session.data, *(parameters.value(slot).a for slot in range(3)))

    @command(1)
    def set_key(self, session: ClientSession, parameters: Parameters) -> None:
        """Set the key."""
        parameters.expect(ParamType.MEMREF_INPUT)
        _set_key(session.data, parameters.memref(0).content())

    @command(2)
    def set_iv(self, session: ClientSession, parameters: Parameters) -> None:
        """Set the initial vector, and start the cipher."""
        parameters.expect(ParamType.MEMREF_INPUT)
        self._set_iv(session.data.operation, parameters.memref(0).content())

    @command(3)
    def cipher(self, session: ClientSession, parameters: Parameters) -> None:
        """Encrypt or decrypt."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
        _cipher(session.data.operation, parameters)

    def _prepare(self, state: _State, algorithm: int, key_size: int, mode: int) -> None:
        if algorithm >= self._algorithms or key_size not in _KEY_SIZES:
            raise ResultError(Result.BAD_PARAMETERS)
        # It stays, also if there will be no operation.
        state.key_size = key_size
        if mode not in list(Agreed.Mode):
            raise ResultError(Result.BAD_PARAMETERS)
        try:
            with importing:
                import cryptography  # noqa: F401
        except ImportError:
            raise ResultError(Result.NOT_SUPPORTED) from None
        state.operation = Operation(algorithm, mode == Agreed.Mode.ENCODE, bytes(key_size))

    def _set_iv(self, operation: Operation | None, vector: bytes) -> None:
        if operation is None:
            raise PanicError(Result.BAD_PARAMETERS)
        with importing:
            from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        is_ecb = operation.algorithm == Agreed.Algorithm.ECB
        if len(vector) != (0 if is_ecb else _BLOCK):
            raise PanicError(Result.BAD_PARAMETERS)
        mode: modes.ECB | modes.CBC | modes.CTR
        if is_ecb:
            mode = modes.ECB()
        else:
            mode = (modes.CBC if operation.algorithm == Agreed.Algorithm.CBC else modes.CTR)(vector)
        cipher = Cipher(algorithms.AES(operation.key), mode)
        operation.running = cipher.encryptor() if operation.encrypts else cipher.decryptor()
        operation.rest = 0


class Aes(AnyAes):
    """Encrypt or decrypt with AES; each session has an operation of its own.

    PREPARE takes three values: an Algorithm, the size of the key (16 or 32 bytes), and 1 to
    encrypt or 0 to decrypt. Without the package cryptography it is NOT_SUPPORTED. SET_KEY takes
    the key. SET_IV takes the initial vector and starts the cipher. CIPHER takes an input, and an
    output that is at least as long. Misuse of the Internal Core API is a panic: a key or a vector
    without an operation, a cipher that was not started, or a vector that does not have 16 bytes.
    For ECB the vector has none.
    """

    class Command(IntEnum):
        """Its commands."""

        PREPARE = 0
        SET_KEY = 1
        SET_IV = 2
        CIPHER = 3

    class Algorithm(IntEnum):
        """The modes of AES that it supports."""

        ECB = 0
        CBC = 1
        CTR = 2


@dataclass(slots=True)
class _State:
    """What a session keeps: the last size of a key that was asked for, and the operation."""

    key_size: int = 0
    operation: Operation | None = None


def _set_key(state: _State, key: bytes) -> None:
    if len(key) != state.key_size:
        raise ResultError(Result.BAD_PARAMETERS)
    operation = state.operation
    if operation is None or len(key) != len(operation.key):
        raise PanicError(Result.BAD_PARAMETERS)
    operation.key, operation.running, operation.nonce = key, None, None


def _cipher(operation: Operation | None, parameters: Parameters) -> None:
    data, room = parameters.memref(0).content(), parameters.memref(1).size
    if room < len(data):
        raise ResultError(Result.BAD_PARAMETERS)
    if operation is None:
        raise ResultError(Result.BAD_STATE)
    if operation.running is None:
        raise PanicError(Result.BAD_STATE)
    rest = 0
    if operation.algorithm != Agreed.Algorithm.CTR:
        rest = (operation.rest + len(data)) % _BLOCK
    ready = operation.rest + len(data) - rest
    if room < ready:
        parameters.memref(1).put(bytes(ready))
    parameters.memref(1).put(operation.running.update(data))
    operation.rest = rest
