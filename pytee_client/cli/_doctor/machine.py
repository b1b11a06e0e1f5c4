# SPDX-License-Identifier: BSD-2-Clause
"""The machine that is examined: its files, and who runs this process.

All of it is read below one folder, so that tests can make machines. Nothing here raises for what
can't be read, blocks, or opens a TEE's device.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..._supplicant_remedies import find_supplicants, is_in_first_namespace
from ...kernels.sysfs import Folder

__all__ = ["Machine", "Node", "User"]

# More than any of the files has that are read.
_LARGEST: Final = 32 << 20


@dataclass(frozen=True)
class User:
    """Who runs this process.

    Attributes:
        uid: the effective user.
        name: the user's name, or number.
        groups: those of the process.
        listed_groups: those that the user has by the machine's database.
    """

    uid: int
    name: str
    groups: frozenset[int]
    listed_groups: frozenset[int]

    @classmethod
    def current(cls) -> User:
        """Return who runs this process."""
        uid, gid = os.geteuid(), os.getegid()
        groups = frozenset({gid, *os.getgroups()})
        try:
            entry = pwd.getpwuid(uid)
            name, listed = entry.pw_name, os.getgrouplist(entry.pw_name, entry.pw_gid)
        except (KeyError, OSError):
            name, listed = str(uid), []
        return cls(uid, name, groups, frozenset(listed))


@dataclass(frozen=True)
class Node:
    """A file in /dev.

    Attributes:
        path: where it is.
        mode, uid, gid: its permissions.
        acl: its access control list as Linux has it in the attribute for it, or nothing.
    """

    path: str
    mode: int
    uid: int
    gid: int
    acl: bytes = b""

    @property
    def filemode(self) -> str:
        """Its mode as ls prints it."""
        return stat.filemode(self.mode)


def _may_use(path: str) -> bool:
    return os.access(path, os.R_OK | os.W_OK, effective_ids=True)


def _group_name(gid: int) -> str | None:
    try:
        return grp.getgrgid(gid).gr_name
    except (KeyError, OSError):
        return None


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OSError):
        return str(uid)


@dataclass
class Machine:
    """A machine.

    Attributes:
        root: the folder with its files.
        release: that of its kernel.
        user: who runs this process.
        environment: its variables.
        may_use: whether this process may read and write the file of a path.
        group_name, user_name: what the machine's database says of numbers.
        status_of: what stat() says of a path.
        attribute_of: what an extended attribute of a path has.
    """

    root: str = "/"
    release: str = field(default_factory=lambda: os.uname().release)
    user: User = field(default_factory=User.current)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    may_use: Callable[[str], bool] = _may_use
    group_name: Callable[[int], str | None] = _group_name
    user_name: Callable[[int], str] = _user_name
    status_of: Callable[[str], os.stat_result] = os.stat
    attribute_of: Callable[[str, str], bytes] = os.getxattr

    @property
    def is_this(self) -> bool:
        """Whether it is the one that runs, so that its devices can be opened."""
        return self.root == "/"

    @property
    def sysfs(self) -> Folder:
        """Its sysfs."""
        return Folder(self.path("/sys"))

    def path(self, path: str) -> str:
        """Return where a path of the machine is."""
        return str(Path(self.root) / path.lstrip("/"))

    def exists(self, path: str) -> bool:
        """Return whether there is something."""
        return os.path.exists(self.path(path))

    def names(self, path: str) -> list[str]:
        """Return the names in a folder; none if it can't be read."""
        try:
            return sorted(os.listdir(self.path(path)))
        except OSError:
            return []

    def read(self, path: str) -> bytes | None:
        """Return what is in a file; None if it can't be read."""
        try:
            descriptor = os.open(self.path(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(_LARGEST)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def text(self, path: str) -> str | None:
        """Return the text of a file, less the white space at its ends."""
        content = self.read(path)
        return None if content is None else content.decode("utf-8", "replace").strip(" \t\n\0")

    def words_of(self, process: int) -> list[str]:
        """Return the command line of a process; none if it can't be read."""
        content = self.read(f"/proc/{process}/cmdline") or b""
        return [word for word in content.decode("utf-8", "replace").split("\0") if word]

    def supplicants(self) -> tuple[list[tuple[int, str]], bool]:
        """Return the processes that have a supplicant's device open, with its path.

        And whether all processes of the machine were seen.
        """
        proc = self.path("/proc")
        sees_all = is_in_first_namespace(proc) and self.user.uid == 0
        found: list[tuple[int, str]] = []
        try:
            for process, device in find_supplicants(proc):
                if device is None:
                    sees_all = False
                else:
                    found.append((process, device))
        except OSError:
            sees_all = False
        return found, sees_all

    def node(self, path: str) -> Node | None:
        """Return a file in /dev; None if there is none."""
        real = self.path(path)
        try:
            status = self.status_of(real)
        except OSError:
            return None
        acl = self.attribute(path, "system.posix_acl_access") or b""
        return Node(path, status.st_mode, status.st_uid, status.st_gid, acl)

    def attribute(self, path: str, name: str) -> bytes | None:
        """Return an extended attribute; None if there is none."""
        try:
            return self.attribute_of(self.path(path), name)
        except OSError:
            return None

    def group(self, gid: int) -> str:
        """Return the name of a group, or its number."""
        return self.group_name(gid) or str(gid)
