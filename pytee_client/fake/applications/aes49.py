# SPDX-License-Identifier: BSD-2-Clause
"""The example application aes of OP-TEE since 4.9; it needs the package cryptography."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Final

from ..._optee_applications.aes import Aes as Agreed
from ..._process import importing
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.results import PanicError, ResultError
from ..secure_world.session import ClientSession
from .aes import AnyAes, Operation

__all__ = ["Aes49"]

_CCM, _GCM = Agreed.Algorithm.CCM, Agreed.Algorithm.GCM
_NONCE_SIZES: Final[dict[int, range]] = {_CCM: range(7, 14), _GCM: range(8, 129)}
_TAG_SIZES: Final[dict[int, range]] = {_CCM: range(4, 17, 2), _GCM: range(12, 17)}


class Aes49(AnyAes, Agreed):
    """Encrypt or decrypt with AES, also with authentication.

    The algorithms CCM and GCM take a nonce by SET_IV, and AUTHENC instead of CIPHER. It takes an
    input, an output, a value that must be 0 if the operation decrypts, and the tag in a memory
    reference for both directions: an output if the operation encrypts, an input if it decrypts. A
    wrong tag is MAC_INVALID. Without an operation it is BAD_PARAMETERS.
    """

    class Command(IntEnum):
        """Its commands."""

        PREPARE = 0
        SET_KEY = 1
        SET_IV = 2
        CIPHER = 3
        AUTHENC = 4

    _algorithms: ClassVar[int] = len(Agreed.Algorithm)

    @command(Command.AUTHENC)
    def authenc(self, session: ClientSession, parameters: Parameters) -> None:
        """Encrypt or decrypt with authentication."""
        parameters.expect(
            ParamType.MEMREF_INPUT,
            ParamType.MEMREF_OUTPUT,
            ParamType.VALUE_INPUT,
            ParamType.MEMREF_INOUT,
        )
        operation: Operation | None = session.data.operation
        if operation is None:
            raise ResultError(Result.BAD_PARAMETERS)
        _authenticate(operation, parameters)

    def _set_iv(self, operation: Operation | None, vector: bytes) -> None:
        if operation is None or operation.algorithm not in _NONCE_SIZES:
            super()._set_iv(operation, vector)
        elif len(vector) not in _NONCE_SIZES[operation.algorithm]:
            raise PanicError(Result.BAD_PARAMETERS)
        else:
            operation.nonce = vector


def _authenticate(operation: Operation, parameters: Parameters) -> None:
    with importing:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers import aead

    encrypts = bool(parameters.value(2).a)
    if operation.nonce is None or encrypts != operation.encrypts:
        raise PanicError(Result.BAD_STATE)
    data, tag = parameters.memref(0).content(), parameters.memref(3)
    if tag.size not in _TAG_SIZES[operation.algorithm]:
        raise PanicError(Result.NOT_SUPPORTED)
    output = parameters.memref(1)
    if output.buffer is None or output.size < len(data):
        parameters.memref(1).put(bytes(len(data))) if data else None
    nonce, size = operation.nonce, tag.size
    if operation.algorithm == _GCM:
        cipher: aead.AESGCM | aead.AESCCM = aead.AESGCM(operation.key)
        whole = 16
    else:
        cipher, whole = aead.AESCCM(operation.key, tag_length=size), size
    if encrypts:
        sealed = cipher.encrypt(nonce, data, None)
        parameters.memref(1).put(sealed[: len(data)])
        parameters.memref(3).put(sealed[len(data) :][:size])
    else:
        given = parameters.memref(3).content()
        try:
            opened = (
                cipher.decrypt(nonce, data + given, None)
                if size == whole
                else _open_short(operation.key, nonce, data, given)
            )
        except InvalidTag:
            raise ResultError(Result.MAC_INVALID) from None
        parameters.memref(1).put(opened)
    operation.nonce = None


def _open_short(key: bytes, nonce: bytes, data: bytes, tag: bytes) -> bytes:
    """Open what GCM sealed with a tag of fewer than 16 bytes."""
    with importing:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    mode = modes.GCM(nonce, tag, min_tag_length=len(tag))
    cipher = Cipher(algorithms.AES(key), mode).decryptor()
    return cipher.update(data) + cipher.finalize()
