# SPDX-License-Identifier: BSD-2-Clause
"""The one exception tree of the package.

By rule, TEEC_ERROR_ITEM_NOT_FOUND is Result.ITEM_NOT_FOUND and the exception
ItemNotFoundError. Where Python has an exception for the same thing, ours is one
of these too.
"""

from __future__ import annotations

import builtins
import errno
import os
from enum import IntEnum

from .enums import Origin, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "AccessConflictError",
    "AccessDeniedError",
    "BadFormatError",
    "BadParametersError",
    "BadStateError",
    "BusyError",
    "CancelError",
    "ClosedContextError",
    "ClosedError",
    "ClosedSessionError",
    "ClosedSharedMemoryError",
    "CommunicationError",
    "DeviceAccessError",
    "DeviceNotFoundError",
    "ExcessDataError",
    "ExternalCancelError",
    "FakeTeeWarning",
    "ForkedContextError",
    "GenericError",
    "ItemNotFoundError",
    "MacInvalidError",
    "NoDataError",
    "NotATeeDeviceError",
    "NotImplementedError",
    "NotSupportedError",
    "OutOfMemoryError",
    "OverflowError",
    "ParameterRangeError",
    "ParameterTypeError",
    "PrivilegedDeviceError",
    "ReadOnlyBufferError",
    "SecurityError",
    "SharedMemoryInUseError",
    "ShortBufferError",
    "SignatureInvalidError",
    "StorageNoSpaceError",
    "StorageNotAvailableError",
    "TargetDeadError",
    "TeecError",
    "TimeoutError",
    "TrustedApplicationNotFoundError",
]


class FakeTeeWarning(UserWarning):
    """The machine has no TEE device, and the fake kernel answers instead of one."""


class TeecError(Exception):
    """Something in the TEE Client API failed; the base of every exception here.

    Attributes:
        code: the 32-bit result, also where it has no name.
        origin: the layer it comes from (an int outside the specification's).
        errno: the error of the system call that failed, or None.
        doing: what was being done.
        remedy: what may help, or None.
        outputs: the outputs of the operation in slot order, where there are any:
            a Trusted Application may return them with any result. What would be a
            memoryview of the caller's memory is a copy here.
        results: the names that the session was given for the Trusted Application's own
            codes, or None.
    """

    code: int = Result.GENERIC
    origin: int
    errno: Any
    doing: str
    remedy: str | None
    outputs: tuple[Any, ...]
    results: type[IntEnum] | None

    def __init__(
        self,
        doing: str = "",
        *,
        code: int | None = None,
        origin: int = Origin.API,
        errno: int | None = None,
        remedy: str | None = None,
        outputs: tuple[Any, ...] = (),
        results: type[IntEnum] | None = None,
    ) -> None:
        super().__init__(doing)
        self.doing = doing
        if code is not None:
            self.code = code
        self.origin = origin
        self.errno = errno
        self.remedy = remedy
        self.outputs = outputs
        self.results = results

    @property
    def result(self) -> IntEnum | None:
        """The code as a member of results or of Result, or None if it has no name.

        A Trusted Application defines what its codes mean: by origin TRUSTED_APP, and by
        that only, names in results come before the specification's.
        """
        enumerations: tuple[type[IntEnum], ...] = (Result,)
        if self.results is not None and self.origin == Origin.TRUSTED_APP:
            enumerations = (self.results, Result)
        for names in enumerations:
            try:
                return names(self.code)
            except ValueError:
                continue
        return None

    def __str__(self) -> str:
        result = self.result
        name = result.name if result is not None else describe_range(self.code)
        origin = Origin(self.origin).name if self.origin in _ORIGINS else f"origin {self.origin}"
        text = f"{self.doing}: " if self.doing else ""
        text += f"{name} (0x{self.code:08x}, {origin})"
        if self.errno:
            text += f", errno {self.errno} ({os.strerror(self.errno)})"
        if self.remedy:
            text += f": {self.remedy}"
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the attributes; those of an OSError are not in its dictionary."""
        return type(self), (self.doing,), {**self.__dict__, "errno": self.errno}


_ORIGINS = frozenset(Origin)


# The last code of each range; source: GPD_SPE_010 3.3.1.
_RANGES = (
    (0x6FFFFFFF, "reserved non-error result"),
    (0x7FFFFFFF, "implementation-defined non-error result"),
    (0x8FFFFFFF, "implementation-defined error"),
    (0xEFFFFFFF, "reserved result"),
    (0xFFFEFFFF, "error of a GlobalPlatform API"),
    (0xFFFFFFFF, "GlobalPlatform error"),
)


def describe_range(code: int) -> str:
    """Name the range that a 32-bit result without a name of its own belongs to."""
    return next((name for last, name in _RANGES if code <= last), "unknown result")


class GenericError(TeecError):
    """GENERIC: no particular cause was given."""

    code = Result.GENERIC


class AccessDeniedError(TeecError, PermissionError):
    """ACCESS_DENIED: the client may not do this."""

    code = Result.ACCESS_DENIED


class CancelError(TeecError):
    """CANCEL: the operation was cancelled; by origin API, before it was sent."""

    code = Result.CANCEL


class AccessConflictError(TeecError):
    """ACCESS_CONFLICT: concurrent accesses exclude each other."""

    code = Result.ACCESS_CONFLICT


class ExcessDataError(TeecError):
    """EXCESS_DATA: there was more data than asked for."""

    code = Result.EXCESS_DATA


class BadFormatError(TeecError, ValueError):
    """BAD_FORMAT: input data were malformed."""

    code = Result.BAD_FORMAT


class BadParametersError(TeecError, ValueError):
    """BAD_PARAMETERS: parameters were not what the callee takes."""

    code = Result.BAD_PARAMETERS


class BadStateError(TeecError):
    """BAD_STATE: not possible in the present state."""

    code = Result.BAD_STATE


class ItemNotFoundError(TeecError, LookupError):
    """ITEM_NOT_FOUND: what was asked for is not there."""

    code = Result.ITEM_NOT_FOUND


class NotImplementedError(TeecError, builtins.NotImplementedError):
    """NOT_IMPLEMENTED: should exist, but does not yet."""

    code = Result.NOT_IMPLEMENTED


class NotSupportedError(TeecError):
    """NOT_SUPPORTED: is not offered here."""

    code = Result.NOT_SUPPORTED


class NoDataError(TeecError):
    """NO_DATA: expected data were missing."""

    code = Result.NO_DATA


class OutOfMemoryError(TeecError, MemoryError):
    """OUT_OF_MEMORY: a resource ran out, here or in the TEE."""

    code = Result.OUT_OF_MEMORY


class BusyError(TeecError):
    """BUSY: in use by somebody else."""

    code = Result.BUSY


class CommunicationError(TeecError, ConnectionError):
    """COMMUNICATION: the way to the TEE or its supplicant failed."""

    code = Result.COMMUNICATION


class SecurityError(TeecError):
    """SECURITY: a security check failed."""

    code = Result.SECURITY


class ShortBufferError(TeecError):
    """SHORT_BUFFER: an output buffer is too small."""

    code = Result.SHORT_BUFFER

    @property
    def required(self) -> int | None:
        """The number of bytes that the first output found too small needs; None if untold."""
        sizes = (getattr(output, "required", None) for output in self.outputs)
        return next((size for size in sizes if size is not None), None)


class ExternalCancelError(CancelError):
    """EXTERNAL_CANCEL: cancelled by something outside the TEE's control."""

    code = Result.EXTERNAL_CANCEL


