# SPDX-License-Identifier: BSD-2-Clause
"""Directories of build results, each named by a hash of all that went into it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..support.progress import working
from .process import VmError, say

# Two machines, with the results before and after a change or a refresh.
_KEPT_PER_STAGE = 6
# What was used since then, in seconds, another build may be about to read.
_IN_USE = 3 * 3600
_LOCK_SECONDS = 1800


def default_cache() -> Cache:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Cache(Path(home) / "pytee_client" / "machines")


def digest(parts: Iterable[str | bytes | Path]) -> str:
    """One hash over texts and over the contents of files."""
    total = hashlib.sha256()
    for part in parts:
        data = _bytes(part)
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)
    return total.hexdigest()[:20]


def _bytes(part: str | bytes | Path) -> bytes:
    if isinstance(part, Path):
        return part.read_bytes()
    return part.encode() if isinstance(part, str) else part


def tree_parts(top: Path, files: Iterable[Path]) -> Iterator[str | Path]:
    """Names below top and contents, in an order that does not depend on the file system."""
    for path in sorted(files):
        yield path.relative_to(top).as_posix()
        yield path


@dataclass(frozen=True)
class Cache:
    root: Path

    def stage(
        self, name: str, key: str, make: Callable[[Path], None], *, fresh: bool = False
    ) -> Path:
        """The directory of stage `name` for `key`, made by `make` when it is not there yet.

        It is made under another name and renamed when complete, so what an interrupted build
        leaves behind never counts. `fresh` makes it again even when it is there.
        """
        place = self.root / name / key
        if place.is_dir() and not fresh:
            _touch(place)
            return place
        with self._locked():
            if fresh or not place.is_dir():
                self._make(name, place, make)
        return place

    def _make(self, name: str, place: Path, make: Callable[[Path], None]) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        for leftover in place.parent.glob(".*"):
            shutil.rmtree(leftover)
        work = Path(tempfile.mkdtemp(prefix=".making-", dir=place.parent))
        start = time.monotonic()
        say(f"building {name}")
        try:
            with working(f"building {name}"):
                make(work)
            work.chmod(0o755)
            if place.exists():
                place.rename(work.with_name(".old"))
            work.rename(place)
        finally:
            shutil.rmtree(work, ignore_errors=True)
            shutil.rmtree(work.with_name(".old"), ignore_errors=True)
        # What was unpacked into it may have brought a date of its own.
        _touch(place)
        say(f"built {name} in {time.monotonic() - start:.1f} s")
        _prune(place.parent)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self.root / "lock", "w") as lock:
            with working("waiting for another build"):
                _lock(lock.fileno(), self.root)
            yield


def _lock(descriptor: int, where: Path) -> None:
    """flock with a time limit: there is no such system call, hence the short polls."""
    deadline = time.monotonic() + _LOCK_SECONDS
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise VmError(f"another build has held {where}/lock for too long; end it") from None
            if not told:
                say("waiting for another build to end")
                told = True
            time.sleep(0.2)


def _touch(place: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(place)


def _prune(stage: Path) -> None:
    """Keeps the results used last."""
    places = sorted(
        (path for path in stage.iterdir() if not path.name.startswith(".")),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for old in places[_KEPT_PER_STAGE:]:
        if time.time() - old.stat().st_mtime > _IN_USE:
            shutil.rmtree(old, ignore_errors=True)
