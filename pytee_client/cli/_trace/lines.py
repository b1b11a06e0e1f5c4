# SPDX-License-Identifier: BSD-2-Clause
"""A timeline as text: a line for each call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .._printable import printable
from .summary import duration, headline, origin_line, sums
from .timeline import Call, Timeline

__all__ = ["bar", "text_of"]

_BAR: Final = 6
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_DUMPED: Final = 256
_PER_LINE: Final = 16


def text_of(timeline: Timeline, calls: list[Call], *, contents: bool) -> str:
    """Return some calls of a timeline as whole lines, and what they come to."""
    lines = [
        f"{printable(timeline.trace.path)}: {headline(timeline, calls)}",
        origin_line(timeline),
        "",
    ]
    if calls:
        lines += _calls(timeline, calls, contents)
        lines += ["", *_sums(timeline, calls)]
    uuids = dict.fromkeys((one.session.name, one.session.uuid) for one in calls if one.session)
    named = [f"{name} is {uuid}" for name, uuid in uuids if name and uuid not in name]
    return "".join(f"{line}".rstrip() + "\n" for line in [*lines, *([""] if named else []), *named])


def bar(part: int, whole: int, width: int) -> str:
    """Return a bar that shows a part of a whole, in characters of which the last is a part."""
    eighths = round(part / whole * width * 8) if whole else 0
    full, rest = divmod(max(eighths, 1 if part else 0), 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def _calls(timeline: Timeline, calls: list[Call], contents: bool) -> Iterator[str]:
    start = timeline.begin_of(timeline.calls[0])
    longest = max(timeline.duration_of(call) for call in calls)
    if timeline.has_times:
        yield f"{'seconds':>9} {'took':>9} {'':{_BAR}} {'th':>3} {'se':>3}  call"
    else:
        yield f"{'tick':>6} {'th':>3} {'se':>3}  call"
    for call in calls:
        session = "-" if call.session is None else call.session.number
        where = f"{call.record.thread:>3} {session:>3}"
        begin = timeline.begin_of(call) - start
        took = timeline.duration_of(call)
        if timeline.has_times:
            shown = bar(took, longest, _BAR)
            when = f"{begin / 1_000_000:>9.6f} {duration(took):>9} {shown:{_BAR}}"
        else:
            when = f"{timeline.begin_of(call):>6}"
        yield f"{when} {where}  {told(timeline, call)}"
        if contents:
            yield from _contents(call, " " * len(f"{when} {where}  "))


def told(timeline: Timeline, call: Call) -> str:
    """Return a call with its parameters and how it ended."""
    parameters = [one.text for one in call.parameters]
    while parameters and parameters[-1] == "none":
        parameters.pop()
    text = call.name + (f" [{', '.join(parameters)}]" if parameters else "")
    if call.result:
        text += f": {call.result}"
    if call.code and call.origin is not None:
        text += f" from {timeline.names.origin(call.origin)}"
    if call.record.late:
        text += f", {call.record.late:g} s after it was cancelled"
    return text


def _contents(call: Call, indent: str) -> Iterator[str]:
    for number, one in enumerate(call.parameters, 1):
        for name, content in (("in", one.content), ("out", one.content_after)):
            if content is None:
                continue
            yield f"{indent}{number} {name}, {len(content)} bytes:"
            for at in range(0, min(len(content), _DUMPED), _PER_LINE):
                yield f"{indent}  {dumped(content[at : at + _PER_LINE])}"
            if len(content) > _DUMPED:
                yield f"{indent}  and {len(content) - _DUMPED} more"


def dumped(data: bytes) -> str:
    """Return up to 16 bytes in hexadecimal, and as characters."""
    characters = "".join(chr(one) if 32 <= one < 127 else "." for one in data)
    return f"{data.hex(' '):<47}  {characters}"


def _sums(timeline: Timeline, calls: list[Call]) -> Iterator[str]:
    found = sums(timeline, calls)
    if not timeline.has_times:
        yield f"{'calls':>6} {'errors':>6}  what"
        yield from (f"{one.count:>6} {one.errors:>6}  {one.title}" for one in found)
        return
    yield f"{'calls':>6} {'errors':>6} {'total':>9} {'median':>9} {'longest':>9}  what"
    for one in found:
        times = " ".join(
            f"{duration(time or 0):>9}" for time in (one.total, one.median, one.longest)
        )
        yield f"{one.count:>6} {one.errors:>6} {times}  {one.title}"
