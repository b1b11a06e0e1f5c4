# SPDX-License-Identifier: BSD-2-Clause
"""Programs and libraries of Debian that need libteec: what they import, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...cache import Cache, digest
from ...process import run
from ..packages import LIBTEEC, name_and_version, names

# What this library is called where programs ask for it.
SONAME = "libteec.so.2"

_NEEDED = re.compile(r"\(NEEDED\).*\[(libteec\.so\b[^\]]*)\]")
# Of the lines "Num: Value Size Type Bind Vis Ndx Name".
_SYMBOL = re.compile(
    r" *\d+: [0-9a-f]+ +\w+ +\w+ +(?P<bind>GLOBAL|WEAK) +DEFAULT .*?(?P<section>\w+) (?P<name>\S+)"
)
_OWN_NAME = re.compile(r"\(SONAME\).*\[(.*)\]")


@dataclass(frozen=True)
class Binary:
    """A program or library that needs libteec.

    Attributes:
        package: what it comes from, with its version.
        path: where it lies on the host.
        library: the name under which it asks for libteec.
        imports: all that it takes from other libraries, with versions where it names any.
    """

    package: str
    path: Path
    library: str
    imports: frozenset[str]

    def __str__(self) -> str:
        return f"{self.path.name} of {self.package}"


def unpacked(cache: Cache, debs: Sequence[Path]) -> Path:
    """Return a directory with a directory for each package, named as its file."""

    def make(place: Path) -> None:
        for deb in debs:
            run(["dpkg-deb", "--extract", deb, place / deb.name])

    return cache.stage("dependents", digest([Path(__file__), names(debs)]), make)


def binaries(root: Path) -> list[Binary]:
    """Read what needs libteec in unpacked packages."""
    return [
        Binary(
            _title(package),
            path,
            needed[1],
            _symbols(path, defined=False),
        )
        for package in sorted(root.iterdir())
        for path in _elf_files(package)
        if (needed := _NEEDED.search(_dynamic(path)))
    ]


def libteecs(root: Path) -> list[Path]:
    """Return each version of Debian's libteec there is in unpacked packages."""
    return [
        path
        for package in sorted(root.iterdir())
        if LIBTEEC.fullmatch(name_and_version(package.name)[0])
        for path in _elf_files(package)
    ]


def exports(library: Path) -> frozenset[str]:
    """Return all that a library has for others, with versions where it has any."""
    return _symbols(library, defined=True)


def soname(library: Path) -> str:
    """Return the name under which programs ask for a library."""
    name = _OWN_NAME.search(_dynamic(library))
    return name[1] if name else ""


def complaints(
    ours: frozenset[str], theirs: frozenset[str], found: Iterable[Binary]
) -> Iterator[str]:
    """Say what this library lacks to stand in for Debian's: by what imports it, and beyond.

    What a program imports is taken from libteec if Debian's has it. That a program takes nothing
    at all from it means that this comparison no longer sees what it should.
    """
    wanted: set[str] = set()
    found = list(found)
    if not found:
        yield "no program or library of Debian needs libteec"
    for binary in found:
        imported = binary.imports & theirs
        wanted |= imported
        if binary.library != SONAME:
            yield f"{binary} asks for {binary.library}"
        if not imported:
            yield f"{binary} needs libteec, and imports nothing of what Debian's exports"
        for symbol in sorted(imported - ours):
            yield f"{binary} imports {symbol}"
    for symbol in sorted(theirs - ours - wanted):
        yield f"Debian's libteec exports {symbol}"


def _title(package: Path) -> str:
    return " ".join(name_and_version(package.name))


def _elf_files(package: Path) -> Iterator[Path]:
    for path in sorted(package.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


def _dynamic(path: Path) -> str:
    return run(["readelf", "--dynamic", "--wide", path])


def _symbols(path: Path, *, defined: bool) -> frozenset[str]:
    """The names that must be there, or are; without the mark of a default version."""
    lines = run(["readelf", "--dyn-syms", "--wide", path]).splitlines()
    found = [match for match in map(_SYMBOL.match, lines) if match]
    return frozenset(
        match["name"].replace("@@", "@")
        for match in found
        if (match["section"] != "UND") == defined and (defined or match["bind"] == "GLOBAL")
    )
