# SPDX-License-Identifier: BSD-2-Clause
"""A system call as somebody sees it who stands between a program and its kernel."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final
from uuid import UUID

from .._boundary import copy_from_user
from .system_call import SystemCall

__all__ = ["ObservedCall"]

# The kernel takes no longer ones (TEE_MAX_ARG_SIZE).
_MAX_ARGUMENT: Final = 4096
_BUF_DATA: Final = Struct("=QQ")
_PARAM: Final = Struct("=QQQQ")
_UINT32: Final = Struct("=I")


@dataclass(frozen=True, slots=True)
class ObservedCall:
    """A system call before it is served.

    Attributes:
        call: its kind.
        fd: the descriptor it is made on, -1 for open and munmap.
        path: what is opened.
        request: the number of an ioctl.
        address: where an ioctl's argument lies, or what munmap unmaps.
        length: how many bytes mmap and munmap are about.
        argument: a copy of the structure behind an ioctl's argument, empty if it can't be
            read.
        buffer: where that structure points to a buffer with parameters, a copy of it,
            empty if it can't be read.
    """

    call: SystemCall
    fd: int = -1
    path: str = ""
    request: int = 0
    address: int = 0
    length: int = 0
    argument: bytes = b""
    buffer: bytes = b""

    @classmethod
    def of_ioctl(cls, fd: int, request: int, address: int) -> ObservedCall:
        """Look at an ioctl; what can't be read is for the kernel to complain of."""
        call = SystemCall.of_request(request)
        # An ioctl's number says how large its argument is.
        argument = b"" if call is SystemCall.OTHER else _read(address, request >> 16 & 0x3FFF)
        buffer = b""
        if call.header_size and argument:
            where, size = _BUF_DATA.unpack(argument)
            buffer = _read(where, size) if size <= _MAX_ARGUMENT else b""
        return cls(call, fd, "", request, address, 0, argument, buffer)

    @property
    def buffer_address(self) -> int:
        """Where the buffer lies."""
        where: int = _BUF_DATA.unpack(self.argument)[0]
        return where

    @property
    def buffer_length(self) -> int:
        """How long the buffer is said to be, in bytes."""
        length: int = _BUF_DATA.unpack(self.argument)[1]
        return length

    @property
    def params(self) -> list[tuple[int, int, int, int]]:
        """The attr, a, b and c of the parameters, of ioctls that have them."""
        size = self.call.header_size
        if not size or len(self.buffer) < size or (len(self.buffer) - size) % _PARAM.size:
            return []
        return list(_PARAM.iter_unpack(self.buffer[size:]))

    def param_address(self, index: int) -> int:
        """Where a parameter lies."""
        return self.buffer_address + self.call.header_size + index * _PARAM.size

    @property
    def uuid(self) -> UUID | None:
        """The Trusted Application that OPEN_SESSION names, None of other calls."""
        if self.call is not SystemCall.OPEN_SESSION or len(self.buffer) < 16:
            return None
        return UUID(bytes=self.buffer[:16])

    @property
    def command_id(self) -> int | None:
        """The command that INVOKE is to run, None of other calls."""
        return self._number_in_buffer(0)

    @property
    def session(self) -> int | None:
        """The session that INVOKE, CANCEL or CLOSE_SESSION is about, None of other calls."""
        if self.call is SystemCall.CLOSE_SESSION and self.argument:
            return int(_UINT32.unpack_from(self.argument)[0])
        if self.call is SystemCall.CANCEL and self.argument:
            return int(_UINT32.unpack_from(self.argument, 4)[0])
        return self._number_in_buffer(4)

    def _number_in_buffer(self, offset: int) -> int | None:
        if self.call is not SystemCall.INVOKE or len(self.buffer) < offset + 4:
            return None
        return int(_UINT32.unpack_from(self.buffer, offset)[0])


def _read(address: int, size: int) -> bytes:
    try:
        return copy_from_user(address, size)
    except OSError:
        return b""
