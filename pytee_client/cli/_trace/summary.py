# SPDX-License-Identifier: BSD-2-Clause
"""What the calls of a trace come to, and texts for times."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from .files import plural
from .names import clean
from .timeline import Call, Timeline

__all__ = ["Sum", "duration", "errors_of", "headline", "origin_line", "span_of", "sums"]

_MILLI: Final = 1000
_SECOND: Final = 1_000_000


@dataclass(frozen=True)
class Sum:
    """All calls that do the same.

    Attributes:
        call: the name of the system call.
        application: the application; empty for calls that belong to none.
        command: the number of the command; None for other calls.
        name: the name of the command; empty if it has none.
        count: how many there are.
        errors: how many of these failed.
        total, median, longest: how long they took, in microseconds; None without times.
    """

    call: str
    application: str
    command: int | None
    name: str
    count: int
    errors: int
    total: int | None
    median: int | None
    longest: int | None

    @property
    def title(self) -> str:
        """What the calls do."""
        number = "" if self.command is None else str(self.command)
        return " ".join(filter(None, (self.call, self.application, number, self.name)))


def sums(timeline: Timeline, calls: list[Call]) -> list[Sum]:
    """Return the sums of calls: those that took longest come first."""
    groups: dict[tuple[str, str, int | None, str], list[Call]] = {}
    for call in calls:
        application = "" if call.session is None else call.session.title
        key = call.record.call.name, application, call.function, call.command
        groups.setdefault(key, []).append(call)
    found = [_sum(timeline, key, group) for key, group in groups.items()]
    return sorted(found, key=lambda one: (-(one.total or 0), -one.count, one.title))


def _sum(timeline: Timeline, key: tuple[str, str, int | None, str], group: list[Call]) -> Sum:
    errors = errors_of(group)
    if not timeline.has_times:
        return Sum(*key, len(group), errors, None, None, None)
    times = [timeline.duration_of(call) for call in group]
    median = round(statistics.median(times))
    return Sum(*key, len(group), errors, sum(times), median, max(times))


def errors_of(calls: list[Call]) -> int:
    """Return how many calls failed."""
    return sum(call.failed for call in calls)


def span_of(timeline: Timeline, calls: list[Call]) -> int:
    """Return the time from the first begin to the last end of calls, on their clock."""
    if not calls:
        return 0
    ends = (timeline.begin_of(call) + timeline.duration_of(call) for call in calls)
    return max(ends) - timeline.begin_of(calls[0])


def headline(timeline: Timeline, calls: list[Call]) -> str:
    """Return how many calls there are, and how long they took together."""
    count = plural(len(calls), "call")
    if len(calls) != len(timeline.calls):
        count = f"{len(calls)} of {plural(len(timeline.calls), 'call')}"
    threads = len({call.record.thread for call in calls})
    parts = [count, plural(errors_of(calls), "error"), plural(threads, "thread")]
    if timeline.has_times and calls:
        parts.append(duration(span_of(timeline, calls)))
    return ", ".join(parts)


def origin_line(timeline: Timeline) -> str:
    """Return when and of what the trace was recorded, and what it has not."""
    header = timeline.trace.header
    parts = []
    if header.recorded is not None:
        try:
            when = datetime.fromtimestamp(header.recorded, timezone.utc)
            parts.append(f"recorded {when:%Y-%m-%d %H:%M:%S} UTC")
        except (OverflowError, ValueError, OSError):
            pass
    if header.program:
        process = f" (process {header.process})" if header.process else ""
        parts.append(f"of {clean(header.program)}{process}")
    has = {"values": header.scope.values, "contents of memory": header.scope.payloads}
    parts += [f"{'with' if is_there else 'without'} {what}" for what, is_there in has.items()]
    return ", ".join(parts)


def duration(microseconds: int) -> str:
    """Return a time for people."""
    if microseconds < _MILLI:
        return f"{microseconds} µs"
    if microseconds < _SECOND:
        return f"{_three_digits(microseconds / _MILLI)} ms"
    return f"{_three_digits(microseconds / _SECOND)} s"


def _three_digits(number: float) -> str:
    places = 2 if number < 10 else 1 if number < 100 else 0
    return f"{number:.{places}f}"
