# SPDX-License-Identifier: BSD-2-Clause
"""The running kernel as a kernel in Python, that hides some of a device's capabilities."""

from __future__ import annotations

import ctypes
import os

from pytee_client.fake import uapi

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ioctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p]
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

_PROT_READ_WRITE = 3
_MAP_SHARED = 1
_MAP_FAILED = 2 ** (8 * ctypes.sizeof(ctypes.c_void_p)) - 1


def _check(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "from the kernel")
    return result


class LinuxKernel:
    """Passes every call on to the system."""

    def __init__(self, hidden: int = 0) -> None:
        self._hidden = hidden

    def open(self, path: str) -> int:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        result = _check(_libc.ioctl(fd, request, argument))
        if request == uapi.TEE_IOC_VERSION:
            capabilities = ctypes.c_uint32.from_address(argument + 8)
            capabilities.value &= ~self._hidden
        if request in (uapi.TEE_IOC_SHM_ALLOC, uapi.TEE_IOC_SHM_REGISTER):
            os.set_inheritable(result, False)
        return result

    def mmap(self, fd: int, length: int) -> int:
        address: int = _libc.mmap(None, length, _PROT_READ_WRITE, _MAP_SHARED, fd, 0)
        if address == _MAP_FAILED:
            raise OSError(ctypes.get_errno(), "from the kernel")
        return address

    def munmap(self, address: int, length: int) -> None:
        _check(_libc.munmap(address, length))

    def close(self, fd: int) -> None:
        os.close(fd)

    def take_cause(self) -> None:
        return None
