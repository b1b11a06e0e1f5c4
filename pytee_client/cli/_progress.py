# SPDX-License-Identifier: BSD-2-Clause
"""A line that tells on a terminal how far something is that takes longer than a second."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Final, TextIO, TypeVar

# Programs of the tests load this file where the package is not built: it imports nothing of it.
__all__ = ["Elapsed", "Progress", "can_show"]

# Seconds.
_SILENCE: Final = 1.0
_INTERVAL: Final = 0.1
_TICK: Final = 0.5
_AFTER_HIDING: Final = 0.5
# A step that takes so long is told with its time.
_LONG: Final = 2.0
_BEGIN_OF_LINE: Final = "\r\x1b[K"
_COLUMNS: Final = 80
_T = TypeVar("_T")
_P = TypeVar("_P", bound="Progress")


class Progress:
    """How far a piece of work is.

    The line is on the standard error stream, if that is a terminal: the output is for the
    result. It comes after a second, and is gone at the end. ::

        with Progress("asking applications", len(uuids)) as progress:
            for uuid in progress.over(uuids):
                ...

    A thread writes it anew while a step takes long. A terminal that is gone, or can't show a
    character, is no error.

    Args:
        what: what is done, such as "measuring".
        total: how many steps there are; None if nobody knows.
        stream: where the line goes.
        ticks: whether there is a thread. Without it only a step writes the line: for work that
            measures, or that forks.

    Threads: may be used from any.
    """

    def __init__(
        self,
        what: str,
        total: int | None = None,
        stream: TextIO | None = None,
        *,
        ticks: bool = True,
    ) -> None:
        self._what = what
        self._total = total
        self._stream = sys.stderr if stream is None else stream
        self._has_terminal = can_show(self._stream)
        self._steps = 0
        self._item = ""
        self._begin = time.monotonic()
        self._due = self._begin + _SILENCE
        self._is_shown = False
        self._is_over = threading.Event()
        # Held while something is written.
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        if ticks and self._has_terminal:
            self._thread = threading.Thread(target=self._tick, name="progress", daemon=True)

    def __enter__(self: _P) -> _P:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()
        self.hide()

    def step(self, item: str = "") -> None:
        """Begin the next step; item says what it is about."""
        self._steps += 1
        self._item = item
        self._begin = now = time.monotonic()
        if self._has_terminal and now >= self._due:
            with self._lock:
                self._due = now + _INTERVAL
                self._show()

    def over(self, items: Iterable[_T], name: Callable[[_T], str] = str) -> Iterator[_T]:
        """Yield each item, as a step of its own."""
        for item in items:
            self.step(name(item))
            yield item

    def hide(self) -> None:
        """Take the line away, such as before something else is printed; it comes back later."""
        with self._lock:
            if self._is_shown:
                self._write(_BEGIN_OF_LINE)
                self._is_shown = False
            self._due = max(self._due, time.monotonic() + _AFTER_HIDING)

    def _line(self) -> str:
        """Return what the line says."""
        of = "" if self._total is None else f" of {self._total}"
        line = f"{self._what}: {self._steps}{of} {self._item}".rstrip()
        seconds = time.monotonic() - self._begin
        return f"{line}, {seconds:.0f} s" if seconds >= _LONG else line

    def _tick(self) -> None:
        # They are for threads that have something to do with them.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while not self._is_over.wait(_TICK):
            with self._lock:
                if self._has_terminal and time.monotonic() >= self._due:
                    self._show()

    def _show(self) -> None:
        self._is_shown = True
        self._write(f"{_BEGIN_OF_LINE}{_cut(self._line(), _columns(self._stream) - 1)}")

    def _write(self, text: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "ascii"
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError):
            # The work goes on without it.
            self._has_terminal = self._is_shown = False


class Elapsed(Progress):
    """How long a single step has taken by now.

    ::

        with Elapsed("building the firmware"):
            subprocess.run(...)

    Args:
        what: what is done.
        look: says how far it is, such as "12 of 130 MB"; called in the thread. What it raises is
            taken for "", which is nothing.
        stream: where the line goes.

    Attributes:
        look: the argument; it may be set anew.
    """

    def __init__(
        self, what: str, look: Callable[[], str] | None = None, stream: TextIO | None = None
    ) -> None:
        super().__init__(what, None, stream)
        self.look = look

    def step(self, item: str = "") -> None:
        """Say what it is at."""
        self._item = item

    def _line(self) -> str:
        parts = [f"{time.monotonic() - self._begin:.0f} s", self._item, self._seen()]
        return f"{self._what}: {', '.join(filter(None, parts))}"

    def _seen(self) -> str:
        try:
            return "" if self.look is None else self.look()
        except Exception:
            # Such as that of a file that has just been renamed.
            return ""


def can_show(stream: TextIO) -> bool:
    """Return whether a stream is a terminal whose lines can be written anew."""
    try:
        return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    except (AttributeError, ValueError):
        # Python has no such stream, or it is closed.
        return False


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or _COLUMNS
    except (OSError, ValueError):
        return _COLUMNS


def _cut(line: str, columns: int) -> str:
    """Return what fits of a line, without what would move the cursor."""
    shown = ""
    for character in line:
        one = character if character.isprintable() else "?"
        if unicodedata.combining(one):
            shown += one
            continue
        columns -= 2 if unicodedata.east_asian_width(one) in "WF" else 1
        if columns < 0:
            break
        shown += one
    return shown
