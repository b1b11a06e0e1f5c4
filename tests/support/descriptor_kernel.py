# SPDX-License-Identifier: BSD-2-Clause
"""A kernel in Python that shares memory by descriptor, on top of one that does not."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from pytee_client._boundary import address_of, copy_from_user, copy_to_user
from pytee_client.kernels import uapi

if TYPE_CHECKING:
    from pytee_client.kernels import Kernel

_DMA_BUF_FLAG: Final = 0x10


class DescriptorKernel:
    """Answers TEE_IOC_SHM_REGISTER_FD as Linux 6.18 does, and passes all else on.

    What it shares is memory of the kernel's below, of the size of what the descriptor
    names: so a Trusted Application really has it, and nobody else.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.open = kernel.open
        self.mmap = kernel.mmap
        self.munmap = kernel.munmap
        self.close = kernel.close
        self.take_cause = kernel.take_cause

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        if request != uapi.TEE_IOC_SHM_REGISTER_FD:
            return self._kernel.ioctl(fd, request, argument)
        descriptor, _, flags, _ = uapi.SHM_REGISTER_FD_DATA.unpack(
            copy_from_user(argument, uapi.SHM_REGISTER_FD_DATA.size)
        )
        try:
            size = os.fstat(descriptor).st_size
            if flags or not size:
                raise OSError
            data = bytearray(uapi.SHM_ALLOC_DATA.pack(size, 0, 0))
            memory = self._kernel.ioctl(fd, uapi.TEE_IOC_SHM_ALLOC, address_of(data))
        except OSError:
            # The kernel does not tell the causes apart.
            raise OSError(errno.EINVAL, "not memory that can be shared") from None
        *_, number = uapi.SHM_ALLOC_DATA.unpack(data)
        copy_to_user(
            argument, uapi.SHM_REGISTER_FD_DATA.pack(descriptor, size, _DMA_BUF_FLAG, number)
        )
        return memory
