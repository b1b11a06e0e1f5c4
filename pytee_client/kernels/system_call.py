# SPDX-License-Identifier: BSD-2-Clause
"""The system calls that the library makes of a TEE device."""

from __future__ import annotations

from enum import Enum
from typing import Final

from . import uapi

__all__ = ["SystemCall"]


class SystemCall(Enum):
    """The kinds of system calls: open, close, mmap, munmap, and each ioctl by its name.

    The value of an ioctl is its number (uAPI linux/tee.h, TEE_IOC_*). OTHER stands for an
    ioctl that the TEE subsystem does not define.
    """

    OPEN = "open"
    CLOSE = "close"
    MMAP = "mmap"
    MUNMAP = "munmap"
    VERSION = uapi.TEE_IOC_VERSION
    SHM_ALLOC = uapi.TEE_IOC_SHM_ALLOC
    OPEN_SESSION = uapi.TEE_IOC_OPEN_SESSION
    INVOKE = uapi.TEE_IOC_INVOKE
    CANCEL = uapi.TEE_IOC_CANCEL
    CLOSE_SESSION = uapi.TEE_IOC_CLOSE_SESSION
    SUPPL_RECV = uapi.TEE_IOC_SUPPL_RECV
    SUPPL_SEND = uapi.TEE_IOC_SUPPL_SEND
    SHM_REGISTER_FD = uapi.TEE_IOC_SHM_REGISTER_FD
    SHM_REGISTER = uapi.TEE_IOC_SHM_REGISTER
    OBJECT_INVOKE = uapi.TEE_IOC_OBJECT_INVOKE
    OTHER = "ioctl"

    @classmethod
    def of_request(cls, request: int) -> SystemCall:
        """Return the kind of an ioctl from its number."""
        return _BY_REQUEST.get(request, cls.OTHER)

    @property
    def creates_memory(self) -> bool:
        """True for ioctls that return a descriptor of shared memory."""
        return self in _CREATES_MEMORY

    @property
    def releases(self) -> bool:
        """True for close and munmap, which release something even when they report an error."""
        return self in (SystemCall.CLOSE, SystemCall.MUNMAP)

    @property
    def header_size(self) -> int:
        """The size in bytes of the structure before the parameters; 0 if there are none."""
        return _HEADERS.get(self, 0)


_BY_REQUEST: Final = {call.value: call for call in SystemCall if isinstance(call.value, int)}
_CREATES_MEMORY: Final = frozenset(
    {SystemCall.SHM_ALLOC, SystemCall.SHM_REGISTER, SystemCall.SHM_REGISTER_FD}
)
_HEADERS: Final = {
    SystemCall.OPEN_SESSION: uapi.OPEN_SESSION_ARG.size,
    SystemCall.INVOKE: uapi.INVOKE_ARG.size,
    SystemCall.OBJECT_INVOKE: uapi.OBJECT_INVOKE_ARG.size,
    SystemCall.SUPPL_RECV: uapi.SUPPL_RECV_ARG.size,
    SystemCall.SUPPL_SEND: uapi.SUPPL_SEND_ARG.size,
}
