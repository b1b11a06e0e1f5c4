# SPDX-License-Identifier: BSD-2-Clause
"""Writing traces, line by line."""

from __future__ import annotations

import errno
import itertools
import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from .._logging import log_debug, modules
from .._process import Process, renewed
from ..kernels import SystemCall
from .description import Description

__all__ = ["Writer", "created"]

_LOGGER = "traces"
_MICROSECOND = 1000


class TextFile(Protocol):
    """What a trace is written to."""

    def write(self, text: str, /) -> Any:
        """Write a text."""
        ...

    def flush(self) -> Any:
        """Have all that was written in the file."""
        ...

    def close(self) -> Any:
        """Close the file."""
        ...


class Writer:
    """Write the calls of one process to a trace; any number of recorders may share it.

    Args:
        file: where to.
        name: its name in the log.
        owned: whether it is closed with the trace.
        payloads: whether the trace contains the memory that calls refer to.
        values: whether it contains the numbers of value parameters.
        times: whether it says when each call came and how long it took.
        program: what the header says of the program.
        on_failure: called if the file can't be written; then the trace has ended.

    Attributes:
        payloads, values: the same.
        lock: what has the lines in the order of their ends.

    Threads: may be used from any. Processes: a child of a fork writes nothing.
    """

    def __init__(
        self,
        file: TextFile,
        name: str,
        *,
        owned: bool,
        payloads: bool,
        values: bool,
        times: bool,
        program: Description | None = None,
        on_failure: Callable[[OSError | ValueError], object] = lambda error: None,
    ) -> None:
        self.payloads = payloads
        self.values = values
        # A session that is collected as garbage closes itself, wherever the thread is.
        self.lock: AbstractContextManager[object] = renewed(threading.RLock())
        self._file = file
        self._owned = owned
        self._times = times
        self._start = time.monotonic_ns()
        self._failure: OSError | ValueError | None = None
        self._process = Process.generation
        self._numbers = itertools.count(1)
        self._clock = itertools.count()
        self._threads = itertools.count()
        self._thread = threading.local()
        # How many files of the trace have no CLOSE in it yet.
        self._unclosed = 0
        self._writing = True
        self._on_failure = on_failure
        header = {
            "format": "pytee_client trace",
            "version": 1,
            "payloads": payloads,
            "values": values,
        }
        if times:
            header["recorded"] = int(time.time())
        self._write(header | (program or {}))
        self._name = name
        if "logging" in modules:
            log_debug(_LOGGER, "recording a trace in %s", name)

    @property
    def is_writing(self) -> bool:
        """Whether calls of this process are written."""
        return self._writing and self._process == Process.generation

    @property
    def has_open_files(self) -> bool:
        """Whether a file of the trace has no CLOSE in it yet."""
        return self._unclosed > 0

    def number(self) -> int:
        """Return a new number, for a file, a block or a mapping."""
        return next(self._numbers)

    def begin(self, call: SystemCall, asked: Description) -> dict[str, Any]:
        """Return the line of a call that begins now. The caller holds the lock."""
        line: dict[str, Any] = {
            "call": call.name,
            "thread": self._number_of_thread(),
            "began": next(self._clock),
            "ended": 0,
        }
        if self._times:
            line["at"] = (time.monotonic_ns() - self._start) // _MICROSECOND
        line["in"] = asked
        return line

    def note_end(self, line: dict[str, Any]) -> None:
        """Note how long a call took that ends now."""
        if self._times:
            now = (time.monotonic_ns() - self._start) // _MICROSECOND
            line["took"] = now - line["at"]

    def end(self, line: dict[str, Any]) -> None:
        """Write the line of a call."""
        with self.lock:
            if self._writing:
                line["ended"] = next(self._clock)
                self._write(line)

    def close(self) -> None:
        """Write nothing more. May be called twice.

        Raises:
            OSError: the trace could not be written to its end.
            ValueError: the file was closed before the end of the trace.
        """
        with self.lock:
            was_writing, self._writing = self._writing, False
            failure, self._failure = self._failure, None
            if self._owned:
                try:
                    self._file.close()
                except (OSError, ValueError) as error:
                    failure = failure or error
        if failure is not None:
            raise failure
        if was_writing and "logging" in modules:
            log_debug(_LOGGER, "recorded a trace in %s", self._name)

    def _write(self, line: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
            self._unclosed += "file" in line.get("out", ())
            self._unclosed -= line.get("call") == SystemCall.CLOSE.name
        except (OSError, ValueError) as error:
            # The call of the program must not fail because of the trace.
            self._failure = error
            self._writing = False
            self._on_failure(error)

    def _number_of_thread(self) -> int:
        number: int | None = getattr(self._thread, "number", None)
        if number is None:
            number = self._thread.number = next(self._threads)
        return number


class _Descriptor:
    """A file that nobody has to close before the interpreter ends."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write(self, text: str) -> None:
        """Write a text, all of it."""
        data = memoryview(text.encode())
        while data:
            written = os.write(self._fd, data)
            if not written:
                raise OSError(errno.EIO, "nothing was written")
            data = data[written:]

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def close(self) -> None:
        """Close the descriptor, at most once."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def created(path: str, *, new: bool = False) -> TextFile:
    """Create the file of a trace, or empty the one that exists, which keeps its mode.

    Args:
        path: where it is.
        new: whether a file that exists is a FileExistsError.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_EXCL if new else os.O_TRUNC)
    return _Descriptor(os.open(path, flags, 0o600))
