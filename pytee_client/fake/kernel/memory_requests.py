# SPDX-License-Identifier: BSD-2-Clause
"""The requests that create shared memory, which the core of the kernel serves."""

from __future__ import annotations

import errno
import mmap
import os
from typing import Final, final

from ..._boundary import check_user_pages, copy_to_user
from ...kernels import uapi
from ..structures import TeeContext, null_descriptor
from .argument import check_user_range, read_structure
from .memory_table import MemoryTable

__all__ = ["MemoryRequests"]

_MAX_POOL_BLOCK: Final = 4 << 20


@final
class MemoryRequests:
    """Serve SHM_ALLOC, SHM_REGISTER and SHM_REGISTER_FD.

    Each method takes the address of the argument in the program, and returns a descriptor of
    the new block.

    Args:
        table: the shared memory of the kernel.

    Threads: may be used from any.
    """

    def __init__(self, table: MemoryTable) -> None:
        self._table = table

    def allocate(self, context: TeeContext, argument: int) -> int:
        """Allocate memory from the pool of the driver (TEE_IOC_SHM_ALLOC)."""
        size, flags, _ = read_structure(uapi.SHM_ALLOC_DATA, argument)
        if flags:
            raise OSError(errno.EINVAL, "there are no flags")
        size = context.device.driver.pool_size(size, self._table.release)
        if not 0 < size <= _MAX_POOL_BLOCK:
            raise OSError(errno.ENOMEM, "there is no contiguous memory of this size")
        fd = os.memfd_create("tee_shm", os.MFD_CLOEXEC)
        try:
            os.ftruncate(fd, size)
            pages = mmap.mmap(fd, size)
        except BaseException:
            os.close(fd)
            raise
        memory = self._table.add(context, fd, size, 0, pages)
        self._answer(fd, argument, uapi.SHM_ALLOC_DATA.pack(size, flags, memory.id))
        return fd

    def register(self, context: TeeContext, argument: int) -> int:
        """Share memory of the program (TEE_IOC_SHM_REGISTER)."""
        address, length, flags, _ = read_structure(uapi.SHM_REGISTER_DATA, argument)
        if flags:
            raise OSError(errno.EINVAL, "there are no flags")
        check_user_range(address, length)
        if uapi.TEE_IOC_SHM_REGISTER not in context.device.requests:
            raise OSError(uapi.ENOTSUPP, "the driver registers no memory")
        if not length:
            raise OSError(errno.ENOMEM, "there is nothing to register")
        self._table.check_not_mapped(address, length)
        check_user_pages(address, length)
        context.device.driver.register_memory(context.device)
        fd = null_descriptor("tee_shm")
        memory = self._table.add(context, fd, length, address, None)
        data = uapi.SHM_REGISTER_DATA.pack(address, length, flags, memory.id)
        self._answer(fd, argument, data)
        return fd

    def register_descriptor(self, context: TeeContext, argument: int) -> int:
        """Refuse memory by descriptor (TEE_IOC_SHM_REGISTER_FD): the fake has no such heap."""
        read_structure(uapi.SHM_REGISTER_FD_DATA, argument)
        # Linux reports every cause with this number.
        raise OSError(errno.EINVAL, "not memory from a heap of this device")

    def _answer(self, fd: int, argument: int, data: bytes) -> None:
        """Write the answer, and free the block if the program can't be told of it."""
        try:
            copy_to_user(argument, data)
        except OSError:
            self._table.close(fd)
            raise
