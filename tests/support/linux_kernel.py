# SPDX-License-Identifier: BSD-2-Clause
"""The running kernel, with some of a device's capabilities hidden."""

from __future__ import annotations

import ctypes
import mmap
import os

from pytee_client._boundary import copy_from_user, copy_to_user
from pytee_client.kernels import ProxyKernel, uapi

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
_MAP_FAILED = ctypes.c_void_p(-1).value


class LinuxKernel(ProxyKernel):
    """Passes every call on to the system; hidden are capabilities that it keeps to itself."""

    def __init__(self, hidden: int = 0) -> None:
        super().__init__("linux")
        self._hidden = hidden

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        result = super().ioctl(fd, request, argument)
        if request == uapi.TEE_IOC_VERSION and self._hidden:
            layout = uapi.VERSION_DATA
            *rest, capabilities = layout.unpack(copy_from_user(argument, layout.size))
            copy_to_user(argument, layout.pack(*rest, capabilities & ~self._hidden))
        return result

    def dup(self, fd: int) -> int:
        return os.dup(fd)

    def mmap(
        self,
        fd: int,
        length: int,
        *,
        offset: int = 0,
        protection: int = mmap.PROT_READ | mmap.PROT_WRITE,
        flags: int = mmap.MAP_SHARED,
        address: int = 0,
    ) -> int:
        start: int = _libc.mmap(address, length, protection, flags, fd, offset)
        if start == _MAP_FAILED:
            raise OSError(ctypes.get_errno(), "from the kernel")
        return start
