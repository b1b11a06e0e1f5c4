# SPDX-License-Identifier: BSD-2-Clause
"""Kernels in Python: how the C library calls them, and how they reach the program's memory."""

from __future__ import annotations

import errno
import threading

from .._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from typing_extensions import Buffer

    from ..kernels import Kernel


class _Thread(threading.local):
    # What a kernel in Python raised below C code, which it can't go through.
    interrupted: BaseException | None = None


_thread = _Thread()
# As a type rather than as text, which each use would look up.
_BYTES: Final = ffi.typeof("char[]")
_BUF_DATA_SIZE: Final = ffi.sizeof("struct tee_ioctl_buf_data")
_uncleared: Final = ffi.new_allocator(should_clear_after_alloc=False)


def _answer(device: Any, call: Callable[[Kernel], int]) -> int:
    """Run one of the kernel's calls and return what the seam expects."""
    try:
        return call(ffi.from_handle(device))
    except BaseException as error:
        return _failure(error)


def _failure(error: BaseException) -> int:
    """Return what the seam expects of a call that raised an error."""
    if isinstance(error, OSError):
        return -(error.errno or errno.EIO)
    # Not an answer: an interrupt, or a fault of the kernel's own. It can't
    # cross the C code, so it waits on the other side of it.
    _thread.interrupted = error
    return -errno.EIO


@ffi.def_extern(error=-errno.EIO)  # type: ignore[untyped-decorator]
def python_device_open(device: Any, path: Any) -> int:
    return _answer(device, lambda kernel: kernel.open(ffi.string(path).decode()))


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
        address[0] = ffi.cast("void *", kernel.mmap(fd, length))
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
    """Raise what a kernel in Python could not raise through the C code, after undo()."""
    error = _thread.interrupted
    if error is not None:
        if undo is not None:
            undo()
        _thread.interrupted = None
        raise error


def copy_from_user(address: int, size: int) -> bytes:
    """Read the program's memory as a kernel does: OSError(EFAULT) where there is none."""
    data = ffi.new(_BYTES, size)
    result = lib.copy_from_user(data, address, size)
    if result:
        raise OSError(-result, "copy_from_user")
    copy: bytes = ffi.buffer(data)[:]
    return copy


def copy_buffer_from_user(address: int, limit: int) -> bytes:
    """Read a struct tee_ioctl_buf_data at an address, and the buffer that it names.

    Returns:
        A copy of the structure and, behind it, of the buffer; only of the structure if
        the buffer is longer than the limit, or can't all be read.
    """
    room = _BUF_DATA_SIZE + limit
    data = _uncleared(_BYTES, room)
    result = lib.copy_buffer_from_user(data, room, address)
    if result < 0:
        raise OSError(-result, "copy_from_user")
    copy: bytes = ffi.unpack(data, result)
    return copy


def copy_to_user(address: int, data: bytes) -> None:
    """Write the program's memory as a kernel does: OSError(EFAULT) where that can't be."""
    result = lib.copy_to_user(address, data, len(data))
    if result:
        raise OSError(-result, "copy_to_user")


def check_user_pages(address: int, size: int) -> None:
    """Raise OSError as the kernel does unless it can write to all of a range of memory."""
    result = lib.check_user_pages(address, size)
    if result:
        raise OSError(-result, "check_user_pages")


def address_of(buffer: Buffer) -> int:
    """Return where a buffer lies."""
    return int(ffi.cast("uintptr_t", ffi.from_buffer(buffer)))


def constant(name: str) -> int:
    """Return the value of a constant of the C headers."""
    value: int = getattr(lib, name)
    return value
