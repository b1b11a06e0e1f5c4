# SPDX-License-Identifier: BSD-2-Clause
"""A client of OP-TEE's application for secrets of programs."""

from __future__ import annotations

from typing import Final

from ... import ta
from ..._optee_applications.app_secrets import HEADER, MAX_SEALED, OVERHEAD
from ._kinds import LimitedBytes

__all__ = ["AppSecrets"]


class AppSecrets(ta.Client, uuid="5ca4d9d9-dee4-47f4-977a-7eadc060e52c"):
    """Seal secrets of a program to its login, and unseal them: OP-TEE's application app_secrets.

    OP-TEE has it since 4.11. Any login may open it. A secret is sealed to the login that the
    session has, and to this device: with Login.USER another user can't unseal it, and with
    Login.PUBLIC every program can. The program keeps what was sealed, in a file for example.

    Source: app_secrets_ta.h and app_secrets_ta.c of OP-TEE. Tried on the fake alone.

    Attributes:
        seal_secret: command 0: seal 1 to 4040 bytes, and return 56 bytes more.
        unseal_secret: command 1: return the secret. SecurityError: what was sealed has changed, or
            was sealed to another login, or by another device.
    """

    seal_secret: Final = ta.command(
        0, LimitedBytes(1, MAX_SEALED - OVERHEAD), returns=ta.Variable(bytes, MAX_SEALED)
    )
    unseal_secret: Final = ta.command(
        1, LimitedBytes(HEADER.size + 1, MAX_SEALED), returns=ta.Variable(bytes, MAX_SEALED)
    )
