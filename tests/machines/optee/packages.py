# SPDX-License-Identifier: BSD-2-Clause
"""Debian packages for the machine: fetched by the host's APT, unpacked, never installed."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from ...support.progress import grown, shows_progress, working
from .. import host
from ..cache import Cache, digest
from ..process import VmError, run, say
from ..suites import Suite

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
    "opensc",
    "optee-test-qemu",
    "python3",
    "python3-cffi-backend",
    "python3-fastapi",
    "python3-httpx",
    "python3-numpy",
    "python3-pkcs11",
    "python3-pytest",
    "python3-pytest-timeout",
    "python3-uvicorn",
    "python3-uvloop",
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
# OP-TEE's client library, under the name that it has with this number or another.
LIBTEEC = re.compile(r"libteec\d+")

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

    suite: Suite
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
    def dependents(self) -> list[Path]:
        """Every version that the suite has of libteec, and of what depends on it."""
        return sorted((self.place / "dependents").glob("*.deb"))

    @property
    def firmware_source(self) -> Path:
        (description,) = (self.place / "source").glob("*.dsc")
        return description

    @property
    def versions(self) -> dict[str, str]:
        """The versions by package, of all that the machine is made of."""
        debs = {deb.name for deb in (*self.machine, *self.development)}
        return dict(sorted(name_and_version(name) for name in (*debs, self.firmware_source.name)))

    def _listed(self, name: str) -> list[Path]:
        names = (self.place / f"{name}.list").read_text().split()
        return [self.place / "archives" / deb for deb in names]


def names(debs: Iterable[Path]) -> str:
    """The packages with their versions, as one text: what a cache key is made of."""
    return "\n".join(sorted(deb.name for deb in debs))


class InconsistentArchiveError(VmError):
    """The archive serves packages that don't fit each other, which passes by itself."""


def fetch(cache: Cache, suite: Suite, *, refresh: bool = False) -> Packages:
    """Return the packages as last fetched; use the network the first time, or to refresh.

    Raises:
        InconsistentArchiveError: the suite can't serve a set that fits together today.
        VmError: anything else went wrong.
    """
    sets = (
        _Set("machine", ARCHITECTURE, MACHINE),
        _Set("development", ARCHITECTURE, DEVELOPMENT),
        _Set("interpreter", host.architecture(), INTERPRETER),
    )
    make = functools.partial(_download, suite, sets)
    key = digest([*suite.sources, repr(sets), LIBTEEC.pattern])
    return Packages(suite, cache.stage("packages", key, make, fresh=refresh))


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
        raise VmError(f"{deb} does not unpack: `python -m tests.machines.optee build --refresh`")


def name_and_version(file_name: str) -> tuple[str, str]:
    """What the name of a package's file says: name_version_architecture.deb, name_version.dsc."""
    name, version = file_name.removesuffix(".dsc").split("_")[:2]
    return name, unquote(version)


def _download(suite: Suite, sets: Sequence[_Set], place: Path) -> None:
    host.require_to_build()
    apt = private_apt(suite, place, sorted({wanted.architecture for wanted in sets}))
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
        listed = run_apt(suite, [*command, "--print-uris"])
        debs = re.findall(r"^'\S+' (\S+\.deb) \d+", listed, re.MULTILINE)
        (place / f"{wanted.name}.list").write_text("\n".join(debs) + "\n")
    for command in install.values():
        download(suite, command, "--download-only", folder=place / "archives")
    download_dependents(suite, apt, place)
    download_source(suite, apt, FIRMWARE_SOURCE, place / "source")
    check_kit(Packages(suite, place))


def download_dependents(suite: Suite, apt: Sequence[str], place: Path) -> None:
    """Fetch libteec and what depends on it, without what these depend on themselves."""
    config = [*apt[apt.index("-c") :], "-o", f"APT::Architecture={ARCHITECTURE}"]

    def cache(*words: str) -> list[str]:
        return run(["apt-cache", *config, *words]).splitlines()

    libraries = [name for name in cache("pkgnames", "libteec") if LIBTEEC.fullmatch(name)]
    # Below two lines of a title. Names of other architectures have a colon.
    listed = {line.strip(" |") for line in cache("rdepends", *libraries) if line.startswith(" ")}
    own = sorted(name for name in listed.union(libraries) if ":" not in name)
    found = [[word.strip() for word in line.split("|")] for line in cache("madison", *own)]
    wanted = {f"{name}={version}" for name, version, source in found if source.endswith("Packages")}
    debs = place / "dependents"
    debs.mkdir()
    download(suite, ["apt-get", "-q", *config], "download", *sorted(wanted), folder=debs, cwd=debs)


