# SPDX-License-Identifier: BSD-2-Clause
"""Initial root file systems: cpio archives of the "newc" form, written without root rights."""

from __future__ import annotations

import lzma
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from .cache import Cache, digest
from .firmware import OPTEE_PLATFORM
from .packages import Packages, names, unpack
from .process import VmError, run

# What the machine loads, besides what these depend on; ffa-module, where there is one, is the
# transport that optee's other half waits for.
_MODULES = ("optee", "optee-rng")
# Of OP-TEE's own applications, the one behind libckteec: PKCS#11.
_APPLICATIONS = ("fd02c9da-306c-48c7-a49c-bbd827ae86ee",)

# Where packages of the kernel have it, before and since Debian split them.
_KERNELS = ("boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz")
_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")

_NOT_NEEDED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "usr/include",
    "boot",
)


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


def base(cache: Cache, packages: Packages, sysroot: Path) -> Path:
    """A directory with the kernel (`Image`) and the root that all runs share (`base.cpio`)."""
    debs = names(packages.machine + packages.interpreter)
    key = digest([Path(__file__), debs, sysroot.name])

    def make(place: Path) -> None:
        root = place / "root"
        unpack(packages.machine, root)
        _precompile(packages, root, place / "interpreter")
        with open(place / "base.cpio", "wb") as out:
            archive = Archive(out)
            archive.tree(root, "", _is_needed)
            modules = _modules(sysroot)
            for name, content in modules.items():
                archive.file(f"vm/modules/{name}.ko", content)
            archive.file("vm/modules/order", "".join(f"{name}\n" for name in modules).encode())
            for name in _APPLICATIONS:
                image = sysroot / f"usr/lib/optee-os-dev/{OPTEE_PLATFORM}/ta/{name}.ta"
                archive.file(f"usr/lib/optee_armtz/{name}.ta", image.read_bytes())
            for name in ("dev", "opt", "proc", "root", "run", "sys"):
                archive.directory(name)
            archive.directory("tmp", 0o1777)
            archive.character_device("dev/console", 5, 1, 0o600)
            archive.end()
        shutil.rmtree(root)
        shutil.rmtree(place / "interpreter")
        # What Debian calls vmlinuz is on this architecture the plain image that QEMU can load.
        kernels = [path for places in _KERNELS for path in sysroot.glob(places)]
        shutil.copyfile(_only(kernels, "kernel"), place / "Image")

    return cache.stage("base", key, make)


def _precompile(packages: Packages, root: Path, scratch: Path) -> None:
    """Byte code of all Python there, as installing the packages would make: an emulated processor
    takes half a minute to compile pytest, at every boot."""
    unpack(packages.interpreter, scratch)
    loader = _only(scratch.glob("usr/lib*/ld-linux*"), "dynamic loader")
    libraries = sorted({path.parent for path in scratch.glob("usr/lib/*/libc.so.6")})
    run(
        [
            loader,
            "--library-path",
            ":".join(map(str, libraries)),
            _only(scratch.glob("usr/bin/python3.*"), "interpreter"),
            "-B",
            "-m",
            "compileall",
            "-q",
            # The archive has no time stamps to hold the byte code against.
            "--invalidation-mode",
            "unchecked-hash",
            "-s",
            root,
            "-p",
            "/",
            root / "usr/lib",
        ],
        env={"PYTHONHOME": str(root / "usr")},
    )


def _is_needed(name: str) -> bool:
    return not name.startswith(_NOT_NEEDED)


def _modules(sysroot: Path) -> dict[str, bytes]:
    """The modules by name, each after those that it depends on."""
    found: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in found:
            return
        content = _module(sysroot, name)
        depends = _DEPENDS.search(content)
        if depends is None:
            raise VmError(f"the module {name} does not say what it depends on")
        for other in filter(None, depends[1].decode().split(",")):
            add(other)
        found[name] = content

    for name in _MODULES:
        add(name)
    return found


def _module(sysroot: Path, name: str) -> bytes:
    places = sysroot.glob(f"usr/lib/modules/*/kernel/drivers/**/{name}.ko.xz")
    return lzma.decompress(_only(places, name).read_bytes())


def _only(found: Iterable[Path], what: str) -> Path:
    paths = list(found)
    if len(paths) != 1:
        raise VmError(f"the packages have {len(paths)} files for {what}, where one is expected")
    return paths[0]
