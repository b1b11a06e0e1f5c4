# SPDX-License-Identifier: BSD-2-Clause
"""Reading traces, line by line."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from ..kernels import SystemCall
from .description import Description, Scope
from .errors import TraceFormatError

__all__ = ["Header", "Record", "read_trace", "read_whole"]

_FORMAT = "pytee_client trace"
_VERSION = 1
# Nobody counts so far, or waits for so many seconds.
_TOO_MUCH = 2**40
_TOO_LATE = 2**30

_Number = TypeVar("_Number", int, float)


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
        at: when it began, in microseconds after the start of the recording; None if the trace
            does not say it.
        took: how long it took, in microseconds; None likewise.
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
    at: int | None = None
    took: int | None = None
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


@dataclass(frozen=True, slots=True)
class Header:
    """What a trace says before its calls.

    Attributes:
        scope: how much of a call it contains.
        recorded: when its recording began, in seconds since 1970; None if it does not say it.
        program: the name of the program; empty likewise.
        process: the number of its process; 0 likewise.
    """

    scope: Scope
    recorded: int | None = None
    program: str = ""
    process: int = 0


def read_trace(lines: Iterable[str], name: str) -> tuple[Scope, list[Record]]:
    """Read the lines of a trace; name stands in errors.

    Raises:
        TraceFormatError: these are not the lines of a trace.
    """
    header, records = read_whole(lines, name)
    return header.scope, records


def read_whole(lines: Iterable[str], name: str) -> tuple[Header, list[Record]]:
    """Read the lines of a trace with all that its header says; see read_trace()."""
    header: Header | None = None
    records = []
    try:
        for number, text in enumerate(lines, 1):
            data = _object_of(text, f"{name}, line {number}")
            if header is None:
                header = _header(data, name)
            else:
                records.append(_record(data, number, f"{name}, line {number}"))
    except UnicodeDecodeError as error:
        raise TraceFormatError(f"{name} is no trace: it is not text") from error
    if header is None:
        raise TraceFormatError(f"{name} is no trace: it is empty")
    return header, records


def _object_of(text: str, where: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise TraceFormatError(f"{where}: not a line of a trace: {error}") from None
    except RecursionError:
        raise TraceFormatError(f"{where}: not a line of a trace: nested too deeply") from None
    if not isinstance(data, dict):
        raise TraceFormatError(f"{where}: not a line of a trace: no JSON object")
    return data


def _header(data: dict[str, Any], name: str) -> Header:
    if data.get("format") != _FORMAT:
        raise TraceFormatError(f"{name} is no trace: its first line is not the header of one")
    if data.get("version") != _VERSION:
        raise TraceFormatError(
            f"{name} is a trace of version {data.get('version')!r}, and this library reads"
            f" version {_VERSION}: record it again, or use the library that recorded it"
        )
    scope = Scope(bool(data.get("payloads")), bool(data.get("values")))
    try:
        recorded, process = _number_in(data, "recorded"), _number_in(data, "process")
    except (TypeError, ValueError) as error:
        raise TraceFormatError(f"{name}, line 1: not the header of a trace: {error!r}") from None
    return Header(scope, recorded, str(data.get("program", "")), process or 0)


def _record(data: dict[str, Any], line: int, where: str) -> Record:
    try:
        return Record(
            line,
            SystemCall[data["call"]],
            _to_number(data["thread"], "thread"),
            _to_number(data["began"], "began"),
            _to_number(data["ended"], "ended"),
            dict(data["in"]),
            dict(data.get("out", {})),
            _errno(data.get("errno", 0)),
            _to_number(data.get("late", 0), "late", float, _TOO_LATE),
            _number_in(data, "at"),
            _number_in(data, "took"),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise TraceFormatError(f"{where}: not a call: {error!r}") from None


def _errno(given: Any) -> int:
    """Return the number of an error, which has a name or a number."""
    if not isinstance(given, str):
        return int(given)
    # Not only those in errno.errorcode: some have two names.
    number = getattr(errno, given, None)
    if not given.startswith("E") or not isinstance(number, int):
        raise ValueError(f"{given!r} is no error")
    return number


def _number_in(data: dict[str, Any], name: str) -> int | None:
    """Return a number that a line may have; None if it has not."""
    given = data.get(name)
    return None if given is None else _to_number(given, name)


def _to_number(
    given: Any, name: str, kind: Callable[[Any], _Number] = int, limit: int = _TOO_MUCH
) -> _Number:
    number = kind(given)
    if not 0 <= number < limit:
        raise ValueError(f"{name} is {given!r}")
    return number
