# SPDX-License-Identifier: BSD-2-Clause
"""What the errno of a failed system call means, and what may help: the same on every road."""

from __future__ import annotations

import errno

from .enums import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["ENOTSUPP", "FILES_SHORTAGE", "code_of", "for_errno"]

# ENOTSUPP, which the kernel keeps to itself but the TEE subsystem lets out.
ENOTSUPP: Final = 524

FILES_SHORTAGE: Final = frozenset({errno.EMFILE, errno.ENFILE})

# What the C library returns for a failed system call, as OP-TEE's library does. Any other result
# says more than the errno.
_CODES_OF_C: Final = frozenset({Result.GENERIC, Result.BAD_PARAMETERS, Result.OUT_OF_MEMORY})

# GENERIC is for all others.
_CODES: Final[dict[int, int]] = {
    errno.EPERM: Result.ACCESS_DENIED,
    errno.EACCES: Result.ACCESS_DENIED,
    errno.ENOENT: Result.ITEM_NOT_FOUND,
    # The answer is lost.
    errno.EINTR: Result.COMMUNICATION,
    errno.ENXIO: Result.COMMUNICATION,
    errno.ENODEV: Result.COMMUNICATION,
    errno.ETIMEDOUT: Result.COMMUNICATION,
    errno.ECOMM: Result.COMMUNICATION,
    errno.EPROTO: Result.COMMUNICATION,
    errno.EREMOTEIO: Result.COMMUNICATION,
    errno.ESHUTDOWN: Result.COMMUNICATION,
    errno.E2BIG: Result.EXCESS_DATA,
    errno.EBADF: Result.BAD_STATE,
    errno.EBUSY: Result.BUSY,
    # The specification's words for OUT_OF_MEMORY are: the system ran out of resources.
    errno.ENOMEM: Result.OUT_OF_MEMORY,
    errno.EAGAIN: Result.OUT_OF_MEMORY,
    errno.EOVERFLOW: Result.OUT_OF_MEMORY,
    errno.EMFILE: Result.OUT_OF_MEMORY,
    errno.ENFILE: Result.OUT_OF_MEMORY,
    errno.ENOBUFS: Result.OUT_OF_MEMORY,
    errno.ENOSPC: Result.OUT_OF_MEMORY,
    errno.EFAULT: Result.BAD_PARAMETERS,
    errno.EINVAL: Result.BAD_PARAMETERS,
    errno.ENOSYS: Result.NOT_SUPPORTED,
    errno.ENOTTY: Result.NOT_SUPPORTED,
    errno.EOPNOTSUPP: Result.NOT_SUPPORTED,
    ENOTSUPP: Result.NOT_SUPPORTED,
}

_FORBIDDEN = (
    "the kernel does not let this process do it: a seccomp filter or a security module (SELinux,"
    " AppArmor) may forbid it"
)
_GONE = (
    "the device is gone: close the context, and open another when the device is back"
    " (wait_for_device() waits for it)"
)
_UNKNOWN_REQUEST = "the driver of this device does not know the request"

_REMEDIES: Final[dict[int, str]] = {
    errno.EPERM: _FORBIDDEN,
    errno.EACCES: _FORBIDDEN,
    errno.ENXIO: _GONE,
    errno.ENODEV: _GONE,
    errno.ESHUTDOWN: _GONE,
    errno.EBADF: (
        "something in this process closed a descriptor of the library's: look for os.close() and"
        " os.closerange(), and open another context"
    ),
    errno.EAGAIN: "the kernel has too little of a resource at the moment: try again later",
    errno.ENOMEM: (
        "the kernel, its driver or the TEE has no memory left: send less at a time, and close"
        " sessions and blocks that are no longer used"
    ),
    errno.EMFILE: (
        "this process has too many open files: close some, or raise its limit (RLIMIT_NOFILE,"
        ' which "ulimit -n" shows and LimitNOFILE= of a systemd unit sets)'
    ),
    errno.ENFILE: (
        "the system has too many open files: close some, or raise its limit (sysctl fs.file-max)"
    ),
    errno.EFAULT: (
        "all of the memory must be mapped, and an output's must be writable; if it is not memory"
        " of the program's own, the machine may have none left"
    ),
    errno.ENOSYS: _UNKNOWN_REQUEST,
    errno.ENOTTY: _UNKNOWN_REQUEST,
    errno.EOPNOTSUPP: _UNKNOWN_REQUEST,
    ENOTSUPP: _UNKNOWN_REQUEST,
}


def code_of(code: int, error: int) -> int:
    """Return the result of a function of the C library that failed.

    Args:
        code: what the function returned.
        error: the errno of the system call behind it, or 0.
    """
    return _CODES.get(error, code) if error and code in _CODES_OF_C else code


def for_errno(error: int | None, *, running: str | None = None) -> str | None:
    """Return what may help against the errno of a system call, where nothing more is known.

    Args:
        error: the errno; 0 or None if no system call failed.
        running: what may have run, if it was the system call that runs it.
    """
    if error != errno.EINTR:
        return _REMEDIES.get(error or 0)
    if running is None:
        return "a signal interrupted the system call, and nothing was run: try again"
    return (
        f"a signal interrupted the driver while it waited: {running} may have run, or may run"
        " still, and what it returns is lost; repeat it only if that does no harm"
    )
