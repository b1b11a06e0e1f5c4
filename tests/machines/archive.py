# SPDX-License-Identifier: BSD-2-Clause
"""Initial root file systems: cpio archives of the "newc" form, written without root rights."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


class Archive:
    """Everything in it belongs to root, except where an owner is given."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._inode = 0
        self._parents: set[str] = set()

    def directory(self, name: str, mode: int = 0o755, owner: int = 0) -> None:
        if name not in self._parents:
            self._parents.add(name)
            self._entry(name, stat.S_IFDIR | mode, b"", owner=owner)

    def file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        self._ancestors(name)
        self._entry(name, stat.S_IFREG | mode, content)

    def link(self, name: str, target: str) -> None:
        self._ancestors(name)
        self._entry(name, stat.S_IFLNK | 0o777, os.fsencode(target))

    def character_device(self, name: str, major: int, minor: int, mode: int) -> None:
        self._ancestors(name)
        self._entry(name, stat.S_IFCHR | mode, b"", device=(major, minor))

    def tree(self, top: Path, below: str, wanted: Callable[[str], bool]) -> None:
        """Everything under `top` whose path relative to it is wanted, placed below a directory."""
        for directory, subdirectories, files in os.walk(top):
            subdirectories.sort()
            for name in sorted(subdirectories + files):
                path = Path(directory, name)
                relative = path.relative_to(top).as_posix()
                if wanted(relative):
                    self._copy(path, f"{below}/{relative}".lstrip("/"))
                elif name in subdirectories:
                    subdirectories.remove(name)

    def end(self) -> None:
        self._entry("TRAILER!!!", 0, b"")

    def _copy(self, path: Path, name: str) -> None:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            self.link(name, os.readlink(path))
        elif stat.S_ISDIR(status.st_mode):
            self._ancestors(name)
            self.directory(name, stat.S_IMODE(status.st_mode))
        else:
            self.file(name, path.read_bytes(), stat.S_IMODE(status.st_mode))

    def _ancestors(self, name: str) -> None:
        for parent in reversed(Path(name).parents[:-1]):
            self.directory(parent.as_posix())

    def _entry(
        self,
        name: str,
        mode: int,
        content: bytes,
        *,
        owner: int = 0,
        device: tuple[int, int] = (0, 0),
    ) -> None:
        self._inode += 1
        encoded = os.fsencode(name) + b"\0"
        fields = (
            self._inode,
            mode,
            owner,
            owner,
            1,
            0,
            len(content),
            0,
            0,
            *device,
            len(encoded),
            0,
        )
        self._out.write(b"070701" + b"".join(b"%08X" % field for field in fields))
        self._padded(encoded, 110)
        self._padded(content, 0)

    def _padded(self, data: bytes, before: int) -> None:
        self._out.write(data)
        self._out.write(bytes(-(before + len(data)) % 4))
