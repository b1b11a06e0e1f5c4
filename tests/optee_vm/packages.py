# SPDX-License-Identifier: BSD-2-Clause
"""Debian packages for the machine: fetched by the host's APT, unpacked, never installed."""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import host
from .cache import Cache, digest
from .process import VmError, run

SUITE = "trixie"
ARCHITECTURE = "arm64"
MIRROR_VARIABLE = "PYTEE_CLIENT_DEBIAN_MIRROR"

# What runs in the machine.
MACHINE = (
    "bash",
    "busybox-static",
    "coreutils",
    "dash",
    "findutils",
    "grep",
    "iproute2",
    "kmod",
    "libckteec0t64",
    "libteec2",
    "mount",
    "optee-test-qemu",
    "python3",
    "python3-cffi-backend",
    "python3-pytest",
    "python3-pytest-timeout",
    "sed",
    "tee-supplicant",
)
# What it is built from and against.
DEVELOPMENT = (
    "libc6-dev",
    "libpython3-dev",
    f"linux-image-{ARCHITECTURE}",
    "optee-client-dev",
    "optee-os",
    "optee-os-dev",
)
# The machine's Python once more, as a program of the host.
INTERPRETER = ("python3-minimal",)
FIRMWARE_SOURCE = "arm-trusted-firmware"

_UNTAR = ("tar", "x", "--keep-directory-symlink", "--no-same-owner", "--same-permissions")
_OPTIONS = """\
#clear APT::Architectures;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "root";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::status "/dev/null";
"""


@dataclass(frozen=True)
class _Set:
    """Packages that are fetched together, with all that they depend on."""

    name: str
    architecture: str
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Packages:
    """One fetched set of packages, at whatever versions the suite had then."""

    place: Path

    @property
    def machine(self) -> list[Path]:
        return self._listed("machine")

    @property
    def development(self) -> list[Path]:
        return self._listed("development")

    @property
    def interpreter(self) -> list[Path]:
        return self._listed("interpreter")

    @property
    def firmware_source(self) -> Path:
        (description,) = (self.place / "source").glob("*.dsc")
        return description

    def _listed(self, name: str) -> list[Path]:
        names = (self.place / f"{name}.list").read_text().split()
        return [self.place / "archives" / deb for deb in names]


def names(debs: Iterable[Path]) -> str:
    """The packages with their versions, as one text: what a cache key is made of."""
    return "\n".join(sorted(deb.name for deb in debs))


def fetch(cache: Cache, *, refresh: bool = False) -> Packages:
    """The packages as last fetched; from the network only the first time, or to refresh."""
    sets = (
        _Set("machine", ARCHITECTURE, MACHINE),
        _Set("development", ARCHITECTURE, DEVELOPMENT),
        _Set("interpreter", host.architecture(), INTERPRETER),
    )
    make = functools.partial(_download, sets)
    return Packages(cache.stage("packages", digest([SUITE, repr(sets)]), make, fresh=refresh))


def sysroot(cache: Cache, packages: Packages) -> Path:
    """The development packages, unpacked: headers, kernel, secure world, kit for applications."""
    key = digest([Path(__file__), names(packages.development)])
    return cache.stage("sysroot", key, lambda place: unpack(packages.development, place))


def unpack(debs: Iterable[Path], root: Path) -> None:
    """Unpacks into a root of the merged layout, where /bin and its like are links into /usr."""
    for name in ("bin", "lib", "sbin"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        largest_first = sorted(debs, key=lambda deb: -deb.stat().st_size)
        list(pool.map(functools.partial(_unpack_one, root), largest_first))


def _unpack_one(root: Path, deb: Path) -> None:
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE
    ) as reader:
        status = subprocess.run(
            [*_UNTAR, "-C", str(root)], stdin=reader.stdout, check=False, timeout=300
        ).returncode
    if status or reader.returncode:
        raise VmError(f"{deb} does not unpack: `python -m tests.optee_vm build --refresh`")


def _download(sets: Sequence[_Set], place: Path) -> None:
    host.require_to_build()
    apt = _private_apt(place, sorted({wanted.architecture for wanted in sets}))
    run([*apt, "update"])
    install = {
        wanted: [
            *apt,
            "-o",
            f"APT::Architecture={wanted.architecture}",
            "install",
            "--yes",
            "--no-install-recommends",
            *wanted.packages,
        ]
        for wanted in sets
    }
    for wanted, command in install.items():
        # With no archive there yet, this names the whole closure.
        listed = run([*command, "--print-uris"])
        debs = re.findall(r"^'\S+' (\S+\.deb) \d+", listed, re.MULTILINE)
        (place / f"{wanted.name}.list").write_text("\n".join(debs) + "\n")
    for command in install.values():
        run([*command, "--download-only"])
    source = place / "source"
    source.mkdir()
    run([*apt, "source", "--download-only", FIRMWARE_SOURCE], cwd=source)


def _private_apt(place: Path, architectures: Sequence[str]) -> Sequence[str]:
    """apt-get with its own sources, lists and archives; proxies and the like stay the host's."""
    for name in ("lists/partial", "archives/partial"):
        (place / name).mkdir(parents=True)
    options = f"[arch={','.join(architectures)} signed-by={host.KEYRING}]"
    where = f"{options} {_mirror()} {SUITE} main"
    (place / "sources.list").write_text(f"deb {where}\ndeb-src {where}\n")
    # Given by -c, and not by APT_CONFIG, it is read after the host's and so has the last word.
    config = place / "apt.conf"
    config.write_text(
        f"{_OPTIONS}"
        f"APT::Architectures {{ {' '.join(f'{name};' for name in architectures)} }};\n"
        f'Dir::Etc::sourcelist "{place}/sources.list";\n'
        f'Dir::State::Lists "{place}/lists";\n'
        f'Dir::Cache::archives "{place}/archives";\n'
    )
    return ("apt-get", "-q", "-c", str(config))


def _mirror() -> str:
    """The mirror of the Debian archive that the host itself uses."""
    if named := os.environ.get(MIRROR_VARIABLE):
        return named
    targets = run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)"]
    )
    for line in targets.splitlines():
        origin, label, component, uri = line.split("|", 3)
        if (origin, label, component) == ("Debian", "Debian", "main"):
            return uri
    raise VmError(
        f"APT of this host knows no mirror of Debian: run `apt-get update`, or set "
        f"{MIRROR_VARIABLE} to the URL of a mirror"
    )
