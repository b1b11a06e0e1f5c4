# SPDX-License-Identifier: BSD-2-Clause
"""The running kernel, with some of a device's capabilities hidden."""

from __future__ import annotations

from pytee_client._boundary import copy_from_user, copy_to_user
from pytee_client.fake import uapi
from pytee_client.kernels import PassingKernel


class LinuxKernel(PassingKernel):
    """Passes every call on to the system."""

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
