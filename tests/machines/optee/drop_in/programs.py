# SPDX-License-Identifier: BSD-2-Clause
"""Small programs that are built with Debian's headers and libraries, and with this libteec."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ...process import VmError, run
from .. import project
from ..packages import compare_versions, name_and_version
from .dependents import soname

# Where they lie in the machine, and the libraries that they are linked with.
PLACE = "opt/drop-in"
_SOURCES = Path(__file__).with_name("programs")


def build(root: Path, sysroot: Path, top: Path, libteec: Path) -> dict[str, bytes]:
    """Link each program with the newest library in unpacked packages that has its name.

    A program whose library is in none of them is left out. The linker refuses whatever is not
    resolved, in the libraries too.

    Returns:
        The programs and their libraries, by their places in the machine.
    """
    found: dict[str, bytes] = {}
    headers = _newest(root, "usr/include/teec_trace.h")
    if headers is None:
        raise VmError("no package has the headers of libteec")
    for source in sorted(_SOURCES.glob("*.c")):
        library = (
            libteec if source.stem == "libteec" else _newest(root, f"usr/lib/*/{source.stem}.so.*")
        )
        if library is None:
            continue
        if library != libteec:
            found[f"{PLACE}/{soname(library)}"] = library.read_bytes()
        found[f"{PLACE}/{source.stem}"] = _linked(
            sysroot, source, [top / "csrc", headers.parent], {library, libteec}
        )
    return found


def _newest(root: Path, pattern: str) -> Path | None:
    """Return the file that matches in the package with the highest version."""

    def compare(one: Path, other: Path) -> int:
        first, second = (
            name_and_version(path.relative_to(root).parts[0])[1] for path in (one, other)
        )
        return compare_versions(first, second)

    found = [path for path in root.glob(f"*/{pattern}") if not path.is_symlink()]
    return max(found, key=functools.cmp_to_key(compare), default=None)


def _linked(
    sysroot: Path, source: Path, headers: Iterable[Path], libraries: Iterable[Path]
) -> bytes:
    with tempfile.TemporaryDirectory(prefix="pytee_client-") as scratch:
        made = Path(scratch, source.stem)
        run(
            [
                *project.compiler(sysroot),
                *project.WARNINGS,
                *(f"-I{path}" for path in headers),
                source,
                *libraries,
                # Not only what this program calls, but also what the libraries call.
                "-Wl,--no-as-needed,--no-allow-shlib-undefined",
                f"-Wl,-rpath,/{PLACE}",
                "-o",
                made,
            ]
        )
        return made.read_bytes()
