# SPDX-License-Identifier: BSD-2-Clause
"""OP-TEE's application for secrets of programs; it needs the package cryptography."""

from __future__ import annotations

import hmac
import struct
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from ..._optee_applications.app_secrets import (
    HEADER,
    IV_SIZE,
    MAX_SEALED,
    OVERHEAD,
    OWNER,
    TAG_SIZE,
)
from ..._process import importing
from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import MemrefParameter, Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession, Identity
from ..secure_world.trusted_application import TrustedApplication
from .system import System

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["AppSecrets"]

_KEY_SIZE: Final = 32
_MAGIC: Final = 0x41534543
_VERSION: Final = 1


class AppSecrets(TrustedApplication):
    """Seal secrets of a program to its login, and unseal them.

    SEAL_SECRET takes 1 to 4040 bytes, and fills an output that has 56 bytes more. UNSEAL_SECRET
    takes what was sealed, and fills an output. An output that is too small, or null, is
    SHORT_BUFFER with the needed size. What was changed, or sealed to another login, is SECURITY.

    It is new in OP-TEE 4.11, and Debian has it not. A fake has it when it is installed:
    fake.Kernel(applications=[fake.applications.AppSecrets]).
    """

    uuid: ClassVar[UUID] = UUID("5ca4d9d9-dee4-47f4-977a-7eadc060e52c")
    single_instance = True
    multi_session = True

    class Command(IntEnum):
        """Its commands."""

        SEAL_SECRET = 0
        UNSEAL_SECRET = 1

    @command(Command.SEAL_SECRET)
    def seal(self, session: ClientSession, parameters: Parameters) -> None:
        """Seal a secret."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
        given, output = parameters.memref(0), parameters.memref(1)
        if given.is_null or not 0 < given.size <= MAX_SEALED - OVERHEAD:
            raise ResultError(Result.BAD_PARAMETERS)
        _check_room(output, given.size + OVERHEAD)
        iv = self.core.generate_random(IV_SIZE)
        content = _owner(session.identity) + given.content()
        encrypted = self._cipher().encrypt(iv, content, _authenticated(_MAGIC, _VERSION))
        tag = encrypted[-TAG_SIZE:]
        output.put(HEADER.pack(_MAGIC, _VERSION, iv, tag) + encrypted[:-TAG_SIZE])

    @command(Command.UNSEAL_SECRET)
    def unseal(self, session: ClientSession, parameters: Parameters) -> None:
        """Unseal a secret for the login that it was sealed to."""
        parameters.expect(ParamType.MEMREF_INPUT, ParamType.MEMREF_OUTPUT)
        given, output = parameters.memref(0), parameters.memref(1)
        if given.is_null or not HEADER.size < given.size <= MAX_SEALED:
            raise ResultError(Result.BAD_PARAMETERS)
        # The room is looked at before the secret is.
        _check_room(output, given.size - OVERHEAD)
        content = self._decrypt(given.content())
        owner = content[: OWNER.size]
        if not hmac.compare_digest(owner, _owner(session.identity)):
            raise ResultError(Result.SECURITY)
        output.put(content[OWNER.size :])

    def _decrypt(self, sealed: bytes) -> bytes:
        # The magic number and the version are authenticated with the rest.
        magic, version, iv, tag = HEADER.unpack_from(sealed)
        cipher = self._cipher()
        with importing:
            from cryptography.exceptions import InvalidTag

        encrypted = sealed[HEADER.size :] + tag
        try:
            return cipher.decrypt(iv, encrypted, _authenticated(magic, version))
        except InvalidTag:
            raise ResultError(Result.SECURITY) from None

    def _cipher(self) -> AESGCM:
        """Return the cipher with the key that this application alone has, on this device."""
        try:
            with importing:
                from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            raise ResultError(Result.NOT_SUPPORTED) from None
        key = bytearray(_KEY_SIZE)
        output = MemrefParameter(ParamType.MEMREF_OUTPUT, key)
        with self.core.open_ta_session(System.uuid) as system:
            system.invoke_command(System.Command.DERIVE_TA_UNIQUE_KEY, b"sealing", output)
        return AESGCM(bytes(key))


def _owner(identity: Identity) -> bytes:
    return OWNER.pack(identity.login, identity.uuid.bytes_le)


def _authenticated(magic: int, version: int) -> bytes:
    return struct.pack("<II", magic, version)


def _check_room(output: MemrefParameter, needed: int) -> None:
    if output.size < needed:
        output.size = needed
        raise ResultError(Result.SHORT_BUFFER)
