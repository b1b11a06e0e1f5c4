# SPDX-License-Identifier: BSD-2-Clause
"""The exceptions for results that only the TEE Internal Core API (GPD_SPE_010) has.

Trusted Applications return what its functions for storage, time and cryptography gave them.
"""

from __future__ import annotations

from ._teec_error import TeecError
from .enums import Result

__all__ = [
    "CiphertextInvalidError",
    "CorruptObject2Error",
    "CorruptObjectError",
    "MacInvalidError",
    "SignatureInvalidError",
    "StorageNoSpaceError",
    "StorageNotAvailable2Error",
    "StorageNotAvailableError",
    "TimeNeedsResetError",
    "TimeNotSetError",
    "UnsupportedVersionError",
]


class StorageNoSpaceError(TeecError):
    """STORAGE_NO_SPACE: the trusted storage is full."""

    code: int = Result.STORAGE_NO_SPACE


class CorruptObjectError(TeecError):
    """CORRUPT_OBJECT: an object in the trusted storage is damaged."""

    code: int = Result.CORRUPT_OBJECT


class CorruptObject2Error(CorruptObjectError):
    """CORRUPT_OBJECT_2: the same in another storage than the Trusted Application's private one."""

    code: int = Result.CORRUPT_OBJECT_2


class StorageNotAvailableError(TeecError):
    """STORAGE_NOT_AVAILABLE: the trusted storage can't be reached."""

    code: int = Result.STORAGE_NOT_AVAILABLE


class StorageNotAvailable2Error(StorageNotAvailableError):
    """STORAGE_NOT_AVAILABLE_2: the same of another storage than the private one."""

    code: int = Result.STORAGE_NOT_AVAILABLE_2


class UnsupportedVersionError(TeecError):
    """UNSUPPORTED_VERSION: a version of something is not supported."""

    code: int = Result.UNSUPPORTED_VERSION


class CiphertextInvalidError(TeecError):
    """CIPHERTEXT_INVALID: a ciphertext can't be decrypted."""

    code: int = Result.CIPHERTEXT_INVALID


class TimeNotSetError(TeecError):
    """TIME_NOT_SET: the Trusted Application's persistent time was never set."""

    code: int = Result.TIME_NOT_SET


class TimeNeedsResetError(TeecError):
    """TIME_NEEDS_RESET: the persistent time was set, but may be wrong by now."""

    code: int = Result.TIME_NEEDS_RESET


class MacInvalidError(TeecError):
    """MAC_INVALID: a message authentication code does not fit."""

    code: int = Result.MAC_INVALID


class SignatureInvalidError(TeecError):
    """SIGNATURE_INVALID: a signature does not fit."""

    code: int = Result.SIGNATURE_INVALID


# Where users find them, and where pickle looks.
for _name in __all__:
    globals()[_name].__module__ = "pytee_client.errors"
