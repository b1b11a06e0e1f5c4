# SPDX-License-Identifier: BSD-2-Clause
"""The exception for each result."""

from __future__ import annotations

import errno

from . import errors
from ._teec_error import TeecError
from .enums import Origin, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enum import IntEnum

    from ._outputs import Outputs

__all__ = ["error_of"]

_CLASSES: dict[int, type[TeecError]] = {
    cls.code: cls
    for cls in (
        errors.GenericError,
        errors.AccessDeniedError,
        errors.CancelError,
        errors.AccessConflictError,
        errors.ExcessDataError,
        errors.BadFormatError,
        errors.BadParametersError,
        errors.BadStateError,
        errors.ItemNotFoundError,
        errors.NotImplementedError,
        errors.NotSupportedError,
        errors.NoDataError,
        errors.OutOfMemoryError,
        errors.BusyError,
        errors.CommunicationError,
        errors.SecurityError,
        errors.ShortBufferError,
        errors.ExternalCancelError,
        errors.TimeoutError,
        errors.OverflowError,
        errors.TargetDeadError,
        errors.StorageNoSpaceError,
        errors.StorageNotAvailableError,
        errors.MacInvalidError,
        errors.SignatureInvalidError,
        errors.CorruptObjectError,
        errors.CorruptObject2Error,
        errors.StorageNotAvailable2Error,
        errors.UnsupportedVersionError,
        errors.CiphertextInvalidError,
        errors.TimeNotSetError,
        errors.TimeNeedsResetError,
        errors.IsocketHostnameError,
        errors.IsocketLargeBufferError,
        errors.IsocketOutOfResourcesError,
        errors.IsocketProtocolError,
        errors.IsocketRemoteClosedError,
        errors.IsocketTcpWarningUnknownOutOfBandError,
        errors.IsocketTimeoutError,
        errors.IsocketUdpWarningUnknownOutOfBandError,
        errors.IsocketWarningProtocolError,
    )
}

# The results of the C library for a failed system call that it has no other result for.
_CODES_OF_FAILURE = (Result.GENERIC, Result.BAD_PARAMETERS, Result.OUT_OF_MEMORY)

# What a failed system call means.
_CODES_OF_ERRNO = {
    errno.EPERM: Result.ACCESS_DENIED,
    errno.EACCES: Result.ACCESS_DENIED,
    errno.ENOENT: Result.ITEM_NOT_FOUND,
    errno.ENXIO: Result.COMMUNICATION,
    errno.ENODEV: Result.COMMUNICATION,
    errno.E2BIG: Result.EXCESS_DATA,
    errno.ENOMEM: Result.OUT_OF_MEMORY,
    errno.EFAULT: Result.BAD_PARAMETERS,
    errno.EINVAL: Result.BAD_PARAMETERS,
    errno.EBUSY: Result.BUSY,
    errno.ENOTTY: Result.NOT_SUPPORTED,
    errno.EOPNOTSUPP: Result.NOT_SUPPORTED,
    # ENOTSUPP, which the kernel keeps to itself but the TEE subsystem lets out.
    524: Result.NOT_SUPPORTED,
}

_REMEDIES = {
    Result.TARGET_DEAD: "the Trusted Application panicked; the secure world's log says where,"
    " and a new session starts afresh",
    Result.BUSY: "it is in use: close the other session or try again later",
}


def error_of(
    code: int,
    origin: int,
    error: int,
    doing: str,
    *,
    remedy: str | None = None,
    outputs: Outputs = (),
    results: type[IntEnum] | None = None,
) -> TeecError:
    """Make the exception for a result of the C library; error is the errno or 0."""
    if origin == Origin.COMMS and code in _CODES_OF_FAILURE:
        code = _CODES_OF_ERRNO.get(error, code)
    cls = _CLASSES.get(code, TeecError)
    return cls(
        doing,
        code=code,
        origin=origin,
        errno=error or None,
        remedy=remedy or _REMEDIES.get(code),  # type: ignore[call-overload]
        outputs=outputs,
        results=results,
    )
