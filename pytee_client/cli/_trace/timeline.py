# SPDX-License-Identifier: BSD-2-Clause
"""What happened in a trace, call by call."""

from __future__ import annotations

import base64
import binascii
import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ...kernels import SystemCall, uapi
from ...traces.record import Record
from ...traces.roles import Role
from .files import Trace
from .names import Names, clean, uuid_of

__all__ = ["Call", "ShownSession", "Timeline", "ValueOrMemory", "timeline"]

_MEMREF_NULL: Final = uapi.TEE_MEMREF_NULL


@dataclass(slots=True)
class ShownSession:
    """A session of a trace, or an opening that failed.

    Attributes:
        number: counted from 1, in the order in which they were opened.
        id: the number that the kernel gave it; None if it did not open.
        device: the path of its device.
        uuid: the UUID of its application.
        name: the name of this; empty if it has none.
    """

    number: int
    id: int | None
    device: str
    uuid: str
    name: str

    @property
    def title(self) -> str:
        """The application, as texts have it."""
        return self.name or self.uuid


@dataclass(slots=True)
class ValueOrMemory:
    """A parameter of a call.

    Attributes:
        type: its type, as the kernel names it.
        size: how many bytes were given; None for values and null memory.
        returned: how many bytes came back, if the call says it.
        given: the numbers of a value that were given, if they were recorded.
        got: those that came back.
        content: the memory before the call, if it was recorded.
        content_after: the memory after it.
        is_null: whether it is a reference to no memory.
    """

    type: str
    size: int | None = None
    returned: int | None = None
    given: tuple[int, ...] = ()
    got: tuple[int, ...] = ()
    content: bytes | None = None
    content_after: bytes | None = None
    is_null: bool = False

    @property
    def text(self) -> str:
        """The parameter in a few words."""
        kind, _, way = self.type.partition("|")[0].rpartition("_")
        way = {"INPUT": "in", "OUTPUT": "out", "INOUT": "inout"}.get(way, self.type.lower())
        if kind == "VALUE":
            return f"value {way}{_change(_numbers(self.given), _numbers(self.got))}"
        if self.is_null:
            return f"{way} null"
        sizes = _change(_bytes(self.size), _bytes(self.returned))
        return f"{way}{sizes}" if kind == "MEMREF" else f"{self.type.lower()}{sizes}"


@dataclass(slots=True)
class Call:
    """A call of a trace.

    Attributes:
        record: it, as it was recorded.
        session: the session that it belongs to, or opens, or closes; None for others.
        device: the path of its device, if that is known.
        function: the number of the command that it invokes; None for other calls.
        command: the name of this command; empty if it has none.
        detail: what it is about: the application, the command, the device, the size.
        parameters: those of the operation.
        code: the result of the operation; None for calls without one.
        origin: where this comes from; None likewise.
        result: how it ended, in a word; empty for calls without an operation that succeeded.
    """

    record: Record
    session: ShownSession | None
    device: str
    function: int | None = None
    command: str = ""
    detail: str = ""
    parameters: list[ValueOrMemory] = field(default_factory=list)
    code: int | None = None
    origin: int | None = None
    result: str = ""

    @property
    def failed(self) -> bool:
        """Whether it failed, or the operation did."""
        return bool(self.record.error or self.code)

    @property
    def name(self) -> str:
        """Its name with what it is about."""
        return f"{self.record.call.name} {self.detail}".rstrip()


@dataclass(slots=True)
class Timeline:
    """All calls of a trace, in the order of their beginnings.

    Attributes:
        trace: the file.
        calls: the calls.
        sessions: the sessions.
        names: the names of applications.
        has_times: whether the calls have times.
    """

    trace: Trace
    calls: list[Call]
    sessions: list[ShownSession]
    names: Names
    # Asked for with each call: it must not look at all of them each time.
    has_times: bool = field(init=False)

    def __post_init__(self) -> None:
        self.has_times = bool(self.calls) and all(
            call.record.at is not None and call.record.took is not None for call in self.calls
        )

    def begin_of(self, call: Call) -> int:
        """Return when a call begins: in microseconds, or on the clock of the trace."""
        return (call.record.at or 0) if self.has_times else call.record.began

    def duration_of(self, call: Call) -> int:
        """Return how long a call takes: in microseconds, or on the clock of the trace."""
        if self.has_times:
            return call.record.took or 0
        return max(call.record.ended - call.record.began, 1)


