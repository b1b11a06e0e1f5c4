# SPDX-License-Identifier: BSD-2-Clause
"""The one exception tree of the package.

By rule, TEEC_ERROR_ITEM_NOT_FOUND is Result.ITEM_NOT_FOUND and the exception
ItemNotFoundError. Where Python has an exception for the same thing, ours is one
of these too.

TimeoutError, OverflowError and NotImplementedError are only here, so that
"from pytee_client import *" and "from pytee_client.errors import *" leave Python's own alone.
"""

from __future__ import annotations

import builtins

from ._internal_core_errors import (
    CiphertextInvalidError,
    CorruptObject2Error,
    CorruptObjectError,
    MacInvalidError,
    SignatureInvalidError,
    StorageNoSpaceError,
    StorageNotAvailable2Error,
    StorageNotAvailableError,
    TimeNeedsResetError,
    TimeNotSetError,
    UnsupportedVersionError,
)
from ._socket_errors import (
    IsocketError,
    IsocketHostnameError,
    IsocketLargeBufferError,
    IsocketOutOfResourcesError,
    IsocketProtocolError,
    IsocketRemoteClosedError,
    IsocketTcpWarningUnknownOutOfBandError,
    IsocketTimeoutError,
    IsocketUdpWarningUnknownOutOfBandError,
    IsocketWarningProtocolError,
)
from ._teec_error import TeecError
from .enums import Result

__all__ = [
    "AccessConflictError",
    "AccessDeniedError",
    "BadFormatError",
    "BadParametersError",
    "BadStateError",
    "BusyError",
    "CancelError",
    "CiphertextInvalidError",
    "ClosedContextError",
    "ClosedError",
    "ClosedPoolError",
    "ClosedSessionError",
    "ClosedSharedMemoryError",
    "CommunicationError",
    "CorruptObject2Error",
    "CorruptObjectError",
    "DeadSessionError",
    "DeadlineError",
    "DeviceAccessError",
    "DeviceNotFoundError",
    "DeviceTimeoutError",
    "ExcessDataError",
    "ExternalCancelError",
    "FakeTeeWarning",
    "ForkedContextError",
    "GenericError",
    "InterruptedCallError",
    "IsocketError",
    "IsocketHostnameError",
    "IsocketLargeBufferError",
    "IsocketOutOfResourcesError",
    "IsocketProtocolError",
    "IsocketRemoteClosedError",
    "IsocketTcpWarningUnknownOutOfBandError",
    "IsocketTimeoutError",
    "IsocketUdpWarningUnknownOutOfBandError",
    "IsocketWarningProtocolError",
    "ItemNotFoundError",
    "MacInvalidError",
    "NoDataError",
    "NotATeeDeviceError",
    "NotSupportedError",
    "OutOfMemoryError",
    "ParameterRangeError",
    "ParameterTypeError",
    "PoolSizeWarning",
    "PrivilegedDeviceError",
    "ReadOnlyBufferError",
    "SecurityError",
    "ShortBufferError",
    "SignatureInvalidError",
    "StorageNoSpaceError",
    "StorageNotAvailable2Error",
    "StorageNotAvailableError",
    "SupplicantRunningError",
    "TargetDeadError",
    "TeecError",
    "TimeNeedsResetError",
    "TimeNotSetError",
    "TooManyFilesError",
    "TrustedApplicationNotFoundError",
    "UnsupportedVersionError",
]


class FakeTeeWarning(UserWarning):
    """The machine has no TEE device, and the fake kernel answers instead of one."""


class PoolSizeWarning(UserWarning):
    """The TEE opens fewer sessions with an application than a pool may have, such as one."""


class GenericError(TeecError):
    """GENERIC: no particular cause was given."""

    code: int = Result.GENERIC


class AccessDeniedError(TeecError, PermissionError):
    """ACCESS_DENIED: the client may not do this."""

    code: int = Result.ACCESS_DENIED


class CancelError(TeecError):
    """CANCEL: the operation was cancelled; by origin API, before it was sent."""

    code: int = Result.CANCEL


class AccessConflictError(TeecError):
    """ACCESS_CONFLICT: concurrent accesses exclude each other."""

    code: int = Result.ACCESS_CONFLICT


class ExcessDataError(TeecError):
    """EXCESS_DATA: there was more data than asked for."""

    code: int = Result.EXCESS_DATA


class BadFormatError(TeecError, ValueError):
    """BAD_FORMAT: input data were malformed."""

    code: int = Result.BAD_FORMAT


