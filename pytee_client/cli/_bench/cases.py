# SPDX-License-Identifier: BSD-2-Clause
"""What a bench measures, case by case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter_ns
from typing import Any, Final

from ... import ta
from ...context import Context
from ...parameters import MemrefTempInput, MemrefTempOutput, Value, ValueInOut
from ...session import Session
from .applications import Application
from .figures import Samples
from .sampling import Call, Sampling, Step

__all__ = ["GROUPS", "Case", "Subject", "cases_for"]

SIZES: Final = (64, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20)
_FEW_SIZES: Final = (64, 4 << 10, 1 << 20)
_REGISTERED: Final = (4 << 10, 1 << 20)
_THREADS: Final = (1, 2, 4, 8)
_FEW_THREADS: Final = (1, 4)
# Seconds that no call takes.
_TIMEOUT: Final = 60.0
_NUMBER: Final = 41

GROUPS: Final = {
    "opening": "opening and closing",
    "call": "calls",
    "input": "temporary inputs",
    "output": "temporary outputs",
    "block": "shared memory, in and out",
    "sharing": "sharing memory",
    "threads": "calls of threads",
}


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        application: whom the calls go to.
        open_context: opens another context.
        context: one that is open for all cases.
    """

    application: Application
    open_context: Callable[[], Context]
    context: Context

    def session(self) -> Session:
        """Open a session with the application."""
        return self.context.open_session(self.application.uuid, *self.application.opening())

    def call(self, session: Session, **options: Any) -> Call:
        """Return the usual call of this application: its value, its nothing, or the user's own."""
        one = self.application
        if one.own is not None:
            own, make = one.own, one.parameters
            return lambda: session.invoke_command(own, *make(), **options)
        if one.value is not None:
            number = one.value
            return lambda: session.invoke_command(number, ValueInOut(_NUMBER), **options)
        return partial(session.invoke_command, _command(one.any), **options)


@dataclass(frozen=True)
class Case:
    """One thing that is measured.

    Attributes:
        name: what it is called, here and in other runs.
        group: a key of GROUPS.
        measure: takes samples of it.
        size: bytes of its memory, if it has any.
        threads: how many make calls, if it is about that.
    """

    name: str
    group: str
    measure: Callable[[Subject, Sampling], Samples] = field(repr=False)
    size: int | None = None
    threads: int | None = None


def cases_for(application: Application, *, is_quick: bool) -> list[Case]:
    """Return what can be measured with an application."""
    sizes = _FEW_SIZES if is_quick else SIZES
    found = [
        Case("open a context", "opening", _steps(_context)),
        Case("close a context", "opening", _steps(_context_end)),
        Case("open the first session", "opening", _steps(_first_session)),
        Case("open another session", "opening", _steps(_other_session)),
        Case("close another session", "opening", _steps(_other_session_end)),
        Case("close the last session", "opening", _steps(_last_session_end)),
    ]
    if application.any is not None:
        found.append(Case("no parameters", "call", _calls(_null)))
    if application.value is not None:
        found += [
            Case("value", "call", _calls(_usual)),
            Case("value, prepared", "call", _calls(_prepared_value)),
            Case("value, typed", "call", _calls(_typed_value)),
            Case("value, time-out", "call", _calls(_timed)),
        ]
    if application.own is not None:
        found += [
            Case(f"command {application.own}", "call", _calls(_usual)),
            Case(f"command {application.own}, time-out", "call", _calls(_timed)),
        ]
    if application.any is not None:
        found += _cases_of_memory(sizes)
    if application.own is not None or application.value is not None:
        for count in _FEW_THREADS if is_quick else _THREADS:
            name = f"{_counted(count, 'thread')}, {_counted(count, 'session')}"
            measure = partial(_in_threads, count, False)
            found.append(Case(name, "threads", measure, threads=count))
        for count in (_FEW_THREADS if is_quick else _THREADS)[1:]:
            measure = partial(_in_threads, count, True)
            name = f"{_counted(count, 'thread')}, 1 session"
            found.append(Case(name, "threads", measure, threads=count))
    return found


def _cases_of_memory(sizes: tuple[int, ...]) -> list[Case]:
    found = [
        Case(f"{name} of {_size(size)}", group, _calls(partial(make, size)), size)
        for group, name, make in (
            ("input", "input", _input),
            ("output", "output", _output),
            ("block", "block", _block),
        )
        for size in sizes
    ]
    found += [
        Case(f"registered {_size(size)}", "block", _calls(partial(_registered, size)), size)
        for size in _REGISTERED
    ]
    found += [
        Case("input of 4 KiB, prepared", "input", _calls(_prepared_input), 4 << 10),
        Case("block of 4 KiB, prepared", "block", _calls(_prepared_block), 4 << 10),
    ]
    for size in _REGISTERED:
        found += [
            Case(f"allocate {_size(size)}", "sharing", _calls(partial(_allocating, size)), size),
            Case(f"register {_size(size)}", "sharing", _calls(partial(_registering, size)), size),
        ]
    order = list(GROUPS)
    return sorted(found, key=lambda case: order.index(case.group))


