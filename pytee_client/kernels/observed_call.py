# SPDX-License-Identifier: BSD-2-Clause
"""System calls as a kernel sees them that passes them on."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from .._boundary import copy_from_user
from . import uapi
from .system_call import SystemCall

__all__ = ["ObservedCall"]


@dataclass(frozen=True, slots=True)
class ObservedCall:
    """A system call before it is served.

    Attributes:
        call: its kind.
        fd: its descriptor; -1 for open and munmap.
        path: the path that is opened.
        request: the number of an ioctl.
        address: the address of the argument of an ioctl, or of the range that munmap ends.
        length: the length for mmap and munmap, in bytes.
        argument: a copy of the structure that is the argument of an ioctl; empty if it can't
            be read.
        buffer: a copy of the buffer with parameters, for ioctls that have one; empty if it
            can't be read.
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
        """Read the argument of an ioctl. The kernel reports what can't be read, not this."""
        call = SystemCall.of_request(request)
        is_known = call is not SystemCall.OTHER
        argument = _read(address, uapi.size_of_argument(request)) if is_known else b""
        buffer = b""
        if call.header_size and argument:
            where, size = uapi.BUF_DATA.unpack(argument)
            buffer = _read(where, size) if size <= uapi.TEE_MAX_ARG_SIZE else b""
        return cls(call, fd, "", request, address, 0, argument, buffer)

    @property
    def buffer_address(self) -> int:
        """The address of the buffer."""
        where: int = uapi.BUF_DATA.unpack(self.argument)[0]
        return where

    @property
    def buffer_length(self) -> int:
        """The length of the buffer that the argument states, in bytes."""
        length: int = uapi.BUF_DATA.unpack(self.argument)[1]
        return length

    @property
    def params(self) -> list[tuple[int, int, int, int]]:
        """The attr, a, b and c of each parameter; empty for ioctls without parameters."""
        size = self.call.header_size
        if not size or len(self.buffer) < size or (len(self.buffer) - size) % uapi.PARAM.size:
            return []
        return list(uapi.PARAM.iter_unpack(self.buffer[size:]))

    def param_address(self, index: int) -> int:
        """Return the address of a parameter."""
        return self.buffer_address + self.call.header_size + index * uapi.PARAM.size

    @property
    def uuid(self) -> UUID | None:
        """The Trusted Application that OPEN_SESSION names; None for other calls."""
        if self.call is not SystemCall.OPEN_SESSION or not self.has_header:
            return None
        uuid, *_ = uapi.OPEN_SESSION_ARG.unpack_from(self.buffer)
        return UUID(bytes=uuid)

    @property
    def command_id(self) -> int | None:
        """The command that INVOKE runs; None for other calls."""
        if self.call is not SystemCall.INVOKE or not self.has_header:
            return None
        func: int = uapi.INVOKE_ARG.unpack_from(self.buffer)[0]
        return func

    @property
    def session(self) -> int | None:
        """The session of INVOKE, CANCEL or CLOSE_SESSION; None for other calls."""
        number: int
        if self.call is SystemCall.CLOSE_SESSION and self.argument:
            (number,) = uapi.CLOSE_SESSION_ARG.unpack(self.argument)
            return number
        if self.call is SystemCall.CANCEL and self.argument:
            _, number = uapi.CANCEL_ARG.unpack(self.argument)
            return number
        if self.call is SystemCall.INVOKE and self.has_header:
            _, number, *_ = uapi.INVOKE_ARG.unpack_from(self.buffer)
            return number
        return None

    @property
    def has_header(self) -> bool:
        """Whether the buffer has room for the fields before the parameters."""
        return len(self.buffer) >= self.call.header_size


def _read(address: int, size: int) -> bytes:
    try:
        return copy_from_user(address, size)
    except OSError:
        return b""
