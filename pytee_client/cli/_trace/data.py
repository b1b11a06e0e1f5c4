# SPDX-License-Identifier: BSD-2-Clause
"""A timeline as data, for --json."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .names import clean
from .summary import errors_of, span_of, sums
from .timeline import Call, Timeline, ValueOrMemory

__all__ = ["data_of"]


def data_of(timeline: Timeline, calls: list[Call], *, contents: bool) -> dict[str, Any]:
    """Return some calls of a timeline, the sessions they are of, and what they come to."""
    header = timeline.trace.header
    used = {id(call.session) for call in calls}
    return {
        "file": timeline.trace.path,
        "recorded": header.recorded,
        "program": clean(header.program) or None,
        "process": header.process or None,
        "payloads": header.scope.payloads,
        "values": header.scope.values,
        "microseconds": span_of(timeline, calls) if timeline.has_times else None,
        "errors": errors_of(calls),
        "sessions": [
            {
                "session": one.number,
                "id": one.id,
                "device": one.device,
                "uuid": one.uuid,
                "application": one.name or None,
            }
            for one in timeline.sessions
            if id(one) in used
        ],
        "calls": [_call(timeline, call, contents) for call in calls],
        "summary": [asdict(one) for one in sums(timeline, calls)],
    }


def _call(timeline: Timeline, call: Call, contents: bool) -> dict[str, Any]:
    record = call.record
    return {
        "line": record.line,
        "call": record.call.name,
        "thread": record.thread,
        "session": None if call.session is None else call.session.number,
        "device": call.device or None,
        "began": record.began,
        "ended": record.ended,
        "at": record.at,
        "took": record.took,
        "command": call.function,
        "name": call.command or None,
        "detail": call.detail or None,
        "parameters": [_parameter(one, contents) for one in call.parameters],
        "failed": call.failed,
        "result": call.result or None,
        "code": call.code,
        "origin": None if call.origin is None else timeline.names.origin(call.origin),
        "errno": record.error or None,
        "seconds_after_cancellation": record.late or None,
    }


def _parameter(one: ValueOrMemory, contents: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"type": one.type}
    if one.type.startswith("VALUE"):
        return data | {"given": list(one.given) or None, "got": list(one.got) or None}
    data |= {"size": one.size, "returned": one.returned, "null": one.is_null}
    if contents:
        for name, content in (("content", one.content), ("content_after", one.content_after)):
            data[name] = None if content is None else content.hex()
    return data
