# SPDX-License-Identifier: BSD-2-Clause
"""The exception for each result."""

from __future__ import annotations

import errno
import os

from . import errors
from ._failed_system_calls import FILES_SHORTAGE, code_of, for_errno
from ._teec_error import TeecError
from .enums import Origin, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enum import IntEnum

    from ._outputs import Outputs

__all__ = ["TranslatedFilesShortage", "error_of"]

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

# What calls for a class of its own. Only for failed system calls.
_CLASSES_OF_ERRNO: dict[int, type[TeecError]] = {
    errno.EINTR: errors.InterruptedCallError,
    **dict.fromkeys(FILES_SHORTAGE, errors.TooManyFilesError),
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
    sent: str | None = None,
    details: str | None = None,
    may_have_run: bool = False,
) -> TeecError:
    """Make the exception for a result of the C library.

    Args:
        code: the result.
        origin: where it comes from.
        error: the errno of the system call that failed, or 0.
        doing: what was being done.
        remedy: what may help, if more is known than the result and the errno say.
        outputs: what came back.
        results: the names of the Trusted Application's own codes.
        sent: the kinds and sizes of the parameters, if it was an operation.
        details: what else is known of the cause.
        may_have_run: whether the operation was with the kernel when a system call failed.
    """
    if error:
        code = code_of(code, error)
        # The library itself makes system calls too before it sends anything.
        origin = Origin.COMMS
    cls = _CLASSES_OF_ERRNO.get(error) or _CLASSES.get(code, TeecError)
    made = cls(
        doing,
        code=code,
        origin=origin,
        errno=error or None,
        remedy=remedy or _REMEDIES.get(code),  # type: ignore[call-overload]
        outputs=outputs,
        results=results,
        sent=sent,
        details=details,
    )
    if isinstance(made, errors.InterruptedCallError):
        made.may_have_run = may_have_run
    return made


class TranslatedFilesShortage:
    """Turns errors from a lack of descriptors, such as those of imports, into TooManyFilesError.

    Args:
        doing: what is being done.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            return
        shortage = _shortage_behind(error)
        if shortage:
            raise error_of(
                Result.GENERIC, Origin.COMMS, shortage, self._doing, remedy=for_errno(shortage)
            ) from error


def _shortage_behind(error: BaseException) -> int:
    """Return EMFILE or ENFILE if the lack of descriptors is behind an error, else 0."""
    if isinstance(error, TeecError):
        return 0
    if isinstance(error, ImportError | KeyError):
        # These have no errno: an extension module that can't be opened is an ImportError, a group
        # or a user whose file can't be opened a KeyError.
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as shortage:
            error = shortage
    if isinstance(error, OSError) and error.errno in FILES_SHORTAGE:
        return error.errno or 0
    return 0
