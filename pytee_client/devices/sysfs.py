# SPDX-License-Identifier: BSD-2-Clause
"""Where devices are read from: a sysfs, Linux's or a kernel's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, final

if TYPE_CHECKING:
    from .monitor import Monitor

SYSFS = "/sys"


class Tree(Protocol):
    """A sysfs, or a part of one; paths begin below its mount point, as "class/tee".

    All raise OSError as the system calls do.
    """

    def names(self, path: str) -> list[str]:
        """Return what a directory has, sorted."""
        ...

    def read(self, path: str) -> bytes:
        """Return what an attribute says."""
        ...

    def readlink(self, path: str) -> str:
        """Return where a link leads, from its own directory on."""
        ...


class KernelWithDevices(Protocol):
    """What a kernel in Python has besides its system calls if its devices can be enumerated.

    Attributes:
        sysfs: its sysfs.
    """

    sysfs: Tree

    def monitor_devices(self) -> Monitor:
        """Return what tells that devices come and go."""
        ...


@final
class Folder:
    """The sysfs that is mounted in a folder."""

    def __init__(self, root: str | os.PathLike[str] = SYSFS) -> None:
        self._root = Path(root)

    def names(self, path: str) -> list[str]:
        """Return what a directory has, sorted."""
        return sorted(os.listdir(self._root / path))

    def read(self, path: str) -> bytes:
        """Return what an attribute says."""
        return (self._root / path).read_bytes()

    def readlink(self, path: str) -> str:
        """Return where a link leads, from its own directory on."""
        return os.readlink(self._root / path)