def _size(size: int) -> str:
    for unit, factor in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size // factor} {unit}"
    return f"{size} B"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count > 1)}"


def _calls(
    make: Callable[[Subject], AbstractContextManager[Call]],
) -> Callable[[Subject, Sampling], Samples]:
    def measure(subject: Subject, sampling: Sampling) -> Samples:
        with make(subject) as call:
            return sampling.of_call(call)

    return measure


def _steps(
    make: Callable[[Subject], AbstractContextManager[Step]],
) -> Callable[[Subject, Sampling], Samples]:
    def measure(subject: Subject, sampling: Sampling) -> Samples:
        with make(subject) as step:
            return sampling.of_step(step)

    return measure


def _time_of(opened: Callable[[], Any]) -> int:
    """Return the nanoseconds of an opening; what it opened is closed afterwards."""
    begin = perf_counter_ns()
    one = opened()
    taken = perf_counter_ns() - begin
    one.close()
    return taken


def _time_of_end(opened: Callable[[], Any]) -> int:
    one = opened()
    begin = perf_counter_ns()
    one.close()
    return perf_counter_ns() - begin


@contextmanager
def _context(subject: Subject) -> Iterator[Step]:
    yield partial(_time_of, subject.open_context)


@contextmanager
def _context_end(subject: Subject) -> Iterator[Step]:
    yield partial(_time_of_end, subject.open_context)


@contextmanager
def _first_session(subject: Subject) -> Iterator[Step]:
    yield partial(_time_of, subject.session)


@contextmanager
def _other_session(subject: Subject) -> Iterator[Step]:
    with subject.session():
        yield partial(_time_of, subject.session)


@contextmanager
def _other_session_end(subject: Subject) -> Iterator[Step]:
    with subject.session():
        yield partial(_time_of_end, subject.session)


@contextmanager
def _last_session_end(subject: Subject) -> Iterator[Step]:
    yield partial(_time_of_end, subject.session)


@contextmanager
def _usual(subject: Subject) -> Iterator[Call]:
    with subject.session() as session:
        yield subject.call(session)


@contextmanager
def _timed(subject: Subject) -> Iterator[Call]:
    with subject.session() as session:
        yield subject.call(session, timeout=_TIMEOUT)


@contextmanager
def _null(subject: Subject) -> Iterator[Call]:
    with subject.session() as session:
        yield partial(session.invoke_command, _command(subject.application.any))


@contextmanager
def _prepared_value(subject: Subject) -> Iterator[Call]:
    with subject.session() as session:
        command = session.prepare(_command(subject.application.value), ValueInOut)
        yield lambda: command(Value(_NUMBER, 0))


@contextmanager
def _typed_value(subject: Subject) -> Iterator[Call]:
    number = _command(subject.application.value)

    class Declared(ta.Client, uuid=subject.application.uuid):
        run = ta.command(number, ta.InOut[Value])

    with Declared(subject.context) as client:
        yield lambda: client.run(Value(_NUMBER, 0))


@contextmanager
def _input(size: int, subject: Subject) -> Iterator[Call]:
    given = bytes(size)
    number = _command(subject.application.any)
    with subject.session() as session:
        yield lambda: session.invoke_command(number, MemrefTempInput(given))


@contextmanager
def _output(size: int, subject: Subject) -> Iterator[Call]:
    number = _command(subject.application.any)
    with subject.session() as session:
        yield lambda: session.invoke_command(number, MemrefTempOutput(size))


@contextmanager
def _prepared_input(subject: Subject) -> Iterator[Call]:
    given = bytes(4 << 10)
    with subject.session() as session:
        command = session.prepare(_command(subject.application.any), MemrefTempInput)
        yield lambda: command(given)


@contextmanager
def _block(size: int, subject: Subject) -> Iterator[Call]:
    with subject.session() as session, subject.context.allocate_shared_memory(size) as block:
        yield partial(session.invoke_command, _command(subject.application.any), block)


@contextmanager
def _registered(size: int, subject: Subject) -> Iterator[Call]:
    with (
        subject.session() as session,
        subject.context.register_shared_memory(bytearray(size)) as block,
    ):
        yield partial(session.invoke_command, _command(subject.application.any), block)


@contextmanager
def _prepared_block(subject: Subject) -> Iterator[Call]:
    with subject.session() as session, subject.context.allocate_shared_memory(4 << 10) as block:
        command = session.prepare(_command(subject.application.any), block)
        yield command


@contextmanager
def _allocating(size: int, subject: Subject) -> Iterator[Call]:
    yield lambda: subject.context.allocate_shared_memory(size).close()


@contextmanager
def _registering(size: int, subject: Subject) -> Iterator[Call]:
    memory = bytearray(size)
    yield lambda: subject.context.register_shared_memory(memory).close()


def _in_threads(count: int, is_shared: bool, subject: Subject, sampling: Sampling) -> Samples:
    with ExitStack() as opened:
        if is_shared:
            sessions = [opened.enter_context(subject.session())] * count
        else:
            sessions = [opened.enter_context(subject.session()) for _ in range(count)]
        return sampling.of_threads([subject.call(session) for session in sessions])


def _command(number: int | None) -> int:
    assert number is not None
    return number
