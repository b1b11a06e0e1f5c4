# SPDX-License-Identifier: BSD-2-Clause
"""All that a machine is made of, each part made only when something it depends on changed."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from .. import host
from ..cache import Cache
from ..suites import Suite
from . import firmware, image, packages, project


class Parts(enum.Flag):
    """Which of the project's own builds a run needs; its applications are always there."""

    NONE = 0
    EXTENSION = enum.auto()
    LIBTEEC = enum.auto()
    BENCH = enum.auto()
    ALL = EXTENSION | LIBTEEC | BENCH


@dataclass(frozen=True)
class Build:
    cache: Cache
    packages: packages.Packages
    project: Path
    base: Path
    flash: Path
    applications: tuple[Path, ...]
    extension: Path | None
    libteec: Path | None
    bench: Path | None


def build(
    cache: Cache, top: Path, suite: Suite, parts: Parts = Parts.ALL, *, refresh: bool = False
) -> Build:
    """Build the project in `top` and the machine for it; `refresh` fetches the packages anew."""
    host.require_to_build()
    fetched = packages.fetch(cache, suite, refresh=refresh)
    sysroot = packages.sysroot(cache, fetched)
    libteec = project.libteec(cache, top, sysroot) if Parts.LIBTEEC in parts else None
    return Build(
        cache=cache,
        packages=fetched,
        project=top,
        base=image.base(cache, fetched, sysroot),
        flash=firmware.firmware(cache, fetched, sysroot),
        applications=project.applications(cache, top, sysroot),
        extension=project.extension(cache, top, sysroot) if Parts.EXTENSION in parts else None,
        libteec=libteec,
        bench=project.bench(cache, top, sysroot, libteec)
        if libteec is not None and Parts.BENCH in parts
        else None,
    )
