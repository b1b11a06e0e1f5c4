# SPDX-License-Identifier: BSD-2-Clause
"""The interpreter: built once from Debian's source, and kept.

No package of Debian's or of PyPI has one.
"""

from __future__ import annotations

import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

from .. import host
from ..cache import Cache, digest
from ..optee.packages import download_source, private_apt
from ..process import VmError, run
from ..suites import STABLE

# Of the release that Debian's stable suite has. Its executable has a t at its end.
RELEASE: Final = "3.13"
_SOURCE: Final = f"python{RELEASE}"
_NEEDS: Final = (
    host.Need("apt-get", "apt"),
    host.Need("gpgv", "gpgv"),
    host.Need("tar", "tar"),
    host.Need("xz", "xz-utils"),
    host.Need("make", "make"),
    host.Need("gcc", "gcc"),
    host.Need(str(host.KEYRING), "debian-archive-keyring"),
    # What pip, ctypes and cffi are built with.
    host.Need("/usr/include/zlib.h", "zlib1g-dev"),
    host.Need("/usr/include/openssl/ssl.h", "libssl-dev"),
)
# Fast to build rather than to run.
_CONFIGURE: Final = (
    "--disable-gil",
    "--disable-test-modules",
    "--without-static-libpython",
    "OPT=-O1 -DNDEBUG",
)
# cffi's C code has all that 3.13 takes, but its set-up refuses to compile it.
_REFUSED, _ACCEPTED = "sys.version_info < (3, 14)", "sys.version_info < (3, 13)"


def interpreter(cache: Cache) -> Path:
    """Return the interpreter as it was built last; the first time it is built."""
    key = digest([Path(__file__), *STABLE.sources, run(["gcc", "--version"]).splitlines()[0]])
    place = cache.stage("free-threaded", key, _build)
    return place / "bin" / f"python{RELEASE}t"


def cffi_source(cache: Cache, python: str) -> Path:
    """Return the source of cffi, of the version that another Python has, as this one takes it."""
    wanted = version("cffi")
    key = digest([Path(__file__), wanted])

    def download(place: Path) -> None:
        words = ("-q", "--no-deps", "--no-binary=:all:", f"--dest={place}", f"cffi=={wanted}")
        run([python, "-m", "pip", "download", *words])
        run(["tar", "xf", *place.glob("*.tar.gz"), "-C", place, "--strip-components=1"])
        setup = place / "setup.py"
        text = setup.read_text()
        if _REFUSED not in text:
            raise VmError(f"cffi {wanted} does not say any more which Python it refuses")
        setup.write_text(text.replace(_REFUSED, _ACCEPTED))

    return cache.stage("free-threaded-cffi", key, download)


def _build(place: Path) -> None:
    host.require(_NEEDS)
    headers = Path("/usr/include", run(["gcc", "-print-multiarch"]).strip())
    host.require([host.Need(str(headers / "ffi.h"), "libffi-dev")])
    with tempfile.TemporaryDirectory(prefix="free-threaded-") as folder:
        work = Path(folder)
        apt = private_apt(STABLE, work, [host.architecture()])
        run([*apt, "update"])
        download_source(STABLE, apt, _SOURCE, work / "source")
        (archive,) = (work / "source").glob("*.orig.tar.*z")
        tree = work / "tree"
        tree.mkdir()
        run(["tar", "xf", archive, "-C", tree, "--strip-components=1"])
        env = host.bare_environment()
        run(["./configure", "-q", f"--prefix={place}", *_CONFIGURE], cwd=tree, env=env)
        run(["make", "-s", f"-j{os.cpu_count() or 1}"], cwd=tree, env=env)
        run(["make", "-s", "install"], cwd=tree, env=env)
