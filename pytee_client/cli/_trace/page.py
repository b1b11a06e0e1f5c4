# SPDX-License-Identifier: BSD-2-Clause
"""A timeline as a page of HTML: one file, without scripts, that loads nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from html import escape
from typing import Final

from .lines import dumped, told
from .names import clean
from .page_style import STYLE
from .summary import duration, headline, origin_line, span_of, sums
from .timeline import Call, Timeline, ValueOrMemory

__all__ = ["page_of"]

# A browser that is shown a page which is not ours, but came through it, loads nothing either.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_ROW: Final = 16
_TICKS: Final = 4
_DUMPED: Final = 4096


def page_of(timeline: Timeline, calls: list[Call], *, contents: bool) -> str:
    """Return some calls of a timeline as a page."""
    name = escape(clean(os.path.basename(timeline.trace.path)))
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>",
        f"<h1>{name}</h1>\n<p>{escape(headline(timeline, calls))}</p>",
        f'<p class="dim">{escape(origin_line(timeline))}</p>\n</header>\n<main>',
    ]
    if calls:
        parts += _lanes(timeline, calls)
        parts += _sums(timeline, calls)
        parts += _table(timeline, calls, contents)
    return "\n".join([*parts, "</main>\n</body>\n</html>\n"])


def _lanes(timeline: Timeline, calls: list[Call]) -> Iterator[str]:
    yield '<section id="lanes">\n<h2>Timeline</h2>\n<div class="key">'
    for kind, text in (
        ("open", "opens or closes a session"),
        ("invoke", "invokes a command"),
        ("other", "other calls"),
        ("error", "failed"),
    ):
        yield f'<span><i class="{kind}"></i>{text}</span>'
    yield "</div>"
    if not timeline.has_times:
        yield '<p class="dim">The trace has no times: only the order of the calls is shown.</p>'
    yield from _group(timeline, calls, "Sessions", _session_title)
    yield from _group(timeline, calls, "Threads", lambda call: f"thread {call.record.thread}")
    yield "</section>"


def _session_title(call: Call) -> str:
    if call.session is None:
        return call.device or "no device"
    return f"{call.session.number} {call.session.title}"


def _group(
    timeline: Timeline, calls: list[Call], title: str, title_of: Callable[[Call], str]
) -> Iterator[str]:
    """Yield lanes: one for all calls that have the same title."""
    lanes: dict[str, list[tuple[int, Call]]] = {}
    for number, call in enumerate(calls, 1):
        lanes.setdefault(title_of(call), []).append((number, call))
    yield f'<details open>\n<summary>{title}</summary>\n<div class="lanes">'
    for name, members in lanes.items():
        yield from _lane(timeline, calls, name, members)
    yield f'<div class="axis"><div>{"".join(_axis(timeline, calls))}</div></div>\n</div></details>'


def _lane(
    timeline: Timeline, calls: list[Call], name: str, members: list[tuple[int, Call]]
) -> Iterator[str]:
    start, span = timeline.begin_of(calls[0]), max(span_of(timeline, calls), 1)
    # Calls at the same time are below each other.
    ends: list[int] = []
    bars = []
    for number, call in members:
        begin, took = timeline.begin_of(call), timeline.duration_of(call)
        row = next((row for row, end in enumerate(ends) if end <= begin), len(ends))
        ends[row : row + 1] = [begin + took]
        left = (begin - start) / span * 100
        place = f"left:{left:.3f}%;width:{took / span * 100:.3f}%;top:{row * _ROW + 1}px"
        hint = escape(_hint(timeline, call, number))
        # The last bar would begin beyond the end, as it has a least width.
        place += ";transform:translateX(-3px)" if left > 99.5 else ""
        bars.append(
            f'<a class="bar {_kind(call)}" href="#call-{number}" style="{place}" title="{hint}"'
            f' aria-label="{hint}"></a>'
        )
    yield f'<div class="lane"><b>{escape(name)}</b>'
    yield f'<div class="track" style="height:{len(ends) * _ROW}px">{"".join(bars)}</div></div>'


def _axis(timeline: Timeline, calls: list[Call]) -> Iterator[str]:
    first = timeline.begin_of(calls[0]) - timeline.begin_of(timeline.calls[0])
    span = span_of(timeline, calls)
    for tick in range(_TICKS + 1):
        value = first + span * tick // _TICKS
        text = duration(value) if timeline.has_times else str(value)
        yield f'<span style="left:{tick * 100 // _TICKS}%">{text}</span>'


def _kind(call: Call) -> str:
    if call.failed:
        return "error"
    name = call.record.call.name
    return "open" if name.endswith("_SESSION") else "invoke" if name == "INVOKE" else "other"


def _hint(timeline: Timeline, call: Call, number: int) -> str:
    took = f", {duration(timeline.duration_of(call))}" if timeline.has_times else ""
    return f"{number}. {told(timeline, call)}{took}"


def _sums(timeline: Timeline, calls: list[Call]) -> Iterator[str]:
    found = sums(timeline, calls)
    longest = max((one.total or 0 for one in found), default=0)
    times = ("total", "median", "longest") if timeline.has_times else ()
    yield '<section id="sums">\n<h2>What the calls come to</h2>\n<table>\n<thead><tr><th>what</th>'
    for title in ("calls", "errors", *times):
        yield f'<th class="number">{title}</th>'
    yield ("<th></th>" if times else "") + "</tr></thead>\n<tbody>"
    for one in found:
        yield f'<tr class="{"failed" if one.errors == one.count else ""}">'
        yield f'<td class="wide">{escape(one.title)}</td>'
        yield _cell("calls", str(one.count)) + _cell("errors", str(one.errors))
        if times:
            for name, value in zip(times, (one.total, one.median, one.longest), strict=True):
                yield _cell(name, duration(value or 0))
            yield _part(one.total or 0, longest)
        yield "</tr>"
    yield "</tbody>\n</table>\n</section>"


def _cell(name: str, text: str) -> str:
    return f'<td class="number" data-name="{name}">{escape(text)}</td>'


def _part(value: int, longest: int) -> str:
    width = value / longest * 100 if longest else 0
    return f'<td class="part"><span style="width:{width:.1f}%"></span></td>'


def _table(timeline: Timeline, calls: list[Call], contents: bool) -> Iterator[str]:
    start = timeline.begin_of(timeline.calls[0])
    longest = max(timeline.duration_of(call) for call in calls)
    has_times = timeline.has_times
    yield '<section id="calls">\n<h2>Calls</h2>'
    yield '<label class="choice"><input type="checkbox" id="failures">'
    yield "only those that failed</label>"
    yield '<table>\n<thead><tr><th class="number">call</th>'
    yield f'<th class="number">{"begins at" if has_times else "tick"}</th>'
    yield '<th class="number">takes</th><th></th>' if has_times else ""
    yield '<th class="number">thread</th><th class="number">session</th><th>what</th>'
    yield "<th>result</th></tr></thead>\n<tbody>"
    for number, call in enumerate(calls, 1):
        begin, took = timeline.begin_of(call) - start, timeline.duration_of(call)
        yield f'<tr id="call-{number}"{" class=failed" if call.failed else ""}>'
        yield _cell("call", str(number))
        yield _cell("at", f"{begin / 1_000_000:.6f} s" if has_times else str(begin))
        if has_times:
            yield _cell("takes", duration(took)) + _part(took, longest)
        yield _cell("thread", str(call.record.thread))
        yield _cell("session", "" if call.session is None else str(call.session.number))
        yield f'<td class="wide">{_details(timeline, call, contents)}</td>'
        yield f'<td class="result">{escape(call.result)}</td></tr>'
    yield "</tbody>\n</table>\n</section>"


def _details(timeline: Timeline, call: Call, contents: bool) -> str:
    record = call.record
    parameters = ", ".join(one.text for one in call.parameters if one.text != "none")
    pairs = [
        ("line in file", str(record.line)),
        ("clock", f"{record.began} to {record.ended}"),
    ]
    if call.session is not None:
        pairs.append(("application", f"{call.session.name} {call.session.uuid}".lstrip()))
        if call.session.id is not None:
            pairs.append(("kernel's session", str(call.session.id)))
    if call.device:
        pairs.append(("device", call.device))
    if call.code is not None and call.origin is not None:
        pairs.append(("result", f"{call.code:#x} from {timeline.names.origin(call.origin)}"))
    if record.late:
        pairs.append(("cancelled", f"came back {record.late:g} s later"))
    inner = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in pairs)
    for index, one in enumerate(call.parameters, 1):
        inner += f"<dt>parameter {index}</dt><dd>{escape(f'{one.type}: {one.text}')}"
        inner += f"{_contents(one) if contents else ''}</dd>"
    # A hint of the parameters, and of how late it came.
    hint = f' <span class="dim">{escape(parameters)}</span>' if parameters else ""
    return f"<details><summary>{escape(call.name)}{hint}</summary><dl>{inner}</dl></details>"


def _contents(one: ValueOrMemory) -> str:
    text = ""
    for name, content in (("before", one.content), ("after", one.content_after)):
        if content is None:
            continue
        shown = [dumped(content[at : at + 16]) for at in range(0, min(len(content), _DUMPED), 16)]
        if len(content) > _DUMPED:
            shown.append(f"and {len(content) - _DUMPED} bytes more")
        text += f"<pre>{name}:\n{escape(chr(10).join(shown))}</pre>"
    return text
