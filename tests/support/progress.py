# SPDX-License-Identifier: BSD-2-Clause
"""The progress line of the command line, for programs that are also run without the package.

Some build it, or the machine that it is tested in. So its file is loaded by its path.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytee_client.cli._progress import Elapsed, Progress, can_show
else:
    _FILE = Path(__file__).parents[2] / "pytee_client/cli/_progress.py"
    _spec = importlib.util.spec_from_file_location("tests.support._progress", _FILE)
    _module = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(_module)
    Elapsed, Progress, can_show = _module.Elapsed, _module.Progress, _module.can_show

__all__ = ["Elapsed", "Progress", "grown", "hide", "shows_progress", "working"]

_MEGABYTE = 10**6


class _Lines:
    """The line of this process, if it has one."""

    current: Elapsed | None = None


@contextlib.contextmanager
def working(what: str, look: Callable[[], str] | None = None) -> Iterator[None]:
    """Tell how long something has taken by now; within something else, tell what that is at.

    Args:
        what: what is done.
        look: says how far it is.
    """
    line = _Lines.current
    if line is not None:
        outer = line.look
        line.step(what)
        line.look = look or outer
        try:
            yield
        finally:
            line.step()
            line.look = outer
        return
    with Elapsed(what, look) as line:
        _Lines.current = line
        try:
            yield
        finally:
            _Lines.current = None


def hide() -> None:
    """Make room for what is printed."""
    if _Lines.current is not None:
        _Lines.current.hide()


def shows_progress() -> bool:
    """Return whether there is somebody to tell it to."""
    return can_show(sys.stderr)


def grown(folder: Path, total: int) -> Callable[[], str]:
    """Return a look at how much of so many bytes arrives in a folder, beside what is there."""
    before = _size(folder)

    def look() -> str:
        arrived = min(_size(folder) - before, total)
        return f"{arrived / _MEGABYTE:.0f} of {total / _MEGABYTE:.0f} MB"

    return look


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
