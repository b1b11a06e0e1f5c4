# SPDX-License-Identifier: BSD-2-Clause
"""Kernels in Python: how the C library calls them."""

from __future__ import annotations

import errno
import os
import threading

from .._native import ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from ..kernels.kernel import Kernel


# The largest that a system call returns.
_LAST_ERRNO: Final = 4095


class _Thread(threading.local):
    # What a kernel in Python raised: an exception can't pass through the C code.
    interrupted: BaseException | None = None


_thread = _Thread()


def _answer(device: Any, call: Callable[[Kernel], int]) -> int:
    """Run one of the kernel's calls and return what the seam expects."""
    try:
        return call(ffi.from_handle(device))
    except BaseException as error:
        return _failure(error)


def _failure(error: BaseException) -> int:
    """Return what the seam expects of a call that raised an error."""
    if isinstance(error, OSError):
        return -_number_of(error.errno)
    # An interrupt, or a bug in the kernel. It can't pass through the C code, so
    # raise_interrupted() raises it after the C code.
    _thread.interrupted = error
    return -errno.EIO


def _number_of(error: object) -> int:
    """Return the errno of an OSError, in which a program can write anything, as Linux has it."""
    # Some write what the kernel's own functions return: a negative number.
    number = abs(error) if isinstance(error, int) else 0
    return number if 0 < number <= _LAST_ERRNO else errno.EIO


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def python_device_open(device: Any, path: Any) -> int:
    return _answer(device, lambda kernel: kernel.open(os.fsdecode(ffi.string(path))))


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def python_device_ioctl(device: Any, fd: int, request: int, argument: int) -> int:
    try:
        kernel: Kernel = ffi.from_handle(device)
        return kernel.ioctl(fd, request, argument)
    except BaseException as error:
        return _failure(error)


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def python_device_mmap(device: Any, fd: int, length: int, address: Any) -> int:
    def call(kernel: Kernel) -> int:
        start = kernel.mmap(fd, length)
        if start < 0:
            return start
        address[0] = ffi.cast("void *", start)
        return 0

    return _answer(device, call)


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def python_device_munmap(device: Any, address: Any, length: int) -> int:
    def call(kernel: Kernel) -> int:
        kernel.munmap(int(ffi.cast("uintptr_t", address)), length)
        return 0

    return _answer(device, call)


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def python_device_close(device: Any, fd: int) -> int:
    def call(kernel: Kernel) -> int:
        kernel.close(fd)
        return 0

    return _answer(device, call)


def raise_interrupted(undo: Callable[[], object] | None = None) -> None:
    """Raise what a kernel in Python raised during the last C call, after undo()."""
    error = _thread.interrupted
    if error is not None:
        if undo is not None:
            undo()
        _thread.interrupted = None
        raise error