class TimeoutError(TeecError, builtins.TimeoutError):
    """TIMEOUT: the time allowed has passed."""

    code = Result.TIMEOUT


class OverflowError(TeecError, builtins.OverflowError):
    """OVERFLOW: a value or a size got too large."""

    code = Result.OVERFLOW


class TargetDeadError(TeecError):
    """TARGET_DEAD: the Trusted Application has panicked; its session can only be closed.

    On the fake kernel the exception that was the panic is the __cause__.
    """

    code = Result.TARGET_DEAD


class StorageNoSpaceError(TeecError):
    """STORAGE_NO_SPACE: the trusted storage is full."""

    code = Result.STORAGE_NO_SPACE


class StorageNotAvailableError(TeecError):
    """STORAGE_NOT_AVAILABLE: the trusted storage can't be reached."""

    code = Result.STORAGE_NOT_AVAILABLE


class MacInvalidError(TeecError):
    """MAC_INVALID: a message authentication code does not fit."""

    code = Result.MAC_INVALID


class SignatureInvalidError(TeecError):
    """SIGNATURE_INVALID: a signature does not fit."""

    code = Result.SIGNATURE_INVALID


class DeviceNotFoundError(ItemNotFoundError, FileNotFoundError):
    """There is no such TEE device."""


class DeviceAccessError(AccessDeniedError):
    """There is a TEE device, but this user may not open it."""


class NotATeeDeviceError(BadParametersError):
    """The path leads to something that is not a TEE device."""


class PrivilegedDeviceError(NotSupportedError):
    """The device is the supplicant's (/dev/teeprivN); clients use /dev/teeN."""


class TrustedApplicationNotFoundError(ItemNotFoundError):
    """The TEE knows no Trusted Application of this UUID."""


class ParameterTypeError(BadParametersError, TypeError):
    """A parameter is of a type that can't be sent."""


class ParameterRangeError(BadParametersError, builtins.OverflowError):
    """A number does not fit where it has to go."""


class ReadOnlyBufferError(BadParametersError, BufferError):
    """An output needs a buffer that can be written."""


class ClosedError(BadStateError, ValueError):
    """Something was used after it was closed."""


class ClosedContextError(ClosedError):
    """The context is closed."""


class ClosedSessionError(ClosedError):
    """The session is closed."""


class ClosedSharedMemoryError(ClosedError):
    """The shared memory is closed."""


class SharedMemoryInUseError(BadStateError, BufferError):
    """The shared memory is still used: by a view that Python exported, or by a call."""


class ForkedContextError(BadStateError):
    """The context was opened by this process's parent, whose sessions it would disturb.

    Open a context of the child's own.
    """


_CLASSES: dict[int, type[TeecError]] = {
    cls.code: cls
    for cls in (
        GenericError,
        AccessDeniedError,
        CancelError,
        AccessConflictError,
        ExcessDataError,
        BadFormatError,
        BadParametersError,
        BadStateError,
        ItemNotFoundError,
        NotImplementedError,
        NotSupportedError,
        NoDataError,
        OutOfMemoryError,
        BusyError,
        CommunicationError,
        SecurityError,
        ShortBufferError,
        ExternalCancelError,
        TimeoutError,
        OverflowError,
        TargetDeadError,
        StorageNoSpaceError,
        StorageNotAvailableError,
        MacInvalidError,
        SignatureInvalidError,
    )
}

# What the C library makes of a failed system call, where it knows nothing better.
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
    outputs: tuple[Any, ...] = (),
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