class BadParametersError(TeecError, ValueError):
    """BAD_PARAMETERS: parameters were not what the callee takes."""

    code: int = Result.BAD_PARAMETERS


class BadStateError(TeecError):
    """BAD_STATE: not possible in the present state."""

    code: int = Result.BAD_STATE


class ItemNotFoundError(TeecError, LookupError):
    """ITEM_NOT_FOUND: what was asked for is not there."""

    code: int = Result.ITEM_NOT_FOUND


class NotImplementedError(TeecError, builtins.NotImplementedError):
    """NOT_IMPLEMENTED: should exist, but does not yet."""

    code: int = Result.NOT_IMPLEMENTED


class NotSupportedError(TeecError):
    """NOT_SUPPORTED: is not offered here."""

    code: int = Result.NOT_SUPPORTED


class NoDataError(TeecError):
    """NO_DATA: expected data were missing."""

    code: int = Result.NO_DATA


class OutOfMemoryError(TeecError, MemoryError):
    """OUT_OF_MEMORY: a resource ran out, here or in the TEE."""

    code: int = Result.OUT_OF_MEMORY


class BusyError(TeecError):
    """BUSY: in use by somebody else."""

    code: int = Result.BUSY


class CommunicationError(TeecError, ConnectionError):
    """COMMUNICATION: the way to the TEE or its supplicant failed."""

    code: int = Result.COMMUNICATION


class SecurityError(TeecError):
    """SECURITY: a security check failed."""

    code: int = Result.SECURITY


class ShortBufferError(TeecError):
    """SHORT_BUFFER: an output buffer is too small."""

    code: int = Result.SHORT_BUFFER

    @property
    def required(self) -> int | None:
        """The number of bytes that the first output found too small needs; None if untold."""
        sizes = (getattr(output, "required", None) for output in self.outputs)
        return next((size for size in sizes if size is not None), None)


class ExternalCancelError(CancelError):
    """EXTERNAL_CANCEL: cancelled by something outside the TEE's control."""

    code: int = Result.EXTERNAL_CANCEL


class TimeoutError(TeecError):
    """TIMEOUT: the time allowed has passed.

    No builtins.TimeoutError: the Trusted Application says what it waited for.
    """

    code: int = Result.TIMEOUT


class OverflowError(TeecError, builtins.OverflowError):
    """OVERFLOW: a value or a size got too large."""

    code: int = Result.OVERFLOW


class TargetDeadError(TeecError):
    """TARGET_DEAD: the Trusted Application has panicked; its session can only be closed.

    On the fake kernel the exception that was the panic is the __cause__.
    """

    code: int = Result.TARGET_DEAD


class InterruptedCallError(CommunicationError, builtins.InterruptedError):
    """A signal interrupted the driver (EINTR), and what it waited for is lost.

    The library repeats nothing: may_have_run says whether the operation may have run.

    Attributes:
        may_have_run: whether the operation was with the kernel. If not, nothing was sent.
    """

    may_have_run: bool = False


class DeadlineError(TeecError, builtins.TimeoutError):
    """The time-out of a call passed: the program's own, not one of the Trusted Application.

    Its code is TIMEOUT, and its origin API. outputs has what came back late. If what came back
    late is an error, such as CancelError, it is the __cause__.

    Attributes:
        may_have_run: whether the operation was with the kernel. If not, nothing was sent.
        still_running: whether the operation runs on. It keeps its buffers until it ends; what it
            writes to temporary memory from now on reaches nobody.
    """

    code: int = Result.TIMEOUT
    may_have_run: bool = False
    still_running: bool = False


class TooManyFilesError(OutOfMemoryError, OSError):
    """The process (EMFILE) or the system (ENFILE) has as many open files as it may."""


class DeviceNotFoundError(ItemNotFoundError, FileNotFoundError):
    """There is no such TEE device."""


class DeviceTimeoutError(TimeoutError, builtins.TimeoutError):
    """wait_for_device() found no device in time."""


class DeviceAccessError(AccessDeniedError):
    """There is a TEE device, but this user may not open it."""


class SupplicantRunningError(BusyError, OSError):
    """The device has a supplicant already, and takes no second one."""


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


class ClosedPoolError(ClosedError):
    """The pool of sessions is closed, or is being drained."""


class ClosedSharedMemoryError(ClosedError):
    """The shared memory is closed."""


class DeadSessionError(TargetDeadError, BadStateError):
    """The Trusted Application of the session panicked before; nothing was sent.

    Close the session, and open another.
    """


class ForkedContextError(BadStateError):
    """The context was opened by this process's parent, whose sessions it would disturb.

    Open a context of the child's own.
    """