def download_source(suite: Suite, apt: Sequence[str], name: str, source: Path) -> None:
    """Fetch the newest source that the archive really has: its index may be ahead of its files."""
    config = apt[apt.index("-c") :]
    listed = run(["apt-cache", *config, "showsrc", "--only-source", name])
    versions = re.findall(r"^Version: (\S+)", listed, re.MULTILINE)
    newest_first = sorted(set(versions), key=functools.cmp_to_key(compare_versions), reverse=True)
    for number, version in enumerate(newest_first, 1):
        source.mkdir()
        wanted = f"{name}={version}"
        try:
            download(suite, apt, "source", "--download-only", wanted, folder=source, cwd=source)
            return
        except VmError as error:
            if number == len(newest_first) or _NOT_SERVED not in str(error):
                raise
            say(f"the archive lists {wanted} and does not serve it: taking the one before")
            shutil.rmtree(source)
    raise VmError(f"{suite.name} has no source package {name}")


def download(
    suite: Suite, command: Sequence[str], *words: str, folder: Path, cwd: Path | None = None
) -> None:
    """Have APT put files into a folder; tell on a terminal how much of them is there.

    Args:
        suite: where they come from.
        command: apt-get with its options.
        words: what it is to do.
        folder: where the files arrive.
        cwd: the folder that it is run in.
    """
    look = None
    if shows_progress():
        listed = run_apt(suite, [*command, "--print-uris", *words], cwd=cwd)
        sizes = re.findall(r"^'\S+' \S+ (\d+)", listed, re.MULTILINE)
        look = grown(folder, sum(map(int, sizes)))
    with working("downloading", look):
        run_apt(suite, [*command, *words], cwd=cwd)


def compare_versions(one: str, other: str) -> int:
    """Order versions as Debian does: negative if the first is the older."""
    if one == other:
        return 0
    older = subprocess.run(
        ["dpkg", "--compare-versions", one, "lt", other], check=False, timeout=60
    )
    return -1 if older.returncode == 0 else 1


# What APT says when packages need versions of each other that the suite does not have, and when
# a file of the mirror is not the one that its index names.
_NOT_SERVED = "404  Not Found"
_INCONSISTENCIES = ("unmet dependencies", "held broken packages", "Hash Sum mismatch", _NOT_SERVED)


def run_apt(suite: Suite, command: Sequence[str], cwd: Path | None = None) -> str:
    """Run a command of APT's, and tell an archive that does not fit together from other faults."""
    try:
        return run(command, cwd=cwd)
    except VmError as error:
        text = str(error)
        if suite.may_be_inconsistent and any(words in text for words in _INCONSISTENCIES):
            raise InconsistentArchiveError(text) from error
        raise


def check_kit(packages: Packages) -> None:
    """Refuse a kit for applications that signs with another key than its OP-TEE trusts."""
    versions = packages.versions
    if versions["optee-os"] == versions["optee-os-dev"]:
        return
    problem = (
        f"{packages.suite.name} has optee-os {versions['optee-os']} and optee-os-dev"
        f" {versions['optee-os-dev']}, whose keys differ"
    )
    if packages.suite.may_be_inconsistent:
        raise InconsistentArchiveError(problem)
    raise VmError(problem)


def private_apt(suite: Suite, place: Path, architectures: Sequence[str]) -> Sequence[str]:
    """apt-get with its own sources, lists and archives; proxies and the like stay the host's."""
    for name in ("lists/partial", "archives/partial"):
        (place / name).mkdir(parents=True)
    options = f"[arch={','.join(architectures)} signed-by={host.KEYRING}]"
    mirror = _mirror()
    lines = [
        f"{kind} {options} {mirror} {source} main\n"
        for source in suite.sources
        for kind in ("deb", "deb-src")
    ]
    (place / "sources.list").write_text("".join(lines))
    (place / "preferences").write_text(_preferences(suite))
    # Given by -c, and not by APT_CONFIG, it is read after the host's and so has the last word.
    config = place / "apt.conf"
    config.write_text(
        f"{_OPTIONS}"
        f"APT::Architectures {{ {' '.join(f'{name};' for name in architectures)} }};\n"
        f'Dir::Etc::sourcelist "{place}/sources.list";\n'
        f'Dir::Etc::preferences "{place}/preferences";\n'
        f'Dir::State::Lists "{place}/lists";\n'
        f'Dir::Cache::archives "{place}/archives";\n'
    )
    return ("apt-get", "-q", "-c", str(config))


def _preferences(suite: Suite) -> str:
    """Say that later sources serve only what those before them lack."""
    return "".join(
        f"Package: *\nPin: release {field}={source}\nPin-Priority: {900 - 100 * place}\n\n"
        for place, source in enumerate(suite.sources)
        # A source is called by its name or by its place in the order of releases.
        for field in ("a", "n")
    )


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