def timeline(trace: Trace, names: Names) -> Timeline:
    """Read what happened in a trace."""
    found: list[tuple[Record, str, ShownSession | None, str]] = []
    sessions: list[tuple[int, ShownSession]] = []
    # What a trace says can be nested as deep as it has lines.
    waiting: list[tuple[Role, str, ShownSession | None]] = [(trace.role, "", None)]
    while waiting:
        role, device, session = waiting.pop()
        opening = role.opening
        if opening is not None and opening.call is SystemCall.OPEN:
            device = clean(opening.asked.get("path", ""))
        elif opening is not None:
            session = _session_of(opening, device, names)
            sessions.append((opening.began, session))
        found += ((record, device, session, what) for record, what in _records_of(role))
        waiting += ((inner, device, session) for inner in role.roles)
    for number, (_, session) in enumerate(sorted(sessions, key=lambda one: one[0]), 1):
        session.number = number
    found.sort(key=lambda one: (one[0].began, one[0].line))
    calls = [_call_of(*one, names) for one in found]
    in_order = sorted((session for _, session in sessions), key=lambda one: one.number)
    return Timeline(trace, calls, in_order, names)


def _records_of(role: Role) -> Iterator[tuple[Record, str]]:
    """Yield the calls of a role, and what each is about if its arguments do not say it."""
    if role.opening is not None:
        yield role.opening, ""
    yield from ((record, "") for record in role.calls)
    for block in role.blocks:
        yield block.opening, "block"
        yield from ((record, "block") for record in block.later)
    if role.closing is not None:
        yield role.closing, "device"


def _session_of(opening: Record, device: str, names: Names) -> ShownSession:
    uuid = uuid_of(opening.asked.get("uuid", ""))
    is_open = not opening.error and not opening.answered.get("ret")
    number = to_number(opening.answered.get("session")) if is_open else None
    return ShownSession(0, number, device, uuid, clean(names.application(uuid)))


def _call_of(
    record: Record, device: str, session: ShownSession | None, what: str, names: Names
) -> Call:
    call = Call(record, session, device)
    uuid = session.uuid if session is not None else ""
    size = to_number(record.asked.get("size", record.asked.get("length")))
    if record.call is SystemCall.INVOKE:
        call.function = to_number(record.asked.get("func"))
    if call.function is not None:
        call.command = clean(names.command(uuid, call.function))
        call.detail = f"{call.function} {call.command}".rstrip()
    elif record.call in (SystemCall.OPEN_SESSION, SystemCall.CLOSE_SESSION):
        call.detail = session.title if session is not None else ""
    elif record.call is SystemCall.OPEN or what == "device":
        call.detail = device
    elif what == "block":
        call.detail = f"block{_change(_bytes(size), '')}"
    call.parameters = list(_parameters_of(record))
    call.code = None if record.error else to_number(record.answered.get("ret"))
    call.origin = to_number(record.answered.get("ret_origin"))
    if record.error:
        call.result = errno.errorcode.get(record.error, f"errno {record.error}")
    elif call.code is not None:
        call.result = clean(names.result(uuid, call.code, call.origin))
    return call


def _parameters_of(record: Record) -> Iterator[ValueOrMemory]:
    given = record.asked.get("params") or []
    got = record.answered.get("params")
    got = got if isinstance(got, list) else []
    if record.call is SystemCall.SUPPL_RECV:
        given = got
    for index, asked in enumerate(given):
        answered = got[index] if index < len(got) and isinstance(got[index], dict) else {}
        if isinstance(asked, dict):
            yield _parameter(asked, answered)


def _parameter(asked: dict[str, Any], answered: dict[str, Any]) -> ValueOrMemory:
    kind = clean(asked.get("attr", "?"))
    shown = ValueOrMemory(kind)
    if kind.startswith("VALUE"):
        shown.given, shown.got = _words(asked), _words(answered)
    elif kind != "NONE":
        shown.size, shown.returned = to_number(asked.get("b")), to_number(answered.get("b"))
        shown.is_null = asked.get("c") == _MEMREF_NULL
        shown.content = _content(asked.get("data"))
        shown.content_after = _content(answered.get("data"))
    return shown


def to_number(value: object) -> int | None:
    """Return a number of a trace; None if it is none that a kernel has."""
    return value if type(value) is int and abs(value) < 2**64 else None


def _words(param: dict[str, Any]) -> tuple[int, ...]:
    words = [to_number(param.get(name)) for name in "abc"]
    known = [word for word in words if word is not None]
    # The TEE Client API has two words, and leaves the third one 0.
    return tuple(known[:2] if len(known) == 3 and not known[2] else known)


def _content(data: object) -> bytes | None:
    if not isinstance(data, str):
        return None
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None


def _numbers(words: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, words))})" if words else ""


def _bytes(size: int | None) -> str:
    return f"{size} B" if size is not None else ""


def _change(before: str, after: str) -> str:
    arrow = " ->" if before and after else ""
    return "".join([f" {before}" if before else "", arrow, f" {after}" if after else ""])
