# SPDX-License-Identifier: BSD-2-Clause
"""Reading a sysfs, of Linux or of a kernel in Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol, final

from .monitor import Monitor

SYSFS = "/sys"


class Tree(Protocol):
    """A sysfs, or a part of one; paths begin below its mount point, as "class/tee".

    All raise OSError as the system calls do.
    """

    def names(self, path: str) -> list[str]:
        """Return the names in a directory, sorted."""
        ...

    def read(self, path: str) -> bytes:
        """Return the content of an attribute."""
        ...

    def readlink(self, path: str) -> str:
        """Return the target of a link, relative to its directory."""
        ...


class KernelWithDevices(Protocol):
    """A kernel in Python whose devices can be enumerated.

    Attributes:
        sysfs: its sysfs.
    """

    sysfs: Tree

    def monitor_devices(self) -> Monitor:
        """Return a monitor of the devices."""
        ...


@final
class Folder:
    """The sysfs that is mounted in a folder."""

    def __init__(self, root: str | os.PathLike[str] = SYSFS) -> None:
        self._root = Path(root)

    def names(self, path: str) -> list[str]:
        """Return the names in a directory, sorted."""
        return sorted(os.listdir(self._root / path))

    def read(self, path: str) -> bytes:
        """Return the content of an attribute."""
        return (self._root / path).read_bytes()

    def readlink(self, path: str) -> str:
        """Return the target of a link, relative to its directory."""
        return os.readlink(self._root / path)
