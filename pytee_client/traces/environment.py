# SPDX-License-Identifier: BSD-2-Clause
"""Recording and replaying programs that know nothing of it: their environment says it.

PYTEE_CLIENT_TRACE is record:FILE or replay:FILE, with the absolute path of a trace. After
"record" there may be options: ``record,payloads:FILE``, ``record,no-values:FILE``. All contexts of
a process share one trace. The first process that opens a context has FILE, the next one FILE.2,
and so on: each program that another one starts, and each child of a fork. Files that exist are
kept: a recording takes the first name that is free.

A replay that has a folder for its reports, in _PYTEE_CLIENT_REPORTS, gives each process the trace
that has its turn, and has a report of each process there. Without it, each process replays FILE.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
import sys
import threading
import warnings
from typing import Any, Final, NamedTuple

from .._process import Process, importing, renewed
from ..kernels import Kernel
from .errors import TraceMismatchError
from .player import TracePlayer
from .recorder import TraceRecorder
from .writer import TextFile, Writer, created

__all__ = [
    "REPORTS",
    "VARIABLE",
    "check",
    "is_replayed",
    "numbered",
    "recorder",
    "replayer",
    "setting_of",
]

VARIABLE: Final = "PYTEE_CLIENT_TRACE"
REPORTS: Final = "_PYTEE_CLIENT_REPORTS"
_OPTIONS: Final = ("payloads", "no-values")
_FORM: Final = "record:FILE, record,payloads:FILE, record,no-values:FILE or replay:FILE"

_lock: Final = renewed(threading.RLock())
# By the variable, and by how many forks this process is away from the first one.
_writers: Final[dict[tuple[str, int], Writer | None]] = {}
_players: Final[dict[tuple[str, int], TracePlayer]] = {}


class _Setting(NamedTuple):
    """What the variable says.

    Attributes:
        verb: record or replay.
        options: those after "record".
        path: the absolute path of the trace.
    """

    verb: str
    options: tuple[str, ...]
    path: str


def setting_of(verb: str, path: str, *, payloads: bool = False, values: bool = True) -> str:
    """Return what the variable has to be."""
    words = [verb, *["payloads"] * payloads, *["no-values"] * (not values)]
    return f"{','.join(words)}:{path}"


def numbered(path: str, number: int) -> str:
    """Return the path of the trace of a process, counted from 1."""
    return path if number == 1 else f"{path}.{number}"


def check(text: str) -> None:
    """See that the variable makes sense, and that the trace of a replay can be read.

    Raises:
        ValueError: it does not, or the file is no trace.
        OSError: the file can't be read.
    """
    setting = _read(text)
    if setting.verb == "replay" and not os.environ.get(REPORTS):
        replayer(text)


def is_replayed(text: str) -> bool:
    """Return whether the variable says that the program is replayed.

    Raises:
        ValueError: it says nothing that makes sense.
    """
    return _read(text).verb == "replay"


def recorder(text: str, kernel: Kernel | None) -> Kernel | None:
    """Return what records a kernel, None for Linux, into the trace that this process has.

    If the trace can't be written, warns with RuntimeWarning, once, and returns the kernel.
    """
    with _lock:
        key = text, Process.generation
        if key not in _writers:
            _writers[key] = _begin_trace(_read(text))
        writer = _writers[key]
    if writer is None or not writer.is_writing:
        return kernel
    return TraceRecorder.into(writer, "linux" if kernel is None else kernel)


def replayer(text: str) -> Kernel:
    """Return what replays the trace that this process has.

    Raises:
        TraceMismatchError: no process is left in the trace.
        TraceFormatError: the file is no trace.
        OSError: it can't be read.
    """
    with _lock:
        key = text, Process.generation
        if key not in _players:
            folder = os.environ.get(REPORTS, "")
            path = _read(text).path
            _players[key] = _reporting(path, folder) if folder else TracePlayer(path)
        return _players[key]


def _read(text: str) -> _Setting:
    words, _, path = text.partition(":")
    verb, *options = words.split(",")
    allowed = _OPTIONS if verb == "record" else ()
    if verb not in ("record", "replay") or not all(option in allowed for option in options):
        raise ValueError(f"{VARIABLE}={text!r} is not of the form {_FORM}")
    if not os.path.isabs(path):
        raise ValueError(f"{VARIABLE}={text!r} must name its file by an absolute path")
    return _Setting(verb, tuple(options), path)


def _begin_trace(setting: _Setting) -> Writer | None:
    try:
        path, file = _created_anew(setting.path)
    except (OSError, ValueError) as error:
        _warn(f"{setting.path} can't be written, so nothing is recorded: {error}")
        return None
    return Writer(
        file,
        path,
        owned=True,
        payloads="payloads" in setting.options,
        values="no-values" not in setting.options,
        times=True,
        program={"program": os.path.basename(sys.argv[0] or "python"), "process": os.getpid()},
        on_failure=lambda error: _warn(f"the trace {path} ends here: {error}"),
    )


def _created_anew(path: str) -> tuple[str, TextFile]:
    """Create the file of the next process, and return its path too."""
    number = 0
    while True:
        number += 1
        with contextlib.suppress(FileExistsError):
            name = numbered(path, number)
            return name, created(name, new=True)


def _warn(text: str) -> None:
    # The program must not fail because of it, whatever warnings it makes errors.
    with contextlib.suppress(RuntimeWarning):
        warnings.warn(text, RuntimeWarning, stacklevel=2)


def _reporting(path: str, folder: str) -> TracePlayer:
    number = 0
    while True:
        number += 1
        report = os.path.join(folder, str(number))
        try:
            fd = os.open(report, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        os.close(fd)
        break
    try:
        return _ReportingPlayer(numbered(path, number), report)
    except FileNotFoundError:
        count = f"{number - 1} process{'es' if number > 2 else ''}"
        text = f"{path} is the trace of {count} that used a TEE, and this is one more"
        _append(report, {"deviation": text})
        raise TraceMismatchError(text) from None


class _ReportingPlayer(TracePlayer):
    """A player that reports to the folder of a replay.

    It reports when the program leaves the trace, and at its end what it has not made.
    """

    def __init__(self, path: str, report: str) -> None:
        super().__init__(path)
        self._report = report
        self._generation = Process.generation
        self._has_ended = False
        self._script.on_deviation = lambda why: self._tell({"deviation": why})
        atexit.register(self._end)
        if "multiprocessing" in sys.modules:
            # Its children leave without calling what is for the end of a program.
            with importing:
                from multiprocessing.util import Finalize

            Finalize(None, self._end, exitpriority=0)

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """Serve a request to a device (ioctl(2))."""
        try:
            return super().ioctl(fd, request, argument)
        finally:
            if self._has_ended:
                self._end()

    def close(self, fd: int) -> None:
        """Close a descriptor (close(2))."""
        try:
            super().close(fd)
        finally:
            # Children of a fork often leave without any end. And what a program forgot is closed
            # after its end.
            if self._has_ended or self._generation:
                self._end()

    def _end(self) -> None:
        """Report what is not made yet. If more calls come, this is called again."""
        self._has_ended = True
        # A child of a fork inherits what is for the end of its parent.
        if self._script.deviated or self._generation != Process.generation:
            return
        missing = self._script.missing()
        self._tell({"missing": len(missing), "first": self._script.tell(missing[:1])})

    def _tell(self, report: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            _append(self._report, report)


def _append(path: str, report: dict[str, Any]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        if not os.write(fd, (json.dumps(report) + "\n").encode()):
            raise OSError(errno.EIO, "nothing was written")
    finally:
        os.close(fd)
