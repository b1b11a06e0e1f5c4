# SPDX-License-Identifier: BSD-2-Clause
"""The system calls that the library makes of a TEE device."""

from __future__ import annotations

from enum import Enum
from typing import Final

__all__ = ["SystemCall"]


class SystemCall(Enum):
    """A kind of system call: open, close, mmap, munmap, or an ioctl by its name.

    The value of an ioctl is its number (uAPI linux/tee.h, TEE_IOC_*). OTHER stands for the
    ioctls that the TEE subsystem does not know.
    """

    OPEN = "open"
    CLOSE = "close"
    MMAP = "mmap"
    MUNMAP = "munmap"
    VERSION = 0x800CA400
    SHM_ALLOC = 0xC010A401
    OPEN_SESSION = 0x8010A402
    INVOKE = 0x8010A403
    CANCEL = 0x8008A404
    CLOSE_SESSION = 0x8004A405
    SUPPL_RECV = 0x8010A406
    SUPPL_SEND = 0x8010A407
    SHM_REGISTER_FD = 0xC018A408
    SHM_REGISTER = 0xC018A409
    OBJECT_INVOKE = 0x8010A40A
    OTHER = "ioctl"

    @classmethod
    def of_request(cls, request: int) -> SystemCall:
        """Return the kind of an ioctl, by its number."""
        return _BY_REQUEST.get(request, cls.OTHER)

    @property
    def creates_memory(self) -> bool:
        """True for ioctls that return a descriptor of shared memory."""
        return self in _CREATES_MEMORY

    @property
    def releases(self) -> bool:
        """True for what gives something back to the kernel, which has it then whatever it says."""
        return self in (SystemCall.CLOSE, SystemCall.MUNMAP)

    @property
    def header_size(self) -> int:
        """The size in bytes of what precedes an ioctl's parameters, 0 if it has none."""
        return _HEADERS.get(self, 0)


_BY_REQUEST: Final = {call.value: call for call in SystemCall if isinstance(call.value, int)}
_CREATES_MEMORY: Final = frozenset(
    {SystemCall.SHM_ALLOC, SystemCall.SHM_REGISTER, SystemCall.SHM_REGISTER_FD}
)
_HEADERS: Final = {
    SystemCall.OPEN_SESSION: 56,
    SystemCall.INVOKE: 24,
    SystemCall.OBJECT_INVOKE: 24,
    SystemCall.SUPPL_RECV: 8,
    SystemCall.SUPPL_SEND: 8,
}
