# SPDX-License-Identifier: BSD-2-Clause
"""What differs from run to run: the project, its applications, the job."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePosixPath

from ..archive import Archive
from ..job import Job
from .build import Build

PROJECT = "opt/pytee_client"
LIBTEEC = "opt/teec/libteec.so.2"

_SHIPPED = ("pytee_client", "pytee_client_pytest.py", "docs", "tests", "examples", "pyproject.toml")
_ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\ntester:x:1000:1000::/tmp:/bin/bash\n",
    # The groups that udev rules would give a TEE's nodes to are there, without any member.
    "etc/group": "root:x:0:\ntee:x:900:\nteepriv:x:901:\nteesuppl:x:902:\ntester:x:1000:\n",
    "etc/hosts": "127.0.0.1 localhost optee\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def write_overlay(path: Path, build: Build, job: Job, nonce: str) -> None:
    with open(path, "wb") as out:
        archive = Archive(out)
        archive.file("init", (Path(__file__).parent / "init").read_bytes(), 0o755)
        for name, text in _ACCOUNTS.items():
            archive.file(name, text.encode())
        archive.directory("vm", 0o700)
        archive.file("vm/nonce", nonce.encode(), 0o600)
        archive.file("vm/job", f"#!/bin/sh\n{job.script}".encode(), 0o755)
        variables = "".join(
            f"export {name}={shlex.quote(text)}\n" for name, text in job.environment.items()
        )
        archive.file("vm/environment", variables.encode())
        archive.file("vm/wanted", "".join(f"{name}\n" for name in job.wanted).encode())
        for name, content in job.files.items():
            archive.file(name, content, 0o755)
        _add_project(archive, build)
        archive.end()


def _add_project(archive: Archive, build: Build) -> None:
    archive.directory(PROJECT)
    for name in _SHIPPED:
        path = build.project / name
        if path.is_dir():
            archive.tree(path, f"{PROJECT}/{name}", _is_portable)
        elif path.exists():
            archive.file(f"{PROJECT}/{name}", path.read_bytes())
    if build.extension is not None:
        archive.file(
            f"{PROJECT}/pytee_client/{build.extension.name}", build.extension.read_bytes(), 0o755
        )
    if build.libteec is not None:
        archive.file(LIBTEEC, build.libteec.read_bytes(), 0o755)
    if build.bench is not None:
        archive.file("opt/bench/bench", build.bench.read_bytes(), 0o755)
    for application in build.applications:
        archive.file(f"usr/lib/optee_armtz/{application.name}", application.read_bytes())


def _is_portable(name: str) -> bool:
    """Not what the host made for itself."""
    path = PurePosixPath(name)
    return path.name != "__pycache__" and path.suffix not in (".so", ".o", ".pyc")
