# SPDX-License-Identifier: BSD-2-Clause
"""Reading traces, line by line."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..kernels import SystemCall
from .description import Description, Scope
from .errors import TraceFormatError

__all__ = ["Record", "read_trace"]

_FORMAT = "pytee_client trace"
_VERSION = 1


@dataclass(slots=True, eq=False)
class Record:
    """One system call of a trace.

    Attributes:
        line: its line in the file, counted from 1.
        call: its kind.
        thread: the number of its thread.
        began, ended: its start and end, on the clock of the trace.
        asked: its arguments.
        answered: its results; empty if it failed.
        error: the errno; 0 if it succeeded.
        late: how many seconds after its cancellation it came back; 0 if nobody cancelled it.
        key: what equal calls have in common; see roles.key_of(). Set by roles.read_roles().
        index: its position among the calls of its role, counted from 0. Set likewise.
    """

    line: int
    call: SystemCall
    thread: int
    began: int
    ended: int
    asked: Description
    answered: Description
    error: int
    late: float = 0.0
    key: str = ""
    index: int = 0

    @property
    def is_optional(self) -> bool:
        """Whether a program makes it only if it comes early enough.

        The library cancels what still runs; and a supplicant may see that its device is closed
        before it waits for its next request.
        """
        is_last_wait = self.call is SystemCall.SUPPL_RECV and bool(self.error)
        return self.call is SystemCall.CANCEL or is_last_wait

    @property
    def outcome(self) -> tuple[int, Description]:
        """What the program learned, except for the numbers of files, sessions and blocks."""
        numbers = ("file", "session", "mapping", "id")
        answered = {name: value for name, value in self.answered.items() if name not in numbers}
        return self.error, answered


def read_trace(lines: Iterable[str], name: str) -> tuple[Scope, list[Record]]:
    """Read the lines of a trace; name stands in errors.

    Raises:
        TraceFormatError: these are not the lines of a trace.
    """
    scope: Scope | None = None
    records = []
    try:
        for number, text in enumerate(lines, 1):
            data = _object_of(text, f"{name}, line {number}")
            if scope is None:
                scope = _header(data, name)
            else:
                records.append(_record(data, number, f"{name}, line {number}"))
    except UnicodeDecodeError as error:
        raise TraceFormatError(f"{name} is no trace: it is not text") from error
    if scope is None:
        raise TraceFormatError(f"{name} is no trace: it is empty")
    return scope, records


def _object_of(text: str, where: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise TraceFormatError(f"{where}: not a line of a trace: {error}") from None
    if not isinstance(data, dict):
        raise TraceFormatError(f"{where}: not a line of a trace: no JSON object")
    return data


def _header(data: dict[str, Any], name: str) -> Scope:
    if data.get("format") != _FORMAT:
        raise TraceFormatError(f"{name} is no trace: its first line is not the header of one")
    if data.get("version") != _VERSION:
        raise TraceFormatError(
            f"{name} is a trace of version {data.get('version')}, and this library reads"
            f" version {_VERSION}: record it again, or use the library that recorded it"
        )
    return Scope(bool(data.get("payloads")), bool(data.get("values")))


def _record(data: dict[str, Any], line: int, where: str) -> Record:
    try:
        error = data.get("errno", 0)
        return Record(
            line,
            SystemCall[data["call"]],
            int(data["thread"]),
            int(data["began"]),
            int(data["ended"]),
            dict(data["in"]),
            dict(data.get("out", {})),
            getattr(errno, error) if isinstance(error, str) else int(error),
            float(data.get("late", 0)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TraceFormatError(f"{where}: not a call: {error!r}") from None
