# SPDX-License-Identifier: BSD-2-Clause
"""Cross-compiling the project for the machine: extension module, libteec, applications."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from .. import host
from ..cache import Cache, digest, tree_parts
from ..process import VmError, run
from .firmware import OPTEE_PLATFORM

_SHARED = ("-shared", "-fPIC", "-O2")
WARNINGS = ("-Wall", "-Wextra", "-Werror")
# Headers of applications that are made of declarations.
_DECLARED = {"wallet": [("wallet_ta.h", "tests.support.wallet:Wallet")]}
_LIMITED_API = "-DPy_LIMITED_API=0x030a0000"


def compiler(sysroot: Path) -> tuple[str, ...]:
    """The compiler for the machine, with what it has to be told."""
    return (f"{host.CROSS}gcc", f"--sysroot={sysroot}")


def extension(cache: Cache, project: Path, sysroot: Path) -> Path:
    """pytee_client/_native for the machine."""
    recipe = project / "csrc/python/build.py"
    if not recipe.exists():
        raise VmError(f"{recipe} is missing: it says how the extension module is built")
    inputs = [path for path in (project / "csrc").rglob("*") if path.suffix in (".c", ".h", ".py")]
    emit = Path(__file__).with_name("emit.py")
    key = digest([Path(__file__), emit, *_tools(sysroot), *tree_parts(project, inputs)])

    def make(place: Path) -> None:
        source, description = place / "_native.c", place / "_native.json"
        python = host.python_with("cffi", "python3-cffi")
        run([python, emit, source, description], cwd=project)
        parts = json.loads(description.read_text())
        (headers,) = sysroot.glob("usr/include/python3.*")
        run(
            [
                *compiler(sysroot),
                *_SHARED,
                *parts["arguments"],
                _LIMITED_API,
                f"-I{headers}",
                *(f"-I{project / name}" for name in parts["include_dirs"]),
                source,
                *(project / name for name in parts["sources"]),
                "-o",
                place / "_native.abi3.so",
                *parts["link_arguments"],
                "-lpthread",
            ],
            cwd=project,
        )

    return cache.stage("extension", key, make) / "_native.abi3.so"


def libteec(cache: Cache, project: Path, sysroot: Path) -> Path:
    """The C library alone, under the name that programs built for OP-TEE's ask for."""
    files = [path for path in (project / "csrc").iterdir() if path.suffix in (".c", ".h")]
    sources = sorted(path for path in files if path.suffix == ".c")
    if not sources:
        raise VmError(f"{project / 'csrc'} has no C files to build libteec.so.2 from")
    key = digest([Path(__file__), *_tools(sysroot), *tree_parts(project, files)])

    def make(place: Path) -> None:
        run(
            [
                *compiler(sysroot),
                *_SHARED,
                *WARNINGS,
                "-Wl,-soname,libteec.so.2",
                *sources,
                "-o",
                place / "libteec.so.2",
                "-lpthread",
            ]
        )

    return cache.stage("libteec", key, make) / "libteec.so.2"


def bench(cache: Cache, project: Path, sysroot: Path, libteec: Path) -> Path:
    """The C program of tests/bench, which takes whichever libteec.so.2 it is given."""
    source, header = project / "tests/bench/bench.c", project / "tests/ta/nothing/nothing_ta.h"
    inputs = [source, header, project / "csrc/tee_client_api.h"]
    key = digest([Path(__file__), *_tools(sysroot), *tree_parts(project, inputs)])

    def make(place: Path) -> None:
        run(
            [
                *compiler(sysroot),
                "-O2",
                *WARNINGS,
                *(f"-I{path.parent}" for path in inputs),
                source,
                libteec,
                "-o",
                place / "bench",
            ]
        )

    return cache.stage("bench", key, make) / "bench"


def applications(cache: Cache, project: Path, sysroot: Path) -> tuple[Path, ...]:
    """The signed images of every directory of tests/ta that has a Makefile."""
    makefiles = sorted((project / "tests/ta").glob("*/Makefile"))
    return tuple(_application(cache, makefile.parent, sysroot) for makefile in makefiles)


def _application(cache: Cache, source: Path, sysroot: Path) -> Path:
    kit = sysroot / f"usr/lib/optee-os-dev/{OPTEE_PLATFORM}"
    files = [path for path in source.rglob("*") if path.is_file()]
    headers = {name: _header(declaration) for name, declaration in _DECLARED.get(source.name, ())}
    parts = [part for header in headers.items() for part in header]
    key = digest([Path(__file__), *_tools(sysroot), *tree_parts(source, files), *parts])

    def make(place: Path) -> None:
        for name, text in headers.items():
            (place / name).write_text(text, encoding="utf-8")
        run(
            [
                "make",
                "-C",
                source,
                f"-j{os.cpu_count() or 1}",
                f"O={place / 'out'}",
                f"TA_DEV_KIT_DIR={kit}",
                f"HEADERS={place}",
                f"CROSS_COMPILE={host.CROSS}",
                f"PYTHON3={host.python_with('cryptography', 'python3-cryptography')}",
            ],
            env=host.bare_environment(),
        )

    place = cache.stage(f"application-{source.name}", key, make)
    images = list((place / "out").glob("*.ta"))
    if len(images) != 1:
        raise VmError(f"the Makefile of {source} made {len(images)} .ta files, and not one")
    return images[0]


def _header(declaration: str) -> str:
    """The header that is made of a declaration, MODULE:CLASS."""
    # The library must be there for it, as for nothing else here.
    from pytee_client.cli import main

    with tempfile.TemporaryDirectory() as place:
        header = Path(place) / "header.h"
        if main(["header", declaration, "--output", str(header)]):
            raise VmError(f"no header could be made of {declaration}")
        return header.read_text(encoding="utf-8")


def _tools(sysroot: Path) -> tuple[str, str]:
    return (host.cross_compiler_version(), sysroot.name)
