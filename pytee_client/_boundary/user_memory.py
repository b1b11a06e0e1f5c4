# SPDX-License-Identifier: BSD-2-Clause
"""The program's memory as a kernel reaches it: with an error where there is none, not a signal."""

from __future__ import annotations

from .._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from .._stand_ins import Buffer

# As a type rather than as text, which each use would look up.
_BYTES: Final = ffi.typeof("char[]")
_BUF_DATA_SIZE: Final = ffi.sizeof("struct tee_ioctl_buf_data")
_uncleared: Final = ffi.new_allocator(should_clear_after_alloc=False)


def copy_from_user(address: int, size: int) -> bytes:
    """Read the program's memory as a kernel does: OSError(EFAULT) where there is none."""
    data = _uncleared(_BYTES, size)
    result = lib.copy_from_user(data, address, size)
    if result:
        raise OSError(-result, "copy_from_user")
    copy: bytes = ffi.unpack(data, size)
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


class WorkingCopy:
    """A copy of the program's memory, of which only what changes is written back.

    Attributes:
        view: the bytes to read and to change; read-only if the copy is never written back.
    """

    __slots__ = ("_address", "_before", "view")

    def __init__(self, address: int, size: int, *, writable: bool) -> None:
        """Copy memory; OSError(EFAULT) where there is none."""
        self._address = address
        self._before = _uncleared(_BYTES, size)
        result = lib.copy_from_user(self._before, address, size)
        if result:
            raise OSError(-result, "copy_from_user")
        before = ffi.buffer(self._before)
        self.view = memoryview(bytearray(before)) if writable else memoryview(before).toreadonly()

    def write_changes(self) -> int:
        """Write the bytes of the view that were changed, and no others, to the program's memory.

        Bytes of a page that can't be written, because the program has unmapped it, are lost.

        Returns:
            How many parts of 4 KiB it wrote to.
        """
        if self.view.readonly:
            return 0
        written: int = lib.write_changes(
            self._address, self._before, ffi.from_buffer(self.view), len(self.view)
        )
        return written


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
