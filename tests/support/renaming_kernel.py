# SPDX-License-Identifier: BSD-2-Clause
"""A kernel that says the same as a target's own in other words, as another release of it does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytee_client.kernels import ProxyKernel

if TYPE_CHECKING:
    from pytee_client.kernels import Kernel

OPEN = 0


class RenamingKernel(ProxyKernel):
    """Passes calls on; errors of some requests come out as others.

    Attributes:
        renamed: by request (OPEN for open), which errno stands for which.
    """

    def __init__(self, kernel: Kernel | None, renamed: Mapping[int, Mapping[int, int]]) -> None:
        super().__init__(kernel or "linux")
        self.renamed = renamed

    def open(self, path: str) -> int:
        try:
            return super().open(path)
        except OSError as error:
            raise self._as_renamed(OPEN, error) from None

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        try:
            return super().ioctl(fd, request, argument)
        except OSError as error:
            raise self._as_renamed(request, error) from None

    def _as_renamed(self, request: int, error: OSError) -> OSError:
        assert error.errno
        number = self.renamed.get(request, {}).get(error.errno, error.errno)
        return OSError(number, os.strerror(number), error.filename)
