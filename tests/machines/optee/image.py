# SPDX-License-Identifier: BSD-2-Clause
"""The kernel, and the initial root file system that all runs share."""

from __future__ import annotations

import lzma
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from ..archive import Archive
from ..cache import Cache, digest
from ..process import VmError, run
from .firmware import OPTEE_PLATFORM
from .packages import Packages, names, unpack

# What the machine loads, besides what these depend on; ffa-module, where there is one, is the
# transport that optee's other half waits for.
_MODULES = ("optee", "optee-rng")
# Of OP-TEE's own applications, the one behind libckteec, PKCS#11, and Android Verified Boot.
_APPLICATIONS = ("fd02c9da-306c-48c7-a49c-bbd827ae86ee", "023f8f1a-292a-432b-8fc4-de8471358067")

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


def base(cache: Cache, packages: Packages, sysroot: Path) -> Path:
    """A directory with the kernel (`Image`) and the root that all runs share (`base.cpio`)."""
    debs = names(packages.machine + packages.interpreter)
    key = digest([Path(__file__), debs, sysroot.name])

    def make(place: Path) -> None:
        root = place / "root"
        unpack(packages.machine, root)
        _precompile(packages, root, place / "interpreter")
        _bundle_certificates(root)
        _link_libraries(root)
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


def _bundle_certificates(root: Path) -> None:
    """Make the one file of all certificates that installing ca-certificates makes.

    Python's HTTP clients read it, whether they need it or not.
    """
    certificates = sorted((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_bytes(b"".join(one.read_bytes() for one in certificates))


def _link_libraries(root: Path) -> None:
    """Make the links that installing libraries of linear algebra makes, which numpy needs."""
    for folder in root.glob("usr/lib/*-linux-gnu"):
        for name in ("blas", "lapack"):
            library = f"lib{name}.so.3"
            if (folder / name / library).exists():
                (folder / library).symlink_to(f"{name}/{library}")


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
