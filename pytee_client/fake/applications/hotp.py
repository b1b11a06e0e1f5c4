# SPDX-License-Identifier: BSD-2-Clause
"""The example application hotp of OP-TEE, as of 4.5 and 4.10: one-time passwords (RFC 4226)."""

from __future__ import annotations

import hmac
from enum import IntEnum
from typing import ClassVar, Final
from uuid import UUID

from ...enums import Result
from ...kernels.uapi import ParamType
from ..secure_world.entry_points import command
from ..secure_world.parameters import Parameters
from ..secure_world.results import ResultError
from ..secure_world.session import ClientSession
from ..secure_world.trusted_application import TrustedApplication

_MIN_KEY: Final = 10
_MAX_KEY: Final = 64
_PASSWORDS: Final = 10**6


class Hotp(TrustedApplication):
    """Compute passwords of six digits from a key and a counter; each session has its own.

    REGISTER_SHARED_KEY takes a key of up to 64 bytes. GET_HOTP returns the next password as a
    number. It is BAD_PARAMETERS without a key, or if the key has fewer than 10 bytes, but the
    counter still advances.
    """

    uuid: ClassVar[UUID] = UUID("484d4143-2d53-4841-3120-4a6f636b6542")

    unknown_command: ClassVar[int] = Result.BAD_PARAMETERS

    class Command(IntEnum):
        """Its commands."""

        REGISTER_SHARED_KEY = 0
        GET_HOTP = 1

    def open_session(self, session: ClientSession, parameters: Parameters) -> None:
        """Start without a key. There are no parameters."""
        parameters.expect()
        self._key = b""
        self._counter = 0

    @command(Command.REGISTER_SHARED_KEY)
    def register_shared_key(self, session: ClientSession, parameters: Parameters) -> None:
        """Keep a key."""
        parameters.expect(ParamType.MEMREF_INPUT)
        key = parameters.memref(0).content()
        if len(key) > _MAX_KEY:
            raise ResultError(Result.BAD_PARAMETERS)
        self._key = key

    @command(Command.GET_HOTP)
    def get_hotp(self, session: ClientSession, parameters: Parameters) -> None:
        """Return the next password."""
        parameters.expect(ParamType.VALUE_OUTPUT)
        counter = self._counter
        self._counter += 1
        if len(self._key) < _MIN_KEY:
            raise ResultError(Result.BAD_PARAMETERS)
        parameters.value(0).a = _password(self._key, counter)


def _password(key: bytes, counter: int) -> int:
    digest = hmac.digest(key, counter.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return number % _PASSWORDS
