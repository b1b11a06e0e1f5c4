# SPDX-License-Identifier: BSD-2-Clause
"""A line that tells on a terminal how far something is that takes longer than a second."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Final, TextIO

from .. import _hints as t

__all__ = ["Progress"]

# Seconds.
_SILENCE: Final = 1.0
_INTERVAL: Final = 0.1
_BEGIN_OF_LINE: Final = "\r\x1b[K"


class Progress:
    """How far a piece of work is.

    The line is on the standard error stream, if that is a terminal: the output is for the
    result. It comes after a second, and is gone at the end. ::

        with Progress("asking applications", len(uuids)) as progress:
            for uuid in uuids:
                progress.step(str(uuid))
                ...

    Args:
        what: what is done, such as "measuring".
        total: how many steps there are; None if nobody knows.
        stream: where the line goes.

    Threads: one at a time.
    """

    def __init__(self, what: str, total: int | None = None, stream: TextIO | None = None) -> None:
        self._what = what
        self._total = total
        self._stream = sys.stderr if stream is None else stream
        self._steps = 0
        self._due = time.monotonic() + _SILENCE
        self._is_shown = False
        self._has_terminal = self._stream.isatty()

    def __enter__(self) -> t.Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_shown:
            self._stream.write(_BEGIN_OF_LINE)
            self._stream.flush()

    def step(self, item: str = "") -> None:
        """Begin the next step; item says what it is about."""
        self._steps += 1
        if not self._has_terminal or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _INTERVAL
        self._is_shown = True
        of = "" if self._total is None else f" of {self._total}"
        line = f"{self._what}: {self._steps}{of} {item}".rstrip()
        self._stream.write(f"{_BEGIN_OF_LINE}{line[: self._columns()]}")
        self._stream.flush()

    def _columns(self) -> int:
        import shutil

        return max(shutil.get_terminal_size().columns - 1, 20)
