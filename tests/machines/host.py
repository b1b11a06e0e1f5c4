# SPDX-License-Identifier: BSD-2-Clause
"""What the host must have, and installing it where that is ours to do."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .process import VmError, run, say

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CROSS = "aarch64-linux-gnu-"


@dataclass(frozen=True)
class Need:
    """A command, or a file by its absolute path, and the Debian package that has it."""

    name: str
    package: str

    @property
    def present(self) -> bool:
        if self.name.startswith("/"):
            return Path(self.name).exists()
        return shutil.which(self.name) is not None


RUN_NEEDS = (
    Need("qemu-system-aarch64", "qemu-system-arm"),
    Need("fdtput", "device-tree-compiler"),
)
BUILD_NEEDS = (
    Need("apt-get", "apt"),
    Need("dpkg-deb", "dpkg"),
    Need("dpkg-source", "dpkg-dev"),
    Need("gpgv", "gpgv"),
    Need("tar", "tar"),
    Need("xz", "xz-utils"),
    Need("make", "make"),
    Need("gcc", "gcc"),
    Need(f"{CROSS}gcc", "gcc-aarch64-linux-gnu"),
    Need("/usr/aarch64-linux-gnu/include/stdlib.h", "libc6-dev-arm64-cross"),
    Need("/usr/include/openssl/ssl.h", "libssl-dev"),
    Need(str(KEYRING), "debian-archive-keyring"),
)


def require_to_run() -> None:
    require(RUN_NEEDS)


def require_to_build() -> None:
    require(RUN_NEEDS + BUILD_NEEDS)


@functools.cache
def python_with(module: str, package: str) -> str:
    """A Python of this host that can import the module: the running one, else the system's."""
    for again in (False, True):
        for python in (sys.executable, "/usr/bin/python3"):
            if _imports(python, module):
                return python
        if not again:
            _install([package], f"no Python here can import {module}")
    raise VmError(f"{package} is installed, and still no Python here can import {module}")


@functools.cache
def architecture() -> str:
    """What Debian calls the host's own architecture."""
    return run(["dpkg", "--print-architecture"]).strip()


@functools.cache
def cross_compiler_version() -> str:
    """Part of the key of all that is compiled: another compiler is another result."""
    return run([f"{CROSS}gcc", "--version"]).splitlines()[0]


def bare_environment() -> dict[str, str]:
    """Without the flags that users set for programs of the host, which break those of a target."""
    dropped = {"CFLAGS", "CPPFLAGS", "LDFLAGS", "ASFLAGS", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    return {name: value for name, value in os.environ.items() if name not in dropped}


def require(needs: Iterable[Need]) -> None:
    """Have all of this on the host."""
    missing = [need for need in needs if not need.present]
    if not missing:
        return
    names = ", ".join(need.name for need in missing)
    _install(sorted({need.package for need in missing}), f"this host lacks {names}")
    if still := [need.name for need in missing if not need.present]:
        raise VmError(f"still missing after installing the packages: {', '.join(still)}")


def _install(packages: list[str], why: str) -> None:
    if shutil.which("apt-get") is None:
        raise VmError(
            f"{why}. They are in the Debian packages {' '.join(packages)}; this host has no "
            "apt-get: use a Debian derivative, or a container of one"
        )
    if os.geteuid() != 0:
        raise VmError(f"{why}. Install them as root: apt-get install {' '.join(packages)}")
    say(f"{why}: installing {' '.join(packages)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    try:
        run(install, env=env)
    except VmError:
        # Package lists that are old or not there are the usual reason.
        run(["apt-get", "update"], env=env)
        run(install, env=env)


def _imports(python: str, module: str) -> bool:
    if not os.access(python, os.X_OK):
        return False
    check = subprocess.run(
        [python, "-c", f"import {module}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    return check.returncode == 0
