# SPDX-License-Identifier: BSD-2-Clause
"""The example application aes of OP-TEE; it needs the package cryptography."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.results import PanicError, ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

_BLOCK: Final = 16
_KEY_SIZES: Final = (16, 32)


@dataclass(slots=True)
class _PreparedCipher:
    """The cipher that a session has prepared.

    Attributes:
        algorithm: the mode of AES.
        encrypts: whether it encrypts; otherwise it decrypts.
        key: the key; zeros until one is set.
        running: the cipher since the last initial vector; None before the first one.
        rest: how many bytes wait for their block to be complete.
    """

    algorithm: int
    encrypts: bool
    key: bytes
    running: CipherContext | None = None
    rest: int = 0


class Aes(TrustedApplication):
    """Encrypt or decrypt with AES; each session has a cipher of its own.

    PREPARE takes three values: an Algorithm, the size of the key (16 or 32 bytes), and 1 to
    encrypt or 0 to decrypt. Without the package cryptography it is NOT_SUPPORTED. SET_KEY takes
    the key. SET_IV takes the initial vector and starts the cipher. CIPHER takes an input, and an
    output that is at least as long. Misuse of the Internal Core API is a panic: a cipher that
    was not started, or a vector that is not 16 bytes long. ECB ignores the vector.
    """

    uuid: ClassVar[UUID] = UUID("5dbac793-f574-4871-8ad3-04331ec17f24")

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

    @command(Command.PREPARE)
    def prepare(self, session: ClientSession, parameters: Parameters) -> None:
        """Choose the mode, the size of the key and the direction."""
        parameters.expect(*[ParamType.VALUE_INPUT] * 3)
        session.data = _prepare(*(parameters.value(slot).a for slot in range(3)))

    @command(Command.SET_KEY)
    def set_key(self, session: ClientSession, parameters: Parameters) -> None:
        """Set the key."""
        parameters.expect(ParamType.MEMREF_INPUT)
        _set_key(session.data, parameters.memref(0).content())

    @command(Command.SET_IV)
    def set_iv(self, session: ClientSession, parameters: Parameters) -> None:
        """Set the initial vector, and start the cipher."""
        parameters.expect(ParamType.MEMREF_INPUT)
        _set_iv(session.data, parameters.memref(0).content())

    @command(Command.CIPHER)
    def cipher(self, session: ClientSession, parameters: Parameters) -> None:
        """Encrypt or decrypt."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
        _cipher(session.data, parameters)


def _prepare(algorithm: int, key_size: int, encrypts: int) -> _PreparedCipher:
    if algorithm > Aes.Algorithm.CTR or key_size not in _KEY_SIZES or encrypts > 1:
        raise ResultError(Result.BAD_PARAMETERS)
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise ResultError(Result.NOT_SUPPORTED) from None
    return _PreparedCipher(algorithm, bool(encrypts), bytes(key_size))


def _set_key(prepared: _PreparedCipher | None, key: bytes) -> None:
    if len(key) != (0 if prepared is None else len(prepared.key)):
        raise ResultError(Result.BAD_PARAMETERS)
    if prepared is None:
        raise PanicError(Result.BAD_PARAMETERS)
    prepared.key, prepared.running = key, None


def _set_iv(prepared: _PreparedCipher | None, vector: bytes) -> None:
    if prepared is None:
        raise PanicError(Result.BAD_PARAMETERS)
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    mode: modes.ECB | modes.CBC | modes.CTR
    if prepared.algorithm == Aes.Algorithm.ECB:
        mode = modes.ECB()
    elif len(vector) != _BLOCK:
        raise PanicError(Result.BAD_PARAMETERS)
    else:
        mode = (modes.CBC if prepared.algorithm == Aes.Algorithm.CBC else modes.CTR)(vector)
    cipher = Cipher(algorithms.AES(prepared.key), mode)
    prepared.running = cipher.encryptor() if prepared.encrypts else cipher.decryptor()
    prepared.rest = 0


def _cipher(prepared: _PreparedCipher | None, parameters: Parameters) -> None:
    data, room = parameters.memref(0).content(), parameters.memref(1).size
    if room < len(data):
        raise ResultError(Result.BAD_PARAMETERS)
    if prepared is None:
        raise ResultError(Result.BAD_STATE)
    if prepared.running is None:
        raise PanicError(Result.BAD_STATE)
    rest = 0
    if prepared.algorithm != Aes.Algorithm.CTR:
        rest = (prepared.rest + len(data)) % _BLOCK
    ready = prepared.rest + len(data) - rest
    if room < ready:
        parameters.memref(1).put(bytes(ready))
    parameters.memref(1).put(prepared.running.update(data))
    prepared.rest = rest
